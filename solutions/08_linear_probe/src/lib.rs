//! Lab 08: evaluation (how the course, and the field, judge a representation).
//!
//! A backbone is frozen; what are its features good for? A linear probe, nearest neighbors, few labels, fine-tuning, segmentation, boxes: each asks another
//! question, and each has its own way to deceive. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

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
    // BEGIN SOLUTION 1: evaluation mode, batch by batch, one block, mean over places
    if batch == 0 {
        bail!("frozen_features: a batch of 0");
    }
    let count = images.dims()[0];
    let mut features = Vec::with_capacity(count.div_ceil(batch));
    for first in (0..count).step_by(batch) {
        let maps = blocks(&images.narrow(0, first, batch.min(count - first))?, false)?;
        let Some(maps) = depth.checked_sub(1).and_then(|place| maps.get(place)) else {
            bail!("frozen_features: block {depth} of {}", maps.len());
        };
        features.push(maps.detach().mean((2, 3))?);
    }
    Tensor::cat(&features, 0) // [N, D]
    // END SOLUTION
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
    // BEGIN SOLUTION 2: the training images' mean and deviation, for both
    let ((_, width), (_, other)) = (train.dims2()?, test.dims2()?);
    if width != other {
        bail!("standardize: widths {width} and {other}");
    }
    let mean = train.mean_keepdim(0)?; // [1, D]
    let deviation = train.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?.sqrt()?;
    let says_nothing = deviation.lt(1e-6)?;
    let scale = says_nothing.where_cond(&deviation.ones_like()?, &deviation)?;
    let standard = |x: &Tensor| x.broadcast_sub(&mean)?.broadcast_div(&scale);
    Ok((standard(train)?, standard(test)?))
    // END SOLUTION
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
    // BEGIN SOLUTION 3: batch by batch: rows, cross-entropy, update
    let (count, _) = features.dims2()?;
    if labels.dims() != [count] || batches.is_empty() {
        bail!("probe_epoch: {count} rows, labels {:?}, {} batches", labels.dims(), batches.len());
    }
    let features = features.detach();
    let mut sum = 0.0;
    for batch in batches {
        if let Some(row) = batch.iter().find(|&&row| row as usize >= count) {
            bail!("probe_epoch: row {row} of {count}");
        }
        let rows = Tensor::new(batch.as_slice(), features.device())?;
        let logits = probe.forward(&features.index_select(&rows, 0)?)?; // [B, K]
        let loss = cross_entropy(&logits, &labels.index_select(&rows, 0)?)?;
        optimizer.backward_step(&loss, learning_rate)?;
        sum += f64::from(loss.to_scalar::<f32>()?);
    }
    Ok(sum / batches.len() as f64)
    // END SOLUTION
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
    // BEGIN SOLUTION 4: rows in which fewer than k classes come before the label
    let (count, classes) = logits.dims2()?;
    if labels.dims() != [count] || k == 0 || k > classes {
        bail!("top_k_accuracy: {count} rows of {classes} logits, labels {:?}, k = {k}", labels.dims());
    }
    let (logits, labels): (Vec<Vec<f32>>, Vec<u32>) = (logits.to_vec2()?, labels.to_vec1()?);
    let is_right = |(row, label): &(&Vec<f32>, &u32)| {
        let label = **label as usize;
        let Some(&own) = row.get(label) else { return false };
        let before = row.iter().enumerate().filter(|&(i, &value)| value > own || value == own && i < label);
        before.count() < k
    };
    Ok(logits.iter().zip(&labels).filter(is_right).count() as f64 / count as f64)
    // END SOLUTION
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
    // BEGIN SOLUTION 5: cosines, the k greatest, weighted votes
    let ((count, width), (_, other)) = (train.dims2()?, test.dims2()?);
    if labels.len() != count || width != other {
        bail!("knn_predict: {count} rows, {} labels; widths {width} and {other}", labels.len());
    }
    if k == 0 || k > count || temperature.is_nan() || temperature <= 0.0 {
        bail!("knn_predict: k = {k} of {count}, T = {temperature}");
    }
    let unit = |x: &Tensor| x.broadcast_div(&(x.sqr()?.sum_keepdim(1)? + 1e-12)?.sqrt()?);
    let cosines: Vec<Vec<f32>> = unit(test)?.matmul(&unit(train)?.t()?)?.to_vec2()?; // [M, N]
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let vote = |row: &Vec<f32>| {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        let mut votes = vec![0.0; classes];
        for &neighbor in &order[..k] {
            // Less the greatest cosine: only ratios of votes count, exp can't overflow, and one vote is 1.
            let behind = f64::from(row[neighbor]) - f64::from(row[order[0]]);
            votes[labels[neighbor] as usize] += (behind / temperature).exp();
        }
        // The last of the greatest, from the back: the first.
        (0..classes).rev().max_by(|&a, &b| votes[a].total_cmp(&votes[b])).unwrap_or(0) as u32
    };
    Ok(cosines.iter().map(vote).collect())
    // END SOLUTION
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
    // BEGIN SOLUTION 6: class by class, at least one of each
    if labels.is_empty() || fraction.is_nan() || fraction <= 0.0 || fraction > 1.0 {
        bail!("few_label_subset: a share of {fraction} of {} labels", labels.len());
    }
    let mut chosen = Vec::new();
    for mut images in by_class(labels) {
        let count = ((fraction * images.len() as f64).round() as usize).max(1);
        images.shuffle(rng);
        chosen.extend(images.into_iter().take(count));
    }
    chosen.sort_unstable();
    Ok(chosen)
    // END SOLUTION
}

// BEGIN SOLUTION helper
/// The images of each class that has any.
fn by_class(labels: &[u32]) -> Vec<Vec<usize>> {
    let mut classes = std::collections::BTreeMap::<u32, Vec<usize>>::new();
    for (image, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(image);
    }
    classes.into_values().collect()
}
// END SOLUTION

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
    // BEGIN SOLUTION 7: class by class, some of each to either side
    if labels.is_empty() || fraction.is_nan() || fraction <= 0.0 || fraction >= 1.0 {
        bail!("validation_split: a share of {fraction} of {} labels", labels.len());
    }
    let (mut train, mut validation) = (Vec::new(), Vec::new());
    for mut images in by_class(labels) {
        let wanted = (fraction * images.len() as f64).round() as usize;
        images.shuffle(rng);
        validation.extend(images.split_off(images.len() - wanted.max(1).min(images.len() - 1)));
        train.extend(images);
    }
    train.sort_unstable();
    validation.sort_unstable();
    Ok((train, validation))
    // END SOLUTION
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
    // BEGIN SOLUTION 8: the greatest validation accuracy, then one look at the test images
    let mut best: Option<(f64, f64)> = None;
    for &candidate in candidates {
        let accuracy = validate(candidate)?;
        if accuracy.is_nan() {
            bail!("best_setting: the validation accuracy of {candidate} is NaN");
        }
        if best.is_none_or(|(_, greatest)| accuracy > greatest) {
            best = Some((candidate, accuracy));
        }
    }
    let Some((candidate, _)) = best else { bail!("best_setting: no candidates") };
    Ok((candidate, test(candidate)?))
    // END SOLUTION
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
    // BEGIN SOLUTION 9: one backward pass, two optimizers
    let logits = step.head.forward(&(step.encode)(step.images, true)?)?; // [B, K]
    let loss = cross_entropy(&logits, step.labels)?;
    let gradients = loss.backward()?;
    backbone.step(&gradients, step.backbone_rate)?;
    head.step(&gradients, step.head_rate)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
    // END SOLUTION
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
    // BEGIN SOLUTION 10: intersections and unions over all images, mean over classes
    if predicted.dims() != truth.dims() || truth.elem_count() == 0 {
        bail!("mean_iou: maps {:?} and {:?}", predicted.dims(), truth.dims());
    }
    let [predicted, truth] = [predicted, truth].map(|map| map.flatten_all()?.to_vec1::<u32>());
    let (mut both, mut either) = (vec![0.0; classes], vec![0.0; classes]);
    for (predicted, truth) in predicted?.into_iter().zip(truth?) {
        if let Some(class) = [predicted, truth].into_iter().find(|&class| class as usize >= classes) {
            bail!("mean_iou: class {class} of {classes}");
        }
        either[truth as usize] += 1.0;
        if predicted == truth {
            both[truth as usize] += 1.0;
        } else {
            either[predicted as usize] += 1.0;
        }
    }
    let ious = both.iter().zip(&either).filter(|(_, either)| **either > 0.0).map(|(both, either)| both / either);
    let ious: Vec<f64> = ious.collect();
    Ok(ious.iter().sum::<f64>() / ious.len() as f64)
    // END SOLUTION
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
    // BEGIN SOLUTION 11: sides cut off at 0 before they are multiplied
    let (count, edges) = a.dims2()?;
    if edges != 4 || a.dims() != b.dims() {
        bail!("box_iou: boxes {:?} and {:?}", a.dims(), b.dims());
    }
    let edge = |boxes: &Tensor, i: usize| boxes.narrow(1, i, 1)?.reshape(count);
    let area = |top: &Tensor, left: &Tensor, bottom: &Tensor, right: &Tensor| {
        let zero = top.zeros_like()?;
        (bottom - top)?.maximum(&zero)? * (right - left)?.maximum(&zero)?
    };
    let [a, b] = [a, b].map(|x| (0..4).map(|i| edge(x, i)).collect::<Result<Vec<_>>>());
    let (a, b) = (a?, b?);
    let common = area(&a[0].maximum(&b[0])?, &a[1].maximum(&b[1])?, &a[2].minimum(&b[2])?, &a[3].minimum(&b[3])?)?;
    let all = ((area(&a[0], &a[1], &a[2], &a[3])? + area(&b[0], &b[1], &b[2], &b[3])?)? - &common)?;
    // 0/0 where there is nothing to cover.
    let nothing = all.eq(0.0)?.to_dtype(DType::F32)?;
    common / (all + nothing)?
    // END SOLUTION
}
