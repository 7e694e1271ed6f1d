//! Pictures cut into four tiles.

use candle_core::{Result, Tensor};
use rand::Rng as _;
use rand::seq::SliceRandom;
use ssl_data::{Loader, Rng};
use ssl_nn::Backbone;

/// Tiles along each side, and in all.
const SIDE: usize = 2;
pub const TILES: usize = SIDE * SIDE;

/// Share of a tile's side that a patch shows: a gap keeps tiles from being joined by their edges.
const SHOWN: f64 = 0.875;

/// Puzzles of pictures.
pub struct Puzzle {
    /// `[B · T, 3, P, P]`, the tiles of each puzzle in its order
    pub patches: Tensor,
    /// Of each puzzle: which tile comes where.
    pub orders: Vec<[u32; TILES]>,
}

/// A puzzle of each picture `[B, 3, H, W]`, each in its own order.
pub fn cut(pictures: &Tensor, rng: &mut Rng) -> Result<Puzzle> {
    let orders = orders(pictures.dims()[0], rng);
    let tiles = arranged(pictures, &orders)?; // [B · T, 3, h, w]
    let (count, _, height, width) = tiles.dims4()?;
    let shown = |side: usize| (SHOWN * side as f64) as usize;
    let mut place = |side: usize| rng.random_range(0..=side - shown(side));
    let patch = |tile| {
        let (top, left) = (place(height), place(width));
        tiles.narrow(0, tile, 1)?.narrow(2, top, shown(height))?.narrow(3, left, shown(width))
    };
    let patches = Tensor::cat(&(0..count).map(patch).collect::<Result<Vec<_>>>()?, 0)?;
    Ok(Puzzle { patches, orders })
}

/// Batches after which nothing of earlier running statistics is left but 2 %.
const BATCHES: usize = 40;

/// Gives a backbone's batch norms the running statistics of pictures. Those of tiles, which training leaves, are others, and it is pictures
/// that features are asked of.
pub fn see_pictures(backbone: &Backbone, loader: &Loader) -> anyhow::Result<()> {
    for batch in loader.epoch(0).take(BATCHES) {
        backbone.forward(&batch?.tensors[0], true)?;
    }
    Ok(())
}

/// Pictures `[B, 3, H, W]` whose tiles have been put into another order, none as it was.
pub fn jumbled(pictures: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let (batch, channels, height, width) = pictures.dims4()?;
    let mut orders = orders(batch, rng);
    orders.iter_mut().filter(|order| order.is_sorted()).for_each(|order| order.rotate_left(1));
    let tiles = arranged(pictures, &orders)?.reshape((batch, SIDE, SIDE, channels, height / SIDE, width / SIDE))?;
    tiles.permute((0, 3, 1, 4, 2, 5))?.reshape((batch, channels, height / SIDE * SIDE, width / SIDE * SIDE))
}

fn orders(count: usize, rng: &mut Rng) -> Vec<[u32; TILES]> {
    let mut order = |_| {
        let mut order = std::array::from_fn(|tile| tile as u32);
        order.shuffle(rng);
        order
    };
    (0..count).map(&mut order).collect()
}

/// The tiles of pictures in these orders, `[B · T, 3, h, w]`.
fn arranged(pictures: &Tensor, orders: &[[u32; TILES]]) -> Result<Tensor> {
    let (batch, channels, height, width) = pictures.dims4()?;
    let (height, width) = (height / SIDE, width / SIDE);
    let whole = pictures.narrow(2, 0, SIDE * height)?.narrow(3, 0, SIDE * width)?;
    let tiles = whole.reshape((batch, channels, SIDE, height, SIDE, width))?.permute((0, 2, 4, 1, 3, 5))?;
    let rows = orders.iter().enumerate().flat_map(|(i, order)| order.map(|tile| (i * TILES) as u32 + tile));
    tiles
        .reshape((batch * TILES, channels, height, width))?
        .index_select(&Tensor::from_iter(rows, pictures.device())?, 0)
}
