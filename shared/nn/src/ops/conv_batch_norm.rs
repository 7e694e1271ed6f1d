//! Convolution and batch norm in one: what training a backbone spends its time on.

use candle_core::{Result, Tensor, bail};

use super::batch_norm::expect_several;
use super::conv;
use super::geometry::Geometry;
use super::{Moments, Section, conv_network};

/// A convolution, the batch norm after it, and a ReLU after that or not.
#[derive(Clone, Copy)]
pub struct ConvNormLayer<'a> {
    /// The convolution's, `[O, C, kh, kw]`
    pub weight: &'a Tensor,
    /// Pixels from one output to the next, in both directions.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
    /// γ `[O]`
    pub gamma: &'a Tensor,
    /// β `[O]`
    pub beta: &'a Tensor,
    /// What is added to the variance.
    pub epsilon: f32,
    /// Whether max(y, 0) follows.
    pub relu: bool,
    /// μ and σ² `[O]` that normalize instead of the batch's own.
    pub fixed: Option<[&'a Tensor; 2]>,
}

impl ConvNormLayer<'_> {
    /// The layer's geometry on inputs of this shape, once all arguments are found to agree.
    pub(super) fn geometry(&self, x: &[usize]) -> Result<Geometry> {
        let geometry = conv::geometry(x, self.weight.dims(), self.stride, self.padding)?;
        let channels = self.weight.dims()[0];
        if self.gamma.dims() != [channels] || self.beta.dims() != [channels] {
            let (gamma, beta) = (self.gamma.dims(), self.beta.dims());
            bail!("conv_batch_norm: {channels} channels, gamma is {gamma:?} and beta {beta:?}");
        }
        match self.fixed {
            None => expect_several(x[0] * geometry.pixels())?,
            Some([mean, variance]) if mean.dims() != [channels] || variance.dims() != [channels] => {
                let (mean, variance) = (mean.dims(), variance.dims());
                bail!("conv_batch_norm: {channels} channels, the statistics are {mean:?} and {variance:?}");
            }
            Some(_) => {}
        }
        Ok(geometry)
    }
}

/// [`conv2d`](super::conv2d) and [`batch_norm`](super::batch_norm), and the statistics that were used.
///
/// # Shapes
/// `x` `[B, C, H, W]` → `[B, O, H', W']`.
///
/// # Errors
/// As [`conv2d`](super::conv2d) and [`batch_norm`](super::batch_norm).
pub fn conv_batch_norm(x: &Tensor, layer: &ConvNormLayer) -> Result<(Tensor, Moments)> {
    let (y, seen) = conv_network(x, &[Section::Layer(*layer)])?;
    let [(moments, _)] = <[_; 1]>::try_from(seen).expect("one layer has seen it");
    Ok((y, moments))
}
