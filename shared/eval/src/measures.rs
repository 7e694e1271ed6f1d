//! Numbers that describe predictions and representations.

use candle_core::{Result, Tensor};

use crate::knn::normalize;

/// The share of predictions that are right; NaN where there are none.
pub fn accuracy(predictions: &[u32], labels: &[u32]) -> f64 {
    let right = predictions.iter().zip(labels).filter(|(p, l)| p == l).count();
    right as f64 / predictions.len() as f64
}

/// `matrix[label][prediction]`: how often each class was taken for each.
///
/// # Panics
/// If a number is not below `classes`.
pub fn confusion_matrix(predictions: &[u32], labels: &[u32], classes: usize) -> Vec<Vec<usize>> {
    let mut matrix = vec![vec![0; classes]; classes];
    for (&prediction, &label) in predictions.iter().zip(labels) {
        matrix[label as usize][prediction as usize] += 1;
    }
    matrix
}

/// How far embeddings `[N, D]` are spread over directions: 1 spread out, 0 all the same (Chen and He 2021, section 4.1).
///
/// The population standard deviation of each channel of z/‖z‖, averaged over channels, times √D.
///
/// # Errors
/// A rank other than 2.
pub fn collapse_level(z: &Tensor) -> Result<f64> {
    let z = normalize(z)?;
    let variance = z.broadcast_sub(&z.mean_keepdim(0)?)?.sqr()?.mean(0)?;
    let spread = f64::from(variance.sqrt()?.mean_all()?.to_scalar::<f32>()?);
    Ok(spread * (z.dims2()?.1 as f64).sqrt())
}
