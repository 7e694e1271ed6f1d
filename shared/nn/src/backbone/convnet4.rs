//! A small convolutional network.

use candle_core::{Result, Tensor};

use crate::layers::ConvNorm;
use crate::ops::{self, Section};
use crate::params::Params;

/// Four 3×3 convolutions, each with batch norm and ReLU: 32, 64, 128 and 256 channels at strides 1, 2, 2 and 2.
///
/// 388,000 weights and 15 million multiplications for a 32×32 RGB image: small enough for a laptop's CPU.
#[derive(Clone)]
pub struct ConvNet4 {
    blocks: Vec<Section<ConvNorm>>,
}

impl ConvNet4 {
    /// Length of the features.
    pub const FEATURES: usize = 256;
    const CHANNELS: [usize; 4] = [32, 64, 128, Self::FEATURES];
    const STRIDES: [usize; 4] = [1, 2, 2, 2];

    /// For images of `channels` channels. Parameters `conv1.weight`, `bn1.weight`, `bn1.bias`, …, `bn4.bias`, and the running statistics beside them.
    ///
    /// # Errors
    /// One of the names is taken in `params`.
    pub fn new(channels: usize, params: &Params) -> Result<Self> {
        let block = |(i, &stride): (usize, &usize)| {
            let (conv, norm) = (params.pp(format!("conv{}", i + 1)), params.pp(format!("bn{}", i + 1)));
            let from = if i == 0 { channels } else { Self::CHANNELS[i - 1] };
            Ok(Section::Layer(ConvNorm::new((from, Self::CHANNELS[i]), 3, stride, true, &conv, &norm)?))
        };
        Ok(Self { blocks: Self::STRIDES.iter().enumerate().map(block).collect::<Result<_>>()? })
    }

    /// What each block gives, from shallow to deep: for 32×32 images `[B, 32, 32, 32]`, `[B, 64, 16, 16]`,
    /// `[B, 128, 8, 8]`, `[B, 256, 4, 4]`.
    ///
    /// # Errors
    /// Images that are not `[B, channels, H, W]` in `f32`.
    pub fn forward_blocks(&self, images: &Tensor, train: bool) -> Result<Vec<Tensor>> {
        ConvNorm::forward_each(self.blocks.chunks(1), images, train)
    }

    /// Features of every depth: what each block gives, averaged to at most `width` numbers or its channels, `[B, numbers]`.
    ///
    /// # Errors
    /// As [`ConvNet4::forward_blocks`].
    pub fn block_features(&self, images: &Tensor, width: usize) -> Result<Vec<Tensor>> {
        ConvNorm::means_of_each(self.blocks.chunks(1), images, width)
    }

    /// Features h `[B, 256]`: the last block's output, averaged over space.
    ///
    /// # Errors
    /// As [`ConvNet4::forward_blocks`].
    pub fn forward(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        ops::global_avg_pool2d(&ConvNorm::forward_all(&self.blocks, images, train)?)
    }
}
