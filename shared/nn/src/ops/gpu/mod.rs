//! The operations on a GPU: convolutions by cuDNN, and what is between them by kernels of this course. The tests run them on a CPU.

mod convolution;
#[cfg(feature = "cuda")]
mod cudnn;
mod kernels;
mod network;
mod normed;
mod storage;
#[cfg(all(test, not(feature = "cuda")))]
mod tests;

use candle_core::{Result, Tensor};

use super::geometry::Geometry;
use crate::gpu;
use convolution::Convolution;

pub(super) use network::conv_network;
pub(super) use normed::batch_norm;

/// y as [`conv2d`](super::conv2d) has it.
pub(super) fn conv2d(x: &Tensor, weight: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let (x, weight) = (channels_last(&gpu::factor(x)?)?, channels_last(&gpu::factor(weight)?)?);
    channels_first(&gpu::product(&x.apply_op2(&weight, Convolution::new(&x, &weight, geometry))?)?)
}

/// `[B, C, H, W]` → `[B, H, W, C]`, contiguous.
fn channels_last(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 2, 3, 1))?.contiguous()
}

/// `[B, H, W, C]` → `[B, C, H, W]`, contiguous.
fn channels_first(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 3, 1, 2))?.contiguous()
}
