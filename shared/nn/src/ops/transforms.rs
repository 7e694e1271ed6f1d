//! The transforms of Winograd's convolutions: small constant matrices, applied from both sides (Lavin and Gray 2016, section 4).
//!
//! Matrices hold [`Lanes`]: as many of them are transformed side by side.

use super::lanes::{LANES, Lanes};

/// Height and width of the blocks that a map is cut into.
pub(super) const BLOCK: usize = 4;

/// Height and width of a transformed kernel.
pub(super) const KERNEL: usize = 6;

/// How blocks of 4 numbers are computed from patches of P with kernels of 3, in one dimension. In two, each step is applied to the rows and the
/// columns of a matrix.
///
/// block = Aᵀ [(G kernel) ⊙ (Bᵀ patch)], where ⊙ multiplies each number of the transformed kernel with one or several of the patch.
pub(super) trait Transforms<const P: usize>: Send + Sync + 'static {
    /// Of the convolution.
    const STRIDE: usize;

    /// Channels of its input: fewer leave too little to do between the transforms.
    const LEAST_CHANNELS: usize;

    /// Blocks in a batch: fewer do not make up for the transforms of the kernel and of its gradient, which all share.
    const LEAST_BLOCKS: usize;

    /// How many numbers of a patch each number of the kernel is multiplied with.
    const SHARED: [usize; KERNEL];

    /// The number of the kernel that number `i` of a patch is multiplied with, and how many before it are multiplied with the same one.
    fn partner(i: usize) -> (usize, usize);

    /// Bᵀ x
    fn patch(x: [f32; P]) -> [f32; P];

    /// B x
    fn patch_back(x: [f32; P]) -> [f32; P];

    /// Aᵀ x
    fn product(x: [f32; P]) -> [f32; BLOCK];

    /// A x
    fn product_back(x: [f32; BLOCK]) -> [f32; P];

    /// G x
    fn kernel(x: [f32; 3]) -> [f32; KERNEL];

    /// Gᵀ x
    fn kernel_back(x: [f32; KERNEL]) -> [f32; 3];
}

/// F(4, 3), of stride 1: 6 multiplications instead of 12. The points are 0, ±1, ±2 and ∞.
pub(super) struct UnitStride;

impl Transforms<6> for UnitStride {
    const STRIDE: usize = 1;
    const LEAST_CHANNELS: usize = 16;
    const LEAST_BLOCKS: usize = 1;
    const SHARED: [usize; KERNEL] = [1; KERNEL];

    #[inline(always)]
    fn partner(i: usize) -> (usize, usize) {
        (i, 0)
    }

    #[inline(always)]
    fn patch([a, b, c, d, e, f]: [f32; 6]) -> [f32; 6] {
        let (near, far) = (e - 4.0 * c, d - 4.0 * b);
        let (even, odd) = (e - c, 2.0 * (d - b));
        [4.0 * a - 5.0 * c + e, near + far, near - far, even + odd, even - odd, 4.0 * b - 5.0 * d + f]
    }

    #[inline(always)]
    fn patch_back([a, b, c, d, e, f]: [f32; 6]) -> [f32; 6] {
        let (sum, difference, sum2, difference2) = (b + c, b - c, d + e, d - e);
        [
            4.0 * a,
            4.0 * (f - difference) - 2.0 * difference2,
            -5.0 * a - 4.0 * sum - sum2,
            difference + 2.0 * difference2 - 5.0 * f,
            a + sum + sum2,
            f,
        ]
    }

    #[inline(always)]
    fn product([a, b, c, d, e, f]: [f32; 6]) -> [f32; BLOCK] {
        let (sum, difference, sum2, difference2) = (b + c, b - c, d + e, d - e);
        [a + sum + sum2, difference + 2.0 * difference2, sum + 4.0 * sum2, difference + 8.0 * difference2 + f]
    }

    #[inline(always)]
    fn product_back([a, b, c, d]: [f32; BLOCK]) -> [f32; 6] {
        let (even, odd, even2, odd2) = (a + c, b + d, a + 4.0 * c, 2.0 * b + 8.0 * d);
        [a, even + odd, even - odd, even2 + odd2, even2 - odd2, d]
    }

    #[inline(always)]
    fn kernel([a, b, c]: [f32; 3]) -> [f32; KERNEL] {
        let (even, odd, even2, odd2) = ((a + c) / -6.0, b / -6.0, a / 24.0 + c / 6.0, b / 12.0);
        [a / 4.0, even + odd, even - odd, even2 + odd2, even2 - odd2, c]
    }

    #[inline(always)]
    fn kernel_back([a, b, c, d, e, f]: [f32; KERNEL]) -> [f32; 3] {
        let (sum, sum2) = ((b + c) / 6.0, d + e);
        [a / 4.0 - sum + sum2 / 24.0, (c - b) / 6.0 + (d - e) / 12.0, sum2 / 6.0 - sum + f]
    }
}

/// Stride 2: 9 multiplications instead of 12. A kernel's outer two numbers see only a patch's numbers 0, 2, …, as F(4, 2) with the points 0, ±1, 2
/// and ∞; the middle one sees numbers 1, 3, …, and each of them once.
pub(super) struct StrideTwo;

impl Transforms<9> for StrideTwo {
    const STRIDE: usize = 2;
    const LEAST_CHANNELS: usize = 128;
    const LEAST_BLOCKS: usize = 64;
    const SHARED: [usize; KERNEL] = [1, 1, 1, 1, 1, 4];

    #[inline(always)]
    fn partner(i: usize) -> (usize, usize) {
        if i.is_multiple_of(2) { (i / 2, 0) } else { (KERNEL - 1, i / 2) }
    }

    #[inline(always)]
    fn patch([a, p, b, q, c, r, d, s, e]: [f32; 9]) -> [f32; 9] {
        let difference = d - b;
        let even = [
            2.0 * (a - c) + difference,
            difference - c - b,
            difference + 3.0 * (b - c),
            difference,
            e - c - 2.0 * difference,
        ];
        [even[0], p, even[1], q, even[2], r, even[3], s, even[4]]
    }

    #[inline(always)]
    fn patch_back([a, p, b, q, c, r, d, s, e]: [f32; 9]) -> [f32; 9] {
        let sum = a + b + c + d;
        let even = [2.0 * a, 2.0 * (c - b + e) - a - d, -2.0 * a - b - 3.0 * c - e, sum - 2.0 * e, e];
        [even[0], p, even[1], q, even[2], r, even[3], s, even[4]]
    }

    #[inline(always)]
    fn product([a, p, b, q, c, r, d, s, e]: [f32; 9]) -> [f32; BLOCK] {
        let (sum, difference) = (b + c, b - c);
        [a + sum + d + p, difference + 2.0 * d + q, sum + 4.0 * d + r, difference + 8.0 * d + e + s]
    }

    #[inline(always)]
    fn product_back([a, b, c, d]: [f32; BLOCK]) -> [f32; 9] {
        let (even, odd) = (a + c, b + d);
        [a, a, even + odd, b, even - odd, c, a + 2.0 * b + 4.0 * c + 8.0 * d, d, d]
    }

    #[inline(always)]
    fn kernel([a, b, c]: [f32; 3]) -> [f32; KERNEL] {
        [a / 2.0, (a + c) / -2.0, (c - a) / 6.0, a / 6.0 + c / 3.0, c, b]
    }

    #[inline(always)]
    fn kernel_back([a, b, c, d, e, f]: [f32; KERNEL]) -> [f32; 3] {
        let sixth = d / 6.0;
        [(a - b) / 2.0 - c / 6.0 + sixth, f, c / 6.0 - b / 2.0 + 2.0 * sixth + e]
    }
}

/// M X Mᵀ in place, where X is the upper left part of `matrix`, and `multiply` is M times a column.
#[inline(always)]
pub(super) fn both_ways<const P: usize, const I: usize, const O: usize>(
    matrix: &mut [[Lanes; P]; P],
    multiply: impl Fn([f32; I]) -> [f32; O],
) {
    for row in 0..I {
        in_place(matrix, |i| (row, i), &multiply);
    }
    for column in 0..O {
        in_place(matrix, |i| (i, column), &multiply);
    }
}

/// Multiplies a row or a column, whose number `i` is at `place(i)`.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "lanes are the innermost of three indices")]
fn in_place<const P: usize, const I: usize, const O: usize>(
    matrix: &mut [[Lanes; P]; P],
    place: impl Fn(usize) -> (usize, usize),
    multiply: impl Fn([f32; I]) -> [f32; O],
) {
    for lane in 0..LANES {
        let numbers = multiply(std::array::from_fn(|i| matrix[place(i).0][place(i).1][lane]));
        for (i, number) in numbers.into_iter().enumerate() {
            matrix[place(i).0][place(i).1][lane] = number;
        }
    }
}
