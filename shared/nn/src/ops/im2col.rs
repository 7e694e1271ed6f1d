//! Convolution as one matrix product a tile: weight `[O, taps]` · patches `[taps, pixels]`.

use std::ops::Range;

use pulp::Arch;

use super::chunks::fill_planes;
use super::gemm::{Matrix, gemm};
use super::geometry::Geometry;
use super::lanes::{LANES, turn};
use super::method::{Backward, Cut, Forward, Method, Scratch, Work, each_map, sum_into};

/// Columns of a matrix product, at least.
const COLUMNS: usize = 256;

/// Numbers in the patches of a matrix product, at most, where it has more columns: the first layer's patches are small.
const NUMBERS: usize = 1 << 15;

/// A convolution of any kernel and stride.
pub(super) struct Im2col<'a> {
    geometry: Geometry,
    weight: &'a [f32],
    out_channels: usize,
    cut: Cut,
}

impl<'a> Im2col<'a> {
    pub(super) fn new(geometry: Geometry, weight: &'a [f32], out_channels: usize, batch: usize) -> Self {
        let columns = COLUMNS.max(NUMBERS / geometry.taps());
        let cut = Cut::new(columns, (geometry.out_height(), geometry.out_width()), batch);
        Self { geometry, weight, out_channels, cut }
    }

    fn weight(&self) -> Matrix<'a> {
        Matrix::new(self.weight, self.out_channels, self.geometry.taps(), self.geometry.taps())
    }

    /// Patch matrix `[taps, images · columns]` of a strip of each image; returns how many columns it has.
    #[inline(always)]
    fn im2col(&self, scratch: &mut Scratch, images: &[f32], strip: &Range<usize>) -> usize {
        let geometry = self.geometry;
        let of_image = strip.len() * geometry.out_width();
        let columns = images.len() / geometry.image_len() * of_image;
        for (i, image) in images.chunks_exact(geometry.image_len()).enumerate() {
            // A group of one image keeps it padded from its first strip on.
            if strip.start == 0 {
                geometry.pad(image, &mut scratch.images);
            }
            geometry.im2col(&scratch.images, strip, &mut scratch.columns[i * of_image..], columns);
        }
        columns
    }
}

impl Work for Im2col<'_> {
    #[inline(always)]
    fn forward_group(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let (geometry, pixels) = (self.geometry, self.geometry.pixels());
        let count = images.len() / geometry.image_len();
        for strip in self.cut.strips() {
            let columns = self.im2col(scratch, images, &strip);
            let patches = Matrix::new(&scratch.columns, geometry.taps(), columns, columns);
            if count == 1 {
                gemm(&mut y[strip.start * geometry.out_width()..], pixels, self.weight(), patches, false);
            } else {
                gemm(&mut scratch.rows, columns, self.weight(), patches, false);
                each_map(count, self.out_channels, pixels, |in_y, in_rows| {
                    y[in_y].copy_from_slice(&scratch.rows[in_rows]);
                });
            }
        }
    }

    /// The weight gradient is summed transposed, `[taps, O]`: the matrix product is faster when it has the shorter matrix, the
    /// output's gradient, to repack.
    #[inline(always)]
    fn backward_group(&self, scratch: &mut Scratch, images: &[f32], dx: &mut [f32], dweight: &mut [f32]) {
        let (geometry, taps) = (self.geometry, self.geometry.taps());
        let count = images.len() / geometry.image_len();
        let row_stride = count * geometry.pixels();
        scratch.clear_gradients(dx.len() / geometry.image_len() * geometry.padded_len());
        for strip in self.cut.strips() {
            let columns = self.im2col(scratch, images, &strip);
            let dy = &scratch.rows[strip.start * geometry.out_width()..];
            let dy = Matrix::new(dy, self.out_channels, columns, row_stride);
            gemm(dweight, self.out_channels, Matrix::new(&scratch.columns, taps, columns, columns), dy.t(), true);
            if !dx.is_empty() {
                // The patches have done their part; their gradients take their place.
                gemm(&mut scratch.columns, columns, self.weight().t(), dy, false);
                let padded = scratch.gradients.chunks_exact_mut(geometry.padded_len());
                for (i, padded) in padded.enumerate() {
                    geometry.col2im(&scratch.columns[i * columns / count..], columns, &strip, padded);
                }
            }
        }
        let padded = scratch.gradients.chunks_exact(geometry.padded_len());
        dx.chunks_exact_mut(geometry.image_len()).zip(padded).for_each(|(dx, padded)| geometry.unpad(padded, dx));
    }
}

impl Method for Im2col<'_> {
    fn group(&self) -> usize {
        self.cut.group
    }

    fn scratch(&self) -> Scratch {
        let (group, geometry) = (self.cut.group, self.geometry);
        Scratch {
            images: vec![0.0; geometry.padded_len()],
            columns: vec![0.0; geometry.taps() * group * self.cut.strip * geometry.out_width()],
            rows: vec![0.0; self.out_channels * group * geometry.pixels()],
            ..Scratch::default()
        }
    }

    fn forward(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        Arch::new().dispatch(Forward { work: self, scratch, images, y });
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: &mut [f32], dweight: &mut [f32]) {
        Arch::new().dispatch(Backward { work: self, scratch, images, dx, dweight });
    }

    fn dweight_len(&self) -> usize {
        self.weight.len()
    }

    fn weight_gradient(&self, dweights: &[Vec<f32>]) -> Vec<f32> {
        let (channels, taps) = (self.out_channels, self.geometry.taps());
        let room = || [vec![0.0; LANES * channels], vec![0.0; channels * LANES]];
        let fill = |[sums, turned]: &mut [Vec<f32>; 2], i: usize, kernels: &mut [&mut [f32]]| {
            let width = LANES.min(taps - i * LANES);
            sum_into(&mut sums[..width * channels], dweights, i * LANES * channels);
            turn(sums, channels, (width, channels), turned, LANES);
            for (kernel, turned) in kernels.iter_mut().zip(turned.chunks_exact(LANES)) {
                kernel.copy_from_slice(&turned[..width]);
            }
        };
        fill_planes(channels, taps, LANES, room, fill)
    }
}
