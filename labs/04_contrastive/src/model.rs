//! A backbone with the head whose embeddings the losses compare, and what is measured of embeddings.

use candle_core::{Result, Tensor};
use contrastive::{alignment, uniformity};
use ssl_experiment::{Input, Run};
use ssl_nn::{Backbone, Mlp, Params};

/// Width of the embeddings that the losses see, and of the layer before.
pub const HEAD: [usize; 2] = [256, 128];

/// A backbone, and the head whose embeddings the loss compares.
pub struct Model {
    pub backbone: Backbone,
    pub head: Mlp,
}

impl Model {
    pub fn new(run: &Run, params: &Params) -> Result<Self> {
        let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
        let head = Mlp::new(&[backbone.features(), HEAD[0], HEAD[1]], &params.pp("head"))?;
        Ok(Self { backbone, head })
    }

    /// Embeddings z of images.
    pub fn embed(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.head.forward(&self.backbone.forward(images, train)?, train)
    }
}

/// Alignment at α = 2 and uniformity at t = 2, as in Wang and Isola's figures.
pub fn alignment_and_uniformity(z_a: &Tensor, z_b: &Tensor) -> Result<[f64; 2]> {
    let number = |value: Tensor| value.to_scalar::<f32>().map(f64::from);
    Ok([number(alignment(z_a, z_b, 2.0)?)?, number(uniformity(z_a, 2.0)?)?])
}

/// The first and the second half of the rows: views a and b.
pub fn halves(z: &Tensor) -> Result<(Tensor, Tensor)> {
    let count = z.dims()[0] / 2;
    Ok((z.narrow(0, 0, count)?, z.narrow(0, count, count)?))
}
