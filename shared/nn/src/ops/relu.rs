//! max(x, 0), with the gradient PyTorch gives at 0, alone and behind a residual connection.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::floats;

/// Elements a thread takes at a time.
const CHUNK: usize = 1 << 14;

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

/// max(x + shortcut, 0): the end of a residual block (He et al. 2016).
///
/// # Shapes
/// Two tensors of one shape, which stays.
///
/// # Errors
/// Shapes that differ, a type other than `f32`.
pub fn add_relu(x: &Tensor, shortcut: &Tensor) -> Result<Tensor> {
    if x.dims() != shortcut.dims() {
        bail!("add_relu: x is {:?}, the shortcut {:?}", x.dims(), shortcut.dims());
    }
    if !x.device().is_cpu() {
        return (x + shortcut)?.relu();
    }
    x.contiguous()?.apply_op2(&shortcut.contiguous()?, AddRelu)
}

/// Lets through the gradient where the output is positive.
fn mask(y: &Tensor, grad: &Tensor) -> Result<Tensor> {
    let grad = grad.contiguous()?;
    let (y_storage, y_layout) = y.storage_and_layout();
    let (grad_storage, grad_layout) = grad.storage_and_layout();
    let (values, grads) = (floats::of(&y_storage, y_layout)?, floats::of(&grad_storage, grad_layout)?);
    let mut dx = vec![0.0; values.len()];
    dx.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).zip(grads.par_chunks(CHUNK)).for_each(|((dx, y), grad)| {
        for ((dx, y), grad) in dx.iter_mut().zip(y).zip(grad) {
            *dx = if *y > 0.0 { *grad } else { 0.0 };
        }
    });
    Tensor::from_vec(dx, y.shape(), y.device())
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
        mask(y, grad).map(Some)
    }
}

struct AddRelu;

impl CustomOp2 for AddRelu {
    fn name(&self) -> &'static str {
        "add_relu"
    }

    fn cpu_fwd(&self, a: &CpuStorage, layout: &Layout, b: &CpuStorage, other: &Layout) -> Result<(CpuStorage, Shape)> {
        let (a, b) = (floats::of_cpu(a, layout)?, floats::of_cpu(b, other)?);
        let mut y = vec![0.0; a.len()];
        y.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK)).zip(b.par_chunks(CHUNK)).for_each(|((y, a), b)| {
            y.iter_mut().zip(a).zip(b).for_each(|((y, a), b)| *y = (a + b).max(0.0));
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _a: &Tensor, _b: &Tensor, y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = mask(y, grad)?;
        Ok((Some(gradient.clone()), Some(gradient)))
    }
}
