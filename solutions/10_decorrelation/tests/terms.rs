//! Correlations, terms and losses in other ways, most of them wrong.

use candle_core::{D, DType, Device, Result, Tensor, bail};
use decorrelation::{Weights, covariance_term, variance_term};
use rand::Rng as _;
use ssl_data::Rng;

pub fn centered(z: &Tensor) -> Result<Tensor> {
    z.broadcast_sub(&z.mean_keepdim(0)?)
}

/// How a batch is standardized.
pub struct Norm {
    pub mean: bool,
    pub less: f64,
    pub epsilon: f64,
    pub root: bool,
}

pub const NORM: Norm = Norm { mean: true, less: 0.0, epsilon: 1e-5, root: true };

pub fn standardized(z: &Tensor, how: &Norm) -> Result<Tensor> {
    let rows = z.dims2()?.0 as f64;
    let variance = ((centered(z)?.sqr()?.sum_keepdim(0)? / (rows - how.less))? + how.epsilon)?;
    let z = if how.mean { centered(z)? } else { z.clone() };
    z.broadcast_div(&if how.root { variance.sqrt()? } else { variance })
}

pub fn product(a: &Tensor, b: &Tensor, divisor: usize) -> Result<Tensor> {
    a.t()?.matmul(b)? / divisor as f64
}

pub fn correlation(a: &Tensor, b: &Tensor, how: &Norm) -> Result<Tensor> {
    product(&standardized(a, how)?, &standardized(b, how)?, a.dims2()?.0)
}

/// Both views with the statistics of both.
pub fn together(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let rows = a.dims2()?.0;
    let both = standardized(&Tensor::cat(&[a, b], 0)?, &NORM)?;
    product(&both.narrow(0, 0, rows)?, &both.narrow(0, rows, rows)?, rows)
}

/// Covariances as E[ab] − E[a] E[b], which is coarse far from 0.
pub fn moments_about_0(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let rows = a.dims2()?.0;
    if a.dims() != b.dims() {
        bail!("shapes that differ");
    }
    let means = a.mean_keepdim(0)?.t()?.matmul(&b.mean_keepdim(0)?)?;
    let deviation = |z: &Tensor| (centered(z)?.sqr()?.mean_keepdim(0)? + 1e-5)?.sqrt();
    (product(a, b, rows)? - means)?.broadcast_div(&deviation(a)?.t()?)?.broadcast_div(&deviation(b)?)
}

/// Sums over images and channels, one number after the other.
pub fn correlation_by_columns(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (rows, width) = a.dims2()?;
    if a.dims() != b.dims() {
        bail!("shapes that differ");
    }
    let (a, b) = (standardized(a, &NORM)?, standardized(b, &NORM)?);
    let column = |i: usize| a.narrow(1, i, 1)?.broadcast_mul(&b)?.sum(0)? / rows as f64;
    Tensor::stack(&(0..width).map(column).collect::<Result<Vec<_>>>()?, 0)
}

pub fn eye(matrix: &Tensor) -> Result<Tensor> {
    Tensor::eye(matrix.dims()[0], DType::F32, matrix.device())
}

pub fn square(matrix: &Tensor) -> Result<()> {
    let (rows, columns) = matrix.dims2()?;
    if rows != columns { bail!("{rows}×{columns}") } else { Ok(()) }
}

/// The diagonal, and the matrix without it.
pub fn parts(matrix: &Tensor) -> Result<(Tensor, Tensor)> {
    let eye = eye(matrix)?;
    let others = (matrix * (1.0 - &eye)?)?;
    Ok(((matrix * eye)?.sum(1)?, others))
}

pub fn upper(matrix: &Tensor) -> Result<Tensor> {
    matrix * (Tensor::triu2(matrix.dims()[0], DType::F32, matrix.device())? - eye(matrix)?)?
}

pub fn sum_of_squares(x: &Tensor) -> Result<Tensor> {
    x.sqr()?.sum_all()
}

/// The sum of what the diagonal costs, and λ times what the others cost.
pub fn weighed(
    c: &Tensor,
    lambda: f64,
    diagonal: impl Fn(&Tensor) -> Result<Tensor>,
    others: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    square(c)?;
    let (own, rest) = parts(c)?;
    diagonal(&own)? + (others(&rest)? * lambda)?
}

pub fn to_one(diagonal: &Tensor) -> Result<Tensor> {
    (1.0 - diagonal)?.sqr()?.sum_all()
}

/// The whole matrix less the identity, weighed entry by entry.
pub fn by_mask(c: &Tensor, lambda: f64) -> Result<Tensor> {
    square(c)?;
    let eye = eye(c)?;
    let weights = ((&eye * (1.0 - lambda))? + lambda)?;
    ((c - eye)?.sqr()? * weights)?.sum_all()
}

pub fn deviation(z: &Tensor) -> Result<Tensor> {
    (z.var(0)? + 1e-4)?.sqrt()
}

pub fn hinge(deviation: &Tensor) -> Result<Tensor> {
    (1.0 - deviation)?.relu()
}

pub fn several(z: &Tensor) -> Result<()> {
    if z.dims2()?.0 < 2 { bail!("one embedding") } else { Ok(()) }
}

/// With `maximum` instead of a ReLU, from sums of squares.
pub fn variance_by_sums(z: &Tensor) -> Result<Tensor> {
    several(z)?;
    let rows = z.dims()[0] as f64;
    let mean = z.mean_keepdim(0)?;
    let variance = (z.broadcast_sub(&mean)?.sqr()?.sum(0)? / (rows - 1.0))?;
    (1.0 - (variance + 1e-4)?.sqrt()?)?.maximum(0.0)?.mean_all()
}

pub fn covariance(z: &Tensor, less: f64) -> Result<Tensor> {
    let z = centered(z)?;
    z.t()?.matmul(&z)? / (z.dims()[0] as f64 - less)
}

/// The squares beside the diagonal of a matrix, divided.
pub fn beside(matrix: &Tensor, divisor: f64) -> Result<Tensor> {
    sum_of_squares(&parts(matrix)?.1)? / divisor
}

/// All squares less those of the diagonal.
pub fn covariance_by_difference(z: &Tensor) -> Result<Tensor> {
    several(z)?;
    let matrix = covariance(z, 1.0)?;
    let diagonal = (&matrix * eye(&matrix)?)?;
    (sum_of_squares(&matrix)? - sum_of_squares(&diagonal)?)? / z.dims()[1] as f64
}

/// Factors of the views' invariance, variance and covariance terms.
pub fn vicreg(a: &Tensor, b: &Tensor, w: &Weights, invariance: &Tensor, factors: [[f64; 2]; 2]) -> Result<Tensor> {
    let term = |of: fn(&Tensor) -> Result<Tensor>, [x, y]: [f64; 2]| (of(a)? * x)? + (of(b)? * y)?;
    let sum = ((invariance * w.invariance)? + (term(variance_term, factors[0])? * w.variance)?)?;
    sum + (term(covariance_term, factors[1])? * w.covariance)?
}

pub fn mean_square(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (a - b)?.sqr()?.mean_all()
}

pub fn probabilities(spectrum: &[f64]) -> Vec<f64> {
    let sum: f64 = spectrum.iter().sum();
    spectrum.iter().map(|value| value / sum).collect()
}

pub fn entropy(p: &[f64]) -> f64 {
    p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
}

/// Π p^(−p)
pub fn rank_by_products(spectrum: &[f64]) -> Result<f64> {
    if spectrum.iter().any(|value| !value.is_finite() || *value < 0.0) || spectrum.iter().all(|value| *value == 0.0) {
        bail!("{spectrum:?}");
    }
    Ok(probabilities(spectrum).into_iter().map(|p| p.powf(-p)).product())
}

/// Columns of numbers that `draw` gives, of length 1.
pub fn columns(width: usize, count: usize, mut draw: impl FnMut() -> f32) -> Result<Tensor> {
    let numbers: Vec<f32> = (0..width * count).map(|_| draw()).collect();
    unit(&Tensor::from_vec(numbers, (width, count), &Device::Cpu)?)
}

pub fn unit(columns: &Tensor) -> Result<Tensor> {
    columns.broadcast_div(&columns.sqr()?.sum_keepdim(0)?.sqrt()?)
}

/// A normal number by Box and Muller.
pub fn normal(rng: &mut Rng) -> f32 {
    let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
    ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
}

/// Columns at right angles to all before them (Gram and Schmidt).
pub fn orthonormal(columns: &Tensor) -> Result<Tensor> {
    let mut done: Vec<Tensor> = Vec::new();
    for c in 0..columns.dims2()?.1 {
        let column = columns.narrow(1, c, 1)?;
        let less = |rest: Tensor, other: &Tensor| &rest - other.broadcast_mul(&(other * &rest)?.sum_all()?)?;
        done.push(unit(&done.iter().try_fold(column, less)?)?);
    }
    Tensor::cat(&done, 1)
}

/// Pairs of neighbors at right angles: the second column of each pair less its projection on the first.
pub fn at_right_angles(width: usize, count: usize, rng: &mut Rng) -> Result<Tensor> {
    let mut pair = || columns(width, count.div_ceil(2), || normal(rng));
    let (first, second) = (pair()?, pair()?);
    let along = first.broadcast_mul(&(&first * &second)?.sum_keepdim(0)?)?;
    let second = if width > 1 { unit(&(second - along)?)? } else { second };
    Tensor::stack(&[first, second], 2)?.flatten_from(1)?.narrow(1, 0, count)
}

/// How the test goes.
pub struct Test {
    pub window: fn(f64) -> f64,
    pub target: fn(f64) -> f64,
    pub parts: [f64; 2],
    pub end: f64,
    pub inner: f64,
    pub points: usize,
    pub together: bool,
}

pub fn bell(t: f64) -> f64 {
    (-t * t / 2.0).exp()
}

pub const TEST: Test =
    Test { window: bell, target: bell, parts: [1.0, 1.0], end: 0.1875, inner: 0.375, points: 17, together: false };

pub fn test_of(x: &Tensor, how: &Test) -> Result<Tensor> {
    let batch = x.dims2()?.0 as f64;
    let mean = |x: Tensor| if how.together { x.mean_all() } else { x.mean(0) };
    let mut sum = Tensor::new(0f32, x.device())?;
    for k in 0..how.points {
        let t = 3.0 * k as f64 / 16.0;
        let angles = (x * t)?;
        let real = ((mean(angles.cos()?)? - (how.target)(t))?.sqr()? * how.parts[0])?;
        let error = (real + (mean(angles.sin()?)?.sqr()? * how.parts[1])?)?.mean_all()?;
        let weight = if k % 16 == 0 { how.end } else { how.inner };
        sum = (sum + (error * (weight * (how.window)(t) * batch))?)?;
    }
    Ok(sum)
}

/// All points at once, in one more axis.
pub fn test_at_once(z: &Tensor, directions: &Tensor) -> Result<Tensor> {
    directions.dims2()?;
    let x = z.matmul(directions)?.reshape((z.dims2()?.0, (), 1))?; // [B, M, 1]
    let points: Vec<f32> = (0..17).map(|k| 3.0 * k as f32 / 16.0).collect();
    let of = |f: &dyn Fn(usize, f64) -> f64| {
        let values: Vec<f32> = points.iter().enumerate().map(|(k, &t)| f(k, f64::from(t)) as f32).collect();
        Tensor::from_vec(values, (1, 17), z.device())
    };
    let angles = x.broadcast_mul(&Tensor::from_vec(points.clone(), (1, 1, 17), z.device())?)?;
    let real = angles.cos()?.mean(0)?.broadcast_sub(&of(&|_, t| bell(t))?)?.sqr()?;
    let error = (real + angles.sin()?.mean(0)?.sqr()?)?.mean_keepdim(0)?; // [1, 17]
    let weights = of(&|k, t| bell(t) * if k % 16 == 0 { 0.1875 } else { 0.375 })?;
    (error * weights)?.sum_all()? * z.dims()[0] as f64
}

/// Mean of all `of` each.
pub fn mean_of(views: &[Tensor], of: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    Tensor::stack(&views.iter().map(of).collect::<Result<Vec<_>>>()?, 0)?.mean(D::Minus1)
}

pub fn spread(views: &[Tensor]) -> Result<Tensor> {
    let all = Tensor::stack(views, 0)?;
    all.broadcast_sub(&all.mean_keepdim(0)?)?.sqr()?.mean_all()
}
