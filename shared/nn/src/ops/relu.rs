//! max(x, 0), with the gradient PyTorch gives at 0.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::floats;

/// Elements a thread takes at a time.
const CHUNK: usize = 1 << 15;

/// max(x, 0) for every element; its derivative is 1 where x > 0 and 0 elsewhere, at 0 too (Candle's own gives 1 there).
///
/// # Shapes
/// Any shape, which stays.
///
/// # Errors
/// A type other than `f32`.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return x.relu();
    }
    x.contiguous()?.apply_op1(Relu)
}

/// Lets through the gradient where the output is positive.
pub(super) fn mask(y: &[f32], grad: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; y.len()];
    out.par_chunks_mut(CHUNK).zip(y.par_chunks(CHUNK)).zip(grad.par_chunks(CHUNK)).for_each(|((out, y), grad)| {
        for ((out, y), grad) in out.iter_mut().zip(y).zip(grad) {
            *out = if *y > 0.0 { *grad } else { 0.0 };
        }
    });
    out
}

struct Relu;

impl CustomOp1 for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = floats::of_cpu(x, layout)?;
        let mut y = vec![0.0; x.len()];
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| {
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x.max(0.0));
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let (y_storage, y_layout) = y.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let dx = mask(floats::of(&y_storage, y_layout)?, floats::of(&grad_storage, grad_layout)?);
        Ok(Some(Tensor::from_vec(dx, y.shape(), y.device())?))
    }
}
