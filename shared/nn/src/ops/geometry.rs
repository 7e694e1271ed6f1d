//! Where patches lie in images `[H, W, C]`.
//!
//! The row of a patch is a run of kw · C numbers of a padded image, whatever the stride.

use std::ops::{Range, RangeFrom};

use candle_core::Shape;

/// The geometry of a convolution over one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Geometry {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub kernel: (usize, usize),
    pub stride: usize,
    pub padding: usize,
}

impl Geometry {
    pub(super) fn out_height(&self) -> usize {
        (self.height + 2 * self.padding - self.kernel.0) / self.stride + 1
    }

    pub(super) fn out_width(&self) -> usize {
        (self.width + 2 * self.padding - self.kernel.1) / self.stride + 1
    }

    /// The shape of a batch's output.
    pub(super) fn maps(&self, batch: usize, channels: usize) -> Shape {
        (batch, channels, self.out_height(), self.out_width()).into()
    }

    /// Numbers in one image.
    pub(super) fn image_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Output pixels of one image: rows of the patch matrix.
    pub(super) fn pixels(&self) -> usize {
        self.out_height() * self.out_width()
    }

    /// Numbers in one patch: columns of the patch matrix.
    pub(super) fn taps(&self) -> usize {
        self.channels * self.kernel.0 * self.kernel.1
    }

    /// Numbers in a padded row.
    fn padded_row_len(&self) -> usize {
        (self.width + 2 * self.padding) * self.channels
    }

    pub(super) fn padded_len(&self) -> usize {
        (self.height + 2 * self.padding) * self.padded_row_len()
    }

    /// Where row `y` of an image lies in the padded one.
    fn inside(&self, y: usize) -> Range<usize> {
        let start = (y + self.padding) * self.padded_row_len() + self.padding * self.channels;
        start..start + self.width * self.channels
    }

    /// Copies an image into its padded buffer, whose margin must already be zero.
    #[inline(always)]
    pub(super) fn pad(&self, image: &[f32], padded: &mut [f32]) {
        for (y, row) in image.chunks_exact(self.width * self.channels).enumerate() {
            padded[self.inside(y)].copy_from_slice(row);
        }
    }

    /// Copies the inside of a padded buffer to an image, or adds it to one that is `begun`; the transpose of [`Geometry::pad`].
    #[inline(always)]
    pub(super) fn unpad(&self, padded: &[f32], image: &mut [f32], begun: bool) {
        for (y, row) in image.chunks_exact_mut(self.width * self.channels).enumerate() {
            let inside = &padded[self.inside(y)];
            if begun { add(row, inside) } else { row.copy_from_slice(inside) }
        }
    }

    /// Numbers in a row of a patch.
    fn run(&self) -> usize {
        self.kernel.1 * self.channels
    }

    /// Where the rows of all patches of `strip` output rows begin in a padded image, from the first of its rows on that they look at.
    pub(super) fn runs(&self, strip: usize) -> Vec<usize> {
        let mut starts = Vec::with_capacity(strip * self.out_width() * self.kernel.0);
        for y in 0..strip {
            for x in 0..self.out_width() {
                for line in 0..self.kernel.0 {
                    let (down, right) = (y * self.stride + line, x * self.stride);
                    starts.push(down * self.padded_row_len() + right * self.channels);
                }
            }
        }
        starts
    }

    /// The rows of a padded image from the first on that output row `y` looks at.
    fn rows_from(&self, y: usize) -> RangeFrom<usize> {
        y * self.stride * self.padded_row_len()..
    }

    /// Writes the patches of a padded image below the output rows from `y` on into `patches` `[pixels, taps]`; `runs` are theirs.
    #[inline(always)]
    pub(super) fn im2col(&self, padded: &[f32], y: usize, runs: &[usize], patches: &mut [f32]) {
        let padded = &padded[self.rows_from(y)];
        for (run, start) in patches.chunks_exact_mut(self.run()).zip(runs) {
            run.copy_from_slice(&padded[*start..][..run.len()]);
        }
    }

    /// Adds patches back to where [`Geometry::im2col`] took them from.
    #[inline(always)]
    pub(super) fn col2im(&self, patches: &[f32], y: usize, runs: &[usize], padded: &mut [f32]) {
        let padded = &mut padded[self.rows_from(y)];
        for (run, start) in patches.chunks_exact(self.run()).zip(runs) {
            add(&mut padded[*start..][..run.len()], run);
        }
    }
}

/// Adds to numbers as many others.
#[inline(always)]
pub(super) fn add(numbers: &mut [f32], others: &[f32]) {
    for (to, from) in numbers.iter_mut().zip(others) {
        *to += *from;
    }
}
