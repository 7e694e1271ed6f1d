//! Layers with weights, in Candle's style: `new(…, params)` and `forward`.

use candle_core::{DType, Result, Shape, Tensor, Var};

use crate::collective;
use crate::ops::{self, BatchNormMode, ConvNormLayer, Moments, Section};
use crate::params::{Init, Params};
use crate::update::{Towards, update};

/// A convolution, with or without bias.
///
/// Weight and bias start as PyTorch's do: U(±1/√n), n = `in_channels` · `kernel`² (He et al. 2015 with a = √5).
#[derive(Clone)]
pub struct Conv2d {
    weight: Var,
    bias: Option<Var>,
    stride: usize,
    padding: usize,
}

impl Conv2d {
    /// A square kernel without bias, for a batch norm to follow; the padding keeps the size at stride 1 for odd kernels.
    ///
    /// # Errors
    /// The name `weight` is taken in `params`.
    pub fn new(in_channels: usize, out_channels: usize, kernel: usize, stride: usize, params: &Params) -> Result<Self> {
        let shape = [out_channels, in_channels, kernel, kernel];
        let weight = params.trainable("weight", &shape, Self::init(in_channels, kernel))?;
        Ok(Self { weight, bias: None, stride, padding: kernel / 2 })
    }

    /// As [`Conv2d::new`], with a bias.
    ///
    /// # Errors
    /// One of the names `weight` and `bias` is taken in `params`.
    pub fn with_bias(
        in_channels: usize,
        out_channels: usize,
        kernel: usize,
        stride: usize,
        params: &Params,
    ) -> Result<Self> {
        let conv = Self::new(in_channels, out_channels, kernel, stride, params)?;
        Ok(Self { bias: Some(params.trainable("bias", &[out_channels], Self::init(in_channels, kernel))?), ..conv })
    }

    fn init(in_channels: usize, kernel: usize) -> Init {
        Init::Uniform(1.0 / ((in_channels * kernel * kernel) as f32).sqrt())
    }

    /// `[B, C, H, W]` → `[B, O, H', W']`.
    ///
    /// # Errors
    /// As [`ops::conv2d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = ops::conv2d(x, &self.weight, self.stride, self.padding)?;
        match &self.bias {
            Some(bias) => ops::add_bias(&y, bias),
            None => Ok(y),
        }
    }
}

/// Batch normalization per channel, followed by a ReLU where asked for; γ starts at 1, β at 0, ε is 1e-5.
///
/// In training the running statistics move by a tenth towards the batch's: μ, and σ² · n / (n − 1), as in PyTorch.
#[derive(Clone)]
pub struct BatchNorm {
    gamma: Tensor,
    beta: Tensor,
    running_mean: Var,
    running_var: Var,
    relu: bool,
}

impl BatchNorm {
    const EPSILON: f32 = 1e-5;
    /// The new batch's part in the running statistics.
    const MOMENTUM: f64 = 0.1;

    /// Names: `weight`, `bias`, `running_mean`, `running_var`.
    ///
    /// # Errors
    /// One of the names is taken in `params`.
    pub fn new(channels: usize, relu: bool, params: &Params) -> Result<Self> {
        let gamma = params.trainable("weight", &[channels], Init::Constant(1.0))?.into_inner();
        let beta = params.trainable("bias", &[channels], Init::Constant(0.0))?.into_inner();
        Self::of(gamma, beta, relu, params)
    }

    /// Without γ and β, which stay 1 and 0, and without a ReLU. Names: `running_mean`, `running_var`.
    ///
    /// # Errors
    /// One of the names is taken in `params`.
    pub fn without_affine(channels: usize, params: &Params) -> Result<Self> {
        let gamma = Tensor::ones(channels, DType::F32, params.device())?;
        Self::of(gamma.clone(), gamma.zeros_like()?, false, params)
    }

    fn of(gamma: Tensor, beta: Tensor, relu: bool, params: &Params) -> Result<Self> {
        let running_mean = params.buffer("running_mean", gamma.dims(), Init::Constant(0.0))?;
        let running_var = params.buffer("running_var", gamma.dims(), Init::Constant(1.0))?;
        Ok(Self { gamma, beta, running_mean, running_var, relu })
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
            let (mean, variance) = (self.running_mean.as_detached_tensor(), self.running_var.as_detached_tensor());
            BatchNormMode::Eval(Moments { mean, variance })
        };
        let (y, batch) = ops::batch_norm(&maps, &self.gamma, &self.beta, &mode, Self::EPSILON, self.relu)?;
        if train {
            self.follow(&batch, maps.elem_count())?;
        }
        y.reshape(x.shape())
    }

    /// Moves the running statistics towards those of a batch, of which this rank had `elements` numbers.
    fn follow(&self, batch: &Moments, elements: usize) -> Result<()> {
        let ranks = collective::normalized_together().map_or(1, |ranks| ranks.size());
        let count = (ranks * elements / self.gamma.elem_count()) as f64;
        // The variance of a sample is smaller than that of what it is drawn from.
        let unbiased = count / (count - 1.0).max(1.0);
        for (running, batch, factor) in
            [(&self.running_mean, &batch.mean, 1.0), (&self.running_var, &batch.variance, unbiased)]
        {
            let parts = [1.0 - Self::MOMENTUM, Self::MOMENTUM * factor].map(|part| part as f32);
            update(Towards, &running.as_detached_tensor(), [batch; 2], parts)?;
        }
        Ok(())
    }
}

/// A [`Conv2d`] followed by [`BatchNorm`], computed as one.
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

    /// `sections` one after the other, computed as one: `[B, C, H, W]` → the last section's `[B, O, H', W']`. `train` uses the batch's
    /// statistics and moves the running ones.
    ///
    /// # Errors
    /// As [`ConvNorm::forward_each`].
    pub fn forward_all(sections: &[Section<Self>], x: &Tensor, train: bool) -> Result<Tensor> {
        let outputs = Self::forward_each(std::iter::once(sections), x, train)?;
        let [y] = <[_; 1]>::try_from(outputs).expect("one part has one output");
        Ok(y)
    }

    /// What each of `parts` gives, one after the other: `[B, C, H, W]` → `[B, O, H', W']` for each.
    ///
    /// # Errors
    /// As [`ops::conv_network_each`].
    pub fn forward_each<'a>(
        parts: impl Iterator<Item = &'a [Section<Self>]> + Clone,
        x: &Tensor,
        train: bool,
    ) -> Result<Vec<Tensor>> {
        let (outputs, seen) = ops::conv_network_each(x, &Self::layers_of(parts.clone(), train))?;
        if train {
            for (layer, (batch, elements)) in parts.flatten().flat_map(Section::layers).zip(seen) {
                layer.norm.follow(&batch, elements)?;
            }
        }
        Ok(outputs)
    }

    /// What each of `parts` gives in evaluation mode, averaged over a grid of as many cells as make at most `width` features of it, so that
    /// depths compare at (nearly) equal length; one with more channels than that keeps them all. `[B, C, H, W]` → `[B, O · cells]` for each,
    /// on the CPU, without a graph.
    ///
    /// # Errors
    /// As [`ops::conv_network_means`].
    pub fn means_of_each<'a>(
        parts: impl Iterator<Item = &'a [Section<Self>]>,
        x: &Tensor,
        width: usize,
    ) -> Result<Vec<Tensor>> {
        // The greatest powers of two that the maps have room for.
        let grid = |shape: &Shape| {
            let (_, channels, height, wide) = shape.dims4()?;
            let doublings = (width / channels).max(1).ilog2();
            Ok(((1 << (doublings / 2)).min(height), (1 << doublings.div_ceil(2)).min(wide)))
        };
        ops::conv_network_means(x, &Self::layers_of(parts, false), grid)?
            .iter()
            .map(|means| means.flatten_from(1))
            .collect()
    }

    fn layers_of<'a>(
        parts: impl Iterator<Item = &'a [Section<Self>]>,
        train: bool,
    ) -> Vec<Vec<Section<ConvNormLayer<'a>>>> {
        let layers = |part: &'a [Section<Self>]| part.iter().map(|section| section.map(|layer| layer.layer(train)));
        parts.map(|part| layers(part).collect()).collect()
    }

    fn layer(&self, train: bool) -> ConvNormLayer<'_> {
        let (Self { conv, norm }, epsilon) = (self, BatchNorm::EPSILON);
        let Conv2d { weight, stride, padding, .. } = conv;
        let BatchNorm { gamma, beta, running_mean, running_var, relu } = norm;
        let fixed = (!train).then_some([&**running_mean, &**running_var]);
        ConvNormLayer { weight, stride: *stride, padding: *padding, gamma, beta, epsilon, relu: *relu, fixed }
    }
}
