//! Lab 07: BYOL and SimSiam (Grill et al. 2020; Chen and He 2021).
//!
//! Two views of an image, and one is to predict the other: no negatives, nothing that pushes images apart. Why do not all images end in one
//! point? The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

use std::f64::consts::PI;

use candle_core::{D, Result, Tensor, bail};
use ssl_nn::layers::BatchNorm;
use ssl_nn::{Encode, Linear, Optimizer, Params, ops};

// BEGIN SOLUTION helper
/// Rows of length 1.
fn unit(x: &Tensor) -> Result<Tensor> {
    x.broadcast_div(&(x.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?)
}
// END SOLUTION

/// Exercise 1: how far predictions are from what they are to predict (SimSiam, equation 1).
///
/// ```text
/// x̂ = x / √(Σₖ x[k]² + 1e-12),   D(p, z) = −1/B · Σᵢ p̂ᵢ · ẑᵢ
/// ```
///
/// z is taken for a constant: gradients reach p alone (*stop-gradient*).
///
/// # Shapes
/// p and z `[B, D]` → a number `[]`.
///
/// # Units
/// From −1 (the same direction) to 1.
///
/// # Errors
/// A rank other than 2; shapes that differ.
///
/// # Hint
/// `detach` ends a graph. A dot product of rows is a product and a sum over the last axis.
pub fn negative_cosine(p: &Tensor, z: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 1: mean cosine with a constant, negative
    p.dims2()?;
    if p.dims() != z.dims() {
        bail!("negative_cosine: p is {:?}, z {:?}", p.dims(), z.dims());
    }
    (unit(p)? * unit(&z.detach())?)?.sum(D::Minus1)?.mean_all()?.neg()
    // END SOLUTION
}

/// Exercise 2: the predictor, an MLP with batch norm in its hidden layer (SimSiam, section 3; BYOL, section 3.3).
///
/// ```text
/// p = W₂ · max(0, BN(W₁ · z)) + b₂
/// ```
///
/// SimSiam's hidden layer is a bottleneck, narrower than z; BYOL's is wider.
pub struct Predictor {
    hidden: Linear,
    /// Batch norm alone, without a ReLU.
    norm: BatchNorm,
    output: Linear,
}

impl Predictor {
    /// A predictor for embeddings of `width` numbers, with a hidden layer of `hidden`. Its weights live in `params` under `hidden`, `norm` and
    /// `output`.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn new(width: usize, hidden: usize, params: &Params) -> Result<Self> {
        Ok(Self {
            hidden: Linear::without_bias(width, hidden, &params.pp("hidden"))?,
            norm: BatchNorm::new(hidden, false, &params.pp("norm"))?,
            output: Linear::new(hidden, width, &params.pp("output"))?,
        })
    }

    /// Predictions p of embeddings z: what exercise 2 asks for. `train` is for batch norm.
    ///
    /// # Shapes
    /// `[B, width]` → `[B, width]`.
    ///
    /// # Errors
    /// Another width.
    ///
    /// # Hint
    /// Where does the ReLU stand, before or after batch norm? `ops::relu` is the course's fast one.
    pub fn forward(&self, z: &Tensor, train: bool) -> Result<Tensor> {
        // BEGIN SOLUTION 2: linear, batch norm, ReLU, linear
        let hidden = self.norm.forward(&self.hidden.forward(z)?, train)?;
        self.output.forward(&ops::relu(&hidden)?)
        // END SOLUTION
    }
}

/// Exercise 3: SimSiam's loss of two views or more (SimSiam, equation 4; Pototzky et al. 2022, *FastSiam*, for more than two).
///
/// Each view's prediction is compared with the mean of all *other* views' embeddings:
///
/// ```text
/// loss = 1/V · Σᵥ D(pᵥ, 1/(V − 1) · Σ_{u ≠ v} zᵤ)
/// ```
///
/// with D of exercise 1, so that no gradient reaches any z. For two views that is ½ D(p₁, z₂) + ½ D(p₂, z₁). The mean is that of the z as they are,
/// not of their directions.
///
/// # Shapes
/// V predictions and V embeddings, each `[B, D]` → a number `[]`.
///
/// # Errors
/// Fewer than two views; another number of embeddings than predictions; shapes that differ.
///
/// # Hint
/// The sum over the other views is the sum over all of them less one.
pub fn simsiam_loss(predictions: &[Tensor], embeddings: &[Tensor]) -> Result<Tensor> {
    // BEGIN SOLUTION 3: each view predicts the mean of the others
    let views = predictions.len();
    if views < 2 || embeddings.len() != views {
        bail!("simsiam_loss expects two views or more, got {views} predictions and {} embeddings", embeddings.len());
    }
    let all = Tensor::stack(embeddings, 0)?.sum(0)?; // [B, D]
    let one = |(p, z): (&Tensor, &Tensor)| negative_cosine(p, &((&all - z)? / (views - 1) as f64)?);
    let losses = predictions.iter().zip(embeddings).map(one).collect::<Result<Vec<_>>>()?;
    Tensor::stack(&losses, 0)?.mean_all()
    // END SOLUTION
}

/// Exercise 4: BYOL's loss of two views (BYOL, equation 2 and below it: both directions, summed).
///
/// ```text
/// loss = 1/B · Σᵢ ( ‖p̂ₐᵢ − t̂ᵦᵢ‖² + ‖p̂ᵦᵢ − t̂ₐᵢ‖² )
/// ```
///
/// with x̂ as in exercise 1. p are the online network's predictions, t the target network's embeddings, which are constants.
///
/// # Shapes
/// Four times `[B, D]` → a number `[]`.
///
/// # Units
/// From 0 to 8; 4 where predictions and targets are at right angles.
///
/// # Errors
/// A rank other than 2; shapes that differ.
///
/// # Hint
/// What is ‖x − y‖² for two vectors of length 1, by their cosine? Exercise 1 has it.
pub fn byol_loss(p_a: &Tensor, p_b: &Tensor, t_a: &Tensor, t_b: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 4: 2 − 2 cos, in both directions
    if p_a.shape() != p_b.shape() {
        bail!("byol_loss: predictions {:?} and {:?}", p_a.dims(), p_b.dims());
    }
    let cosines = (negative_cosine(p_a, t_b)? + negative_cosine(p_b, t_a)?)?;
    cosines.affine(2.0, 4.0)
    // END SOLUTION
}

/// Exercise 5: the target network follows the online network (BYOL, equation 1).
///
/// ```text
/// weights:  θ_target ← m · θ_target + (1 − m) · θ_online
/// buffers:  those of the online network, as they are
/// ```
///
/// for all trainable parameters, paired by their names below each branch, and for all buffers (the running statistics of batch norm). The online
/// network stays as it is.
///
/// # Errors
/// A momentum that is not in [0, 1]; branches whose names or shapes do not agree. The target must not change then.
///
/// # Hint
/// [`Params::pairs`] and [`Params::buffer_pairs`] pair by name. `Var::set` copies a value into a variable; `as_detached_tensor` leaves the graph
/// behind.
pub fn ema_update(target: &Params, online: &Params, momentum: f64) -> Result<()> {
    // BEGIN SOLUTION 5: moving average of weights, copies of buffers
    if !(0.0..=1.0).contains(&momentum) {
        bail!("ema_update: expected a momentum from 0 to 1, got {momentum}");
    }
    let (weights, buffers) = (target.pairs(online)?, target.buffer_pairs(online)?);
    for (target, online) in weights {
        let old = (target.as_detached_tensor() * momentum)?;
        target.set(&(old + (online.as_detached_tensor() * (1.0 - momentum))?)?)?;
    }
    for (target, online) in buffers {
        target.set(&online.as_detached_tensor())?;
    }
    Ok(())
    // END SOLUTION
}

/// Exercise 6: the target's momentum at a step, counted from 0 (BYOL, section 3.3).
///
/// ```text
/// m = 1 − (1 − base) · (cos(π · step / total) + 1) / 2
/// ```
///
/// from `base` at the first step to 1 at `total`: the target slows down until it stands still.
///
/// # Hint
/// Check three steps by hand: 0, half of `total`, `total`.
pub fn momentum_at(step: usize, total: usize, base: f64) -> f64 {
    // BEGIN SOLUTION 6: half a cosine from base to 1
    1.0 - (1.0 - base) * ((PI * step as f64 / total as f64).cos() + 1.0) / 2.0
    // END SOLUTION
}

/// Exercise 7: how far embeddings are from lying on one point (SimSiam, section 4.1).
///
/// ```text
/// level = √D · 1/D · Σₖ std over i of ẑᵢ[k]
/// ```
///
/// with ẑ as in exercise 1 and the population's standard deviation (divided by B). It is near 1 where directions are spread evenly and 0 where all
/// embeddings point the same way, or where there is one embedding only. Their lengths do not matter.
///
/// # Shapes
/// `[B, D]` → a number.
///
/// # Errors
/// A rank other than 2.
///
/// # Hint
/// Over which axis is the standard deviation, and over which the mean?
pub fn collapse_level(z: &Tensor) -> Result<f64> {
    // BEGIN SOLUTION 7: spread of every channel of the directions
    let (_, width) = z.dims2()?;
    let z = unit(z)?;
    let variance = z.broadcast_sub(&z.mean_keepdim(0)?)?.sqr()?.mean(0)?; // [D]
    Ok(f64::from(variance.sqrt()?.mean_all()?.to_scalar::<f32>()?) * (width as f64).sqrt())
    // END SOLUTION
}

/// What a training step of either method is given, besides the optimizer.
pub struct Step<'a> {
    /// Backbone and projector: images and whether to train → embeddings z.
    pub embed: &'a Encode<'a>,
    /// The predictor: embeddings z and whether to train → predictions p.
    pub predict: &'a Encode<'a>,
    /// Views of a batch, each `[B, 3, H, W]`.
    pub views: &'a [Tensor],
    /// The learning rate of this step.
    pub learning_rate: f64,
}

/// BYOL's second network.
pub struct Target<'a> {
    /// Its backbone and projector: images and whether to train → embeddings.
    pub embed: &'a Encode<'a>,
    /// Its weights.
    pub params: &'a Params,
    /// Those of the online network that it follows.
    pub online: &'a Params,
    /// How much of the old target stays.
    pub momentum: f64,
}

/// Exercise 8: one step of SimSiam (algorithm 1 of the paper).
///
/// Each view goes through the network by itself, one after the other in their order, first `embed`, then `predict`: batch norm sees one view at a
/// time. Then the loss of exercise 3, its gradients, and one update with `step.learning_rate`.
///
/// # Shapes
/// Two views or more → the loss before the update, as a number.
///
/// # Errors
/// What the functions report.
///
/// # Hint
/// Everything is in training mode. `optimizer.backward_step` computes gradients and updates.
pub fn simsiam_step(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    // BEGIN SOLUTION 8: predict each view from the others, one update
    let (mut embeddings, mut predictions) = (Vec::new(), Vec::new());
    for view in step.views {
        let z = (step.embed)(view, true)?; // [B, D]
        predictions.push((step.predict)(&z, true)?); // [B, D]
        embeddings.push(z);
    }
    let loss = simsiam_loss(&predictions, &embeddings)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
    // END SOLUTION
}

/// Exercise 9: one step of BYOL (algorithm 1 of its appendix).
///
/// Both views go through the online network, each by itself and in their order, first `embed`, then `predict`; and likewise through the target's
/// `embed`, in training mode, too. Then the loss of exercise 4, its gradients, one update of the online network with `step.learning_rate`, and
/// *after* it the target follows with its momentum (exercise 5).
///
/// # Shapes
/// Two views → the loss before the update, as a number.
///
/// # Errors
/// Another number of views than two; what the functions report.
///
/// # Hint
/// The target has no predictor. When must it follow: before the optimizer's step, or after?
pub fn byol_step(step: &Step, target: &Target, optimizer: &mut dyn Optimizer) -> Result<f64> {
    // BEGIN SOLUTION 9: predict the target of the other view, one update, and the target follows
    let [view_a, view_b] = step.views else { bail!("byol_step expects two views, got {}", step.views.len()) };
    let online = |view: &Tensor| (step.predict)(&(step.embed)(view, true)?, true);
    let (p_a, p_b) = (online(view_a)?, online(view_b)?); // [B, D]
    let (t_a, t_b) = ((target.embed)(view_a, true)?, (target.embed)(view_b, true)?); // [B, D]
    let loss = byol_loss(&p_a, &p_b, &t_a, &t_b)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    ema_update(target.params, target.online, target.momentum)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
    // END SOLUTION
}
