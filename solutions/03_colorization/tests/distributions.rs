//! Distributions over bins in other ways, most of them wrong.

use candle_core::{DType, Result, Tensor, bail};
use candle_nn::ops::{log_softmax, softmax};
use colorization::{annealed_mean, soft_encode};

/// By what the weights of the neighbors are divided.
pub enum Divide {
    Nothing,
    Greatest,
    Sum,
    All,
}

/// How a color is spread over bins.
pub struct Kernel {
    pub count: usize,
    pub farthest: bool,
    /// The logarithm of a weight, of the squared distance and σ.
    pub log: fn(&Tensor, f64) -> Result<Tensor>,
    pub divide: Divide,
    /// Whether the greatest logarithm is taken away before `exp`.
    pub shift: bool,
}

pub const KERNEL: Kernel =
    Kernel { count: 0, farthest: false, log: |d, s| d / (-2.0 * s * s), divide: Divide::Sum, shift: true };

/// Squared distances of all pixels and bins, `[B · H · W, Q]`.
fn squares(ab: &Tensor, bins: &Tensor) -> Result<Tensor> {
    if ab.dims4()?.1 != 2 || bins.dims2()?.1 != 2 {
        bail!("expected pairs");
    }
    let pixels = ab.permute((0, 2, 3, 1))?.reshape(((), 1, 2))?;
    pixels.broadcast_sub(&bins.unsqueeze(0)?)?.sqr()?.sum(2)
}

/// `[B · H · W, Q]` → `[B, Q, H, W]`
fn as_maps(rows: &Tensor, ab: &Tensor) -> Result<Tensor> {
    let (batch, _, height, width) = ab.dims4()?;
    rows.reshape((batch, height, width, ()))?.permute((0, 3, 1, 2))?.contiguous()
}

pub fn encoded(ab: &Tensor, bins: &Tensor, sigma: f64, kernel: &Kernel) -> Result<Tensor> {
    soft_encode(ab, bins, kernel.count, sigma)?;
    let squares = squares(ab, bins)?;
    let order = squares.arg_sort_last_dim(!kernel.farthest)?;
    let mut logs = (kernel.log)(&squares.gather(&order, 1)?, sigma)?;
    if kernel.shift && !matches!(kernel.divide, Divide::Nothing) {
        logs = logs.broadcast_sub(&logs.narrow(1, 0, kernel.count)?.max_keepdim(1)?)?;
    }
    let every = logs.exp()?;
    let chosen = every.narrow(1, 0, kernel.count)?;
    let weights = match kernel.divide {
        Divide::Nothing | Divide::Greatest => chosen.contiguous()?,
        Divide::Sum => chosen.broadcast_div(&chosen.sum_keepdim(1)?)?,
        Divide::All => chosen.broadcast_div(&every.sum_keepdim(1)?)?,
    };
    let nearest = order.narrow(1, 0, kernel.count)?.contiguous()?;
    as_maps(&squares.zeros_like()?.scatter_add(&nearest, &weights, 1)?, ab)
}

fn refuse(bins: &Tensor, neighbors: usize, sigma: f64) -> Result<()> {
    if neighbors == 0 || neighbors > bins.dims2()?.0 || sigma.is_nan() || sigma <= 0.0 {
        bail!("{neighbors} neighbors, σ = {sigma}");
    }
    Ok(())
}

/// Pixel by pixel, in plain Rust.
pub fn soft_by_sorting(ab: &Tensor, bins: &Tensor, neighbors: usize, sigma: f64) -> Result<Tensor> {
    refuse(bins, neighbors, sigma)?;
    let rows: Vec<Vec<f32>> = squares(ab, bins)?.to_vec2()?;
    let mut soft = Vec::new();
    for row in rows {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        let weight = |q: usize| (f64::from(row[order[0]] - row[q]) / (2.0 * sigma * sigma)).exp();
        let total: f64 = order[..neighbors].iter().map(|&q| weight(q)).sum();
        let mut weights = vec![0f32; row.len()];
        order[..neighbors].iter().for_each(|&q| weights[q] = (weight(q) / total) as f32);
        soft.push(weights);
    }
    as_maps(&Tensor::new(soft, ab.device())?, ab)
}

/// Everything beyond the k-th distance is masked; squared distances by way of products.
pub fn soft_by_threshold(ab: &Tensor, bins: &Tensor, neighbors: usize, sigma: f64) -> Result<Tensor> {
    refuse(bins, neighbors, sigma)?;
    squares(ab, bins)?;
    let pixels = ab.permute((0, 2, 3, 1))?.reshape(((), 2))?;
    let products = (pixels.matmul(&bins.t()?)? * 2.0)?;
    let lengths = bins.sqr()?.sum(1)?.unsqueeze(0)?;
    let squares = pixels.sqr()?.sum_keepdim(1)?.broadcast_add(&lengths)?.sub(&products)?;
    let (sorted, _) = squares.sort_last_dim(true)?;
    let last = sorted.narrow(1, neighbors - 1, 1)?;
    let kept = squares.broadcast_le(&last)?;
    let logits =
        kept.where_cond(&(squares / (-2.0 * sigma * sigma))?, &kept.to_dtype(DType::F32)?.affine(0.0, -1e30)?)?;
    as_maps(&softmax(&logits, 1)?, ab)
}

pub fn weights(
    prior: &Tensor,
    raw: impl Fn(&Tensor, f64) -> Result<Tensor>,
    total: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let raw = raw(prior, prior.dims1()? as f64)?;
    raw.broadcast_div(&total(prior, &raw)?)
}

pub fn weights_one_by_one(prior: &Tensor, lambda: f64) -> Result<Tensor> {
    let prior: Vec<f64> = prior.to_dtype(DType::F64)?.to_vec1()?;
    let weight = |p: f64| 1.0 / ((1.0 - lambda) * p + lambda / prior.len() as f64);
    let total: f64 = prior.iter().map(|&p| p * weight(p)).sum();
    let weights: Vec<f32> = prior.iter().map(|&p| (weight(p) / total) as f32).collect();
    if !(0.0..=1.0).contains(&lambda) || weights.iter().any(|w| !w.is_finite()) {
        bail!("no weights for λ = {lambda}");
    }
    Tensor::new(weights, &candle_core::Device::Cpu)
}

/// The weight of the greatest bin of every pixel, `[B, H, W]`.
pub fn weight_of(scores: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let bins = scores.argmax(1)?;
    weights.index_select(&bins.flatten_all()?, 0)?.reshape(bins.shape())
}

pub fn loss(
    logits: &Tensor,
    targets: &Tensor,
    pixel_weights: &Tensor,
    divisor: impl Fn(&Tensor, f64) -> Result<f64>,
) -> Result<Tensor> {
    let entropy = (targets * log_softmax(logits, 1)?)?.sum(1)?.neg()?;
    let pixels = entropy.elem_count() as f64;
    (entropy * pixel_weights)?.sum_all()? / divisor(logits, pixels)?
}

pub fn weights_inside(logits: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let weighted = targets.broadcast_mul(&weights.reshape((1, (), 1, 1))?)?;
    (weighted * log_softmax(logits, 1)?)?.sum(1)?.neg()?.mean_all()
}

pub fn of_logs(logs: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    ((targets * logs)?.sum(1)?.neg()? * weight_of(targets, weights)?)?.mean_all()
}

/// log softmax over bins, with the maximum of all pixels taken away, where each should have its own.
pub fn logs_by_one_maximum(logits: &Tensor) -> Result<Tensor> {
    let shifted = logits.broadcast_sub(&logits.max_all()?)?;
    shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(1)?.log()?)
}

/// Which bin is greatest, as 0 and 1.
pub fn one_hot(scores: &Tensor) -> Result<Tensor> {
    let bins = scores.argmax_keepdim(1)?;
    let numbers = Tensor::arange(0u32, scores.dims()[1] as u32, scores.device())?.reshape((1, (), 1, 1))?;
    numbers.broadcast_as(scores.shape())?.broadcast_eq(&bins)?.to_dtype(DType::F32)
}

fn checked(logits: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<()> {
    if logits.dims4()?.1 != weights.dims1()? || logits.dims() != targets.dims() {
        bail!("shapes that do not fit");
    }
    Ok(())
}

/// All pixels as rows `[B · H · W, Q]`.
pub fn loss_by_rows(logits: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    checked(logits, targets, weights)?;
    let rows = |x: &Tensor| x.permute((0, 2, 3, 1))?.contiguous()?.reshape(((), x.dims()[1]));
    let (logits, targets) = (rows(logits)?, rows(targets)?);
    let chosen = weights.index_select(&targets.argmax(1)?, 0)?;
    let greatest = logits.max_keepdim(1)?.detach();
    let shifted = logits.broadcast_sub(&greatest)?;
    let normalizer = shifted.exp()?.sum(1)?.log()?;
    let entropy = (normalizer - (targets * shifted)?.sum(1)?)?;
    (entropy * chosen)?.sum_all()? / logits.dims()[0] as f64
}

/// The targets are weighted first; the divisor comes last.
pub fn loss_by_weighted_targets(logits: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    checked(logits, targets, weights)?;
    let pixels = logits.elem_count() / logits.dims()[1];
    let weighted = targets.broadcast_mul(&weight_of(targets, weights)?.unsqueeze(1)?)?;
    (weighted * log_softmax(logits, 1)?)?.sum_all()? * (-1.0 / pixels as f64)
}

/// Σ_q p · bins for `[B, Q, H, W]`.
pub fn mean_of(probabilities: &Tensor, bins: &Tensor) -> Result<Tensor> {
    if bins.dims() != [probabilities.dims4()?.1, 2] {
        bail!("bins that do not fit");
    }
    let of = |channel: usize| {
        let values = bins.narrow(1, channel, 1)?.reshape((1, (), 1, 1))?;
        probabilities.broadcast_mul(&values)?.sum(1)
    };
    Tensor::stack(&[of(0)?, of(1)?], 1)
}

pub fn mode(logits: &Tensor, bins: &Tensor) -> Result<Tensor> {
    mean_of(&one_hot(logits)?, bins)
}

pub fn overflow(logits: &Tensor, bins: &Tensor, temperature: f64) -> Result<Tensor> {
    annealed_mean(logits, bins, temperature)?;
    let powers = (logits / temperature)?.exp()?;
    mean_of(&powers.broadcast_div(&powers.sum_keepdim(1)?)?, bins)
}

pub fn mean_by_products(logits: &Tensor, bins: &Tensor, temperature: f64) -> Result<Tensor> {
    if temperature.is_nan() || temperature <= 0.0 {
        bail!("T = {temperature}");
    }
    mean_of(&softmax(&(logits / temperature)?, 1)?, bins)
}

/// Equation 5 as it stands.
pub fn mean_by_powers_of_logs(logits: &Tensor, bins: &Tensor, temperature: f64) -> Result<Tensor> {
    if temperature.is_nan() || temperature <= 0.0 {
        bail!("T = {temperature}");
    }
    let logs = (log_softmax(logits, 1)? / temperature)?;
    let powers = logs.broadcast_sub(&logs.max_keepdim(1)?)?.exp()?;
    mean_of(&powers.broadcast_div(&powers.sum_keepdim(1)?)?, bins)
}
