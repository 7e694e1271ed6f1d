//! Scores, losses and cosines in other ways, most of them wrong.

use candle_core::{D, Result, Tensor, bail};
use candle_nn::loss::cross_entropy;
use moco::{moco_logits, moco_loss, unit_rows};

/// Own scores `[N, 1]` and the queue's `[N, K]`.
pub fn parts(q: &Tensor, k: &Tensor, queue: &Tensor) -> Result<(Tensor, Tensor)> {
    Ok(((q * k)?.sum_keepdim(1)?, q.matmul(&queue.t()?)?))
}

pub fn scores(q: &Tensor, k: &Tensor, queue: &Tensor, divisors: [f64; 2]) -> Result<Tensor> {
    let (own, others) = parts(q, k, queue)?;
    Tensor::cat(&[(own / divisors[0])?, (others / divisors[1])?], 1)
}

pub fn fitting(q: &Tensor, k: &Tensor, queue: &Tensor, temperature: f64) -> Result<()> {
    moco_logits(&q.detach(), &k.detach(), queue, temperature).map(drop)
}

/// Cross-entropy with the same class for all rows.
pub fn of_class(logits: &Tensor, class: usize) -> Result<Tensor> {
    let rows = logits.dims2()?.0;
    cross_entropy(logits, &Tensor::new(vec![class as u32; rows], logits.device())?)
}

pub fn of_diagonal(logits: &Tensor) -> Result<Tensor> {
    let (rows, columns) = logits.dims2()?;
    let classes: Vec<u32> = (0..rows).map(|i| i.min(columns - 1) as u32).collect();
    cross_entropy(logits, &Tensor::new(classes, logits.device())?)
}

pub fn log_sum_exp(logits: &Tensor) -> Result<Tensor> {
    let most = logits.max_keepdim(1)?.detach();
    logits.broadcast_sub(&most)?.exp()?.sum_keepdim(1)?.log()? + most
}

pub fn column(logits: &Tensor, i: usize) -> Result<Tensor> {
    logits.narrow(1, i, 1)
}

/// The two terms of PIRL's loss with weights of one's own.
pub fn terms(m: &Tensor, p: &Tensor, i: &Tensor, n: &Tensor, t: f64, weights: [f64; 2]) -> Result<Tensor> {
    let term = |v: &Tensor| moco_loss(&moco_logits(v, m, n, t)?);
    (term(p)? * weights[0])? + (term(i)? * weights[1])?
}

/// A term through which gradients go to the memories.
pub fn leaking(v: &Tensor, m: &Tensor, n: &Tensor, t: f64) -> Result<Tensor> {
    moco_loss(&scores(v, m, n, [t, t])?)
}

pub fn centered(x: &Tensor) -> Result<Tensor> {
    x.broadcast_sub(&x.mean_keepdim(0)?)
}

/// Cosines of rows.
pub fn cosines(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (unit_rows(a)? * unit_rows(b)?)?.sum(D::Minus1)
}

pub fn number(x: &Tensor) -> Result<f64> {
    x.mean_all()?.to_scalar::<f32>().map(f64::from)
}

/// The correlation of all features at once, in double precision.
pub fn invariance_in_numbers(a: &Tensor, b: &Tensor) -> Result<f64> {
    let (rows, _) = a.dims2()?;
    if a.dims() != b.dims() {
        bail!("shapes that differ");
    }
    let [a, b]: [Vec<Vec<f32>>; 2] = [centered(a)?.to_vec2()?, centered(b)?.to_vec2()?];
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(x * y)).sum::<f64>();
    let cosine = |(x, y): (&Vec<f32>, &Vec<f32>)| dot(x, y) / ((dot(x, x) + 1e-12) * (dot(y, y) + 1e-12)).sqrt();
    Ok(a.iter().zip(&b).map(cosine).sum::<f64>() / rows as f64)
}
