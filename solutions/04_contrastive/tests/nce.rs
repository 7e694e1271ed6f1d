//! InfoNCE written in other ways, most of them wrong.

use candle_core::{DType, Result, Tensor};
use candle_nn::loss::cross_entropy;
use contrastive::{cosine_similarity_matrix, info_nce};

use super::{mean, unit};

/// Cosines of both views' rows, times `scale`.
pub fn logits(z_a: &Tensor, z_b: &Tensor, scale: f64) -> Result<Tensor> {
    cosine_similarity_matrix(&Tensor::cat(&[z_a, z_b], 0)?)? * scale
}

/// The number of each row's partner.
pub fn partners(rows: usize) -> Result<Tensor> {
    Tensor::from_iter((0..rows as u32).map(|i| (i + rows as u32 / 2) % rows as u32), &candle_core::Device::Cpu)
}

/// The logits with their diagonal replaced, if so wished.
pub fn with_diagonal(logits: &Tensor, diagonal: Option<f32>) -> Result<Tensor> {
    let Some(value) = diagonal else { return Ok(logits.clone()) };
    let value = Tensor::full(value, logits.shape(), logits.device())?;
    Tensor::eye(logits.dims()[0], DType::U8, logits.device())?.where_cond(&value, logits)
}

/// Cross-entropy of each row with its partner.
pub fn losses(logits: &Tensor, diagonal: Option<f32>) -> Result<Tensor> {
    let logits = with_diagonal(logits, diagonal)?;
    let chosen = logits.gather(&partners(logits.dims()[0])?.unsqueeze(1)?, 1)?.squeeze(1)?;
    logits.log_sum_exp(1)? - chosen
}

pub fn nt_xent(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    losses(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))
}

pub fn positive_left_out(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?;
    let partners = partners(logits.dims()[0])?.unsqueeze(1)?;
    let columns = Tensor::arange(0, logits.dims()[0] as u32, logits.device())?.unsqueeze(0)?;
    let nothing = Tensor::full(f32::NEG_INFINITY, logits.shape(), logits.device())?;
    let negatives = partners.broadcast_eq(&columns)?.where_cond(&nothing, &logits)?;
    (negatives.log_sum_exp(1)? - logits.gather(&partners, 1)?.squeeze(1)?)?.mean_all()
}

/// Each row of the first view finds its partner among the second view.
pub fn one_direction(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = (unit(z_a)?.matmul(&unit(z_b)?.t()?)? / temperature)?;
    cross_entropy(&logits, &Tensor::arange(0, z_a.dims()[0] as u32, z_a.device())?)
}

/// Exponentials of the logits, 0 on the diagonal, and those of the partners.
pub fn exponentials(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<(Tensor, Tensor)> {
    let exp = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?.exp()?;
    let chosen = exp.gather(&partners(exp.dims()[0])?.unsqueeze(1)?, 1)?.squeeze(1)?;
    Ok((exp.sum(1)?, chosen))
}

pub fn overflow(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let (sum, _) = exponentials(z_a, z_b, temperature)?;
    let logits = logits(z_a, z_b, 1.0 / temperature)?;
    sum.log()? - logits.gather(&partners(logits.dims()[0])?.unsqueeze(1)?, 1)?.squeeze(1)?
}

pub fn overflow_of_a_ratio(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let (sum, _) = exponentials(z_a, z_b, temperature)?;
    let all = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?.exp()?;
    let probability = all.broadcast_div(&sum.unsqueeze(1)?)?;
    let chosen = probability.gather(&partners(all.dims()[0])?.unsqueeze(1)?, 1)?;
    chosen.log()?.mean_all()?.neg()
}

pub fn normalizer_detached(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?;
    let chosen = logits.gather(&partners(logits.dims()[0])?.unsqueeze(1)?, 1)?.squeeze(1)?;
    (logits.log_sum_exp(1)?.detach() - chosen)?.mean_all()
}

/// Masks the diagonal of the first four rows, whatever the batch.
pub fn four_by_four_mask(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = logits(z_a, z_b, 1.0 / temperature)?;
    let rows = logits.dims()[0];
    let mask =
        Tensor::from_iter((0..rows * rows).map(|i| u8::from(i / rows == i % rows && i / rows < 8)), z_a.device())?;
    let nothing = Tensor::full(f32::NEG_INFINITY, logits.shape(), logits.device())?;
    mean(&losses(&mask.reshape(logits.shape())?.where_cond(&nothing, &logits)?, None)?)
}

/// Right where N = 4.
pub fn partner_four_further(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?;
    let rows = logits.dims()[0] as u32;
    let partners = Tensor::from_iter((0..rows).map(|i| (i + 4) % rows), z_a.device())?;
    cross_entropy(&logits, &partners)
}

/// The anchor is taken out of the sum after the exponential.
pub fn own_subtracted(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let exp = logits(z_a, z_b, 1.0 / temperature)?.exp()?;
    let own = Tensor::eye(exp.dims()[0], DType::F32, exp.device())?.mul(&exp)?.sum(1)?;
    let chosen = exp.gather(&partners(exp.dims()[0])?.unsqueeze(1)?, 1)?.squeeze(1)?;
    (chosen / (exp.sum(1)? - own)?)?.log()?.mean_all()?.neg()
}

/// Only as many rows as both views have.
pub fn any_rows(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let rows = z_a.dims()[0].min(z_b.dims()[0]);
    info_nce(&z_a.narrow(0, 0, rows)?, &z_b.narrow(0, 0, rows)?, temperature)
}

/// NT-Xent with the softmax over the other axis: the matrix is symmetric.
pub fn of_columns(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    if z_a.dims() != z_b.dims() {
        candle_core::bail!("other shapes");
    }
    let logits = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?;
    cross_entropy(&logits.t()?.contiguous()?, &partners(logits.dims()[0])?)
}

/// Each row's partner beside it.
pub fn beside(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?;
    cross_entropy(&logits, &Tensor::from_iter((0..logits.dims()[0] as u32).map(|i| i ^ 1), z_a.device())?)
}

/// The positive counts twice below.
pub fn positive_twice(z_a: &Tensor, z_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = with_diagonal(&logits(z_a, z_b, 1.0 / temperature)?, Some(f32::NEG_INFINITY))?;
    let own = logits.gather(&partners(logits.dims()[0])?.unsqueeze(1)?, 1)?;
    (Tensor::cat(&[&logits, &own], 1)?.log_sum_exp(1)? - own.squeeze(1)?)?.mean_all()
}
