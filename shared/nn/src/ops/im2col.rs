//! Convolution as one matrix product a tile: patches `[pixels, taps]` · weight `[taps, O]`.

use std::ops::Range;

use pulp::Arch;

use super::chunks::{fill_chunks, fill_planes};
use super::gemm::{Matrix, gemm};
use super::geometry::Geometry;
use super::lanes::{LANES, turn};
use super::layout::turn_images;
use super::method::{Backward, Cut, Forward, Method, Pass, Scratch, Sum, Work, sum_into};
use super::room::Room;

/// Rows of a matrix product, at least.
const ROWS: usize = 256;

/// Numbers in the patches of a matrix product, at most, where it has more rows: the first layer's patches are small.
const NUMBERS: usize = 1 << 15;

/// A convolution of any kernel and stride.
pub(super) struct Im2col {
    geometry: Geometry,
    /// `[taps, O]` in a forward pass, `[O, taps]` in a backward one, where taps are counted as in a patch, `[kh, kw, C]`.
    weight: Vec<f32>,
    out_channels: usize,
    cut: Cut,
    /// Where the patches of a strip lie.
    runs: Vec<usize>,
}

impl Im2col {
    pub(super) fn new(geometry: Geometry, weight: &[f32], out_channels: usize, batch: usize, pass: Pass) -> Self {
        let rows = ROWS.max(NUMBERS / geometry.taps());
        let cut = Cut::new(rows, (geometry.out_height(), geometry.out_width()), batch);
        let weight = rearranged(weight, geometry, out_channels, pass);
        Self { geometry, weight, out_channels, cut, runs: geometry.runs(cut.strip) }
    }

    /// The weight, `[taps, O]` in a forward pass, `[O, taps]` in a backward one.
    fn weight(&self, rows: usize, cols: usize) -> Matrix<'_> {
        Matrix::new(&self.weight, rows, cols, cols)
    }

    /// Patch matrix `[images · pixels, taps]` of a strip of each image; returns how many rows it has.
    #[inline(always)]
    fn im2col(&self, scratch: &mut Scratch, images: &[f32], strip: &Range<usize>) -> usize {
        let geometry = self.geometry;
        let of_image = strip.len() * geometry.out_width() * geometry.taps();
        let images = images.chunks_exact(geometry.image_len());
        let rows = images.len() * strip.len() * geometry.out_width();
        for (image, patches) in images.zip(scratch.columns.chunks_exact_mut(of_image)) {
            // A group of one image keeps it padded from its first strip on.
            if strip.start == 0 {
                geometry.pad(image, &mut scratch.padded);
            }
            geometry.im2col(&scratch.padded, strip.start, &self.runs, patches);
        }
        rows
    }
}

impl Work for Im2col {
    #[inline(always)]
    fn forward_group(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let (taps, channels) = (self.geometry.taps(), self.out_channels);
        for strip in self.cut.strips() {
            let rows = self.im2col(scratch, images, &strip);
            let patches = Matrix::new(&scratch.columns, rows, taps, taps);
            let y = &mut y[strip.start * self.geometry.out_width() * channels..];
            gemm(y, channels, patches, self.weight(taps, channels), false);
        }
    }

    #[inline(always)]
    fn backward_group(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum) {
        let Sum { numbers: dx, begun } = dx;
        let (geometry, taps, channels) = (self.geometry, self.geometry.taps(), self.out_channels);
        scratch.clear_gradients(dx.len() / geometry.image_len() * geometry.padded_len());
        for strip in self.cut.strips() {
            let rows = self.im2col(scratch, images, &strip);
            let dy = &scratch.dy[strip.start * geometry.out_width() * channels..];
            let dy = Matrix::new(dy, rows, channels, channels);
            let patches = Matrix::new(&scratch.columns, rows, taps, taps);
            gemm(dweight.numbers, channels, patches.t(), dy, dweight.begun || strip.start > 0);
            if !dx.is_empty() {
                // The patches have done their part; their gradients take their place.
                gemm(&mut scratch.columns, taps, dy, self.weight(channels, taps), false);
                let of_image = strip.len() * geometry.out_width() * taps;
                let padded = scratch.gradients.chunks_exact_mut(geometry.padded_len());
                for (patches, padded) in scratch.columns.chunks_exact(of_image).zip(padded) {
                    geometry.col2im(patches, strip.start, &self.runs, padded);
                }
            }
        }
        let padded = scratch.gradients.chunks_exact(geometry.padded_len());
        for (dx, padded) in dx.chunks_exact_mut(geometry.image_len()).zip(padded) {
            geometry.unpad(padded, dx, begun);
        }
    }
}

impl Method for Im2col {
    fn group(&self) -> usize {
        self.cut.group
    }

    fn scratch(&self) -> Scratch {
        let (group, geometry) = (self.cut.group, self.geometry);
        Scratch {
            padded: Room::zeros(geometry.padded_len()),
            columns: Room::new(geometry.taps() * group * self.cut.strip * geometry.out_width()),
            ..Scratch::default()
        }
    }

    fn forward(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        Arch::new().dispatch(Forward { work: self, scratch, images, y });
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum) {
        Arch::new().dispatch(Backward { work: self, scratch, images, dx, dweight });
    }

    fn dweight_len(&self) -> usize {
        self.weight.len()
    }

    fn weight_gradient(&self, dweights: &[Room]) -> Vec<f32> {
        weight_gradient(self.geometry, self.out_channels, dweights)
    }
}

/// The gradient of a weight `[O, C, kh, kw]`, given every part's, `[kh, kw, C, O]`.
pub(super) fn weight_gradient(geometry: Geometry, channels: usize, dweights: &[Room]) -> Vec<f32> {
    let taps = geometry.taps();
    let room = || [vec![0.0; LANES * channels], vec![0.0; channels * LANES]];
    let fill = |[sums, turned]: &mut [Vec<f32>; 2], i: usize, kernels: &mut [&mut [f32]]| {
        let width = LANES.min(taps - i * LANES);
        for (tap, sum) in sums.chunks_exact_mut(channels).enumerate().take(width) {
            sum_into(sum, dweights, in_patch(geometry, i * LANES + tap) * channels);
        }
        turn(sums, channels, (width, channels), turned, LANES);
        for (kernel, turned) in kernels.iter_mut().zip(turned.chunks_exact(LANES)) {
            kernel.copy_from_slice(&turned[..width]);
        }
    };
    fill_planes(channels, taps, LANES, room, fill)
}

/// The place in a patch, `[kh, kw, C]`, of number `tap` of a kernel, `[C, kh, kw]`.
fn in_patch(geometry: Geometry, tap: usize) -> usize {
    let size = geometry.kernel.0 * geometry.kernel.1;
    tap % size * geometry.channels + tap / size
}

/// A weight `[O, C, kh, kw]` as the products of a pass read it.
pub(super) fn rearranged(weight: &[f32], geometry: Geometry, out_channels: usize, pass: Pass) -> Vec<f32> {
    let (taps, size) = (geometry.taps(), geometry.kernel.0 * geometry.kernel.1);
    let of_kernel = |_: &mut (), o: usize, patch: &mut [f32]| {
        for (tap, numbers) in patch.chunks_exact_mut(geometry.channels).enumerate() {
            let kernel = weight[o * taps + tap..].iter().step_by(size);
            numbers.iter_mut().zip(kernel).for_each(|(to, from)| *to = *from);
        }
    };
    let rows = fill_chunks(weight.len(), taps, || (), of_kernel).0; // [O, taps]
    if pass == Pass::Backward {
        return rows;
    }
    let mut columns = vec![0.0; rows.len()];
    turn_images(&rows, (out_channels, taps), &mut columns);
    columns
}
