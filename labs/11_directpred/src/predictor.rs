//! Linear predictors: learned, or set by the lab's functions.

use candle_core::{DType, Result, Tensor};
use clap::ValueEnum;
use directpred::{direct_copy, eigen_predictor};
use serde::Serialize;

/// What `--predictor` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Kind {
    /// Eigenvectors of the features' correlation, roots of its eigenvalues
    Directpred,
    /// The correlation itself
    Directcopy,
    /// By gradients, as in BYOL
    Learned,
    /// None: features are compared themselves
    Identity,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Directpred => "DirectPred",
            Self::Directcopy => "DirectCopy",
            Self::Learned => "learned",
            Self::Identity => "identity",
        }
    }

    /// The predictor that a correlation asks for; the identity for one that is learned.
    pub fn of(self, correlation: &Tensor, epsilon: f64) -> Result<Tensor> {
        match self {
            Self::Directpred => eigen_predictor(correlation, epsilon),
            Self::Directcopy => direct_copy(correlation, epsilon),
            Self::Learned | Self::Identity => Tensor::eye(correlation.dim(0)?, DType::F32, correlation.device()),
        }
    }
}
