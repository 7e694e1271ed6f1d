//! Where the blocks of Winograd's convolution lie in images, and in the matrices that are multiplied.

use std::ops::Range;

use super::gemm::Matrix;
use super::lanes::LANES;
use super::transforms::{BLOCK, PATCH, PLACES};

/// Stands for a pixel that a patch has outside of its image.
pub(super) const OUTSIDE: usize = usize::MAX;

/// The blocks of a strip of some images: rows of the matrix products.
pub(super) struct Blocks {
    images: usize,
    strip: Range<usize>,
    /// Of the images, in pixels.
    height: usize,
    width: usize,
}

impl Blocks {
    pub(super) fn new((height, width): (usize, usize), images: usize, strip: Range<usize>) -> Self {
        Self { images, strip, height, width }
    }

    pub(super) fn count(&self) -> usize {
        self.images * self.strip.len() * self.width / BLOCK
    }

    /// Numbers from one place to the next; the gap keeps all places from being mapped to the same lines of a cache.
    pub(super) fn plane(&self, channels: usize) -> usize {
        self.count() * channels + LANES
    }

    /// Lanes from one block to the next, and from one place to the next.
    #[inline(always)]
    pub(super) fn strides(&self, channels: usize) -> (usize, usize) {
        (channels / LANES, self.plane(channels) / LANES)
    }

    /// The matrix of one place, `[blocks, channels]`.
    pub(super) fn at_place<'a>(&self, numbers: &'a [f32], place: usize, channels: usize) -> Matrix<'a> {
        Matrix::new(&numbers[place * self.plane(channels)..], self.count(), channels, channels)
    }

    /// A block's image, and its row and column there, in blocks.
    #[inline(always)]
    fn position(&self, block: usize) -> (usize, usize, usize) {
        let across = self.width / BLOCK;
        let (row, column) = (block / across, block % across);
        (row / self.strip.len(), self.strip.start + row % self.strip.len(), column)
    }

    /// The number of a block's upper left pixel among those of all images.
    #[inline(always)]
    pub(super) fn first_pixel(&self, block: usize) -> usize {
        let (image, row, column) = self.position(block);
        (image * self.height + BLOCK * row) * self.width + BLOCK * column
    }

    /// The numbers of the pixels that a block looks at.
    #[inline(always)]
    pub(super) fn pixels_of_patch(&self, block: usize) -> [usize; PLACES] {
        let (image, row, column) = self.position(block);
        let mut pixels = [OUTSIDE; PLACES];
        for y in 0..PATCH {
            for x in 0..PATCH {
                // One before the block; a border of one pixel is outside.
                let (down, right) = (BLOCK * row + y, BLOCK * column + x);
                if (1..=self.height).contains(&down) && (1..=self.width).contains(&right) {
                    pixels[PATCH * y + x] = (image * self.height + down - 1) * self.width + right - 1;
                }
            }
        }
        pixels
    }
}
