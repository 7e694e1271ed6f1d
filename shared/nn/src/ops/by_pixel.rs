//! Convolution of small maps: a matrix product for each output pixel and each row of its kernel, over many images.
//!
//! Where maps are 2 × 2 pixels, more than half of a patch may be the margin's zeros. Here they are not multiplied, and what a kernel's row
//! looks at is read where it lies.

use std::ops::Range;

use super::gemm::{Matrix, gemm};
use super::geometry::Geometry;
use super::im2col::{rearranged, weight_gradient};
use super::method::{Method, Pass, Scratch, Sum};
use super::room::Room;

/// Rows of a matrix product, at most.
const IMAGES: usize = 128;

/// A convolution most of whose patches hold margin.
pub(super) struct ByPixel {
    geometry: Geometry,
    /// `[taps, O]` in a forward pass, `[O, taps]` in a backward one, as in [`im2col`](super::im2col).
    weight: Vec<f32>,
    out_channels: usize,
    group: usize,
    lines: Vec<Line>,
}

/// What an output pixel sees through one row of its kernel.
struct Line {
    pixel: usize,
    /// Whether it is the pixel's first.
    first: bool,
    /// Where it begins in an image `[H, W, C]`.
    start: usize,
    /// The taps that it is multiplied with, as counted in a patch.
    taps: Range<usize>,
}

impl ByPixel {
    /// None where at least two thirds of the patches lie inside of the image.
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
        if blind || 3 * taps >= 2 * geometry.pixels() * geometry.taps() {
            return None;
        }
        let group = IMAGES.min(batch.div_ceil(4));
        let weight = rearranged(weight, geometry, out_channels, pass);
        Some(Self { geometry, weight, out_channels, group, lines: lines(geometry, &rows, &columns) })
    }

    /// An output pixel's numbers in the maps of some images.
    fn pixel<'a>(&self, maps: &'a [f32], pixel: usize) -> Matrix<'a> {
        let (channels, map_len) = (self.out_channels, self.out_channels * self.geometry.pixels());
        Matrix::new(&maps[pixel * channels..], maps.len() / map_len, channels, map_len)
    }

    /// What a line sees of some images.
    fn seen<'a>(&self, images: &'a [f32], line: &Line) -> Matrix<'a> {
        let image_len = self.geometry.image_len();
        Matrix::new(&images[line.start..], images.len() / image_len, line.taps.len(), image_len)
    }
}

/// Along an axis, the places of each output's kernel that look at one of `size` pixels, and not at margin.
fn inside(geometry: Geometry, outputs: usize, (kernel, size): (usize, usize)) -> Vec<Range<usize>> {
    let Geometry { stride, padding, .. } = geometry;
    let of_output =
        |start: usize| padding.saturating_sub(start).min(kernel)..kernel.min((size + padding).saturating_sub(start));
    (0..outputs).map(|output| of_output(output * stride)).collect()
}

/// The lines of all output pixels, pixel by pixel.
fn lines(geometry: Geometry, rows: &[Range<usize>], columns: &[Range<usize>]) -> Vec<Line> {
    let Geometry { channels, width, kernel, stride, padding, .. } = geometry;
    let mut lines = Vec::new();
    for (y, rows) in rows.iter().enumerate() {
        for (x, columns) in columns.iter().enumerate() {
            lines.extend(rows.clone().map(|row| Line {
                pixel: y * geometry.out_width() + x,
                first: row == rows.start,
                start: ((y * stride + row - padding) * width + x * stride + columns.start - padding) * channels,
                taps: (row * kernel.1 + columns.start) * channels..(row * kernel.1 + columns.end) * channels,
            }));
        }
    }
    lines
}

impl Method for ByPixel {
    fn group(&self) -> usize {
        self.group
    }

    fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    fn forward(&self, _: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let (channels, map_len) = (self.out_channels, self.out_channels * self.geometry.pixels());
        for line in &self.lines {
            let weight = Matrix::new(&self.weight[line.taps.start * channels..], line.taps.len(), channels, channels);
            let y = &mut y[line.pixel * channels..];
            gemm(y, map_len, self.seen(images, line), weight, !line.first);
        }
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum) {
        let (channels, taps, image_len) = (self.out_channels, self.geometry.taps(), self.geometry.image_len());
        let (dx, dweight) = (dx.or_zeros(), dweight.or_zeros());
        for line in &self.lines {
            let dy = self.pixel(&scratch.dy, line.pixel);
            let of_taps = &mut dweight[line.taps.start * channels..];
            gemm(of_taps, channels, self.seen(images, line).t(), dy, true);
            if !dx.is_empty() {
                let weight = Matrix::new(&self.weight[line.taps.start..], channels, line.taps.len(), taps);
                gemm(&mut dx[line.start..], image_len, dy, weight, true);
            }
        }
    }

    fn dweight_len(&self) -> usize {
        self.weight.len()
    }

    fn weight_gradient(&self, dweights: &[Room]) -> Vec<f32> {
        weight_gradient(self.geometry, self.out_channels, dweights)
    }
}
