//! The transforms of Winograd's F(4×4, 3×3): small constant matrices, applied from both sides (Lavin and Gray 2016, section 4.3).
//!
//! Many matrices X of at most 6×6 are transformed side by side: they are 36 rows of numbers, place (r, c) of each in row
//! 6·r + c, and every X in a column of its own.

/// Height and width of the blocks that a map is cut into.
pub(super) const BLOCK: usize = 4;

/// Height and width of what a block looks at.
pub(super) const PATCH: usize = BLOCK + 2;

/// Places of a matrix.
pub(super) const PLACES: usize = PATCH * PATCH;

/// Bᵀ X B of patches X, 6×6.
#[inline(always)]
pub(super) fn patches(rows: &mut [f32]) {
    both_ways(rows, 6, 6, |[a, b, c, d, e, f]| {
        let (near, far) = (e - 4.0 * c, d - 4.0 * b);
        let (even, odd) = (e - c, 2.0 * (d - b));
        [4.0 * a - 5.0 * c + e, near + far, near - far, even + odd, even - odd, 4.0 * b - 5.0 * d + f]
    });
}

/// B X Bᵀ: the transpose of [`patches`].
#[inline(always)]
pub(super) fn patches_back(rows: &mut [f32]) {
    both_ways(rows, 6, 6, |[a, b, c, d, e, f]| {
        let (sum, difference, sum2, difference2) = (b + c, b - c, d + e, d - e);
        [
            4.0 * a,
            4.0 * (f - difference) - 2.0 * difference2,
            -5.0 * a - 4.0 * sum - sum2,
            difference + 2.0 * difference2 - 5.0 * f,
            a + sum + sum2,
            f,
        ]
    });
}

/// Aᵀ X A: blocks, 4×4, of products X, 6×6.
#[inline(always)]
pub(super) fn products(rows: &mut [f32]) {
    both_ways(rows, 6, 4, |[a, b, c, d, e, f]| {
        let (sum, difference, sum2, difference2) = (b + c, b - c, d + e, d - e);
        let last = difference + 8.0 * difference2 + f;
        [a + sum + sum2, difference + 2.0 * difference2, sum + 4.0 * sum2, last, e, f]
    });
}

/// A X Aᵀ: the transpose of [`products`].
#[inline(always)]
pub(super) fn products_back(rows: &mut [f32]) {
    both_ways(rows, 4, 6, |[a, b, c, d, _, _]| {
        let (even, odd, even2, odd2) = (a + c, b + d, a + 4.0 * c, 2.0 * b + 8.0 * d);
        [a, even + odd, even - odd, even2 + odd2, even2 - odd2, d]
    });
}

/// G X Gᵀ of kernels X, 3×3.
#[inline(always)]
pub(super) fn kernels(rows: &mut [f32]) {
    both_ways(rows, 3, 6, |[a, b, c, _, _, _]| {
        let (even, odd, even2, odd2) = ((a + c) / -6.0, b / -6.0, a / 24.0 + c / 6.0, b / 12.0);
        [a / 4.0, even + odd, even - odd, even2 + odd2, even2 - odd2, c]
    });
}

/// Gᵀ X G: the transpose of [`kernels`].
#[inline(always)]
pub(super) fn kernels_back(rows: &mut [f32]) {
    both_ways(rows, 6, 3, |[a, b, c, d, e, f]| {
        let (sum, sum2) = ((b + c) / 6.0, d + e);
        [a / 4.0 - sum + sum2 / 24.0, (c - b) / 6.0 + (d - e) / 12.0, sum2 / 6.0 - sum + f, d, e, f]
    });
}

/// M X Mᵀ in place, where X has `inputs` rows and columns, M X Mᵀ `outputs`, and `multiply` is M times a column.
#[inline(always)]
fn both_ways(rows: &mut [f32], inputs: usize, outputs: usize, multiply: impl Fn([f32; PATCH]) -> [f32; PATCH]) {
    for row in 0..inputs {
        six_rows(rows, PATCH * row, 1, &multiply);
    }
    for column in 0..outputs {
        six_rows(rows, column, PATCH, &multiply);
    }
}

/// Multiplies the places `first`, `first` + `step`, … of every matrix.
#[inline(always)]
fn six_rows(rows: &mut [f32], first: usize, step: usize, multiply: impl Fn([f32; PATCH]) -> [f32; PATCH]) {
    let width = rows.len() / PLACES;
    let (a, rows) = rows[first * width..].split_at_mut(step * width);
    let (b, rows) = rows.split_at_mut(step * width);
    let (c, rows) = rows.split_at_mut(step * width);
    let (d, rows) = rows.split_at_mut(step * width);
    let (e, f) = rows.split_at_mut(step * width);
    // The shortest ends them all: what lies between two rows is left alone.
    column_by_column(&mut a[..width], b, c, d, e, f, multiply);
}

/// A function of its own, because the compiler takes no two of its arguments for the same row.
#[inline(always)]
fn column_by_column(
    a: &mut [f32],
    b: &mut [f32],
    c: &mut [f32],
    d: &mut [f32],
    e: &mut [f32],
    f: &mut [f32],
    multiply: impl Fn([f32; PATCH]) -> [f32; PATCH],
) {
    for (((((a, b), c), d), e), f) in a.iter_mut().zip(b).zip(c).zip(d).zip(e).zip(f) {
        [*a, *b, *c, *d, *e, *f] = multiply([*a, *b, *c, *d, *e, *f]);
    }
}
