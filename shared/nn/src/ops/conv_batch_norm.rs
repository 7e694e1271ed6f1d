//! Convolution and batch norm in one: what training a backbone spends its time on.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};

use super::batch_norm::expect_several;
use super::conv::{self, conv2d};
use super::geometry::Geometry;
use super::normed::{Normed, Source};
use super::{BatchNormMode, Moments, batch_norm, floats};

/// A convolution, the batch norm after it, and a ReLU after that or not.
#[derive(Clone, Copy)]
pub struct ConvNormLayer<'a> {
    /// The convolution's, `[O, C, kh, kw]`
    pub weight: &'a Tensor,
    /// Pixels from one output to the next, in both directions.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
    /// γ `[O]`
    pub gamma: &'a Tensor,
    /// β `[O]`
    pub beta: &'a Tensor,
    /// What is added to the variance.
    pub epsilon: f32,
    /// Whether max(y, 0) follows.
    pub relu: bool,
}

impl ConvNormLayer<'_> {
    /// The layer's geometry on inputs of this shape, once all arguments are found to agree.
    pub(super) fn geometry(&self, x: &[usize]) -> Result<Geometry> {
        let geometry = conv::geometry(x, self.weight.dims(), self.stride, self.padding)?;
        let channels = self.channels();
        if self.gamma.dims() != [channels] || self.beta.dims() != [channels] {
            let (gamma, beta) = (self.gamma.dims(), self.beta.dims());
            bail!("conv_batch_norm: {channels} channels, gamma is {gamma:?} and beta {beta:?}");
        }
        expect_several(x[0] * geometry.pixels())?;
        Ok(geometry)
    }

    /// What the layer makes of `x`.
    pub(super) fn see(&self, geometry: Geometry, x: Source) -> Result<(Normed, Moments)> {
        let weight = self.weight.contiguous()?;
        let (storage, layout) = weight.storage_and_layout();
        let (gamma, beta) = (self.gamma.to_vec1()?, self.beta.to_vec1()?);
        Normed::new(geometry, x, floats::of(&storage, layout)?, (&gamma, &beta), self.epsilon, self.relu)
    }

    pub(super) fn channels(&self) -> usize {
        self.weight.dims()[0]
    }
}

/// [`conv2d`] and [`batch_norm`] with the batch's own statistics, which are returned as well.
///
/// # Shapes
/// `x` `[B, C, H, W]` → `[B, O, H', W']`.
///
/// # Errors
/// As [`conv2d`] and [`batch_norm`].
pub fn conv_batch_norm(x: &Tensor, layer: &ConvNormLayer) -> Result<(Tensor, Moments)> {
    if !x.device().is_cpu() {
        let y = conv2d(x, layer.weight, layer.stride, layer.padding)?;
        return batch_norm(&y, layer.gamma, layer.beta, &BatchNormMode::Train, layer.epsilon, layer.relu);
    }
    let geometry = layer.geometry(x.dims())?;
    let x = x.contiguous()?;
    let (normed, moments) = {
        let (storage, layout) = x.storage_and_layout();
        layer.see(geometry, Source::Images(floats::of(&storage, layout)?))?
    };
    // An op has three arguments at most.
    let gamma_beta = Tensor::stack(&[layer.gamma, layer.beta], 0)?;
    let op = ConvBatchNorm { normed, shape: geometry.maps(x.dims()[0], layer.channels()) };
    Ok((x.apply_op3(&layer.weight.contiguous()?, &gamma_beta, op)?, moments))
}

struct ConvBatchNorm {
    normed: Normed,
    shape: Shape,
}

impl CustomOp3 for ConvBatchNorm {
    fn name(&self) -> &'static str {
        "conv_batch_norm"
    }

    fn cpu_fwd(
        &self,
        _x: &CpuStorage,
        _: &Layout,
        _weight: &CpuStorage,
        _: &Layout,
        _gamma_beta: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.normed.output()), self.shape.clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        gamma_beta: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (x_storage, x_layout) = x.storage_and_layout();
        let (weight_storage, weight_layout) = weight.storage_and_layout();
        let images = Source::Images(floats::of(&x_storage, x_layout)?);
        let weights = floats::of(&weight_storage, weight_layout)?;
        let grads = floats::of(&grad_storage, grad_layout)?;
        let (dx, dweight, gradients) = self.normed.backward(images, weights, x.track_op(), grads);
        let like = |values: Vec<f32>, tensor: &Tensor| Tensor::from_vec(values, tensor.shape(), tensor.device());
        let gamma_beta = like([gradients.gamma, gradients.beta].concat(), gamma_beta)?;
        Ok((dx.map(|dx| like(dx, x)).transpose()?, Some(like(dweight, weight)?), Some(gamma_beta)))
    }
}
