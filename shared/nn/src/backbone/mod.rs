//! Backbones: images in, features h out.

mod convnet4;
mod resnet18;

use std::fmt;
use std::str::FromStr;

use anyhow::bail;
use candle_core::{Result, Tensor};

pub use convnet4::ConvNet4;
pub use resnet18::ResNet18;

use crate::params::Params;

/// An encoder as labs see it: images `[B, 3, H, W]` and whether to train → features `[B, D]`.
pub type Encode<'a> = dyn Fn(&Tensor, bool) -> Result<Tensor> + 'a;

/// Which network: `convnet4` or `resnet18`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackboneKind {
    /// Trains within minutes on a CPU.
    ConvNet4,
    /// Wants a GPU or patience.
    ResNet18,
}

impl FromStr for BackboneKind {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "convnet4" => Ok(Self::ConvNet4),
            "resnet18" => Ok(Self::ResNet18),
            _ => bail!("expected convnet4 or resnet18, got {text:?}"),
        }
    }
}

impl fmt::Display for BackboneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConvNet4 => "convnet4",
            Self::ResNet18 => "resnet18",
        })
    }
}

/// A network of either kind.
#[derive(Clone)]
pub enum Backbone {
    /// See [`ConvNet4`].
    ConvNet4(ConvNet4),
    /// See [`ResNet18`].
    ResNet18(ResNet18),
}

impl Backbone {
    /// # Errors
    /// One of the network's names is taken in `params`.
    pub fn new(kind: BackboneKind, params: &Params) -> Result<Self> {
        Ok(match kind {
            BackboneKind::ConvNet4 => Self::ConvNet4(ConvNet4::new(params)?),
            BackboneKind::ResNet18 => Self::ResNet18(ResNet18::new(params)?),
        })
    }

    /// Length of the features.
    pub fn features(&self) -> usize {
        match self {
            Self::ConvNet4(_) => ConvNet4::FEATURES,
            Self::ResNet18(_) => ResNet18::FEATURES,
        }
    }

    /// The output of each block, from shallow to deep, `[B, C, H, W]` each.
    ///
    /// # Errors
    /// Images that are not `[B, 3, H, W]` in `f32`.
    pub fn forward_blocks(&self, images: &Tensor, train: bool) -> Result<Vec<Tensor>> {
        match self {
            Self::ConvNet4(network) => network.forward_blocks(images, train),
            Self::ResNet18(network) => network.forward_blocks(images, train),
        }
    }

    /// Features h `[B, D]`: the last block's output, averaged over space.
    ///
    /// # Errors
    /// As [`Backbone::forward_blocks`].
    pub fn forward(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        match self {
            Self::ConvNet4(network) => network.forward(images, train),
            Self::ResNet18(network) => network.forward(images, train),
        }
    }
}
