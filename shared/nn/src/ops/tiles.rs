//! The work of a convolution, cut into tiles: one matrix product each, small enough to stay in a core's cache.

use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use super::chunks::fill_chunks;
use super::gemm::{Matrix, gemm};
use super::im2col::Geometry;

/// Columns of a matrix product: several images where feature maps are small, a strip of one image's rows where large.
const COLUMNS: usize = 256;

/// The weight gradient is summed in this many parts, whatever the number of threads, so that it is always the same.
const WEIGHT_GRADIENT_PARTS: usize = 16;

/// Where all parts together would hold more numbers than this, there are fewer of them, but at least four.
const WEIGHT_GRADIENT_ELEMENTS: usize = 4 << 20;

/// A convolution of a batch: its geometry, its weight `[O, taps]`, and how it is cut into tiles.
#[derive(Clone, Copy)]
pub(super) struct Tiles<'a> {
    geometry: Geometry,
    weight: &'a [f32],
    out_channels: usize,
    /// Images that share a product.
    group: usize,
    /// Output rows of a product.
    strip: usize,
}

/// One thread's buffers.
struct Scratch {
    padded: Vec<f32>,
    columns: Vec<f32>,
    /// Output maps of a group, channel by channel.
    rows: Vec<f32>,
}

impl<'a> Tiles<'a> {
    pub(super) fn new(geometry: Geometry, weight: &'a [f32], out_channels: usize, batch: usize) -> Self {
        let group = (COLUMNS / geometry.pixels()).clamp(1, batch);
        let strip = (COLUMNS / geometry.out_width()).clamp(1, geometry.out_height());
        Self { geometry, weight, out_channels, group, strip }
    }

    fn scratch(&self) -> Scratch {
        let columns = self.group * self.strip * self.geometry.out_width();
        Scratch {
            padded: vec![0.0; self.geometry.padded_len()],
            columns: vec![0.0; self.geometry.taps() * columns],
            rows: vec![0.0; self.out_channels * self.group * self.geometry.pixels()],
        }
    }

    fn weight(&self) -> Matrix<'a> {
        Matrix::new(self.weight, self.out_channels, self.geometry.taps(), self.geometry.taps())
    }

    /// Numbers in the maps of one image.
    fn map_len(&self) -> usize {
        self.out_channels * self.geometry.pixels()
    }

    /// The strips of a group of images.
    fn strips(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (height, strip) = (self.geometry.out_height(), self.strip);
        (0..height).step_by(strip).map(move |start| start..(start + strip).min(height))
    }

    /// Convolves a batch. `done` gets each group's maps `[images, O, H', W']` while they are still in the cache.
    pub(super) fn forward<T: Send>(&self, x: &[f32], done: impl Fn(&[f32]) -> T + Sync + Send) -> (Vec<f32>, Vec<T>) {
        let (image_len, map_len) = (self.geometry.image_len(), self.map_len());
        let fill = |scratch: &mut Scratch, group: usize, y: &mut [f32]| {
            let images = &x[group * self.group * image_len..][..y.len() / map_len * image_len];
            Arch::new().dispatch(|| self.forward_group(scratch, images, y));
            done(y)
        };
        fill_chunks(x.len() / image_len * map_len, self.group * map_len, || self.scratch(), fill)
    }

    #[inline(always)]
    fn forward_group(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let (geometry, pixels) = (self.geometry, self.geometry.pixels());
        let count = images.len() / geometry.image_len();
        for strip in self.strips() {
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

    /// Patch matrix `[taps, images · columns]` of a strip of each image; returns how many columns it has.
    #[inline(always)]
    fn im2col(&self, scratch: &mut Scratch, images: &[f32], strip: &Range<usize>) -> usize {
        let geometry = self.geometry;
        let of_image = strip.len() * geometry.out_width();
        let columns = images.len() / geometry.image_len() * of_image;
        for (i, image) in images.chunks_exact(geometry.image_len()).enumerate() {
            // A group of one image keeps it padded from its first strip on.
            if strip.start == 0 {
                geometry.pad(image, &mut scratch.padded);
            }
            geometry.im2col(&scratch.padded, strip, &mut scratch.columns[i * of_image..], columns);
        }
        columns
    }

    /// Gradients of the input (where asked for) and of the weight. `gradient(image, rows)` writes the output's gradient
    /// for as many images, from number `image` on, as `rows` `[O, images · H' · W']` has room for.
    pub(super) fn backward(
        &self,
        x: &[f32],
        input_gradient: bool,
        gradient: impl Fn(usize, &mut [f32]) + Sync,
    ) -> (Option<Vec<f32>>, Vec<f32>) {
        let image_len = self.geometry.image_len();
        let groups = (x.len() / image_len).div_ceil(self.group);
        let parts = (WEIGHT_GRADIENT_ELEMENTS / self.weight.len()).clamp(4, WEIGHT_GRADIENT_PARTS);
        let part = groups.div_ceil(parts) * self.group;
        let work = |part_number: usize, dx: &mut [f32]| {
            let first = part_number * part;
            let end = x.len().min((first + part) * image_len);
            self.backward_part(dx, &x[first * image_len..end], |image, rows| gradient(first + image, rows))
        };
        let (dx, dweights) = if input_gradient {
            let (dx, dweights) = fill_chunks(x.len(), part * image_len, || (), |_, i, dx| work(i, dx));
            (Some(dx), dweights)
        } else {
            let parts = (x.len() / image_len).div_ceil(part);
            (None, (0..parts).into_par_iter().map(|i| work(i, &mut [])).collect())
        };
        (dx, self.sum(&dweights))
    }

    /// Sums the parts `[taps, O]` of the weight gradient from the first to the last, and transposes the sum.
    fn sum(&self, parts: &[Vec<f32>]) -> Vec<f32> {
        let (taps, channels) = (self.geometry.taps(), self.out_channels);
        let add = |_: &mut (), tap: usize, row: &mut [f32]| {
            for part in parts {
                row.iter_mut().zip(&part[tap * channels..]).for_each(|(sum, part)| *sum += part);
            }
        };
        let (sum, _) = fill_chunks(self.weight.len(), channels, || (), add);
        let transpose = |_: &mut (), channel: usize, row: &mut [f32]| {
            row.iter_mut().zip(sum[channel..].iter().step_by(channels)).for_each(|(to, from)| *to = *from);
        };
        fill_chunks(self.weight.len(), taps, || (), transpose).0
    }

    /// Writes the input gradients of some images and returns their share of the weight gradient, transposed: the matrix
    /// product is faster when it has the shorter matrix, the output's gradient, to repack.
    fn backward_part(&self, dx: &mut [f32], x: &[f32], gradient: impl Fn(usize, &mut [f32])) -> Vec<f32> {
        let image_len = self.geometry.image_len();
        let mut scratch = self.scratch();
        let mut margins = vec![0.0; self.geometry.padded_len() * self.group];
        let mut dweight = vec![0.0; self.weight.len()];
        for (index, images) in x.chunks(self.group * image_len).enumerate() {
            let count = images.len() / image_len;
            scratch.rows.truncate(count * self.map_len());
            gradient(index * self.group, &mut scratch.rows);
            let dx = if dx.is_empty() { &mut [] } else { &mut dx[index * self.group * image_len..][..images.len()] };
            Arch::new().dispatch(|| self.backward_group(&mut scratch, &mut margins, images, dx, &mut dweight));
        }
        dweight
    }

    #[inline(always)]
    fn backward_group(
        &self,
        scratch: &mut Scratch,
        margins: &mut [f32],
        images: &[f32],
        dx: &mut [f32],
        dweight: &mut [f32],
    ) {
        let (geometry, taps) = (self.geometry, self.geometry.taps());
        let count = images.len() / geometry.image_len();
        let row_stride = count * geometry.pixels();
        margins.fill(0.0);
        for strip in self.strips() {
            let columns = self.im2col(scratch, images, &strip);
            let dy = &scratch.rows[strip.start * geometry.out_width()..];
            let dy = Matrix::new(dy, self.out_channels, columns, row_stride);
            gemm(dweight, self.out_channels, Matrix::new(&scratch.columns, taps, columns, columns), dy.t(), true);
            if !dx.is_empty() {
                // The patches have done their part; their gradients take their place.
                gemm(&mut scratch.columns, columns, self.weight().t(), dy, false);
                for (i, margins) in margins.chunks_exact_mut(geometry.padded_len()).take(count).enumerate() {
                    geometry.col2im(&scratch.columns[i * columns / count..], columns, &strip, margins);
                }
            }
        }
        for (dx, margins) in dx.chunks_exact_mut(geometry.image_len()).zip(margins.chunks_exact(geometry.padded_len()))
        {
            geometry.unpad(margins, dx);
        }
    }
}

/// Pairs the places of every map in `[images, channels, pixels]` and in `[channels, images · pixels]`.
pub(super) fn each_map(
    images: usize,
    channels: usize,
    pixels: usize,
    mut pair: impl FnMut(Range<usize>, Range<usize>),
) {
    for image in 0..images {
        for channel in 0..channels {
            let (by_image, by_channel) = ((image * channels + channel) * pixels, (channel * images + image) * pixels);
            pair(by_image..by_image + pixels, by_channel..by_channel + pixels);
        }
    }
}
