//! Where the blocks of Winograd's convolution lie in images, and in the matrices that are multiplied.

use std::marker::PhantomData;
use std::ops::Range;

use super::gemm::Matrix;
use super::lanes::LANES;
use super::transforms::{BLOCK, KERNEL, Transforms};

/// Stands for a pixel that a patch has outside of its image.
pub(super) const OUTSIDE: usize = usize::MAX;

/// Numbers between two matrices, which keep them from being mapped to the same lines of a cache.
const GAP: usize = LANES;

/// A number of a transformed kernel: its row and its column.
pub(super) type Place = (usize, usize);

/// All numbers of a transformed kernel.
pub(super) fn places() -> impl Iterator<Item = Place> {
    (0..KERNEL * KERNEL).map(|place| (place / KERNEL, place % KERNEL))
}

/// The blocks of a strip of some images. For each place there is a matrix, `[blocks, channels]` once or several times one below the other.
pub(super) struct Blocks<T, const P: usize> {
    images: usize,
    strip: Range<usize>,
    /// Of the images, in pixels.
    height: usize,
    width: usize,
    transforms: PhantomData<T>,
}

impl<T: Transforms<P>, const P: usize> Blocks<T, P> {
    pub(super) fn new((height, width): (usize, usize), images: usize, strip: Range<usize>) -> Self {
        Self { images, strip, height, width, transforms: PhantomData }
    }

    /// Blocks beside one another.
    fn across(&self) -> usize {
        self.width / (BLOCK * T::STRIDE)
    }

    pub(super) fn count(&self) -> usize {
        self.images * self.strip.len() * self.across()
    }

    /// Numbers in all matrices.
    pub(super) fn len(&self, channels: usize) -> usize {
        P * P * self.count() * channels + KERNEL * KERNEL * GAP
    }

    /// Where a place's matrix begins.
    #[inline(always)]
    pub(super) fn start(&self, (row, column): Place, channels: usize) -> usize {
        let before = |i: usize| T::SHARED[..i].iter().sum::<usize>();
        let patches = before(row) * P + T::SHARED[row] * before(column);
        patches * self.count() * channels + (row * KERNEL + column) * GAP
    }

    /// A place's matrix.
    pub(super) fn matrix<'a>(&self, numbers: &'a [f32], (row, column): Place, channels: usize) -> Matrix<'a> {
        let rows = T::SHARED[row] * T::SHARED[column] * self.count();
        Matrix::new(&numbers[self.start((row, column), channels)..], rows, channels, channels)
    }

    /// Where the first block's numbers of a patch lie, in lanes.
    #[inline(always)]
    pub(super) fn lanes_of_patch(&self, channels: usize) -> [[usize; P]; P] {
        let mut lanes = [[0; P]; P];
        for (y, lanes) in lanes.iter_mut().enumerate() {
            for (x, lanes) in lanes.iter_mut().enumerate() {
                let ((row, down), (column, right)) = (T::partner(y), T::partner(x));
                let number = down * T::SHARED[column] + right;
                *lanes = (self.start((row, column), channels) + number * self.count() * channels) / LANES;
            }
        }
        lanes
    }

    /// A block's image, and its row and column there, in blocks.
    #[inline(always)]
    fn position(&self, block: usize) -> (usize, usize, usize) {
        let (row, column) = (block / self.across(), block % self.across());
        (row / self.strip.len(), self.strip.start + row % self.strip.len(), column)
    }

    /// The numbers of a block's pixels among those of all maps.
    #[inline(always)]
    pub(super) fn pixels(&self, block: usize) -> [[usize; BLOCK]; BLOCK] {
        let (height, width) = (self.height / T::STRIDE, self.width / T::STRIDE);
        let (image, row, column) = self.position(block);
        let first = (image * height + BLOCK * row) * width + BLOCK * column;
        std::array::from_fn(|y| std::array::from_fn(|x| first + y * width + x))
    }

    /// The numbers of the pixels that a block looks at, among those of all images.
    #[inline(always)]
    pub(super) fn pixels_of_patch(&self, block: usize) -> [[usize; P]; P] {
        let (image, row, column) = self.position(block);
        let mut pixels = [[OUTSIDE; P]; P];
        for (y, pixels) in pixels.iter_mut().enumerate() {
            for (x, pixel) in pixels.iter_mut().enumerate() {
                // One before the block; a border of one pixel is outside.
                let (down, right) = (BLOCK * T::STRIDE * row + y, BLOCK * T::STRIDE * column + x);
                if (1..=self.height).contains(&down) && (1..=self.width).contains(&right) {
                    *pixel = (image * self.height + down - 1) * self.width + right - 1;
                }
            }
        }
        pixels
    }
}
