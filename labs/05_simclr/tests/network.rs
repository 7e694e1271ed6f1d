//! Networks with a case's weights, small enough to be compared weight by weight.

use candle_core::{Device, Result, Tensor};
use simclr::ProjectionHead;
use ssl_grading::Values;
use ssl_grading::network::fill;
use ssl_nn::layers::BatchNorm;
use ssl_nn::{Linear, Params};

/// Embeddings of features h by the student's head, whose parameters are put into `params` with the given values.
pub fn project(h: &Tensor, params: &mut Params, weights: &Values) -> Result<Tensor> {
    let (hidden, features) = weights.tensor("hidden.weight")?.dims2()?;
    let (output, _) = weights.tensor("output.weight")?.dims2()?;
    let head = ProjectionHead::new(features, hidden, output, params)?;
    fill(params, weights)?;
    head.forward(h)
}

/// A linear layer, batch norm and ReLU as backbone, a linear layer as head, with a case's weights.
pub struct Network {
    pub params: Params,
    linear: Linear,
    norm: BatchNorm,
    head: Linear,
}

impl Network {
    pub fn of(case: &Values) -> Result<Self> {
        let mut params = Params::new(0, &Device::Cpu);
        let (width, inputs) = case.tensor("linear.weight")?.dims2()?;
        let (outputs, _) = case.tensor("head.weight")?.dims2()?;
        let linear = Linear::new(inputs, width, &params.pp("linear"))?;
        let norm = BatchNorm::new(width, true, &params.pp("norm"))?;
        let head = Linear::new(width, outputs, &params.pp("head"))?;
        fill(&mut params, case)?;
        Ok(Self { params, linear, norm, head })
    }

    pub fn encode(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.norm.forward(&self.linear.forward(&images.flatten_from(1)?)?, train)
    }

    pub fn project(&self, h: &Tensor) -> Result<Tensor> {
        self.head.forward(h)
    }
}
