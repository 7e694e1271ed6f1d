//! Sums over the rows of a matrix `[rows, C]`, all its columns at once.

use super::floats::CHUNK;
use super::lanes::{LANES, Lanes};

/// Rows that are added up side by side: an addition takes longer than the processor needs to begin the next.
const STREAMS: usize = 4;

/// Numbers that a thread takes at a time of what comes in pixels or images of `unit` numbers: whole ones.
pub(super) fn chunk(unit: usize) -> usize {
    (CHUNK / unit).max(1) * unit
}

/// Numbers `first`, `first` + 1, …, with zeros behind the last.
#[inline(always)]
pub(super) fn at(numbers: &[f32], first: usize) -> Lanes {
    match numbers.get(first..first + LANES) {
        Some(numbers) => std::array::from_fn(|lane| numbers[lane]),
        None => {
            let mut lanes = [0.0; LANES];
            lanes[..numbers.len() - first].copy_from_slice(&numbers[first..]);
            lanes
        }
    }
}

/// Σ over rows of each of the N numbers that are made of the elements of `a` and `b`, for each column. `of` returns, for the columns from a
/// given one on, what makes them, given which of these columns it is and the two elements.
///
/// Inlined, so that it is compiled for the vectors of its caller.
#[inline(always)]
pub(super) fn sums<const N: usize, F: Fn(usize, f32, f32) -> [f32; N]>(
    a: &[f32],
    b: &[f32],
    channels: usize,
    of: impl Fn(usize) -> F,
) -> Vec<[f64; N]> {
    let mut sums = Vec::with_capacity(channels);
    for first in (0..channels).step_by(LANES) {
        let (f, mut streams) = (of(first), [[[0.0f32; LANES]; N]; STREAMS]);
        let [several_a, several_b] = [a, b].map(|rows| rows.chunks_exact(STREAMS * channels));
        let [rest_a, rest_b] = [&several_a, &several_b].map(|rows| rows.remainder().chunks_exact(channels));
        for (a, b) in several_a.zip(several_b) {
            for (i, stream) in streams.iter_mut().enumerate() {
                add(stream, &at(&a[i * channels..][..channels], first), &at(&b[i * channels..][..channels], first), &f);
            }
        }
        for (a, b) in rest_a.zip(rest_b) {
            add(&mut streams[0], &at(a, first), &at(b, first), &f);
        }
        for lane in 0..LANES.min(channels - first) {
            sums.push(std::array::from_fn(|i| streams.iter().map(|stream| f64::from(stream[i][lane])).sum()));
        }
    }
    sums
}

#[inline(always)]
fn add<const N: usize>(sums: &mut [Lanes; N], a: &Lanes, b: &Lanes, f: &impl Fn(usize, f32, f32) -> [f32; N]) {
    for lane in 0..LANES {
        let terms = f(lane, a[lane], b[lane]);
        for i in 0..N {
            sums[i][lane] += terms[i];
        }
    }
}
