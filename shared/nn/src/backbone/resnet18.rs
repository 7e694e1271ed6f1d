//! A residual network (He et al. 2016), with the stem that small images need.

use candle_core::{Result, Tensor};

use crate::layers::ConvNorm;
use crate::ops::{self, Section};
use crate::params::Params;

/// ResNet-18 for small images: the stem is a 3×3 convolution of stride 1 without max pooling, so that a 32×32 image is
/// not down to 8×8 before the first residual block. Four stages of two blocks: 64, 128, 256 and 512 channels.
///
/// 11.2 million weights and 556 million multiplications for a 32×32 RGB image: slow on a CPU.
#[derive(Clone)]
pub struct ResNet18 {
    /// The stem, and two blocks for each of four stages.
    sections: Vec<Section<ConvNorm>>,
}

impl ResNet18 {
    /// Length of the features.
    pub const FEATURES: usize = 512;
    const CHANNELS: [usize; 5] = [64, 64, 128, 256, Self::FEATURES];

    /// For images of `channels` channels. Parameters under torchvision's names: `conv1.weight`, `bn1.weight`, …, `layer4.1.bn2.bias`.
    ///
    /// # Errors
    /// One of the names is taken in `params`.
    pub fn new(channels: usize, params: &Params) -> Result<Self> {
        let stem = ConvNorm::new((channels, Self::CHANNELS[0]), 3, 1, true, &params.pp("conv1"), &params.pp("bn1"))?;
        let mut sections = vec![Section::Layer(stem)];
        for i in 0..4 {
            let (from, to) = (Self::CHANNELS[i], Self::CHANNELS[i + 1]);
            let params = params.pp(format!("layer{}", i + 1));
            let stride = if i == 0 { 1 } else { 2 };
            sections.push(basic_block(from, to, stride, &params.pp(0))?);
            sections.push(basic_block(to, to, 1, &params.pp(1))?);
        }
        Ok(Self { sections })
    }

    /// What each stage gives, from shallow to deep: for 32×32 images `[B, 64, 32, 32]`, `[B, 128, 16, 16]`,
    /// `[B, 256, 8, 8]`, `[B, 512, 4, 4]`.
    ///
    /// # Errors
    /// Images that are not `[B, channels, H, W]` in `f32`.
    pub fn forward_blocks(&self, images: &Tensor, train: bool) -> Result<Vec<Tensor>> {
        ConvNorm::forward_each(self.stages(), images, train)
    }

    /// Features of every depth: what each stage gives, averaged to at most `width` numbers or its channels, `[B, numbers]`.
    ///
    /// # Errors
    /// As [`ResNet18::forward_blocks`].
    pub fn block_features(&self, images: &Tensor, width: usize) -> Result<Vec<Tensor>> {
        ConvNorm::means_of_each(self.stages(), images, width)
    }

    /// The stem belongs to the first stage.
    fn stages(&self) -> impl Iterator<Item = &[Section<ConvNorm>]> + Clone {
        [0..3, 3..5, 5..7, 7..9].into_iter().map(|stage| &self.sections[stage])
    }

    /// Features h `[B, 512]`: the last stage's output, averaged over space.
    ///
    /// # Errors
    /// As [`ResNet18::forward_blocks`].
    pub fn forward(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        ops::global_avg_pool2d(&ConvNorm::forward_all(&self.sections, images, train)?)
    }
}

/// Two 3×3 convolutions; the shortcut is a 1×1 convolution where the shape changes.
fn basic_block(from: usize, to: usize, stride: usize, params: &Params) -> Result<Section<ConvNorm>> {
    let layer = |channels, kernel, stride, relu, conv: &str, norm: &str| {
        ConvNorm::new(channels, kernel, stride, relu, &params.pp(conv), &params.pp(norm))
    };
    let changes = from != to || stride != 1;
    Ok(Section::Block {
        first: layer((from, to), 3, stride, true, "conv1", "bn1")?,
        second: layer((to, to), 3, 1, false, "conv2", "bn2")?,
        shortcut: changes.then(|| layer((from, to), 1, stride, false, "downsample.0", "downsample.1")).transpose()?,
    })
}
