//! Lab 01: predicting image rotations (Gidaris, Singh and Komodakis 2018).
//!
//! Turn every image by 0°, 90°, 180° and 270° and train a network to tell which. No labels are needed, yet to know what is
//! upright one has to know what is in the picture. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

use candle_core::{D, Result, Tensor, bail};
use ssl_nn::Encode;

/// Exercise 1: turns images counter-clockwise by `quarter_turns` · 90°.
///
/// One turn takes pixel (y, x) of the result from (x, W − 1 − y) of the image:
///
/// ```text
/// turned[b, c, y, x] = images[b, c, x, W − 1 − y]
/// ```
///
/// Every pixel keeps its value to the bit: move pixels, do not interpolate.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C, H, W]` for an even number of turns, `[B, C, W, H]` for an odd one.
///
/// # Units
/// Quarter turns; 4 turns are none.
///
/// # Errors
/// A rank other than 4.
///
/// # Hint
/// A reflection across the diagonal and a flip of one axis make a turn. Which axis decides the direction.
pub fn rotate90(images: &Tensor, quarter_turns: usize) -> Result<Tensor> {
    // BEGIN SOLUTION 1: turn images counter-clockwise
    if images.rank() != 4 {
        bail!("rotate90 expects images [B, C, H, W], got {:?}", images.dims());
    }
    match quarter_turns % 4 {
        0 => Ok(images.clone()),
        1 => images.transpose(2, 3)?.contiguous()?.flip(&[2]), // [B, C, W, H]
        2 => images.flip(&[2, 3]),
        _ => images.transpose(2, 3)?.contiguous()?.flip(&[3]), // [B, C, W, H]
    }
    // END SOLUTION
}

/// Exercise 2: all four rotations of all images, and which rotation each is (section 3.1 of the paper).
///
/// The result comes in blocks: first all images at 0°, then all at 90°, then 180°, then 270°. The label of an image is its
/// number of quarter turns.
///
/// # Shapes
/// `[B, C, N, N]` → images `[4B, C, N, N]`, labels `[4B]` of type `u32`.
///
/// # Errors
/// Images that are not square: turned and unturned ones would not fit into one tensor.
///
/// # Hint
/// Write down the labels of two images by hand before you write code: there are eight.
pub fn rotation_batch(images: &Tensor) -> Result<(Tensor, Tensor)> {
    // BEGIN SOLUTION 2: four blocks of images, and their labels
    let (batch, _, height, width) = images.dims4()?;
    if height != width {
        bail!("rotation_batch expects square images, got {height}×{width}");
    }
    let turned = (0..4).map(|turns| rotate90(images, turns)).collect::<Result<Vec<_>>>()?;
    let labels: Vec<u32> = (0..4).flat_map(|turns| vec![turns; batch]).collect();
    let labels = Tensor::from_vec(labels, 4 * batch, images.device())?;
    Ok((Tensor::cat(&turned, 0)?, labels)) // [4B, C, N, N], [4B]
    // END SOLUTION
}

/// Exercise 3: mean cross-entropy of the predicted rotations (equations 2 and 3 of the paper, with the mean over rotations
/// and images).
///
/// ```text
/// loss = −1/N · Σᵢ log( exp(sᵢ[yᵢ]) / Σₖ exp(sᵢ[k]) )
/// ```
///
/// with the logits s and the labels y. It must hold for logits of ±200 too, where exp(s) leaves the range of `f32`.
///
/// # Shapes
/// Logits `[N, K]`, labels `[N]` of type `u32` → a number `[]`.
///
/// # Units
/// Nats.
///
/// # Errors
/// Shapes other than these.
///
/// # Hint
/// log(a / b) = log a − log b, and the softmax does not change when the same number is taken from all logits of a row.
pub fn rotation_loss(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    // BEGIN SOLUTION 3: mean cross-entropy, written out
    let (count, _) = logits.dims2()?;
    if labels.dims() != [count] {
        bail!("rotation_loss: {count} rows of logits, labels {:?}", labels.dims());
    }
    let greatest = logits.max_keepdim(D::Minus1)?.detach(); // [N, 1]
    let shifted = logits.broadcast_sub(&greatest)?; // [N, K]
    let log_sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?; // [N, 1]
    let chosen = shifted.gather(&labels.unsqueeze(1)?, 1)?; // [N, 1]
    (log_sum - chosen)?.mean_all()
    // END SOLUTION
}

/// Exercise 4: the share of images whose rotation is predicted right.
///
/// A prediction is the class with the greatest logit.
///
/// # Shapes
/// Logits `[N, K]`, labels `[N]` of type `u32`.
///
/// # Units
/// A fraction in [0, 1], not a percentage.
///
/// # Errors
/// Shapes other than these.
///
/// # Hint
/// Over which axis do the classes lie?
pub fn rotation_accuracy(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    // BEGIN SOLUTION 4: the share of right predictions
    let (count, _) = logits.dims2()?;
    let predictions = logits.argmax(D::Minus1)?; // [N]
    let right = predictions.eq(labels)?.to_dtype(candle_core::DType::U32)?.sum_all()?;
    Ok(f64::from(right.to_scalar::<u32>()?) / count as f64)
    // END SOLUTION
}

/// Exercise 5: the features of all images under a backbone that no longer learns.
///
/// Run `encode` in evaluation mode, so that an image's features do not depend on the images beside it, on `batch` images at a
/// time, so that memory does not grow with their number. The last batch may be smaller; no image is lost. Nothing that is
/// computed from the features may reach the backbone's weights.
///
/// # Shapes
/// Images `[N, C, H, W]` → features `[N, D]`.
///
/// # Errors
/// A batch of 0; what `encode` reports.
///
/// # Hint
/// `encode(images, train)` takes a second argument. And which method of a tensor leaves its graph behind?
pub fn frozen_features(encode: &Encode, images: &Tensor, batch: usize) -> Result<Tensor> {
    // BEGIN SOLUTION 5: evaluation mode, batch by batch, without a graph
    if batch == 0 {
        bail!("frozen_features expects a batch of at least 1, got 0");
    }
    let count = images.dims()[0];
    let mut features = Vec::with_capacity(count.div_ceil(batch));
    for first in (0..count).step_by(batch) {
        let part = images.narrow(0, first, batch.min(count - first))?;
        features.push(encode(&part, false)?.detach());
    }
    Tensor::cat(&features, 0) // [N, D]
    // END SOLUTION
}
