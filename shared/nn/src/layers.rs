//! Layers with weights, in Candle's style: `new(…, params)` and `forward`.

use candle_core::{Result, Tensor, Var};

use crate::ops::{self, BatchNormMode, Moments};
use crate::params::{Init, Params};

/// A convolution without bias.
///
/// Weights start as PyTorch's do: U(±1/√n), n = `in_channels` · `kernel`² (He et al. 2015 with a = √5).
#[derive(Clone)]
pub struct Conv2d {
    weight: Var,
    stride: usize,
    padding: usize,
}

impl Conv2d {
    /// A square kernel; the padding keeps the size at stride 1 for odd kernels.
    ///
    /// # Errors
    /// The name `weight` is taken in `params`.
    pub fn new(in_channels: usize, out_channels: usize, kernel: usize, stride: usize, params: &Params) -> Result<Self> {
        let bound = 1.0 / ((in_channels * kernel * kernel) as f32).sqrt();
        let shape = [out_channels, in_channels, kernel, kernel];
        let weight = params.trainable("weight", &shape, Init::Uniform(bound))?;
        Ok(Self { weight, stride, padding: kernel / 2 })
    }

    /// `[B, C, H, W]` → `[B, O, H', W']`.
    ///
    /// # Errors
    /// As [`ops::conv2d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::conv2d(x, &self.weight, self.stride, self.padding)
    }
}

/// Batch normalisation per channel with a ReLU behind it where asked for; γ starts at 1, β at 0, ε is 1e-5.
///
/// In training the running statistics move by a tenth towards the batch's: μ, and σ² · n / (n − 1), as in PyTorch.
#[derive(Clone)]
pub struct BatchNorm {
    gamma: Var,
    beta: Var,
    running_mean: Var,
    running_var: Var,
    relu: bool,
}

impl BatchNorm {
    const EPSILON: f32 = 1e-5;
    const MOMENTUM: f32 = 0.1;

    /// Names: `weight`, `bias`, `running_mean`, `running_var`.
    ///
    /// # Errors
    /// One of the names is taken in `params`.
    pub fn new(channels: usize, relu: bool, params: &Params) -> Result<Self> {
        Ok(Self {
            gamma: params.trainable("weight", &[channels], Init::Constant(1.0))?,
            beta: params.trainable("bias", &[channels], Init::Constant(0.0))?,
            running_mean: params.buffer("running_mean", &[channels], 0.0)?,
            running_var: params.buffer("running_var", &[channels], 1.0)?,
            relu,
        })
    }

    /// `[B, C, H, W]` or `[B, C]`, which stays. `train` uses the batch's statistics and moves the running ones.
    ///
    /// # Errors
    /// As [`ops::batch_norm`].
    pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        let maps = if x.rank() == 2 { x.unsqueeze(2)?.unsqueeze(3)? } else { x.clone() };
        let mode = if train {
            BatchNormMode::Train
        } else {
            BatchNormMode::Eval { mean: self.running_mean.to_vec1()?, variance: self.running_var.to_vec1()? }
        };
        let (y, batch) = ops::batch_norm(&maps, &self.gamma, &self.beta, &mode, Self::EPSILON, self.relu)?;
        if train {
            self.follow(&batch, maps.elem_count())?;
        }
        y.reshape(x.shape())
    }

    /// Moves the running statistics towards those of a batch of `elements` numbers.
    fn follow(&self, batch: &Moments, elements: usize) -> Result<()> {
        let count = (elements / batch.mean.len()) as f32;
        let unbiased = count / (count - 1.0).max(1.0);
        let variance: Vec<f32> = batch.variance.iter().map(|v| v * unbiased).collect();
        move_towards(&self.running_mean, &batch.mean)?;
        move_towards(&self.running_var, &variance)
    }
}

/// running ← 0.9 · running + 0.1 · batch
fn move_towards(running: &Var, batch: &[f32]) -> Result<()> {
    let old: Vec<f32> = running.to_vec1()?;
    let rate = BatchNorm::MOMENTUM;
    let new: Vec<f32> = old.iter().zip(batch).map(|(old, new)| (1.0 - rate) * old + rate * new).collect();
    running.set(&Tensor::from_vec(new, batch.len(), running.device())?)
}

/// A [`Conv2d`] with [`BatchNorm`] behind it, computed as one where it trains.
#[derive(Clone)]
pub struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm,
}

impl ConvNorm {
    /// From `channels.0` to `channels.1`; the two layers' parameters have places of their own.
    ///
    /// # Errors
    /// One of the names is taken.
    pub fn new(
        channels: (usize, usize),
        kernel: usize,
        stride: usize,
        relu: bool,
        conv: &Params,
        norm: &Params,
    ) -> Result<Self> {
        Ok(Self {
            conv: Conv2d::new(channels.0, channels.1, kernel, stride, conv)?,
            norm: BatchNorm::new(channels.1, relu, norm)?,
        })
    }

    /// `[B, C, H, W]` → `[B, O, H', W']`. `train` uses the batch's statistics and moves the running ones.
    ///
    /// # Errors
    /// As [`ops::conv_batch_norm`].
    pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        let Self { conv, norm } = self;
        if !train {
            return norm.forward(&conv.forward(x)?, false);
        }
        let (geometry, affine) = ((conv.stride, conv.padding), (norm.gamma.as_tensor(), norm.beta.as_tensor()));
        let (y, batch) = ops::conv_batch_norm(x, &conv.weight, geometry, affine, BatchNorm::EPSILON, norm.relu)?;
        norm.follow(&batch, y.elem_count())?;
        Ok(y)
    }
}
