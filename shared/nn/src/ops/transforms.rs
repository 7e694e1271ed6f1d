//! The transforms of Winograd's F(2×2, 3×3): small matrices of zeros, ones and halves, applied from both sides.
//!
//! Many matrices X of at most 4×4 are transformed side by side: they are 16 rows of numbers, place (r, c) of each in row
//! 4·r + c, and every X in a column of its own.

/// Places of a matrix.
pub(super) const PLACES: usize = 16;

/// Bᵀ X B of patches X, 4×4.
#[inline(always)]
pub(super) fn patches(rows: &mut [f32]) {
    both_ways(rows, 4, 4, |a, b, c, d| [*a, *b, *c, *d] = [*a - *c, *b + *c, *c - *b, *b - *d]);
}

/// B X Bᵀ: the transpose of [`patches`].
#[inline(always)]
pub(super) fn patches_back(rows: &mut [f32]) {
    both_ways(rows, 4, 4, |a, b, c, d| [*b, *c, *d] = [*b - *c + *d, *b + *c - *a, -*d]);
}

/// Aᵀ X A: blocks, 2×2, of products X, 4×4.
#[inline(always)]
pub(super) fn products(rows: &mut [f32]) {
    both_ways(rows, 4, 2, |a, b, c, d| [*a, *b] = [*a + *b + *c, *b - *c - *d]);
}

/// A X Aᵀ: the transpose of [`products`].
#[inline(always)]
pub(super) fn products_back(rows: &mut [f32]) {
    both_ways(rows, 2, 4, |a, b, c, d| [*b, *c, *d] = [*a + *b, *a - *b, -*b]);
}

/// G X Gᵀ of kernels X, 3×3.
#[inline(always)]
pub(super) fn kernels(rows: &mut [f32]) {
    both_ways(rows, 3, 4, |a, b, c, d| [*b, *c, *d] = [0.5 * (*a + *b + *c), 0.5 * (*a - *b + *c), *c]);
}

/// Gᵀ X G: the transpose of [`kernels`].
#[inline(always)]
pub(super) fn kernels_back(rows: &mut [f32]) {
    both_ways(rows, 4, 3, |a, b, c, d| [*a, *b, *c] = [*a + 0.5 * (*b + *c), 0.5 * (*b - *c), 0.5 * (*b + *c) + *d]);
}

/// M X Mᵀ in place, where X has `inputs` rows and columns, M X Mᵀ `outputs`, and `multiply` puts M times a column in its place.
#[inline(always)]
fn both_ways(
    rows: &mut [f32],
    inputs: usize,
    outputs: usize,
    multiply: impl Fn(&mut f32, &mut f32, &mut f32, &mut f32),
) {
    for row in 0..inputs {
        four_rows(rows, 4 * row, 1, &multiply);
    }
    for column in 0..outputs {
        four_rows(rows, column, 4, &multiply);
    }
}

/// Multiplies the places `first`, `first` + `step`, … of every matrix.
#[inline(always)]
fn four_rows(rows: &mut [f32], first: usize, step: usize, multiply: impl Fn(&mut f32, &mut f32, &mut f32, &mut f32)) {
    let width = rows.len() / PLACES;
    let row = |i: usize| (first + i * step) * width..(first + i * step + 1) * width;
    let [a, b, c, d] = rows.get_disjoint_mut([row(0), row(1), row(2), row(3)]).expect("four rows of one matrix");
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        multiply(a, b, c, d);
    }
}
