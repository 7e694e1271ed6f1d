//! Weighted k nearest neighbors (Wu et al. 2018, section 3.4).

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

/// Test rows whose similarities are held in memory at a time.
const BLOCK: usize = 512;

/// A kNN classifier: the k training features of greatest cosine vote for their class with weight exp(cosine / T).
pub struct Knn {
    /// Normalized training features, `[D, N]`.
    train: Tensor,
    labels: Vec<u32>,
    classes: usize,
    /// Neighbors; all there are, where there are fewer.
    pub k: usize,
    /// Temperature T.
    pub temperature: f64,
}

impl Knn {
    /// k = 200 and T = 0.1, over training features `[N, D]`.
    ///
    /// # Errors
    /// Numbers of rows and labels that differ, a label that is not below `classes`.
    pub fn new(train: &Tensor, labels: &[u32], classes: usize) -> Result<Self> {
        if train.dims2()?.0 != labels.len() {
            bail!("{} rows of features, {} labels", train.dims2()?.0, labels.len());
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            bail!("expected labels below {classes}, got {label}");
        }
        let train = normalize(train)?.t()?.contiguous()?;
        Ok(Self { train, labels: labels.to_vec(), classes, k: 200, temperature: 0.1 })
    }

    /// The class with most votes for each row of `[M, D]`; the lowest number at a tie.
    ///
    /// # Errors
    /// Another width than the training features'.
    pub fn predict(&self, test: &Tensor) -> Result<Vec<u32>> {
        let test = normalize(test)?;
        let rows = test.dims2()?.0;
        let mut predictions = Vec::with_capacity(rows);
        for first in (0..rows).step_by(BLOCK) {
            let block = test.narrow(0, first, BLOCK.min(rows - first))?;
            let cosines: Vec<f32> = block.matmul(&self.train)?.flatten_all()?.to_vec1()?;
            predictions.par_extend(cosines.par_chunks_exact(self.labels.len()).map(|row| self.vote(row)));
        }
        Ok(predictions)
    }

    fn vote(&self, cosines: &[f32]) -> u32 {
        let k = self.k.clamp(1, cosines.len());
        let mut order: Vec<u64> = cosines.iter().enumerate().map(|(i, &cosine)| falling(cosine) | i as u64).collect();
        order.select_nth_unstable(k - 1);
        let mut votes = vec![0.0; self.classes];
        for i in order[..k].iter().map(|place| (place & INDEX) as usize) {
            votes[self.labels[i] as usize] += (f64::from(cosines[i]) / self.temperature).exp();
        }
        let best = (0..self.classes).rev().max_by(|&a, &b| votes[a].total_cmp(&votes[b]));
        best.unwrap_or_default() as u32
    }
}

/// The half of a place in the order of neighbors that holds the number of the training row: of equally near ones, the first counts.
const INDEX: u64 = u32::MAX as u64;

/// A number that falls where the cosine rises, in the upper half: whole numbers are sorted out several times as fast as floats.
fn falling(cosine: f32) -> u64 {
    let bits = cosine.to_bits();
    let rising = if cosine.is_sign_negative() { !bits } else { bits | 1 << 31 };
    u64::from(!rising) << 32
}

/// Features `[N, D]` as rows of length 1; a row of zeros stays one.
///
/// # Errors
/// What Candle reports.
pub fn normalize(features: &Tensor) -> Result<Tensor> {
    let norm = (features.sqr()?.sum_keepdim(1)? + 1e-24)?.sqrt()?;
    features.broadcast_div(&norm)
}
