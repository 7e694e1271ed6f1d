//! Batch normalisation (Ioffe and Szegedy 2015), with an optional ReLU fused behind it.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use pulp::Arch;

use super::affine::Affine;
use super::chunks::fill_chunks;
use super::floats;
use super::moments::Moments;

/// Which statistics normalise the batch.
#[derive(Clone, Debug)]
pub enum BatchNormMode {
    /// The batch's own mean and population variance; gradients flow through them.
    Train,
    /// Fixed statistics, one a channel: a sample's result does not depend on its neighbours.
    Eval {
        /// Running means.
        mean: Vec<f32>,
        /// Running variances.
        variance: Vec<f32>,
    },
}

/// y = γ · (x − μ) / √(σ² + ε) + β per channel, then max(y, 0) where `relu`; also returns the μ and σ² that were used.
///
/// # Shapes
/// `x` `[B, C, H, W]`, `gamma` and `beta` `[C]` → `[B, C, H, W]`.
///
/// # Errors
/// Other ranks, a number of channels that differs, a type other than `f32`.
pub fn batch_norm(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    mode: &BatchNormMode,
    epsilon: f32,
    relu: bool,
) -> Result<(Tensor, Moments)> {
    let (_, channels, height, width) = floats::dims4("batch_norm", x)?;
    if gamma.dims() != [channels] || beta.dims() != [channels] {
        bail!("batch_norm: x has {channels} channels, gamma is {:?} and beta {:?}", gamma.dims(), beta.dims());
    }
    let x = x.contiguous()?;
    let train = matches!(mode, BatchNormMode::Train);
    let moments = match mode {
        BatchNormMode::Train if x.device().is_cpu() => {
            let (storage, layout) = x.storage_and_layout();
            Moments::of(floats::of(&storage, layout)?, channels, height * width)
        }
        BatchNormMode::Train => moments_on_device(&x)?,
        BatchNormMode::Eval { mean, variance } => {
            if mean.len() != channels || variance.len() != channels {
                bail!("batch_norm: x has {channels} channels, the statistics have {}", mean.len());
            }
            Moments { mean: mean.clone(), variance: variance.clone() }
        }
    };
    let y = if x.device().is_cpu() {
        let affine = Affine::new(&moments, epsilon, &gamma.to_vec1()?, &beta.to_vec1()?, relu);
        x.apply_op3(gamma, beta, BatchNorm { affine, train })?
    } else {
        on_device(&x, gamma, beta, (!train).then_some(&moments), epsilon, relu)?
    };
    Ok((y, moments))
}

/// Candle's kernels, for devices other than the CPU. Batch statistics stay in the graph.
fn on_device(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    fixed: Option<&Moments>,
    epsilon: f32,
    relu: bool,
) -> Result<Tensor> {
    let channels = gamma.dims()[0];
    let per_channel = (1, channels, 1, 1);
    let (mean, variance) = match fixed {
        Some(fixed) => (
            Tensor::from_slice(&fixed.mean, per_channel, x.device())?,
            Tensor::from_slice(&fixed.variance, per_channel, x.device())?,
        ),
        None => {
            let mean = x.mean_keepdim((0, 2, 3))?;
            let variance = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2, 3))?;
            (mean, variance)
        }
    };
    let scale = (variance + f64::from(epsilon))?.sqrt()?.recip()?;
    let y = x
        .broadcast_sub(&mean)?
        .broadcast_mul(&scale)?
        .broadcast_mul(&gamma.reshape(per_channel)?)?
        .broadcast_add(&beta.reshape(per_channel)?)?;
    if relu { y.relu() } else { Ok(y) }
}

fn moments_on_device(x: &Tensor) -> Result<Moments> {
    let x = x.detach();
    let mean = x.mean_keepdim((0, 2, 3))?;
    let variance = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2, 3))?;
    Ok(Moments { mean: mean.flatten_all()?.to_vec1()?, variance: variance.flatten_all()?.to_vec1()? })
}

struct BatchNorm {
    affine: Affine,
    train: bool,
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        _gamma: &CpuStorage,
        _: &Layout,
        _beta: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let pixels = layout.dims()[2..].iter().product();
        let y = self.affine.apply(floats::of_cpu(x, layout)?, pixels);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        _gamma: &Tensor,
        _beta: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, channels, height, width) = x.dims4()?;
        let pixels = height * width;
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (values, grads) = (floats::of(&x_storage, x_layout)?, floats::of(&grad_storage, grad_layout)?);
        let gradients = self.affine.gradients(values, grads, pixels, self.train);
        let fill = |_: &mut (), map: usize, dx: &mut [f32]| {
            let range = map * pixels..(map + 1) * pixels;
            Arch::new().dispatch(|| {
                self.affine.input_gradient(map, &gradients, &values[range.clone()], &grads[range], dx);
            });
        };
        let (dx, _) = fill_chunks(values.len(), pixels, || (), fill);
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), x.device())?),
            Some(Tensor::from_vec(gradients.gamma, channels, x.device())?),
            Some(Tensor::from_vec(gradients.beta, channels, x.device())?),
        ))
    }
}
