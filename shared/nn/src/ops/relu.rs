//! max(x, 0), with the gradient PyTorch gives at 0, alone and after a residual connection.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::chunks::zip_map;
use super::floats;

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

/// max(x, 0), and NaN for NaN: `f32::max` would hide that a training has broken down.
#[inline(always)]
pub(super) fn rectified(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// Lets through the gradient where the output is positive.
fn mask(y: &Tensor, grad: &Tensor) -> Result<Tensor> {
    let grad = grad.contiguous()?;
    let (y_storage, y_layout) = y.storage_and_layout();
    let (grad_storage, grad_layout) = grad.storage_and_layout();
    let (values, grads) = (floats::of(&y_storage, y_layout)?, floats::of(&grad_storage, grad_layout)?);
    Tensor::from_vec(zip_map(values, grads, masked), y.shape(), y.device())
}

/// The gradient that is let through where the output is `y`; all of it where that is NaN, as in PyTorch.
#[inline(always)]
pub(super) fn masked(y: f32, grad: f32) -> f32 {
    if y <= 0.0 { 0.0 } else { grad }
}

struct Relu;

impl CustomOp1 for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = floats::of_cpu(x, layout)?;
        let y = zip_map(x, x, |x, _| rectified(x));
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
        let y = zip_map(a, b, |a, b| rectified(a + b));
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _a: &Tensor, _b: &Tensor, y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = mask(y, grad)?;
        Ok((Some(gradient.clone()), Some(gradient)))
    }
}
