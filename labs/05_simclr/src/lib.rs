//! Lab 05: SimCLR (Chen, Kornblith, Norouzi and Hinton 2020).
//!
//! Two random views of an image, one network with a projection head, and a loss that brings the two together: everything between
//! an image and a trained backbone. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use std::f64::consts::PI;

use candle_core::backprop::GradStore;
use candle_core::{D, Result, Tensor, bail};
use rand::Rng as _;
use ssl_data::Rng;
use ssl_data::augment::CropBox;
use ssl_nn::{Encode, Linear, Optimizer, Params, ops};

/// A random change of an image: pixels `[3, H, W]` and random numbers in, pixels out.
pub type Transform<'a> = dyn Fn(&Tensor, &mut Rng) -> Result<Tensor> + Sync + 'a;

/// A projection head as others see it: features h `[B, D]` → embeddings z.
pub type Project<'a> = dyn Fn(&Tensor) -> Result<Tensor> + 'a;

/// Exercise 1: a random box to cut out of an image, as Inception and torchvision's `RandomResizedCrop` draw it (appendix A of
/// the paper).
///
/// ```text
/// area  = height · width · u,   u uniform in scale
/// ratio = exp(v),               v uniform in [ln ratio.0, ln ratio.1]
/// box   = round(√(area · ratio)) wide and round(√(area / ratio)) high
/// ```
///
/// in a place that is uniform among all those where the box lies inside the image. Where the box has no pixels or does not fit,
/// draw area and ratio again; after ten tries take the largest box whose ratio is allowed (one side is the image's, the other is
/// rounded), in the center of the image: at row (height − its height) / 2 and column (width − its width) / 2, rounded down.
///
/// All random numbers come from `rng`: the same state of it gives the same box.
///
/// # Units
/// Pixels; `scale` in shares of the image's area, `ratio` as width ÷ height.
///
/// # Hint
/// `rng.random_range(a..=b)` is uniform. Of which quantity: the side or the area, the ratio or its logarithm?
pub fn crop_box(rng: &mut Rng, height: usize, width: usize, scale: (f64, f64), ratio: (f64, f64)) -> CropBox {
    todo!("exercise 1: draw a box; after ten tries take the center")
}

/// Exercise 2: an augmentation that is made of steps, in their order, each with its own probability (section 3 of the paper).
///
/// Every step has a random number of its own, from `rng`, that decides whether it is taken.
///
/// # Shapes
/// An image `[3, H, W]` → what the last step gives.
///
/// # Units
/// Probabilities in [0, 1]: at 0 a step is never taken, at 1 always.
///
/// # Errors
/// What a step reports.
///
/// # Hint
/// `rng.random_bool(p)` is true with probability p.
pub fn augment(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    todo!("exercise 2: every step in turn, or not")
}

/// Exercise 3: two views of an image, drawn independently of each other (figure 2 of the paper: t and t′), with random numbers from
/// `rng`.
///
/// # Shapes
/// An image `[3, H, W]` → two views.
///
/// # Errors
/// What `transform` reports.
///
/// # Hint
/// Every call with the same `rng` goes on where the last one stopped; a clone of `rng` repeats it.
pub fn two_views(transform: &Transform, image: &Tensor, rng: &mut Rng) -> Result<(Tensor, Tensor)> {
    todo!("exercise 3: two draws")
}

/// Exercise 4: the projection head g, an MLP with one hidden layer (section 2.1 of the paper).
///
/// ```text
/// z = g(h) = W₂ · max(0, W₁ · h + b₁) + b₂
/// ```
pub struct ProjectionHead {
    hidden: Linear,
    output: Linear,
}

impl ProjectionHead {
    /// A head for `features` numbers, with a hidden layer and an output of the given widths. Its weights live in `params` under
    /// `hidden` and `output`.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn new(features: usize, hidden: usize, output: usize, params: &Params) -> Result<Self> {
        Ok(Self {
            hidden: Linear::new(features, hidden, &params.pp("hidden"))?,
            output: Linear::new(hidden, output, &params.pp("output"))?,
        })
    }

    /// Embeddings z of features h: what exercise 4 asks for.
    ///
    /// # Shapes
    /// `[B, features]` → `[B, output]`.
    ///
    /// # Errors
    /// Another width.
    ///
    /// # Hint
    /// What would two linear layers be without anything between them? And what would a ReLU after the last do to cosines?
    pub fn forward(&self, h: &Tensor) -> Result<Tensor> {
        todo!("exercise 4: linear, ReLU, linear")
    }
}

/// Exercise 5: NT-Xent, the loss of a batch of pairs, with one matrix product (equation 1 and algorithm 1 of the paper).
///
/// Rows i and i + N of z are the two views of image i; p(i) is the partner of row i.
///
/// ```text
/// ẑ = z / √(Σₖ z[k]² + 1e-12),   S = ẑ · ẑᵀ / τ,   loss = 1/2N · Σᵢ ( log Σ_{j ≠ i} exp(S[i, j]) − S[i, p(i)] )
/// ```
///
/// # Shapes
/// `[2N, D]` → a number `[]`.
///
/// # Units
/// Nats.
///
/// # Errors
/// An odd number of rows.
///
/// # Hint
/// This is lab 04's `info_nce` with the views already put together: you may copy yours. Mask the diagonal, then `log_softmax`, then
/// pick one column of each row with `gather`.
pub fn nt_xent(z: &Tensor, temperature: f64) -> Result<Tensor> {
    todo!("exercise 5: cosines in one product, the diagonal masked, the partner's log probability")
}

/// Exercise 6: the gradient of NT-Xent, by hand: what `backward` computes for exercise 5.
///
/// With P the softmax of each row of S without its diagonal, and Y the matrix with a 1 at each (i, p(i)),
///
/// ```text
/// ∂L/∂S = (P − Y) / 2N,   G = ∂L/∂ẑ = (∂L/∂S + (∂L/∂S)ᵀ) · ẑ / τ,   ∂L/∂zᵢ = (Gᵢ − ẑᵢ · (ẑᵢ · Gᵢ)) / ‖zᵢ‖
/// ```
///
/// A positive pulls (P − Y is negative there), every negative pushes as hard as it is probable; what would only change the length
/// of zᵢ is taken out. The length ‖zᵢ‖ is √(Σₖ zᵢₖ² + 1e-12). Exercise 10 needs this gradient.
///
/// # Shapes
/// `[2N, D]` → `[2N, D]`.
///
/// # Errors
/// An odd number of rows.
///
/// # Hint
/// S is symmetric, but P is not: z is an anchor once and a column of every other row.
pub fn nt_xent_gradient(z: &Tensor, temperature: f64) -> Result<Tensor> {
    todo!("exercise 6: from the logits back to the embeddings")
}

/// What a training step is given, besides the optimizer.
pub struct Step<'a> {
    /// The backbone: images and whether to train → features h.
    pub encode: &'a Encode<'a>,
    /// The head: features h → embeddings z.
    pub project: &'a Project<'a>,
    /// The first view of each image, `[N, 3, H, W]`.
    pub view_a: &'a Tensor,
    /// The second view of each image, `[N, 3, H, W]`.
    pub view_b: &'a Tensor,
    /// The temperature of the loss.
    pub temperature: f64,
    /// The learning rate of this step.
    pub learning_rate: f64,
}

/// Exercise 7: one step of training (algorithm 1 of the paper).
///
/// Both views go through backbone and head together, as one batch of 2N images, so that batch norm sees all of them at once. Then
/// the loss of exercise 5, its gradients, and one update of all weights with `step.learning_rate`.
///
/// # Shapes
/// Views `[N, 3, H, W]` each → the loss before the update, as a number.
///
/// # Errors
/// What the functions report.
///
/// # Hint
/// `encode(images, true)` trains. `Tensor::cat` along axis 0 puts the views in the order that exercise 5 expects, and
/// `optimizer.backward_step` does the rest.
pub fn train_step(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    todo!("exercise 7: both views in one batch, one update")
}

/// Exercise 8: the learning rate at a step, counted from 0 (section 2.2 and appendix B.6 of the paper).
///
/// ```text
/// η = base · batch / 256,   step < warmup:  η · (step + 1) / warmup
///                           else:           η · ½ · (1 + cos(π · (step − warmup) / (total − warmup)))
/// ```
///
/// # Units
/// `step`, `warmup` and `total` in steps; `batch` in images, of which each comes in two views.
///
/// # Hint
/// Check three steps by hand: the first, the one at which the warm-up ends, and `total`, where nothing is left.
pub fn learning_rate(step: usize, warmup: usize, total: usize, base: f64, batch: usize) -> f64 {
    todo!("exercise 8: linear scaling, linear warm-up, half a cosine")
}

/// Exercise 9: what a downstream task gets, and what the loss got (sections 2.1 and 4.2 of the paper).
///
/// The representation is h, the output of the backbone; the head is thrown away. For a comparison the embeddings z are wanted as
/// well. Both in evaluation mode, so that an image's features do not depend on the images beside it, and without a graph.
///
/// # Shapes
/// Images `[B, 3, H, W]` → (h `[B, D]`, z `[B, P]`).
///
/// # Errors
/// What `encode` and `project` report.
///
/// # Hint
/// Which of the two does the linear probe see? It comes first.
pub fn representation(encode: &Encode, project: &Project, images: &Tensor) -> Result<(Tensor, Tensor)> {
    todo!("exercise 9: h for the task, z to compare")
}

/// Exercise 10: the step of exercise 7 for a batch whose graph does not fit into memory (gradient caching; Gao, Zhang, Han and Callan
/// 2021, section 3).
///
/// The loss needs all embeddings at once, but they are small; what fills the memory is the graph that leads to them. So the batch
/// is cut into chunks of `chunk` images, of which the last may be smaller. With z the embeddings of all images and θ the weights,
///
/// ```text
/// ∂L/∂θ = Σ_c ∂⟨z_c, g_c⟩/∂θ,   g = ∂L/∂z held fixed
/// ```
///
/// where z_c are the embeddings of both views of a chunk, g_c their rows of g, and ⟨z, g⟩ the sum of all z · g.
///
/// 1. The first pass takes chunk after chunk, both views of it in one batch, as in exercise 7, and keeps the embeddings without
///    their graph. Together they are the 2N rows that exercise 5 expects: the first views of all images, then the second ones.
/// 2. Loss and g are those of the whole batch (exercises 5 and 6).
/// 3. The second pass takes the chunks again, in the same order, now with a graph, which lives until ⟨z_c, g_c⟩ has given its gradients:
///    at most two graphs are in memory at a time, a chunk's and what may be left of the one before it.
/// 4. All gradients are summed, and there is one update.
///
/// Both passes train: batch norm normalizes each chunk by statistics of its own, and its running ones move twice for each.
///
/// # Shapes
/// Views `[N, 3, H, W]` each → the loss of the whole batch before the update, as a number.
///
/// # Errors
/// A chunk of 0 images; what the functions report.
///
/// # Hint
/// `GradStore::default()` is empty, its `extend` adds the gradients of another one, and `optimizer.step` takes the sum. Of the
/// product z_c · g_c `backward` stores a gradient for g_c, too: it is z_c, and keeps its graph alive. `remove` it first. Call `backward` in
/// here: helpers at the top of the file count for exercise 6, which must do without.
pub fn cached_step(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    todo!("exercise 10: all embeddings, their gradient, then the network's chunk by chunk")
}
