//! Batch normalisation (Ioffe and Szegedy 2015), with an optional ReLU fused behind it.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::floats;

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

/// Per-channel statistics of one batch.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Means over batch and space.
    pub mean: Vec<f32>,
    /// Population variances (divided by n) over batch and space.
    pub variance: Vec<f32>,
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
            moments(floats::of(&storage, layout)?, channels, height * width)
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
        let op = BatchNorm {
            mean: moments.mean.clone(),
            inverse_std: moments.variance.iter().map(|v| 1.0 / (v + epsilon).sqrt()).collect(),
            train,
            relu,
        };
        x.apply_op3(&gamma.contiguous()?, &beta.contiguous()?, op)?
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

/// Sums eight lanes apart, so that the compiler can use vector registers and the order stays fixed.
fn sum(values: impl ExactSizeIterator<Item = f32>) -> f64 {
    let mut lanes = [0.0f32; 8];
    for (i, value) in values.enumerate() {
        lanes[i % 8] += value;
    }
    lanes.iter().map(|&lane| f64::from(lane)).sum()
}

/// Mean and variance of each plane, joined over the batch by the parallel formula of Chan et al. (1983).
fn moments(x: &[f32], channels: usize, plane: usize) -> Moments {
    let planes: Vec<(f64, f64)> = x
        .par_chunks(plane)
        .map(|values| {
            let mean = sum(values.iter().copied()) / plane as f64;
            let shift = mean as f32;
            let squares = sum(values.iter().map(|v| (v - shift) * (v - shift)));
            (mean, squares)
        })
        .collect();
    let batch = planes.len() / channels;
    let of_channel = |c: usize| planes.iter().skip(c).step_by(channels);
    let mut moments = Moments { mean: Vec::new(), variance: Vec::new() };
    for c in 0..channels {
        let mean = of_channel(c).map(|(mean, _)| mean).sum::<f64>() / batch as f64;
        let squares: f64 = of_channel(c).map(|(m, s)| s + plane as f64 * (m - mean) * (m - mean)).sum();
        moments.mean.push(mean as f32);
        moments.variance.push((squares / (batch * plane) as f64) as f32);
    }
    moments
}

struct BatchNorm {
    mean: Vec<f32>,
    inverse_std: Vec<f32>,
    train: bool,
    relu: bool,
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gamma: &CpuStorage,
        gamma_layout: &Layout,
        beta: &CpuStorage,
        beta_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = floats::of_cpu(x, x_layout)?;
        let gamma = floats::of_cpu(gamma, gamma_layout)?;
        let beta = floats::of_cpu(beta, beta_layout)?;
        let plane: usize = x_layout.dims()[2..].iter().product();
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        let mut y = vec![0.0; x.len()];
        y.par_chunks_mut(plane).zip(x.par_chunks(plane)).enumerate().for_each(|(i, (y, x))| {
            let c = i % gamma.len();
            let (mean, scale, shift) = (self.mean[c], gamma[c] * self.inverse_std[c], beta[c]);
            y.iter_mut().zip(x).for_each(|(y, x)| *y = ((x - mean) * scale + shift).max(floor));
        });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gamma: &Tensor,
        _beta: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (gamma_storage, gamma_layout) = gamma.storage_and_layout();
        let (y_storage, y_layout) = y.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let maps = Maps {
            x: floats::of(&x_storage, x_layout)?,
            y: floats::of(&y_storage, y_layout)?,
            grad: floats::of(&grad_storage, grad_layout)?,
            plane: x.dims()[2..].iter().product(),
        };
        let gamma_values = floats::of(&gamma_storage, gamma_layout)?;
        let (dgamma, dbeta) = self.parameter_gradients(&maps, gamma_values.len());
        let dx = self.input_gradient(&maps, gamma_values, &dgamma, &dbeta);
        let channels = gamma_values.len();
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), x.device())?),
            Some(Tensor::from_vec(dgamma, channels, x.device())?),
            Some(Tensor::from_vec(dbeta, channels, x.device())?),
        ))
    }
}

/// What the backward pass reads, plane by plane.
struct Maps<'a> {
    x: &'a [f32],
    y: &'a [f32],
    grad: &'a [f32],
    plane: usize,
}

impl BatchNorm {
    /// The gradient behind the ReLU, where there is one.
    fn masked(&self, y: f32, grad: f32) -> f32 {
        if self.relu && y <= 0.0 { 0.0 } else { grad }
    }

    /// (Σ dy · x̂, Σ dy) per channel, over batch and space.
    fn parameter_gradients(&self, maps: &Maps, channels: usize) -> (Vec<f32>, Vec<f32>) {
        let Maps { x, y, grad, plane } = *maps;
        let sums: Vec<(f64, f64)> = (x.par_chunks(plane), y.par_chunks(plane), grad.par_chunks(plane))
            .into_par_iter()
            .enumerate()
            .map(|(i, (x, y, grad))| {
                let mean = self.mean[i % channels];
                let dy = || y.iter().zip(grad).map(|(&y, &g)| self.masked(y, g));
                (sum(dy().zip(x).map(|(dy, x)| dy * (x - mean))), sum(dy()))
            })
            .collect();
        let mut gradients = (vec![0.0f32; channels], vec![0.0f32; channels]);
        for c in 0..channels {
            let (scaled, plain) =
                sums.iter().skip(c).step_by(channels).fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
            gradients.0[c] = scaled as f32 * self.inverse_std[c];
            gradients.1[c] = plain as f32;
        }
        gradients
    }

    /// dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)); with fixed statistics only γ/σ · dy.
    fn input_gradient(&self, maps: &Maps, gamma: &[f32], dgamma: &[f32], dbeta: &[f32]) -> Vec<f32> {
        let Maps { x, y, grad, plane } = *maps;
        let count = (x.len() / gamma.len()) as f32;
        let mut dx = vec![0.0; x.len()];
        let planes = (dx.par_chunks_mut(plane), x.par_chunks(plane), y.par_chunks(plane));
        planes.into_par_iter().zip(grad.par_chunks(plane)).enumerate().for_each(|(i, ((dx, x, y), grad))| {
            let c = i % gamma.len();
            let scale = gamma[c] * self.inverse_std[c];
            let (offset, slope) =
                if self.train { (dbeta[c] / count, dgamma[c] / count * self.inverse_std[c]) } else { (0.0, 0.0) };
            for (((dx, x), y), grad) in dx.iter_mut().zip(x).zip(y).zip(grad) {
                let dy = self.masked(*y, *grad);
                *dx = scale * (dy - offset - (x - self.mean[c]) * slope);
            }
        });
        dx
    }
}
