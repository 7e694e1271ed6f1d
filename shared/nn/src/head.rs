//! Heads: what stands on a backbone's features while it trains.

use candle_core::{Result, Tensor, Var};

use crate::ops;
use crate::params::{Init, Params};

/// y = x · Wᵀ + b; weight and bias start as PyTorch's: U(±1/√inputs).
#[derive(Clone)]
pub struct Linear {
    weight: Var,
    bias: Var,
}

impl Linear {
    /// Names: `weight` `[outputs, inputs]`, `bias` `[outputs]`.
    ///
    /// # Errors
    /// One of the names is taken in `params`.
    pub fn new(inputs: usize, outputs: usize, params: &Params) -> Result<Self> {
        let init = Init::Uniform(1.0 / (inputs as f32).sqrt());
        Ok(Self {
            weight: params.trainable("weight", &[outputs, inputs], init)?,
            bias: params.trainable("bias", &[outputs], init)?,
        })
    }

    /// `[B, inputs]` → `[B, outputs]`.
    ///
    /// # Errors
    /// Another rank or width.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}

/// Linear layers with a ReLU between each two and none behind the last.
#[derive(Clone)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// `widths` are those of the input, the hidden layers and the output: `&[256, 256, 128]` has two layers, named
    /// `0` and `1`.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn new(widths: &[usize], params: &Params) -> Result<Self> {
        let layer = |(i, pair): (usize, &[usize])| Linear::new(pair[0], pair[1], &params.pp(i));
        Ok(Self { layers: widths.windows(2).enumerate().map(layer).collect::<Result<_>>()? })
    }

    /// `[B, widths[0]]` → `[B, widths[last]]`.
    ///
    /// # Errors
    /// Another rank or width.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x = ops::relu(&x)?;
            }
            x = layer.forward(&x)?;
        }
        Ok(x)
    }
}
