//! Losses and levels in other ways, most of them wrong.

use candle_core::{D, Result, Tensor, bail};
use siamese::negative_cosine;

pub fn same(p: &Tensor, z: &Tensor) -> Result<()> {
    p.dims2()?;
    if p.dims() != z.dims() {
        bail!("shapes that differ");
    }
    Ok(())
}

/// Lengths of rows, `[B, 1]`.
pub fn length(x: &Tensor) -> Result<Tensor> {
    (x.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()
}

pub fn unit(x: &Tensor) -> Result<Tensor> {
    x.broadcast_div(&length(x)?)
}

/// Dot products of rows, `[B]`.
pub fn products(p: &Tensor, z: &Tensor) -> Result<Tensor> {
    (p * z)?.sum(D::Minus1)
}

pub fn mean_cosine(p: &Tensor, z: &Tensor) -> Result<Tensor> {
    products(&unit(p)?, &unit(z)?)?.mean_all()
}

pub fn mean(numbers: impl Iterator<Item = Result<Tensor>>) -> Result<Tensor> {
    Tensor::stack(&numbers.collect::<Result<Vec<_>>>()?, 0)?.mean_all()
}

/// The mean of all embeddings but one.
pub fn others(z: &[Tensor], v: usize) -> Result<Tensor> {
    let rest = z.iter().enumerate().filter(|(u, _)| *u != v).map(|(_, z)| Ok(z.clone()));
    let sum = rest.reduce(|sum: Result<Tensor>, z| sum? + z?);
    match sum {
        Some(sum) => sum? / (z.len() - 1) as f64,
        None => bail!("no other view"),
    }
}

/// SimSiam's loss with targets of another kind.
pub fn each(p: &[Tensor], z: &[Tensor], target: impl Fn(&[Tensor], usize) -> Result<Tensor>) -> Result<Tensor> {
    if p.len() < 2 || p.len() != z.len() {
        bail!("{} predictions, {} embeddings", p.len(), z.len());
    }
    mean((0..p.len()).map(|v| negative_cosine(&p[v], &target(z, v)?)))
}

pub fn leaking(p: &[Tensor], z: &[Tensor]) -> Result<Tensor> {
    mean((0..p.len()).map(|v| mean_cosine(&p[v], &others(z, v)?)?.neg()))
}

/// Mean squared distance of rows after `norm`.
pub fn squares(p: &Tensor, t: &Tensor, norm: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    (norm(p)? - norm(t)?)?.sqr()?.sum(D::Minus1)?.mean_all()
}

/// Distances of rows.
pub fn distances(p: &Tensor, t: &Tensor) -> Result<Tensor> {
    (unit(p)? - unit(&t.detach())?)?.sqr()?.sum(D::Minus1)?.sqrt()
}

/// cos(π · x)
pub fn cos(x: f64) -> f64 {
    (std::f64::consts::PI * x).cos()
}

pub fn root(count: usize) -> f64 {
    (count as f64).sqrt()
}

/// Mean standard deviation and mean variance along an axis, divided by the count less `correction`.
pub fn deviations(z: &Tensor, axis: usize, correction: f64) -> Result<(f64, f64)> {
    let squares = z.broadcast_sub(&z.mean_keepdim(axis)?)?.sqr()?.sum(axis)?;
    let variance = (squares / (z.dims()[axis] as f64 - correction))?;
    let number = |x: Tensor| x.mean_all()?.to_scalar::<f32>().map(f64::from);
    Ok((number(variance.sqrt()?)?, number(variance)?))
}

/// The variance by Σ x² / B less the square of the mean, in double precision.
pub fn level_by_moments(z: &Tensor) -> Result<f64> {
    let (count, width) = z.dims2()?;
    let rows: Vec<Vec<f32>> = unit(z)?.to_vec2()?;
    let deviation = |k: usize| {
        let column = || rows.iter().map(|row| f64::from(row[k]));
        let mean = column().sum::<f64>() / count as f64;
        (column().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64).sqrt()
    };
    Ok((0..width).map(deviation).sum::<f64>() / width as f64 * root(width))
}
