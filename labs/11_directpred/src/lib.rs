//! Lab 11: DirectPred (Tian, Chen and Ganguli 2021, *Understanding self-supervised learning dynamics without contrastive pairs*).
//!
//! Why does BYOL not collapse? In a linear network the question can be answered with pencil and paper, and the answer says what the predictor has to
//! be: it need not be learned. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use candle_core::{D, DType, Device, Result, Tensor, bail};
use nalgebra::{DMatrix, SymmetricEigen};
use ssl_nn::{Encode, Optimizer, Params, trailing_average};

/// Eigenvalues of a symmetric matrix `[D, D]`, and its eigenvectors as columns of a matrix `[D, D]`, in the same order.
///
/// # Errors
/// A matrix that is not square, or whose numbers are not all finite.
pub fn symmetric_eigen(matrix: &Tensor) -> Result<(Vec<f64>, Tensor)> {
    let side = square(matrix)?;
    let numbers: Vec<f64> = matrix.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
    // With NaN the decomposition never ends.
    if numbers.iter().any(|number| !number.is_finite()) {
        bail!("symmetric_eigen: expected finite numbers, got NaN or infinity");
    }
    let eigen = SymmetricEigen::new(DMatrix::from_row_slice(side, side, &numbers));
    let columns: Vec<f64> = eigen.eigenvectors.transpose().as_slice().to_vec();
    let vectors = Tensor::from_vec(columns, (side, side), &Device::Cpu)?.to_dtype(matrix.dtype())?;
    Ok((eigen.eigenvalues.as_slice().to_vec(), vectors.to_device(matrix.device())?))
}

/// The side of a square matrix.
fn square(matrix: &Tensor) -> Result<usize> {
    match matrix.dims2()? {
        (rows, columns) if rows == columns => Ok(rows),
        _ => bail!("expected a square matrix, got {:?}", matrix.dims()),
    }
}

/// Exercise 1: how features go together, remembered over the batches (DirectPred, section 4).
///
/// ```text
/// F ← ρ · F + (1 − ρ) · 1/B · Σᵢ fᵢ fᵢᵀ
/// ```
///
/// The mean of f is not subtracted, and f is a constant: nothing of its graph stays.
///
/// # Shapes
/// F `[D, D]`, features f `[B, D]` → `[D, D]`.
///
/// # Errors
/// A ρ that is not in [0, 1]; an F of another width, or one that is not square; features of a rank other than 2, or none at all.
///
/// # Hint
/// The sum of all fᵢ fᵢᵀ is one matrix product.
pub fn correlation_ema(correlation: &Tensor, f: &Tensor, rho: f64) -> Result<Tensor> {
    todo!("exercise 1: moving average of the mean outer product")
}

/// Exercise 2: the predictor that the theory asks for (DirectPred, section 4, scaled as its authors' code has it).
///
/// ```text
/// F = U · diag(s) · Uᵀ,     p[j] = √( max(0, s[j]) / max s ) + ε,     W_p = U · diag(p) · Uᵀ
/// ```
///
/// Its eigenvectors are those of F, its eigenvalues the roots.
///
/// # Shapes
/// F `[D, D]`, symmetric → W_p `[D, D]`.
///
/// # Errors
/// A matrix that is not square; one without an eigenvalue above 0.
///
/// # Hint
/// [`symmetric_eigen`] gives s and U, with eigenvectors in columns. Rounding makes eigenvalues that should be 0 a little negative.
pub fn eigen_predictor(correlation: &Tensor, epsilon: f64) -> Result<Tensor> {
    todo!("exercise 2: roots of eigenvalues along the eigenvectors")
}

/// Exercise 3: nearly as good, and without eigenvectors (DirectCopy, Wang et al. 2021).
///
/// ```text
/// W_p = F / max s + ε · I
/// ```
///
/// with the greatest eigenvalue of F.
///
/// # Shapes
/// F `[D, D]`, symmetric → W_p `[D, D]`.
///
/// # Errors
/// As exercise 2.
///
/// # Hint
/// `Tensor::eye` is I.
pub fn direct_copy(correlation: &Tensor, epsilon: f64) -> Result<Tensor> {
    todo!("exercise 3: the correlation by its greatest eigenvalue")
}

/// Exercise 4: whether a predictor has the eigenvectors of F (DirectPred, section 3).
///
/// ```text
/// alignment = Σⱼ s[j] · cos(uⱼ, W_p uⱼ) / Σⱼ s[j],     cos(x, y) = xᵀy / (‖x‖ · ‖y‖)
/// ```
///
/// over the eigenvectors uⱼ of F; negative `s[j]` count as 0. It is 1 where all directions that features use are eigenvectors of W_p with eigenvalues above 0. A
/// W_p uⱼ of length 0 has the cosine 0.
///
/// # Shapes
/// W_p and F `[D, D]`, F symmetric → a number.
///
/// # Errors
/// Matrices that are not square, or of different sides; an F without an eigenvalue above 0.
///
/// # Hint
/// All W_p uⱼ are the columns of one product. W_p need not be symmetric.
pub fn alignment(w: &Tensor, correlation: &Tensor) -> Result<f64> {
    todo!("exercise 4: cosines of eigenvectors and their images")
}

/// How fast everything moves in the linear network: the paper's α_p, η, β and σ².
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// α_p: how much faster the predictor learns than the network.
    pub predictor: f64,
    /// η: weight decay.
    pub decay: f64,
    /// β: how fast the target follows.
    pub target: f64,
    /// σ²: variance of the augmentations beside that of the images.
    pub noise: f64,
}

/// BYOL with nothing but linear layers; all tensors hold `f64`.
#[derive(Clone, Debug)]
pub struct LinearByol {
    /// W `[D, N]`, from images to features.
    pub online: Tensor,
    /// W_p `[D, D]`
    pub predictor: Tensor,
    /// W_a `[D, N]`
    pub target: Tensor,
}

/// Exercise 5: a small step of gradient descent of linear BYOL, in expectation over images and views (DirectPred, section 3).
///
/// ```text
/// E   = W_a X − W_p W (X + X')
/// W   ← W   + dt · ( W_pᵀ E − η W )
/// W_p ← W_p + dt · ( α_p E Wᵀ − η W_p )
/// W_a ← W_a + dt · β (W − W_a)
/// ```
///
/// X `[N, N]` is the correlation of images (of the mean over their views), X' that of what views add. All right sides have the values before the
/// step. [`Rates::noise`] is not needed here: it is in X'.
///
/// # Errors
/// Shapes that do not fit.
///
/// # Hint
/// E is what the prediction lacks. Compute it once, from the old values.
pub fn linear_byol_step(byol: &LinearByol, x: &Tensor, x_views: &Tensor, rates: &Rates, dt: f64) -> Result<LinearByol> {
    todo!("exercise 5: Euler's step of three matrices")
}

/// One direction of the linear network: eigenvalues p of the predictor and s of the features' correlation, and how long the target's weights
/// are beside the online ones, τ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mode {
    /// Eigenvalue of W_p.
    pub p: f64,
    /// Eigenvalue of F = W X Wᵀ.
    pub s: f64,
    /// τ of W_a = τ W.
    pub tau: f64,
}

/// Exercise 6: how one direction moves where predictor and correlation share their eigenvectors and X = I, X' = σ² I (DirectPred, section 3).
///
/// ```text
/// ṗ = α_p s ( τ − (1 + σ²) p ) − η p
/// ṡ = 2 p s ( τ − (1 + σ²) p ) − 2 η s
/// τ̇ = β (1 − τ) − τ ṡ / (2 s)
/// ```
///
/// # Shapes
/// A mode with s above 0 → its slopes, in the same places.
///
/// # Hint
/// s is of second order in W: that is where the factors of 2 in ṡ come from.
pub fn eigen_flow(mode: &Mode, rates: &Rates) -> Mode {
    todo!("exercise 6: slopes of p, s and τ")
}

/// Exercise 7: where the predictor's eigenvalue comes to rest (DirectPred, section 3).
///
/// With s = p²/α_p, which weight decay leads to, and τ held fixed, the first equation of exercise 6 has a rest at p = 0, the collapse, and two more
/// where
///
/// ```text
/// (1 + σ²) p² − τ p + η = 0
/// ```
///
/// The lower one is a ridge: below it, p falls to 0 (without weight decay it is 0 itself). The upper one is stable. With more weight decay than
/// η = τ² / (4 (1 + σ²)) there is neither, and everything collapses.
///
/// # Shapes
/// → the lower and the upper rest, or `None` where there are none.
///
/// # Hint
/// Where both fall together, at exactly that η, they are the same number twice.
pub fn equilibria(tau: f64, noise: f64, decay: f64) -> Option<(f64, f64)> {
    todo!("exercise 7: roots of a quadratic equation")
}

/// BYOL's loss of predictions and targets `[B, D]`, which are constants (lab 07): the mean of ‖p̂ − t̂‖².
///
/// # Errors
/// Shapes that differ.
pub fn byol_loss(p: &Tensor, t: &Tensor) -> Result<Tensor> {
    let unit = |x: &Tensor| x.broadcast_div(&(x.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?);
    (unit(p)? - unit(&t.detach())?)?.sqr()?.sum(D::Minus1)?.mean_all()
}

/// What a training step is given, besides the optimizer.
pub struct Step<'a> {
    /// The online network: images and whether to train → features f.
    pub online: &'a Encode<'a>,
    /// The target network, likewise.
    pub target: &'a Encode<'a>,
    /// The online network's weights.
    pub online_params: &'a Params,
    /// The target's.
    pub target_params: &'a Params,
    /// Two views of a batch, each `[B, 3, H, W]`.
    pub views: [&'a Tensor; 2],
    /// From the correlation F to the predictor W_p, such as exercise 2.
    pub predictor: &'a dyn Fn(&Tensor) -> Result<Tensor>,
    /// ρ of the correlation.
    pub rho: f64,
    /// How much of the old target stays.
    pub momentum: f64,
    /// The learning rate of this step.
    pub learning_rate: f64,
}

/// Exercise 8: one step of BYOL whose predictor is not learned (DirectPred, section 4).
///
/// 1. Both views go through the online network, each by itself and in their order.
/// 2. The correlation takes in the features of both views, as one batch of 2B (exercise 1).
/// 3. `step.predictor` makes W_p of the new correlation; predictions are W_p fᵢ. W_p is a constant.
/// 4. Both views go through the target network, in the same way.
/// 5. The loss is [`byol_loss`] of the first view's prediction and the second view's target, plus that the other way round.
/// 6. One update of the online network with `step.learning_rate`; then [`trailing_average`] with `step.momentum`.
///
/// All networks are in training mode.
///
/// # Shapes
/// The correlation `[D, D]`, which is replaced by the new one, without its graph → the loss before the update, as a number.
///
/// # Errors
/// What the functions report; the correlation must not change then.
///
/// # Hint
/// Features are rows: what is W_p fᵢ for all rows at once?
pub fn directpred_step(step: &Step, correlation: &mut Tensor, optimizer: &mut dyn Optimizer) -> Result<f64> {
    todo!("exercise 8: predict with the eigenvectors of the features")
}
