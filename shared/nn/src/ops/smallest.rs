//! The smallest numbers of every row, without sorting the others.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::floats;

/// The places of the `count` smallest numbers of each row, the smallest first; of equal ones the first comes first. What is no number comes last.
///
/// `arg_sort_last_dim` sorts whole rows, which takes several times as long where a few are wanted of hundreds.
///
/// # Shapes
/// `[N, M]` → `[N, count]`, `u32`.
///
/// # Errors
/// A rank other than 2, a type other than `f32`; a count of 0, or above M.
pub fn smallest(x: &Tensor, count: usize) -> Result<Tensor> {
    let (rows, columns) = x.dims2()?;
    if !(1..=columns).contains(&count) {
        bail!("smallest: expected a count from 1 to {columns}, got {count}");
    }
    if !x.device().is_cpu() {
        return x.arg_sort_last_dim(true)?.narrow(1, 0, count)?.contiguous();
    }
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let numbers = floats::of(&storage, layout)?;
    let mut places = vec![0; rows * count];
    places.par_chunks_mut(ROWS * count).zip(numbers.par_chunks(ROWS * columns)).for_each(|(places, rows)| {
        for (places, row) in places.chunks_exact_mut(count).zip(rows.chunks_exact(columns)) {
            select(row, places);
        }
    });
    Tensor::from_vec(places, (rows, count), x.device())
}

/// Rows that a thread takes at a time.
const ROWS: usize = 64;

/// Writes the places of as many of the smallest numbers as there is room for.
fn select(row: &[f32], places: &mut [u32]) {
    let number = |place: u32| row[place as usize];
    let (mut found, mut greatest) = (0, f32::INFINITY);
    for (place, x) in (0..).zip(row) {
        // As most numbers, it is none of the smallest.
        if found == places.len() && (x.is_nan() || *x >= greatest) {
            continue;
        }
        let rank = places[..found].partition_point(|&kept| number(kept) <= *x || x.is_nan());
        found = (found + 1).min(places.len());
        places[rank..found].rotate_right(1);
        places[rank] = place;
        greatest = number(places[found - 1]);
    }
}
