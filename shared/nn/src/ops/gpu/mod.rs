//! The operations on a GPU: convolutions by cuDNN, and what is between them by kernels of this course. The tests run them on a CPU.

mod convolution;
#[cfg(feature = "cuda")]
mod cudnn;
mod kernels;
mod network;
mod normed;
mod order;
mod storage;
#[cfg(all(test, not(feature = "cuda")))]
mod tests;
mod variant;

use candle_core::{Result, Tensor};

use super::geometry::Geometry;
use crate::gpu;
use convolution::Convolution;
use order::Order;

pub(super) use network::conv_network;
pub(super) use normed::batch_norm;

/// y as [`conv2d`](super::conv2d) has it.
pub(super) fn conv2d(x: &Tensor, weight: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let order = Order::now();
    let (x, weight) = (order.of(&gpu::factor(x)?)?, order.of(&gpu::factor(weight)?)?);
    order.back(&gpu::product(&x.apply_op2(&weight, Convolution::new(&x, &weight, geometry, order))?)?)
}
