//! What comes behind the backbones.

use candle_core::{Result, Tensor};
use moco::unit_rows;
use ssl_experiment::{Input, Network, Run};
use ssl_nn::{Linear, Output, Params};

use super::puzzle::TILES;

/// Widths of the projector's hidden layer and of embeddings.
const HIDDEN: usize = 256;
pub const EMBEDDING: usize = 128;

/// A network whose embeddings are taken by their directions.
pub fn network(run: &Run, params: &Params) -> Result<Network> {
    Network::new(run, &Input::RGB, [HIDDEN, EMBEDDING], Output::Linear, params)
}

/// Embeddings of length 1 of a batch that goes through the network in groups, each with batch norm's statistics of its own: as on several GPUs.
pub fn embed_in_groups(network: &Network, images: &Tensor, groups: usize, train: bool) -> Result<Tensor> {
    let groups = images.chunk(groups, 0)?;
    unit_rows(&Tensor::cat(&groups.iter().map(|group| network.embed(group, train)).collect::<Result<Vec<_>>>()?, 0)?)
}

/// PIRL's head for puzzles: each tile's features become narrow, all together an embedding of length 1 (section 2.3).
pub struct PuzzleHead {
    tile: Linear,
    all: Linear,
}

impl PuzzleHead {
    pub fn new(features: usize, params: &Params) -> Result<Self> {
        let tile = Linear::new(features, EMBEDDING, &params.pp("tile"))?;
        Ok(Self { tile, all: Linear::new(TILES * EMBEDDING, EMBEDDING, &params.pp("all"))? })
    }

    /// Tiles' features `[B · T, F]` → embeddings `[B, D]`.
    pub fn forward(&self, features: &Tensor) -> Result<Tensor> {
        let tiles = self.tile.forward(features)?; // [B · T, D]
        unit_rows(&self.all.forward(&tiles.reshape(((), TILES * EMBEDDING))?)?)
    }
}
