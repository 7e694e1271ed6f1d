//! Projection heads with something else between their layers.

use candle_core::{Result, Tensor};
use ssl_grading::Values;
use ssl_grading::network::fill;
use ssl_nn::{Linear, Params};

/// Two layers under the names that the course's head has.
pub struct Layers {
    pub hidden: Linear,
    output: Linear,
}

impl Layers {
    pub fn new(params: &mut Params, weights: &Values) -> Result<Self> {
        let layer = |name: &str| {
            let (outputs, inputs) = weights.tensor(&format!("{name}.weight"))?.dims2()?;
            Linear::new(inputs, outputs, &params.pp(name))
        };
        let layers = Self { hidden: layer("hidden")?, output: layer("output")? };
        fill(params, weights)?;
        Ok(layers)
    }

    pub fn of(&self, h: &Tensor, between: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        self.output.forward(&between(&self.hidden.forward(h)?)?)
    }
}
