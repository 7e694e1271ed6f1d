//! What comes behind the backbones.

use candle_core::{Result, Tensor};
use moco::unit;
use ssl_experiment::{Input, Run};
use ssl_nn::{Backbone, Linear, Mlp, Output, Params};

use super::puzzle::TILES;

/// Widths of the projector's hidden layer and of embeddings.
const HIDDEN: usize = 256;
pub const EMBEDDING: usize = 128;

/// Images → features h → embeddings of length 1.
pub struct Network {
    pub backbone: Backbone,
    projector: Mlp,
}

impl Network {
    pub fn new(run: &Run, params: &Params) -> Result<Self> {
        let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
        let widths = [backbone.features(), HIDDEN, EMBEDDING];
        Ok(Self { backbone, projector: Mlp::with_batch_norm(&widths, Output::Linear, &params.pp("projector"))? })
    }

    pub fn embed(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        unit(&self.projector.forward(&self.backbone.forward(images, train)?, train)?)
    }

    /// Embeddings of a batch that goes through the network in groups, each with batch norm's statistics of its own: as on several GPUs.
    pub fn embed_in_groups(&self, images: &Tensor, groups: usize, train: bool) -> Result<Tensor> {
        let embeddings =
            images.chunk(groups, 0)?.iter().map(|group| self.embed(group, train)).collect::<Result<Vec<_>>>()?;
        Tensor::cat(&embeddings, 0)
    }
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
        unit(&self.all.forward(&tiles.reshape(((), TILES * EMBEDDING))?)?)
    }
}
