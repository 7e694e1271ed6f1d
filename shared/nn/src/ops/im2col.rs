//! Patches of an image as the columns of a matrix, which turns a convolution into a matrix product.
//!
//! The image is first copied into a zero-padded buffer whose rows are split by phase `x mod stride`. Every row of every
//! tap is then one contiguous run, so that strided convolutions copy memory instead of gathering single numbers.

use std::ops::Range;

/// The geometry of a convolution over one image.
#[derive(Clone, Copy, Debug)]
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

    /// Numbers in one image.
    pub(super) fn image_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Output pixels of one image: columns of the patch matrix.
    pub(super) fn pixels(&self) -> usize {
        self.out_height() * self.out_width()
    }

    /// Numbers in one patch: rows of the patch matrix.
    pub(super) fn taps(&self) -> usize {
        self.channels * self.kernel.0 * self.kernel.1
    }

    fn padded_height(&self) -> usize {
        self.height + 2 * self.padding
    }

    /// Length of one phase of a padded row.
    fn phase_width(&self) -> usize {
        (self.width + 2 * self.padding).div_ceil(self.stride)
    }

    pub(super) fn padded_len(&self) -> usize {
        self.channels * self.padded_height() * self.stride * self.phase_width()
    }

    /// Where pixel (`channel`, `y`, `x`) of the padded image lies in the buffer.
    fn padded_index(&self, channel: usize, y: usize, x: usize) -> usize {
        let row = channel * self.padded_height() + y;
        (row * self.stride + x % self.stride) * self.phase_width() + x / self.stride
    }

    /// Calls `run(start in the image, end of its row, start in the padded buffer)` for every row and phase: what lies
    /// `stride` apart in the image lies side by side in the buffer. Every pixel is in one run.
    #[inline(always)]
    fn each_phase(&self, mut run: impl FnMut(usize, usize, usize)) {
        for row in 0..self.channels * self.height {
            let (channel, y) = (row / self.height, row % self.height);
            for first in 0..self.stride.min(self.width) {
                let start = self.padded_index(channel, y + self.padding, first + self.padding);
                run(row * self.width + first, (row + 1) * self.width, start);
            }
        }
    }

    /// Copies an image into its padded buffer, whose margin must already be zero.
    #[inline(always)]
    pub(super) fn pad(&self, image: &[f32], padded: &mut [f32]) {
        self.each_phase(|first, end, start| {
            let pixels = &image[first..end];
            let count = pixels.len().div_ceil(self.stride);
            let run = &mut padded[start..start + count];
            every(self.stride, count, |to, from| run[to] = pixels[from]);
        });
    }

    /// Copies the inside of a padded buffer into an image; the reverse of [`Geometry::pad`].
    #[inline(always)]
    pub(super) fn unpad(&self, padded: &[f32], image: &mut [f32]) {
        self.each_phase(|first, end, start| {
            let pixels = &mut image[first..end];
            let count = pixels.len().div_ceil(self.stride);
            let run = &padded[start..start + count];
            every(self.stride, count, |from, to| pixels[to] = run[from]);
        });
    }

    /// Calls `copy(start in the padded buffer, start in the patch matrix)` for every run of `out_width` numbers that
    /// the output rows `strip` look at.
    #[inline(always)]
    fn each_run(&self, strip: &Range<usize>, row_stride: usize, mut copy: impl FnMut(usize, usize)) {
        let (kernel_height, kernel_width) = self.kernel;
        let (out_width, line) = (self.out_width(), self.stride * self.phase_width());
        let mut row = 0;
        for channel in 0..self.channels {
            for dy in 0..kernel_height {
                for dx in 0..kernel_width {
                    let mut from = self.padded_index(channel, strip.start * self.stride + dy, dx);
                    let mut to = row * row_stride;
                    for _ in strip.clone() {
                        copy(from, to);
                        from += self.stride * line;
                        to += out_width;
                    }
                    row += 1;
                }
            }
        }
    }

    /// Writes the patches of a padded image below the output rows `strip` into `columns`, whose rows are `row_stride`
    /// apart.
    #[inline(always)]
    pub(super) fn im2col(&self, padded: &[f32], strip: &Range<usize>, columns: &mut [f32], row_stride: usize) {
        let width = self.out_width();
        self.each_run(strip, row_stride, |from, to| {
            for_width(&mut columns[to..to + width], &padded[from..from + width], |to, from| *to = *from);
        });
    }

    /// Adds columns back to where [`Geometry::im2col`] took them from.
    #[inline(always)]
    pub(super) fn col2im(&self, columns: &[f32], row_stride: usize, strip: &Range<usize>, padded: &mut [f32]) {
        let width = self.out_width();
        self.each_run(strip, row_stride, |to, from| {
            for_width(&mut padded[to..to + width], &columns[from..from + width], |to, from| *to += *from);
        });
    }
}

/// Calls `pair(i, i · stride)` for every `i` below `count`. The usual strides are known to the compiler.
#[inline(always)]
fn every(stride: usize, count: usize, mut pair: impl FnMut(usize, usize)) {
    match stride {
        1 => (0..count).for_each(|i| pair(i, i)),
        2 => (0..count).for_each(|i| pair(i, 2 * i)),
        _ => (0..count).for_each(|i| pair(i, stride * i)),
    }
}

/// Applies `f` to two runs of one length. The usual lengths are known to the compiler, which saves a loop for each of
/// the many short runs of a deep layer.
#[inline(always)]
fn for_width(to: &mut [f32], from: &[f32], f: impl Fn(&mut f32, &f32)) {
    #[inline(always)]
    fn fixed<const WIDTH: usize>(to: &mut [f32], from: &[f32], f: impl Fn(&mut f32, &f32)) -> bool {
        match (to.as_mut_array::<WIDTH>(), from.as_array::<WIDTH>()) {
            (Some(to), Some(from)) => {
                to.iter_mut().zip(from).for_each(|(to, from)| f(to, from));
                true
            }
            _ => false,
        }
    }
    let done = fixed::<4>(to, from, &f) || fixed::<8>(to, from, &f) || fixed::<16>(to, from, &f) || fixed::<32>(to, from, &f);
    if !done {
        to.iter_mut().zip(from).for_each(|(to, from)| f(to, from));
    }
}
