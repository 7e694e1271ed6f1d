//! The network: the course's backbone on lightness alone, and a decoder that answers for every fourth pixel.

use candle_core::{Result, Tensor};
use ssl_experiment::Run;
use ssl_nn::collective::share;
use ssl_nn::layers::Conv2d;
use ssl_nn::ops::{relu, upsample2d};
use ssl_nn::{Backbone, Params};

use super::palette::{INPUT, Loss, small};

/// A backbone that sees lightness, and what paints from its blocks.
pub struct Colorizer {
    pub loss: Loss,
    pub backbone: Backbone,
    sides: Vec<Conv2d>,
    head: Conv2d,
}

/// Channels in which what the blocks say is added up.
const WIDTH: usize = 64;

/// The first block sees a few pixels only, and is left out.
const SKIPPED: usize = 1;

impl Colorizer {
    pub fn new(run: &Run, loss: Loss, answers: usize, params: &Params) -> Result<Self> {
        let backbone = run.backbone(&INPUT, &params.pp("backbone"))?;
        let side =
            |(i, &channels): (usize, &usize)| Conv2d::with_bias(channels, WIDTH, 1, 1, &params.pp(format!("side{i}")));
        let sides = backbone.block_channels()[SKIPPED..].iter().enumerate().map(side).collect::<Result<_>>()?;
        Ok(Self { loss, backbone, sides, head: Conv2d::with_bias(WIDTH, answers, 1, 1, &params.pp("head"))? })
    }

    /// Lightness `[B, 1, H, W]` → answers `[B, answers, ⌊H/4⌋, ⌊W/4⌋]`.
    pub fn forward(&self, lightness: &Tensor, train: bool) -> Result<Tensor> {
        if train { share(lightness, |lightness| self.paint(lightness, true)) } else { self.paint(lightness, false) }
    }

    fn paint(&self, lightness: &Tensor, train: bool) -> Result<Tensor> {
        let size = small(lightness)?;
        let blocks = self.backbone.forward_blocks(lightness, train)?;
        let maps = blocks[SKIPPED..].iter().zip(&self.sides).map(|(block, side)| {
            // Both are linear and may change places: the convolution has less to do on the smaller maps.
            if block.dims()[2] > size.0 {
                side.forward(&upsample2d(block, size)?)
            } else {
                upsample2d(&side.forward(block)?, size)
            }
        });
        let sum = maps.reduce(|sum, map| sum? + map?).transpose()?; // [B, WIDTH, H/4, W/4]
        match sum {
            Some(sum) => self.head.forward(&relu(&sum)?),
            None => candle_core::bail!("a backbone without blocks"),
        }
    }
}
