//! The two orders of a batch's numbers. Tensors hold map after map, `[B, C, H, W]`. A network computes with the channels of a pixel side by
//! side, `[B, H, W, C]`: patches are then few long runs, and all channels are normalized alike, many at once.

use std::borrow::Cow;

use super::chunks::fill_chunks;
use super::lanes::turn;
use super::vectorized::vectorized;

/// `[B, C, pixels]` → `[B, pixels, C]`
pub(super) fn channels_last(maps: &[f32], channels: usize, pixels: usize) -> Cow<'_, [f32]> {
    if pixels == 1 { Cow::Borrowed(maps) } else { Cow::Owned(turned(maps, (channels, pixels))) }
}

/// `[B, pixels, C]` → `[B, C, pixels]`
pub(super) fn channels_first(rows: Vec<f32>, channels: usize, pixels: usize) -> Vec<f32> {
    if pixels == 1 { rows } else { turned(&rows, (pixels, channels)) }
}

/// The transposes of matrices that lie one after the other.
fn turned(from: &[f32], (rows, cols): (usize, usize)) -> Vec<f32> {
    let fill = |_: &mut (), i: usize, to: &mut [f32]| turn_images(&from[i * rows * cols..], (rows, cols), to);
    fill_chunks(from.len(), rows * cols, || (), fill).0
}

vectorized! {
    /// Writes as many transposes of matrices of rows × columns as there is room for.
    pub(super) fn turn_images<'a>(from: &'a [f32], size: (usize, usize), to: &'a mut [f32]) -> () {
        for (from, to) in from.chunks_exact(size.0 * size.1).zip(to.chunks_exact_mut(size.0 * size.1)) {
            turn(from, size.1, size, to, size.0);
        }
    }
}
