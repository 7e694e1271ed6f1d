//! Convolution of small maps: a matrix product for each output pixel and each row of its kernel, over many images.
//!
//! Where maps are of 2 × 2 pixels, more than half of the numbers in patches may be the margin's zeros. Here they are not multiplied, and what a
//! kernel's row looks at is read where it lies.

use std::ops::Range;

use super::gemm::{Matrix, gemm};
use super::geometry::{Geometry, add};
use super::im2col::{rearranged, weight_gradient};
use super::method::{Cut, Method, Pass, Scratch, Sum};
use super::room::Room;

/// Rows of a matrix product, at most.
const IMAGES: usize = 128;

/// Rows of a matrix product, at least: im2col has those of all pixels together.
const LEAST_IMAGES: usize = 8;

/// A convolution more than a third of whose patches' numbers are margin.
pub(super) struct ByPixel {
    geometry: Geometry,
    /// `[taps, O]` in a forward pass, `[O, taps]` in a backward one, as in [`im2col`](super::im2col).
    weight: Vec<f32>,
    out_channels: usize,
    group: usize,
    runs: Vec<Run>,
}

/// What an output pixel sees through one row of its kernel.
struct Run {
    pixel: usize,
    /// Whether it is the pixel's first.
    first: bool,
    /// Where it begins in an image `[H, W, C]`.
    start: usize,
    /// The taps that it is multiplied with, as counted in a patch.
    taps: Range<usize>,
}

impl ByPixel {
    /// None where at least two thirds of the patches' numbers are of the image, or a product would have few rows.
    pub(super) fn new(
        geometry: Geometry,
        weight: &[f32],
        out_channels: usize,
        batch: usize,
        pass: Pass,
    ) -> Option<Self> {
        let rows = inside(geometry, geometry.out_height(), (geometry.kernel.0, geometry.height));
        let columns = inside(geometry, geometry.out_width(), (geometry.kernel.1, geometry.width));
        let count = |along: &[Range<usize>]| along.iter().map(Range::len).sum::<usize>();
        let taps = count(&rows) * count(&columns) * geometry.channels;
        // A pixel that sees nothing but margin would be written by no product.
        let blind = rows.iter().chain(&columns).any(Range::is_empty);
        let group = Cut::new(IMAGES, (1, 1), batch).group;
        if blind || group < LEAST_IMAGES || 3 * taps >= 2 * geometry.pixels() * geometry.taps() {
            return None;
        }
        let weight = rearranged(weight, geometry, out_channels, pass);
        Some(Self { geometry, weight, out_channels, group, runs: runs(geometry, &rows, &columns) })
    }

    /// Numbers in the maps of one image.
    fn map_len(&self) -> usize {
        self.out_channels * self.geometry.pixels()
    }

    /// An output pixel's numbers in the maps of some images.
    fn of_pixel<'a>(&self, maps: &'a [f32], pixel: usize) -> Matrix<'a> {
        let (channels, map_len) = (self.out_channels, self.map_len());
        Matrix::new(&maps[pixel * channels..], maps.len() / map_len, channels, map_len)
    }

    /// What a run sees of some images.
    fn seen<'a>(&self, images: &'a [f32], run: &Run) -> Matrix<'a> {
        let image_len = self.geometry.image_len();
        Matrix::new(&images[run.start..], images.len() / image_len, run.taps.len(), image_len)
    }
}

/// Along an axis, the places of each output's kernel that look at one of `size` pixels, and not at margin.
fn inside(geometry: Geometry, outputs: usize, (kernel, size): (usize, usize)) -> Vec<Range<usize>> {
    let Geometry { stride, padding, .. } = geometry;
    let of_output =
        |start: usize| padding.saturating_sub(start).min(kernel)..kernel.min((size + padding).saturating_sub(start));
    (0..outputs).map(|output| of_output(output * stride)).collect()
}

/// The runs of all output pixels, pixel by pixel.
fn runs(geometry: Geometry, rows: &[Range<usize>], columns: &[Range<usize>]) -> Vec<Run> {
    let Geometry { channels, width, kernel, stride, padding, .. } = geometry;
    let mut runs = Vec::new();
    for (y, rows) in rows.iter().enumerate() {
        for (x, columns) in columns.iter().enumerate() {
            runs.extend(rows.clone().map(|row| Run {
                pixel: y * geometry.out_width() + x,
                first: row == rows.start,
                start: ((y * stride + row - padding) * width + x * stride + columns.start - padding) * channels,
                taps: (row * kernel.1 + columns.start) * channels..(row * kernel.1 + columns.end) * channels,
            }));
        }
    }
    runs
}

impl Method for ByPixel {
    fn group(&self) -> usize {
        self.group
    }

    fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    fn forward(&self, _: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let (channels, map_len) = (self.out_channels, self.map_len());
        for run in &self.runs {
            let weight = Matrix::new(&self.weight[run.taps.start * channels..], run.taps.len(), channels, channels);
            let y = &mut y[run.pixel * channels..];
            gemm(y, map_len, self.seen(images, run), weight, !run.first);
        }
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum) {
        let (channels, taps, image_len) = (self.out_channels, self.geometry.taps(), self.geometry.image_len());
        scratch.clear_gradients(dx.numbers.len());
        if !dweight.begun {
            dweight.numbers.fill(0.0);
        }
        for run in &self.runs {
            let dy = self.of_pixel(&scratch.dy, run.pixel);
            let of_taps = &mut dweight.numbers[run.taps.start * channels..];
            gemm(of_taps, channels, self.seen(images, run).t(), dy, true);
            if !dx.numbers.is_empty() {
                let weight = Matrix::new(&self.weight[run.taps.start..], channels, run.taps.len(), taps);
                gemm(&mut scratch.gradients[run.start..], image_len, dy, weight, true);
            }
        }
        if dx.begun { add(dx.numbers, &scratch.gradients) } else { dx.numbers.copy_from_slice(&scratch.gradients) }
    }

    fn dweight_len(&self) -> usize {
        self.weight.len()
    }

    fn weight_gradient(&self, dweights: &[Room]) -> Vec<f32> {
        weight_gradient(self.geometry, self.out_channels, dweights)
    }
}
