//! Lab 08: evaluation (how the course, and the field, judge a representation).
//!
//! A backbone is frozen; what are its features good for? A linear probe, nearest neighbors, few labels, fine-tuning, segmentation, boxes: each asks another
//! question, and each has its own way to deceive. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use candle_core::{DType, Result, Tensor, bail};
use candle_nn::loss::cross_entropy;
use rand::seq::SliceRandom as _;
use ssl_data::Rng;
use ssl_nn::{Encode, Linear, Optimizer};

/// A backbone as this lab sees it: images `[B, C, H, W]` and whether to train → each block's maps, the shallowest first.
pub type Blocks<'a> = dyn Fn(&Tensor, bool) -> Result<Vec<Tensor>> + 'a;

/// Exercise 1: features of all images after a block of a backbone that no longer learns.
///
/// ```text
/// feature[c] = mean over all places of map c of block `depth`
/// ```
///
/// In evaluation mode, `batch` images at a time; only the last batch may be smaller. Nothing that is computed from the features may reach the
/// backbone's weights.
///
/// # Shapes
/// Images `[N, C, H, W]` → `[N, channels of the block]`. The first block is number 1.
///
/// # Errors
/// A batch of 0; a depth of 0 or beyond the last block; what `blocks` reports.
///
/// # Hint
/// This is lab 01's `frozen_features`, of which block `depth` is kept and averaged over its places.
pub fn frozen_features(blocks: &Blocks, images: &Tensor, depth: usize, batch: usize) -> Result<Tensor> {
    todo!("exercise 1: evaluation mode, batch by batch, one block, mean over places")
}

/// Exercise 2: features on a common scale, as learned from the training images alone.
///
/// ```text
/// x ← (x − μ) / σ,   μ and σ of each feature over the training images (σ² divided by N)
/// ```
///
/// A feature whose σ is below 1e-6 says nothing: it is shifted, and not divided.
///
/// # Shapes
/// `[N, D]` and `[M, D]` → the same two shapes.
///
/// # Errors
/// A rank other than 2; widths that differ.
///
/// # Hint
/// Whose mean is taken from the test features?
pub fn standardize(train: &Tensor, test: &Tensor) -> Result<(Tensor, Tensor)> {
    todo!("exercise 2: the training images' mean and deviation, for both")
}

/// Exercise 3: one epoch of a linear probe, a softmax regression on frozen features, in batches.
///
/// For each batch, in the order given: the mean cross-entropy of its rows' logits, and one update by the optimizer (which decays weights, too). The
/// features are constants, whatever they come with: a probe that trains its backbone is none.
///
/// # Shapes
/// features `[N, D]`, labels `[N]` of type `u32`; each batch holds numbers of rows, of which one may come twice or not at all. → the mean of the batches' losses, each before its update.
///
/// # Errors
/// Another number of labels than rows; no batches; a number that is not below N; what the optimizer reports.
///
/// # Hint
/// `index_select` picks the rows of a batch, of features and of labels; `optimizer.backward_step` does the rest.
pub fn probe_epoch(
    probe: &Linear,
    features: &Tensor,
    labels: &Tensor,
    batches: &[Vec<u32>],
    optimizer: &mut dyn Optimizer,
    learning_rate: f64,
) -> Result<f64> {
    todo!("exercise 3: batch by batch: rows, cross-entropy, update")
}

/// Exercise 4: how often the right class is among the k that are thought likeliest.
///
/// Of equal logits the class of the lower number comes first.
///
/// # Shapes
/// logits `[N, K]`, labels `[N]` of type `u32` → a number.
///
/// # Units
/// A fraction in [0, 1].
///
/// # Errors
/// A rank other than 2; another number of labels than rows; k = 0 or more than K.
///
/// # Hint
/// How many classes come before the right one?
pub fn top_k_accuracy(logits: &Tensor, labels: &Tensor, k: usize) -> Result<f64> {
    todo!("exercise 4: rows in which fewer than k classes come before the label")
}

/// Exercise 5: the classes of test features by the vote of their nearest neighbors (Wu et al. 2018, section 3.4).
///
/// ```text
/// x̂ = x / √(Σ x² + 1e-12),   votes[class] = Σ exp(x̂ · n̂ / T) over those of the k nearest training features n that are of this class
/// ```
///
/// Nearest are the k of greatest cosine x̂ · n̂. The class with most votes wins; of equal votes the lower number.
///
/// # Shapes
/// train `[N, D]` with one label a row, test `[M, D]` → M classes.
///
/// # Errors
/// A rank other than 2; widths that differ; another number of labels than rows; k = 0 or more than N; a temperature that is not positive.
///
/// # Hint
/// exp(1 / T) is greater than any `f32` from T = 0.0112 down, than any `f64` from 0.0014 down. Only ratios of a row's votes count: what may you take
/// away from its cosines?
pub fn knn_predict(train: &Tensor, labels: &[u32], test: &Tensor, k: usize, temperature: f64) -> Result<Vec<u32>> {
    todo!("exercise 5: cosines, the k greatest, weighted votes")
}

/// Exercise 6: a few labels, with the classes as they were in proportion.
///
/// Of a class of n images, max(1, round(`fraction` · n)) are drawn without replacement, every subset alike likely and each class for itself; halves are
/// rounded up. All random numbers come from `rng`.
///
/// # Shapes
/// One label an image → numbers of images, ascending.
///
/// # Units
/// A fraction in (0, 1].
///
/// # Errors
/// A fraction that is not above 0 or is above 1; no labels.
///
/// # Hint
/// Class by class, in a fixed order: a `HashMap` has another one each time. `shuffle` and `truncate` draw without replacement; `SliceRandom` is imported.
pub fn few_label_subset(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<Vec<usize>> {
    todo!("exercise 6: class by class, at least one of each")
}

/// Exercise 7: some training images are put aside, so that settings can be chosen without the test images.
///
/// Of a class of n ≥ 2 images, round(`fraction` · n) are drawn for validation as in exercise 6, but at least 1 and at most n − 1; an only image stays for
/// training.
/// All random numbers come from `rng`.
///
/// # Shapes
/// One label an image → (numbers for training, numbers for validation), each ascending; every image is in one of them.
///
/// # Units
/// A fraction in (0, 1).
///
/// # Errors
/// A fraction that is not above 0 or not below 1; no labels.
///
/// # Hint
/// `split_off` parts a shuffled list in two. `clamp` wants its bounds in order: what are they where n is 1?
pub fn validation_split(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<(Vec<usize>, Vec<usize>)> {
    todo!("exercise 7: class by class, some of each to either side")
}

/// Exercise 8: the setting that is best on the validation images, and what it reaches on the test images.
///
/// `validate` and `test` fit a probe with a setting and give its accuracy. Every candidate is validated once. The test images are asked once, about the winner:
/// whoever chooses by them reports an accuracy that new images will not have.
///
/// # Shapes
/// Candidates → (the one with the greatest validation accuracy, of equal ones the first; its test accuracy).
///
/// # Errors
/// No candidates; a validation accuracy that is NaN; what `validate` and `test` report.
///
/// # Hint
/// `>` keeps the first of equals, `>=` the last.
pub fn best_setting(
    candidates: &[f64],
    validate: &dyn Fn(f64) -> Result<f64>,
    test: &dyn Fn(f64) -> Result<f64>,
) -> Result<(f64, f64)> {
    todo!("exercise 8: the greatest validation accuracy, then one look at the test images")
}

/// What a step of fine-tuning is given, besides the optimizers.
pub struct FineTune<'a> {
    /// The backbone: images and whether to train → features h `[B, D]`.
    pub encode: &'a Encode<'a>,
    /// A linear layer on them, to logits.
    pub head: &'a Linear,
    /// `[B, C, H, W]`.
    pub images: &'a Tensor,
    /// `[B]` of type `u32`.
    pub labels: &'a Tensor,
    /// Learning rate of the backbone: small, or what it knows is lost before the head has learned anything.
    pub backbone_rate: f64,
    /// Learning rate of the head, which begins at random.
    pub head_rate: f64,
}

/// Exercise 9: one step of fine-tuning: the backbone is trained, too, and more gently than its new head.
///
/// The mean cross-entropy of the head's logits on the backbone's features in training mode; its gradients, computed once; one update of the backbone's
/// weights by `backbone` with `step.backbone_rate`, and one of the head's by `head` with `step.head_rate`.
///
/// # Shapes
/// → the loss before the update, as a number.
///
/// # Errors
/// Another number of labels than images; what backbone and optimizers report.
///
/// # Hint
/// `loss.backward()` gives all gradients; an optimizer's `step` takes them and changes the weights that it knows.
pub fn fine_tune_step(step: &FineTune, backbone: &mut dyn Optimizer, head: &mut dyn Optimizer) -> Result<f64> {
    todo!("exercise 9: one backward pass, two optimizers")
}

/// Exercise 10: how well predicted regions cover the true ones (mean intersection over union; Everingham et al. 2015, section 4.2).
///
/// ```text
/// IoU[c] = pixels that are c in both / pixels that are c in either,   counted over all images together
/// mean IoU = mean over the classes that occur in either
/// ```
///
/// # Shapes
/// Two class maps `[N, H, W]` of type `u32` → a number.
///
/// # Units
/// A fraction in [0, 1].
///
/// # Errors
/// Shapes that differ; a class that is not below `classes`; no pixels.
///
/// # Hint
/// |a ∪ b| = |a| + |b| − |a ∩ b|: three counts for each class.
pub fn mean_iou(predicted: &Tensor, truth: &Tensor, classes: usize) -> Result<f64> {
    todo!("exercise 10: intersections and unions over all images, mean over classes")
}

/// Exercise 11: how well predicted boxes cover the true ones.
///
/// A box is its top, left, bottom and right edge. One whose bottom is not below its top, or whose right edge is not right of its left, has area 0. Then
///
/// ```text
/// IoU = area of the common part / (area of a + area of b − area of the common part),   0 where both areas are 0
/// ```
///
/// # Shapes
/// `[N, 4]` twice → `[N]`, pair by pair.
///
/// # Units
/// A fraction in [0, 1]; edges in any unit.
///
/// # Errors
/// Shapes other than these, or that differ.
///
/// # Hint
/// Boxes that do not meet have a common part of negative height *or* width; and if both are negative?
pub fn box_iou(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    todo!("exercise 11: sides cut off at 0 before they are multiplied")
}
