//! What comes behind the backbones.

use candle_core::{Result, Tensor};
use moco::{moco_logits, moco_loss, unit_rows};
use ssl_experiment::landmarks::{Landmarks, of_embeddings};
use ssl_experiment::{Input, Network, Run, Settings as _};
use ssl_nn::{Linear, Output, Params};

use super::Settings;
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

/// The loss of queries, keys and negatives that are all the same, or in random directions.
pub fn landmarks(run: &Run, settings: &Settings) -> anyhow::Result<Landmarks> {
    let (batch, negatives) = (settings.batch_size(), settings.negatives(run)?);
    let loss = |z: &Tensor| {
        let z = unit_rows(z)?;
        let [q, k] = [0, batch].map(|from| z.narrow(0, from, batch));
        moco_loss(&moco_logits(&q?, &k?, &z.narrow(0, 2 * batch, negatives)?, settings.temperature)?)
    };
    Ok(of_embeddings(2 * batch + negatives, EMBEDDING, &run.device, loss)?)
}

/// PIRL's head for puzzles: each tile's features become narrow, all together an embedding of length 1.
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
