//! What the backbones see, and what comes behind them.

use candle_core::{Result, Tensor};
use ssl_data::augment::luminance;
use ssl_experiment::{Input, Network, Run};
use ssl_nn::ops::conv2d;
use ssl_nn::{Output, Params};

/// Widths of the projector's hidden layer and of z.
const HIDDEN: usize = 256;
pub const EMBEDDING: usize = 128;

/// DeepCluster's input: edges alone, across and down, so that colors do not decide on clusters.
pub const SOBEL: Input = Input { name: "edges", channels: 2, prepare: &sobel };

/// RGB images `[B, 3, H, W]` → edges of their luminance `[B, 2, H, W]`.
fn sobel(images: &Tensor) -> Result<Tensor> {
    let across = Tensor::new(&[[1f32, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]], images.device())?;
    let filters = Tensor::stack(&[across.clone(), across.t()?], 0)?.unsqueeze(1)?; // [2, 1, 3, 3]
    conv2d(&luminance(images)?, &filters.contiguous()?, 1, 1)
}

/// A network whose embeddings are taken by their directions.
pub fn network(run: &Run, params: &Params) -> Result<Network> {
    Network::new(run, &Input::RGB, [HIDDEN, EMBEDDING], Output::Linear, params)
}
