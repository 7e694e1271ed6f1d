//! Patches of an image as the columns of a matrix, which turns a convolution into a matrix product.
//!
//! The image is first copied into a zero-padded buffer whose rows are split by phase `x mod stride`. Every row of every
//! tap is then one contiguous run, so that strided convolutions copy memory instead of gathering single numbers.

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
    /// `stride` apart in the image lies side by side in the buffer.
    fn each_phase(&self, mut run: impl FnMut(usize, usize, usize)) {
        for row in 0..self.channels * self.height {
            let (channel, y) = (row / self.height, row % self.height);
            for phase in 0..self.stride {
                let first = (phase + self.stride - self.padding % self.stride) % self.stride;
                if first < self.width {
                    let start = self.padded_index(channel, y + self.padding, first + self.padding);
                    run(row * self.width + first, (row + 1) * self.width, start);
                }
            }
        }
    }

    /// Copies an image into its padded buffer, whose margin must already be zero.
    fn pad(&self, image: &[f32], padded: &mut [f32]) {
        self.each_phase(|first, end, start| {
            let pixels = image[first..end].iter().step_by(self.stride);
            padded[start..].iter_mut().zip(pixels).for_each(|(to, from)| *to = *from);
        });
    }

    /// Adds a padded buffer's inside to an image; the reverse of [`Geometry::pad`].
    fn unpad_add(&self, padded: &[f32], image: &mut [f32]) {
        self.each_phase(|first, end, start| {
            let pixels = image[first..end].iter_mut().step_by(self.stride);
            pixels.zip(&padded[start..]).for_each(|(to, from)| *to += *from);
        });
    }

    /// Calls `copy(start in the padded buffer, start in the patch matrix)` for every run of `out_width` numbers.
    fn each_run(&self, row_stride: usize, mut copy: impl FnMut(usize, usize)) {
        let (kernel_height, kernel_width) = self.kernel;
        let mut row = 0;
        for channel in 0..self.channels {
            for dy in 0..kernel_height {
                for dx in 0..kernel_width {
                    for y in 0..self.out_height() {
                        let from = self.padded_index(channel, y * self.stride + dy, dx);
                        copy(from, row * row_stride + y * self.out_width());
                    }
                    row += 1;
                }
            }
        }
    }

    /// Writes the patches of `image` into columns `0..pixels` of `columns`, whose rows are `row_stride` apart.
    /// `padded` is scratch of [`Geometry::padded_len`] zeros; its margin stays zero.
    pub(super) fn im2col(&self, image: &[f32], padded: &mut [f32], columns: &mut [f32], row_stride: usize) {
        self.pad(image, padded);
        let width = self.out_width();
        self.each_run(row_stride, |from, to| {
            columns[to..to + width].copy_from_slice(&padded[from..from + width]);
        });
    }

    /// Adds columns back to where [`Geometry::im2col`] took them from.
    pub(super) fn col2im(&self, columns: &[f32], row_stride: usize, padded: &mut [f32], image: &mut [f32]) {
        padded.fill(0.0);
        let width = self.out_width();
        self.each_run(row_stride, |to, from| {
            let target = &mut padded[to..to + width];
            target.iter_mut().zip(&columns[from..from + width]).for_each(|(t, c)| *t += *c);
        });
        self.unpad_add(padded, image);
    }
}
