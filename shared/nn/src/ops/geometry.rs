//! Where a convolution's patches lie in an image, and in a matrix that has a patch in each column.
//!
//! The image is first copied into a zero-padded buffer whose rows are split by phase `x mod stride`. Every row of every
//! tap is then one contiguous run, so that strided convolutions copy memory instead of gathering single numbers.

use std::ops::Range;

use candle_core::Shape;

/// Runs its body for every run of `out_width` numbers that the output rows `strip` look at: in the padded buffer and in the
/// patch matrix. The usual widths are constants, which saves a loop for each of the many short runs of a deep layer. (A
/// macro, because a closure would not be compiled for the vectors that its caller was compiled for.)
macro_rules! for_each_run {
    ($geometry:expr, $strip:expr, $row_stride:expr, |$width:ident, $in_padded:ident, $in_columns:ident| $body:block) => {
        match $geometry.out_width() {
            1 => for_each_run!(@loops 1, $geometry, $strip, $row_stride, |$width, $in_padded, $in_columns| $body),
            2 => for_each_run!(@loops 2, $geometry, $strip, $row_stride, |$width, $in_padded, $in_columns| $body),
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
        let (phase_width, row_len) = (geometry.phase_width(), geometry.padded_row_len());
        let down = geometry.stride * row_len;
        let mut row = 0;
        for channel in 0..geometry.channels {
            let top = channel * geometry.padded_height() + strip.start * geometry.stride;
            for line in top..top + geometry.kernel.0 {
                // Counted, not divided: maps can be so small that a division for each run takes longer than the run.
                let (mut phase, mut first) = (0, line * row_len);
                for _ in 0..geometry.kernel.1 {
                    for y in 0..strip.len() {
                        let ($in_padded, $in_columns) = (first + y * down, row * $row_stride + y * $width);
                        $body
                    }
                    row += 1;
                    phase += 1;
                    first += phase_width;
                    if phase == geometry.stride {
                        (phase, first) = (0, first - row_len + 1);
                    }
                }
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

    /// The shape of a batch's output.
    pub(super) fn maps(&self, batch: usize, channels: usize) -> Shape {
        (batch, channels, self.out_height(), self.out_width()).into()
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

    /// Numbers in a padded row, with all its phases.
    fn padded_row_len(&self) -> usize {
        self.stride * self.phase_width()
    }

    pub(super) fn padded_len(&self) -> usize {
        self.channels * self.padded_height() * self.padded_row_len()
    }

    /// Where the first row of a channel's map lies in the buffer.
    fn first_row(&self, channel: usize) -> usize {
        (channel * self.padded_height() + self.padding) * self.padded_row_len()
    }

    /// Where, in a padded row, the pixels `phase`, `phase` + stride, … of an image's row lie side by side.
    fn phase_start(&self, phase: usize) -> usize {
        let x = phase + self.padding;
        x % self.stride * self.phase_width() + x / self.stride
    }

    /// Copies an image into its padded buffer, whose margin must already be zero.
    #[inline(always)]
    pub(super) fn pad(&self, image: &[f32], padded: &mut [f32]) {
        let whole = self.width.is_multiple_of(self.stride);
        for (channel, map) in image.chunks_exact(self.height * self.width).enumerate() {
            for phase in 0..self.stride.min(self.width) {
                let padded = &mut padded[self.first_row(channel) + self.phase_start(phase)..];
                let rows = map.chunks_exact(self.width).zip(padded.chunks_mut(self.padded_row_len()));
                match (self.stride, phase) {
                    (1, _) => rows.for_each(|(pixels, run)| run[..pixels.len()].copy_from_slice(pixels)),
                    (2, 0) if whole => rows.for_each(|(pixels, run)| every_other::<0>(pixels, run)),
                    (2, 1) if whole => rows.for_each(|(pixels, run)| every_other::<1>(pixels, run)),
                    _ => {
                        for (pixels, run) in rows {
                            for (to, from) in run.iter_mut().zip(pixels[phase..].iter().step_by(self.stride)) {
                                *to = *from;
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds the inside of a padded buffer to an image; the transpose of [`Geometry::pad`].
    #[inline(always)]
    pub(super) fn unpad(&self, padded: &[f32], image: &mut [f32]) {
        let whole = self.width.is_multiple_of(self.stride);
        let starts = [0, 1].map(|phase| self.phase_start(phase));
        for (channel, map) in image.chunks_exact_mut(self.height * self.width).enumerate() {
            let rows = padded[self.first_row(channel)..].chunks(self.padded_row_len());
            for (row, pixels) in rows.zip(map.chunks_exact_mut(self.width)) {
                match self.stride {
                    1 => add(pixels.iter_mut(), &row[starts[0]..]),
                    2 if whole => {
                        let [a, b] = starts.map(|start| &row[start..]);
                        for (([x, y], a), b) in pixels.as_chunks_mut().0.iter_mut().zip(a).zip(b) {
                            (*x, *y) = (*x + a, *y + b);
                        }
                    }
                    _ => {
                        for phase in 0..self.stride.min(self.width) {
                            add(pixels[phase..].iter_mut().step_by(self.stride), &row[self.phase_start(phase)..]);
                        }
                    }
                }
            }
        }
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
            add(padded[in_padded..in_padded + width].iter_mut(), &columns[in_columns..in_columns + width]);
        });
    }
}

/// Adds to numbers as many others.
#[inline(always)]
fn add<'a>(numbers: impl Iterator<Item = &'a mut f32>, others: &[f32]) {
    numbers.zip(others).for_each(|(to, from)| *to += *from);
}

/// Numbers P, P + 2, … side by side. P is a constant, because otherwise the compiler fetches them one by one.
#[inline(always)]
fn every_other<const P: usize>(numbers: &[f32], run: &mut [f32]) {
    let numbers = numbers.as_chunks::<2>().0;
    for (to, from) in run[..numbers.len()].iter_mut().zip(numbers) {
        *to = from[P];
    }
}
