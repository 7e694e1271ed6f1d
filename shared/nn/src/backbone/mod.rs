//! Backbones: images in, features h out.

mod convnet4;
mod resnet18;

use std::path::Path;

use anyhow::Context;
use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

pub use convnet4::ConvNet4;
pub use resnet18::ResNet18;

use crate::checkpoint::Part;
use crate::choice::named;
use crate::collective;
use crate::params::Params;
use crate::tensor_file::TensorFile;

/// An encoder as labs see it: images `[B, C, H, W]` and whether to train → features `[B, D]`.
pub type Encode<'a> = dyn Fn(&Tensor, bool) -> Result<Tensor> + 'a;

/// Which network: `convnet4` or `resnet18`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackboneKind {
    /// Trains within minutes on a CPU.
    ConvNet4,
    /// Wants a GPU or patience.
    ResNet18,
}

named!(BackboneKind { "convnet4" => ConvNet4, "resnet18" => ResNet18 });

/// A network of either kind, with its parameters.
#[derive(Clone)]
pub struct Backbone {
    network: Network,
    kind: BackboneKind,
    channels: usize,
    sees: String,
    params: Params,
}

#[derive(Clone)]
enum Network {
    ConvNet4(ConvNet4),
    ResNet18(ResNet18),
}

/// What a file of weights says of itself.
#[derive(Serialize, Deserialize)]
struct Header {
    backbone: String,
    channels: usize,
    sees: String,
}

/// What a backbone sees unless something else is said of it.
pub const RGB: &str = "RGB";

impl Backbone {
    /// A network for images of `channels` channels: 3 for RGB.
    ///
    /// # Errors
    /// One of the network's names is taken in `params`.
    pub fn new(kind: BackboneKind, channels: usize, params: &Params) -> Result<Self> {
        let network = match kind {
            BackboneKind::ConvNet4 => Network::ConvNet4(ConvNet4::new(channels, params)?),
            BackboneKind::ResNet18 => Network::ResNet18(ResNet18::new(channels, params)?),
        };
        Ok(Self { network, kind, channels, sees: RGB.to_string(), params: params.clone() })
    }

    /// The same network, which is shown something else of images than [`RGB`]; its file says so.
    pub fn seeing(self, what: &str) -> Self {
        Self { sees: what.to_string(), ..self }
    }

    /// What it is shown of images, in a word.
    pub fn sees(&self) -> &str {
        &self.sees
    }

    /// Reads the file that [`Backbone::save`] wrote, whichever lab trained the network.
    ///
    /// # Errors
    /// A file that is missing, damaged or of another kind.
    pub fn load(path: &Path, device: &Device) -> anyhow::Result<Self> {
        let of_file = || format!("backbone {}", path.display());
        let TensorFile { header, tensors } = TensorFile::read(path)?;
        let header: Header = serde_json::from_str(&header).context("no backbone").with_context(of_file)?;
        let mut params = Params::new(0, device);
        let backbone = Self::new(header.backbone.parse().with_context(of_file)?, header.channels, &params)?;
        params.load_state(tensors).with_context(of_file)?;
        Ok(backbone.seeing(&header.sees))
    }

    /// Writes kind and weights to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// Weights that are not finite; a directory that can't be written to.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let (backbone, channels, sees) = (self.kind.to_string(), self.channels, self.sees.clone());
        let header = serde_json::to_string(&Header { backbone, channels, sees })?;
        TensorFile { header, tensors: self.params.state() }.save(path)
    }

    /// Weights and running statistics, to train them further.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Which network it is.
    pub fn kind(&self) -> BackboneKind {
        self.kind
    }

    /// Channels of the images that it takes.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Length of the features.
    pub fn features(&self) -> usize {
        match self.network {
            Network::ConvNet4(_) => ConvNet4::FEATURES,
            Network::ResNet18(_) => ResNet18::FEATURES,
        }
    }

    /// Channels of each block's output, from shallow to deep: they double from block to block.
    pub fn block_channels(&self) -> [usize; 4] {
        [8, 4, 2, 1].map(|part| self.features() / part)
    }

    /// The output of each block, from shallow to deep, `[B, C, H, W]` each.
    ///
    /// # Errors
    /// Images that are not `[B, channels, H, W]` in `f32`.
    pub fn forward_blocks(&self, images: &Tensor, train: bool) -> Result<Vec<Tensor>> {
        match &self.network {
            Network::ConvNet4(network) => network.forward_blocks(images, train),
            Network::ResNet18(network) => network.forward_blocks(images, train),
        }
    }

    /// Features of each block in evaluation mode, from shallow to deep: its output is averaged over a grid of as many cells as make at most
    /// `width` features of it, so that depths compare at (nearly) equal length. A block with more channels than that keeps them all.
    ///
    /// # Shapes
    /// `[B, channels, H, W]` → `[B, C · cells]` each, on the CPU, without a graph.
    ///
    /// # Errors
    /// As [`Backbone::forward_blocks`].
    pub fn block_features(&self, images: &Tensor, width: usize) -> Result<Vec<Tensor>> {
        match &self.network {
            Network::ConvNet4(network) => network.block_features(images, width),
            Network::ResNet18(network) => network.block_features(images, width),
        }
    }

    /// Features h `[B, D]`: the last block's output, averaged over space. Training on several ranks shares the batch.
    ///
    /// # Errors
    /// As [`Backbone::forward_blocks`] and [`collective::share`].
    pub fn forward(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        let forward = |images: &Tensor| match &self.network {
            Network::ConvNet4(network) => network.forward(images, train),
            Network::ResNet18(network) => network.forward(images, train),
        };
        if train { collective::share(images, forward) } else { forward(images) }
    }
}
