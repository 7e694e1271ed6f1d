//! The linear probe: multinomial logistic regression on frozen features.

use anyhow::{anyhow, ensure};
use candle_core::{D, DType, Tensor};

use crate::features::expect_finite;
use crate::regression::Regression;

/// Softmax regression on standardized features, fitted to all of them at once with L-BFGS.
///
/// Minimizes mean cross-entropy + λ/2 · ‖W‖² (the bias is free), the features having been shifted and scaled to mean 0
/// and population standard deviation 1 over the training set.
pub struct LinearProbe {
    mean: Tensor,
    scale: Tensor,
    /// `[D + 1, classes]`: weights, and the biases in the last row.
    weights: Tensor,
}

impl LinearProbe {
    /// λ where nothing else is asked for.
    pub const L2: f64 = 1e-3;

    /// Fits a probe to `features` `[N, D]` with class numbers below `classes`.
    ///
    /// # Errors
    /// Other shapes, a label out of range, features that are not finite.
    pub fn fit(features: &Tensor, labels: &[u32], classes: usize, l2: f64) -> anyhow::Result<Self> {
        let (count, _) = features.dims2()?;
        ensure!(count == labels.len(), "{count} rows of features, {} labels", labels.len());
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(anyhow!("expected labels below {classes}, got {label}"));
        }
        expect_finite(features)?;
        let (mean, scale) = moments(features)?;
        let inputs = standardized(features, &mean, &scale)?;
        let weights = Regression::new(inputs, labels, classes, l2)?.minimize()?;
        Ok(Self { mean, scale, weights })
    }

    /// The most probable class of each row of `[N, D]`.
    ///
    /// # Errors
    /// Another width than it was fitted to.
    pub fn predict(&self, features: &Tensor) -> candle_core::Result<Vec<u32>> {
        let inputs = standardized(features, &self.mean, &self.scale)?;
        inputs.matmul(&self.weights)?.argmax(D::Minus1)?.to_vec1()
    }
}

/// What standardizes a training set: its mean, and 1 ÷ its population standard deviation, or 1 where nothing varies; `[1, D]` each, in f64.
fn moments(features: &Tensor) -> candle_core::Result<(Tensor, Tensor)> {
    let features = features.to_dtype(DType::F64)?;
    let mean = features.mean_keepdim(0)?;
    let variance: Vec<f64> = features.broadcast_sub(&mean)?.sqr()?.mean(0)?.to_vec1()?;
    let scale = variance.iter().map(|&v| if v > 0.0 { 1.0 / v.sqrt() } else { 1.0 });
    let scale = Tensor::from_iter(scale, features.device())?.unsqueeze(0)?;
    Ok((mean, scale))
}

/// Standardized features in f32, with a 1 at the end of each row.
fn standardized(features: &Tensor, mean: &Tensor, scale: &Tensor) -> candle_core::Result<Tensor> {
    let features = features.to_dtype(DType::F64)?.broadcast_sub(mean)?.broadcast_mul(scale)?.to_dtype(DType::F32)?;
    let ones = Tensor::ones((features.dims()[0], 1), DType::F32, features.device())?;
    Tensor::cat(&[features, ones], 1)
}
