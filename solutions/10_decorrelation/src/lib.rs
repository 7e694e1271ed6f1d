//! Lab 10: Barlow Twins (Zbontar et al. 2021), VICReg (Bardes, Ponce and LeCun 2022), SIGReg (Balestriero and LeCun 2025).
//!
//! No negatives, no second network, no predictor: these losses say themselves that embeddings must not collapse, neither to one point nor to few
//! dimensions. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

use candle_core::{D, DType, Result, Tensor, bail};
use rand::Rng as _;
use ssl_data::Rng;
use ssl_nn::ops;

// BEGIN SOLUTION helper
/// A batch `[B, D]` less its mean over the batch.
fn centered(z: &Tensor) -> Result<Tensor> {
    z.broadcast_sub(&z.mean_keepdim(0)?)
}

/// The sum of the squares that are not on the diagonal.
fn squares_off_diagonal(matrix: &Tensor) -> Result<Tensor> {
    let others = (1.0 - Tensor::eye(matrix.dim(0)?, DType::F32, matrix.device())?)?;
    (matrix * others)?.sqr()?.sum_all()
}

/// The width of a batch of which a variance can be told.
fn several_rows(z: &Tensor) -> Result<(usize, usize)> {
    match z.dims2()? {
        (rows, width) if rows >= 2 => Ok((rows, width)),
        (rows, _) => bail!("expected two embeddings or more, got {rows}"),
    }
}
// END SOLUTION

/// Exercise 1: how the channels of one view go with those of the other (equation 2 of Barlow Twins' paper).
///
/// ```text
/// ẑ[b][i] = (z[b][i] − mean) / √(variance + 1e-5),     C[i][j] = 1/B · Σ_b ẑa[b][i] · ẑb[b][j]
/// ```
///
/// with each view's mean and variance of channel i over the batch; the variance is the population's (divided by B).
///
/// # Shapes
/// Twice `[B, D]` → `[D, D]`; rows are channels of the first view.
///
/// # Units
/// From −1 to 1.
///
/// # Errors
/// A rank other than 2; shapes that differ.
///
/// # Hint
/// Standardize first; then C is one matrix product.
pub fn cross_correlation(z_a: &Tensor, z_b: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 1: standardize each view, then one matrix product
    let (batch, _) = z_a.dims2()?;
    if z_a.dims() != z_b.dims() {
        bail!("cross_correlation: the views are {:?} and {:?}", z_a.dims(), z_b.dims());
    }
    let standardized = |z: &Tensor| {
        let z = centered(z)?;
        z.broadcast_div(&(z.sqr()?.mean_keepdim(0)? + 1e-5)?.sqrt()?)
    };
    standardized(z_a)?.t()?.matmul(&standardized(z_b)?)? / batch as f64
    // END SOLUTION
}

/// Exercise 2: every channel agrees with itself, and with no other (equation 1 of Barlow Twins' paper).
///
/// ```text
/// loss = Σᵢ (1 − C[i][i])² + λ · Σᵢ Σ_{j ≠ i} C[i][j]²
/// ```
///
/// # Shapes
/// C `[D, D]` → a number `[]`.
///
/// # Errors
/// A matrix that is not square.
///
/// # Hint
/// `Tensor::eye` marks the diagonal.
pub fn barlow_twins_loss(c: &Tensor, lambda: f64) -> Result<Tensor> {
    // BEGIN SOLUTION 2: ones on the diagonal, zeros beside it
    let (rows, columns) = c.dims2()?;
    if rows != columns {
        bail!("barlow_twins_loss: expected a square matrix, got {:?}", c.dims());
    }
    let eye = Tensor::eye(rows, DType::F32, c.device())?;
    let agreement = ((c - &eye)? * &eye)?.sqr()?.sum_all()?;
    agreement + (squares_off_diagonal(c)? * lambda)?
    // END SOLUTION
}

/// Exercise 3: what it costs that a channel hardly varies: no collapse to one point (equations 1 and 2 of VICReg's paper).
///
/// ```text
/// v = 1/D · Σⱼ max(0, 1 − √(Var[j] + 1e-4))
/// ```
///
/// with the sample's variance of channel j over the batch (divided by B − 1).
///
/// # Shapes
/// One view's embeddings `[B, D]` → a number `[]`.
///
/// # Units
/// From 0, where all channels have a standard deviation of 1 or more, to nearly 1.
///
/// # Errors
/// A rank other than 2; fewer than two embeddings.
///
/// # Hint
/// Candle's `var` divides by B − 1. `ops::relu` is the course's fast max(0, x).
pub fn variance_term(z: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 3: hinge at a standard deviation of 1
    several_rows(z)?;
    let deviation = (z.var(0)? + 1e-4)?.sqrt()?; // [D]
    ops::relu(&(1.0 - deviation)?)?.mean_all()
    // END SOLUTION
}

/// Exercise 4: what it costs that two channels say the same: no collapse to few dimensions (equations 3 and 4 of VICReg's paper).
///
/// ```text
/// Cov[i][j] = 1/(B − 1) · Σ_b (z[b][i] − mean[i]) · (z[b][j] − mean[j]),     c = 1/D · Σᵢ Σ_{j ≠ i} Cov[i][j]²
/// ```
///
/// # Shapes
/// One view's embeddings `[B, D]` → a number `[]`.
///
/// # Errors
/// A rank other than 2; fewer than two embeddings.
///
/// # Hint
/// The diagonal holds variances, which exercise 3 speaks of: leave it out.
pub fn covariance_term(z: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 4: squares beside the diagonal
    let (batch, width) = several_rows(z)?;
    let z = centered(z)?;
    let covariance = (z.t()?.matmul(&z)? / (batch - 1) as f64)?; // [D, D]
    squares_off_diagonal(&covariance)? / width as f64
    // END SOLUTION
}

/// How much each of VICReg's terms counts: λ, μ and ν.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// λ: two views of an image have the same embedding.
    pub invariance: f64,
    /// μ: channels vary.
    pub variance: f64,
    /// ν: channels differ.
    pub covariance: f64,
}

/// Exercise 5: VICReg's loss (equations 5 and 6 of its paper, with the factors of its authors' code).
///
/// ```text
/// loss = λ · 1/(B·D) · Σ (za − zb)² + μ · ½ (v(za) + v(zb)) + ν · (c(za) + c(zb))
/// ```
///
/// Gradients reach both views, through all terms.
///
/// # Shapes
/// Twice `[B, D]` → a number `[]`.
///
/// # Errors
/// Shapes that differ; what exercises 3 and 4 refuse.
///
/// # Hint
/// The variance terms are halved, the covariance terms are not.
pub fn vicreg_loss(z_a: &Tensor, z_b: &Tensor, weights: &Weights) -> Result<Tensor> {
    // BEGIN SOLUTION 5: invariance, variance, covariance
    if z_a.dims() != z_b.dims() {
        bail!("vicreg_loss: the views are {:?} and {:?}", z_a.dims(), z_b.dims());
    }
    let invariance = ((z_a - z_b)?.sqr()?.mean_all()? * weights.invariance)?;
    let variance = ((variance_term(z_a)? + variance_term(z_b)?)? * (weights.variance / 2.0))?;
    let covariance = ((covariance_term(z_a)? + covariance_term(z_b)?)? * weights.covariance)?;
    (invariance + variance)? + covariance
    // END SOLUTION
}

/// Exercise 6: how many dimensions a spectrum uses (Roy and Vetterli 2007; RankMe, Garrido et al. 2023).
///
/// ```text
/// p[k] = σ[k] / Σ σ,     rank = exp( −Σₖ p[k] · ln p[k] )
/// ```
///
/// where 0 · ln 0 is 0. n equal values give n, a single one gives 1.
///
/// # Shapes
/// Singular values → a number.
///
/// # Errors
/// No values; a value that is negative or not finite; values that are all 0.
///
/// # Hint
/// Leave zeros out of the sum.
pub fn effective_rank(spectrum: &[f64]) -> Result<f64> {
    // BEGIN SOLUTION 6: exponential of the entropy
    let sum: f64 = spectrum.iter().sum();
    let sound = spectrum.iter().all(|value| *value >= 0.0) && sum > 0.0 && sum.is_finite();
    if !sound {
        bail!("effective_rank: expected values of 0 or more, and one above, got {spectrum:?}");
    }
    let entropy = |value: &f64| -(value / sum) * (value / sum).ln();
    Ok(spectrum.iter().filter(|value| **value > 0.0).map(entropy).sum::<f64>().exp())
    // END SOLUTION
}

/// Exercise 7: directions along which embeddings are looked at (SIGReg).
///
/// `count` columns of length 1, each drawn independently and uniformly from all directions in `width` dimensions.
///
/// # Shapes
/// → `[width, count]`, on the CPU
///
/// # Hint
/// Independent normal numbers prefer no direction, unlike uniform ones. `rand_distr::StandardNormal` is at hand: `rng.sample(StandardNormal)`.
/// Then divide each column by its length.
pub fn random_directions(width: usize, count: usize, rng: &mut Rng) -> Result<Tensor> {
    // BEGIN SOLUTION 7: normal numbers, columns of length 1
    let numbers: Vec<f32> = (0..width * count).map(|_| rng.sample(rand_distr::StandardNormal)).collect();
    let columns = Tensor::from_vec(numbers, (width, count), &candle_core::Device::Cpu)?;
    columns.broadcast_div(&columns.sqr()?.sum_keepdim(0)?.sqrt()?)
    // END SOLUTION
}

/// Exercise 8: how far embeddings are from a standard Gaussian, seen along directions (SIGReg's choice, the test of Epps and Pulley 1983).
///
/// Let x be the projections of B embeddings on one direction, which is taken as it is. Their characteristic function is compared with the Gaussian's, e^(−t²/2), at 17
/// points t = 0, 3/16, …, 3:
///
/// ```text
/// e(t) = ( 1/B · Σ_b cos(t · x[b]) − e^(−t²/2) )² + ( 1/B · Σ_b sin(t · x[b]) )²
/// statistic = B · Σ_t w(t) · e^(−t²/2) · e(t)
/// ```
///
/// where w(t) is 3/8 for all points but the first and the last, which have 3/16: the trapezoidal rule from −3 to 3, as both halves are alike. The
/// result is the mean of the statistic over the directions.
///
/// # Shapes
/// Embeddings `[B, D]` and directions `[D, M]` → a number `[]`.
///
/// # Errors
/// A rank other than 2; directions of another width.
///
/// # Hint
/// All projections are one matrix product `[B, M]`. A loop over the 17 points is short, and fast enough.
pub fn sigreg(z: &Tensor, directions: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 8: characteristic functions at 17 points
    let (batch, _) = z.dims2()?;
    directions.dims2()?;
    let x = z.matmul(directions)?; // [B, M]
    let point = |k: usize| {
        let t = 3.0 * k as f64 / 16.0;
        let gaussian = (-t * t / 2.0).exp();
        let angles = (&x * t)?;
        let error = ((angles.cos()?.mean(0)? - gaussian)?.sqr()? + angles.sin()?.mean(0)?.sqr()?)?; // [M]
        let weight = if k == 0 || k == 16 { 3.0 / 16.0 } else { 3.0 / 8.0 };
        error.mean_all()? * (weight * gaussian * batch as f64)
    };
    Tensor::stack(&(0..=16).map(point).collect::<Result<Vec<_>>>()?, 0)?.sum_all()
    // END SOLUTION
}

/// Exercise 9: the loss of SIGReg for two views or more (LeJEPA).
///
/// ```text
/// z̄ = 1/V · Σᵥ zᵥ
/// loss = (1 − λ) · 1/(V·B·D) · Σᵥ Σ (zᵥ − z̄)² + λ · 1/V · Σᵥ SIGReg(zᵥ)
/// ```
///
/// with [`sigreg`] of each view by itself, along the same directions. Gradients reach all views.
///
/// # Shapes
/// V times `[B, D]`, and directions `[D, M]` → a number `[]`.
///
/// # Errors
/// Fewer than two views; shapes that differ; a λ that is not in [0, 1].
///
/// # Hint
/// `Tensor::stack` makes one tensor of all views.
pub fn sigreg_loss(views: &[Tensor], directions: &Tensor, lambda: f64) -> Result<Tensor> {
    // BEGIN SOLUTION 9: views agree, and each is Gaussian
    if views.len() < 2 || !(0.0..=1.0).contains(&lambda) {
        bail!("sigreg_loss: expected two views or more and λ from 0 to 1, got {} views and {lambda}", views.len());
    }
    let all = Tensor::stack(views, 0)?; // [V, B, D]
    let invariance = all.broadcast_sub(&all.mean_keepdim(0)?)?.sqr()?.mean_all()?;
    let tests = views.iter().map(|z| sigreg(z, directions)).collect::<Result<Vec<_>>>()?;
    (invariance * (1.0 - lambda))? + (Tensor::stack(&tests, 0)?.mean(D::Minus1)? * lambda)?
    // END SOLUTION
}
