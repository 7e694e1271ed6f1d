//! Heads: what follows a backbone's features while it trains.

use candle_core::{Result, Tensor, Var};

use crate::layers::BatchNorm;
use crate::params::{Init, Params};
use crate::{gpu, ops};

/// y = x · Wᵀ + b, with or without b; weight and bias start as PyTorch's: U(±1/√inputs).
#[derive(Clone)]
pub struct Linear {
    weight: Var,
    bias: Option<Var>,
}

impl Linear {
    /// Names: `weight` `[outputs, inputs]`, `bias` `[outputs]`.
    ///
    /// # Errors
    /// One of the names is taken in `params`.
    pub fn new(inputs: usize, outputs: usize, params: &Params) -> Result<Self> {
        let linear = Self::without_bias(inputs, outputs, params)?;
        Ok(Self { bias: Some(params.trainable("bias", &[outputs], Self::init(inputs))?), ..linear })
    }

    /// As [`Linear::new`], without bias.
    ///
    /// # Errors
    /// The name `weight` is taken in `params`.
    pub fn without_bias(inputs: usize, outputs: usize, params: &Params) -> Result<Self> {
        Ok(Self { weight: params.trainable("weight", &[outputs, inputs], Self::init(inputs))?, bias: None })
    }

    fn init(inputs: usize) -> Init {
        Init::Uniform(1.0 / (inputs as f32).sqrt())
    }

    /// W, `[outputs, inputs]`.
    pub fn weight(&self) -> &Var {
        &self.weight
    }

    /// `[B, inputs]` → `[B, outputs]`.
    ///
    /// # Errors
    /// Another rank or width.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = gpu::product(&gpu::factor(x)?.matmul(&gpu::factor(&self.weight)?.t()?)?)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Linear layers with a ReLU between each two and none after the last; with batch norm before each ReLU where asked for.
#[derive(Clone)]
pub struct Mlp {
    layers: Vec<(Linear, Option<BatchNorm>)>,
}

/// What follows the last layer of an [`Mlp`] with batch norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Nothing; the layer has a bias.
    Linear,
    /// Batch norm.
    Normalized,
    /// Batch norm without γ and β, as in SimSiam's projector.
    NormalizedWithoutAffine,
}

impl Mlp {
    /// `widths` are those of the input, the hidden layers and the output: `&[256, 256, 128]` has two layers, named
    /// `0` and `1`.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn new(widths: &[usize], params: &Params) -> Result<Self> {
        let layer = |(i, pair): (usize, &[usize])| Ok((Linear::new(pair[0], pair[1], &params.pp(i))?, None));
        Ok(Self { layers: widths.windows(2).enumerate().map(layer).collect::<Result<_>>()? })
    }

    /// As [`Mlp::new`], with batch norm before each ReLU, named `bn0`, `bn1`, …; a layer that it follows has no bias.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn with_batch_norm(widths: &[usize], output: Output, params: &Params) -> Result<Self> {
        let last = widths.len().saturating_sub(2);
        let layer = |(i, pair): (usize, &[usize])| {
            let (linear, norm) = (params.pp(i), params.pp(format!("bn{i}")));
            if i == last && output == Output::Linear {
                return Ok((Linear::new(pair[0], pair[1], &linear)?, None));
            }
            let norm = match output {
                Output::NormalizedWithoutAffine if i == last => BatchNorm::without_affine(pair[1], &norm)?,
                _ => BatchNorm::new(pair[1], i < last, &norm)?,
            };
            Ok((Linear::without_bias(pair[0], pair[1], &linear)?, Some(norm)))
        };
        Ok(Self { layers: widths.windows(2).enumerate().map(layer).collect::<Result<_>>()? })
    }

    /// `[B, widths[0]]` → `[B, widths[last]]`. `train` matters to batch norm alone: see [`BatchNorm::forward`].
    ///
    /// # Errors
    /// Another rank or width.
    pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, (linear, norm)) in self.layers.iter().enumerate() {
            let y = linear.forward(&x)?;
            x = match norm {
                // Batch norm brings its own ReLU.
                Some(norm) => norm.forward(&y, train)?,
                None if i + 1 < self.layers.len() => ops::relu(&y)?,
                None => y,
            };
        }
        Ok(x)
    }
}
