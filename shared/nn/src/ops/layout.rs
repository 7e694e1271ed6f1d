//! The two orders of a batch's numbers. Tensors hold map after map, `[B, C, H, W]`. A network computes with the channels of a pixel side by
//! side, `[B, H, W, C]`: patches are then few long runs, and all channels are normalized alike, many at once.

use super::chunks::each_chunk;
use super::lanes::turn;
use super::room::Room;
use super::vectorized::vectorized;

/// `[B, C, pixels]` → `[B, pixels, C]`
pub(super) fn channels_last(maps: &[f32], (channels, pixels): (usize, usize)) -> Room {
    let mut rows = Room::new(maps.len());
    let turn = |_: &mut (), i: usize, rows: &mut [f32]| {
        turn_images(&maps[i * channels * pixels..], (channels, pixels), rows);
    };
    each_chunk(&mut rows, channels * pixels, || (), turn);
    rows
}

vectorized! {
    /// Writes as many transposes of matrices of rows × columns as there is room for.
    pub(super) fn turn_images<'a>(from: &'a [f32], size: (usize, usize), to: &'a mut [f32]) -> () {
        for (from, to) in from.chunks_exact(size.0 * size.1).zip(to.chunks_exact_mut(size.0 * size.1)) {
            turn(from, size.1, size, to, size.0);
        }
    }
}
