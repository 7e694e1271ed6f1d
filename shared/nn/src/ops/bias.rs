//! A number for each channel.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::chunks::fill_chunks;
use super::floats;
use super::vectorized::vectorized;

/// x + bias, one number for all pixels of a channel. (The gradient of Candle's broadcast sums over batch and space on one thread.)
///
/// # Shapes
/// x `[B, C, H, W]`, which stays; bias `[C]`.
///
/// # Errors
/// Another rank, a bias of another length, a type other than `f32`.
pub fn add_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (_, channels, ..) = floats::dims4("add_bias", x.dims())?;
    if bias.dims() != [channels] {
        bail!("add_bias: x is {:?}, the bias {:?}", x.dims(), bias.dims());
    }
    if !x.device().is_cpu() {
        return x.broadcast_add(&bias.reshape((1, channels, 1, 1))?);
    }
    x.contiguous()?.apply_op2(&bias.contiguous()?, AddBias)
}

struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add_bias"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        bias: &CpuStorage,
        other: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, channels, height, width) = layout.shape().dims4()?;
        let (x, bias, pixels) = (floats::of_cpu(x, layout)?, floats::of_cpu(bias, other)?, height * width);
        let fill = |_: &mut (), image: usize, y: &mut [f32]| {
            added(&x[image * channels * pixels..][..channels * pixels], bias, y);
        };
        let (y, _) = fill_chunks(x.len(), channels * pixels, || (), fill);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _bias: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, channels, height, width) = x.dims4()?;
        let grad = grad.contiguous()?;
        let (storage, layout) = grad.storage_and_layout();
        let images = floats::of(&storage, layout)?.par_chunks(channels * height * width);
        let sums: Vec<_> = images.map(|grads| floats::sums_of_maps(grads, height * width)).collect();
        let total = |channel: usize| sums.iter().map(|image| image[channel]).sum::<f64>() as f32;
        let bias = Tensor::from_iter((0..channels).map(total), x.device())?;
        Ok((Some(grad.clone()), Some(bias)))
    }
}

vectorized! {
    /// Writes x + bias for an image.
    fn added<'a>(x: &'a [f32], bias: &'a [f32], y: &'a mut [f32]) -> () {
        let pixels = x.len() / bias.len();
        for ((y, x), bias) in y.chunks_exact_mut(pixels).zip(x.chunks_exact(pixels)).zip(bias) {
            for (y, x) in y.iter_mut().zip(x) {
                *y = x + bias;
            }
        }
    }
}
