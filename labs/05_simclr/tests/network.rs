//! A network small enough to be compared weight by weight.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var, bail};
use ssl_grading::Values;
use ssl_nn::layers::BatchNorm;
use ssl_nn::{Linear, Params};

/// A linear layer, batch norm and ReLU as backbone, a linear layer as head, with a case's weights.
pub struct Network {
    pub params: Params,
    linear: Linear,
    norm: BatchNorm,
    head: Linear,
}

impl Network {
    pub fn of(case: &Values) -> Result<Self> {
        let params = Params::new(0, &Device::Cpu);
        let (width, inputs) = case.tensor("linear.weight")?.dims2()?;
        let (outputs, _) = case.tensor("head.weight")?.dims2()?;
        let network = Self {
            linear: Linear::new(inputs, width, &params.pp("linear"))?,
            norm: BatchNorm::new(width, true, &params.pp("norm"))?,
            head: Linear::new(width, outputs, &params.pp("head"))?,
            params,
        };
        let values: BTreeMap<String, Tensor> =
            case.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        network.params.load(&values)?;
        Ok(network)
    }

    pub fn encode(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.norm.forward(&self.linear.forward(&images.flatten_from(1)?)?, train)
    }

    pub fn project(&self, h: &Tensor) -> Result<Tensor> {
        self.head.forward(h)
    }

    /// The backbone's weight.
    pub fn weight(&self) -> Result<Var> {
        match self.params.all().remove("linear.weight") {
            Some(weight) => Ok(weight),
            None => bail!("no linear.weight"),
        }
    }
}
