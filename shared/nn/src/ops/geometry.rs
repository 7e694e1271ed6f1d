//! Where a convolution's patches lie in an image, and in a matrix that has a patch in each column.
//!
//! The image is first copied into a zero-padded buffer whose rows are split by phase `x mod stride`. Every row of every
//! tap is then one contiguous run, so that strided convolutions copy memory instead of gathering single numbers.

use std::ops::Range;

/// Runs its body for every run of `out_width` numbers that the output rows `strip` look at: in the padded buffer and in the
/// patch matrix. The usual widths are constants, which saves a loop for each of the many short runs of a deep layer. (A
/// macro, because a closure would not be compiled for the vectors that its caller was compiled for.)
macro_rules! for_each_run {
    ($geometry:expr, $strip:expr, $row_stride:expr, |$width:ident, $in_padded:ident, $in_columns:ident| $body:block) => {
        match $geometry.out_width() {
            4 => for_each_run!(@loops 4, $geometry, $strip, $row_stride, |$width, $in_padded, $in_columns| $body),
            8 => for_each_run!(@loops 8, $geometry, $strip, $row_stride, |$width, $in_padded, $in_columns| $body),
            16 => for_each_run!(@loops 16, $geometry, $strip, $row_stride, |$width, $in_padded, $in_columns| $body),
            32 => for_each_run!(@loops 32, $geometry, $strip, $row_stride, |$width, $in_padded, $in_columns| $body),
            width => for_each_run!(@loops width, $geometry, $strip, $row_stride, |$width, $in_padded, $in_columns| $body),
        }
    };
    (@loops $value:expr, $geometry:expr, $strip:expr, $row_stride:expr,
     |$width:ident, $in_padded:ident, $in_columns:ident| $body:block) => {{
        let $width = $value;
        let (geometry, strip): (&Geometry, &Range<usize>) = ($geometry, $strip);
        let down = geometry.stride * geometry.stride * geometry.phase_width();
        let (kernel_height, kernel_width) = geometry.kernel;
        for row in 0..geometry.taps() {
            let (channel, tap) = (row / (kernel_height * kernel_width), row % (kernel_height * kernel_width));
            let top = strip.start * geometry.stride + tap / kernel_width;
            let first = geometry.padded_index(channel, top, tap % kernel_width);
            for y in 0..strip.len() {
                let ($in_padded, $in_columns) = (first + y * down, row * $row_stride + y * $width);
                $body
            }
        }
    }};
}

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

    /// Copies an image into its padded buffer, whose margin must already be zero.
    #[inline(always)]
    pub(super) fn pad(&self, image: &[f32], padded: &mut [f32]) {
        for (row, pixels) in image.chunks_exact(self.width).enumerate() {
            for phase in 0..self.stride.min(self.width) {
                let run = &mut padded[self.phase_start(row, phase)..];
                match self.stride {
                    1 => run[..self.width].copy_from_slice(pixels),
                    // Pairs are what the compiler has vector instructions for.
                    2 => {
                        let (pairs, last) = pixels.as_chunks::<2>();
                        run.iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair[phase]);
                        last.iter().skip(phase).for_each(|pixel| run[pairs.len()] = *pixel);
                    }
                    _ => {
                        let pixels = pixels[phase..].iter().step_by(self.stride);
                        run.iter_mut().zip(pixels).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
    }

    /// Copies the inside of a padded buffer into an image; the reverse of [`Geometry::pad`].
    #[inline(always)]
    pub(super) fn unpad(&self, padded: &[f32], image: &mut [f32]) {
        for (row, pixels) in image.chunks_exact_mut(self.width).enumerate() {
            let run = |phase: usize| &padded[self.phase_start(row, phase)..];
            match self.stride {
                1 => pixels.copy_from_slice(&run(0)[..self.width]),
                2 if self.width > 1 => {
                    let (pairs, last) = pixels.as_chunks_mut::<2>();
                    last.iter_mut().for_each(|pixel| *pixel = run(0)[pairs.len()]);
                    let runs = run(0).iter().zip(run(1));
                    pairs.iter_mut().zip(runs).for_each(|(pair, (even, odd))| *pair = [*even, *odd]);
                }
                _ => {
                    for phase in 0..self.stride.min(self.width) {
                        let pixels = pixels[phase..].iter_mut().step_by(self.stride);
                        pixels.zip(run(phase)).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
    }

    /// Where, in the padded buffer, the pixels `phase`, `phase` + stride, … of an image's row lie side by side; rows are
    /// counted through all channels.
    #[inline(always)]
    fn phase_start(&self, row: usize, phase: usize) -> usize {
        self.padded_index(row / self.height, row % self.height + self.padding, phase + self.padding)
    }

    /// Writes the patches of a padded image below the output rows `strip` into `columns`, whose rows are `row_stride`
    /// apart.
    #[inline(always)]
    pub(super) fn im2col(&self, padded: &[f32], strip: &Range<usize>, columns: &mut [f32], row_stride: usize) {
        for_each_run!(self, strip, row_stride, |width, in_padded, in_columns| {
            columns[in_columns..in_columns + width].copy_from_slice(&padded[in_padded..in_padded + width]);
        });
    }

    /// Adds columns back to where [`Geometry::im2col`] took them from.
    #[inline(always)]
    pub(super) fn col2im(&self, columns: &[f32], row_stride: usize, strip: &Range<usize>, padded: &mut [f32]) {
        for_each_run!(self, strip, row_stride, |width, in_padded, in_columns| {
            let target = &mut padded[in_padded..in_padded + width];
            target.iter_mut().zip(&columns[in_columns..in_columns + width]).for_each(|(to, from)| *to += *from);
        });
    }
}
