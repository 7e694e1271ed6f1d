//! Everything the course reports of one frozen backbone.

use anyhow::Context;
use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};
use ssl_data::{Dataset, Split};

use crate::{Knn, LinearProbe, accuracy, collapse_level, confusion_matrix, embed_blocks};

/// Features that each block is averaged to before it is probed.
pub const PROBE_WIDTH: usize = 256;

/// What a frozen backbone's features are good for, on the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Accuracy of a linear probe on each block, shallow to deep, as a fraction.
    pub linear_by_depth: Vec<f64>,
    /// Accuracy of kNN on the last block (cosine, k = 200, T = 0.1), as a fraction.
    pub knn: f64,
    /// Spread of the last block's features: 1 spread out, 0 collapsed.
    pub collapse_level: f64,
    /// `confusion[label][prediction]` of the last block's probe.
    pub confusion: Vec<Vec<usize>>,
}

impl Evaluation {
    /// Evaluates `blocks`, which gives each block's features `[B, D]` for a batch of images, in evaluation mode.
    ///
    /// # Errors
    /// Images without classes; what `blocks` reports.
    pub fn of(
        blocks: impl Fn(&Tensor) -> Result<Vec<Tensor>>,
        data: &Dataset,
        device: &Device,
    ) -> anyhow::Result<Self> {
        let train_labels = labels(&data.train)?;
        let test_labels = labels(&data.test)?;
        let classes = data.classes.len();
        let train = embed_blocks(&blocks, data.train.images(), device)?;
        let test = embed_blocks(&blocks, data.test.images(), device)?;
        let mut linear_by_depth = Vec::with_capacity(train.len());
        let mut predictions = Vec::new();
        for (train, test) in train.iter().zip(&test) {
            let probe = LinearProbe::fit(train, train_labels, classes, LinearProbe::L2)?;
            predictions = probe.predict(test)?;
            linear_by_depth.push(accuracy(&predictions, test_labels));
        }
        let (train, test) = train.last().zip(test.last()).context("the backbone has no blocks")?;
        let knn = Knn::new(train, train_labels, classes)?.predict(test)?;
        Ok(Self {
            linear_by_depth,
            knn: accuracy(&knn, test_labels),
            collapse_level: collapse_level(test)?,
            confusion: confusion_matrix(&predictions, test_labels, classes),
        })
    }

    /// Accuracy of the linear probe on the last block, as a fraction.
    pub fn linear(&self) -> f64 {
        self.linear_by_depth.last().copied().unwrap_or(f64::NAN)
    }
}

fn labels(split: &Split) -> anyhow::Result<&[u32]> {
    split.labels().context("these images have no classes: nothing to evaluate features with")
}
