//! Convolution on devices other than the CPU.
//!
//! Candle computes a convolution there by im2col and one matrix product, but the gradient of its input by a kernel in which each
//! thread adds up one number. That gradient is a convolution, too: of the output's gradient, with zeros between and around its numbers,
//! by the kernel turned by 180°. So it can go the same, fast way.

use std::sync::{Mutex, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp2, Layout, Result, Shape, Storage, Tensor, bail};

use super::geometry::Geometry;
use crate::gpu::{self, Convolutions};

/// y as [`conv2d`](super::conv2d) has it.
pub(super) fn conv2d(x: &Tensor, weight: &Tensor, geometry: Geometry, convolutions: Convolutions) -> Result<Tensor> {
    let Geometry { kernel, stride, padding, .. } = geometry;
    let (x, weight) = (gpu::factor(x)?, gpu::factor(weight)?);
    #[cfg(feature = "cudnn")]
    if convolutions == Convolutions::Cudnn {
        return gpu::product(&super::cudnn::conv2d(&x, &weight, geometry)?);
    }
    // With more padding than the kernel reaches over, zeros would have to be taken away instead of put around.
    let products = convolutions == Convolutions::Products && padding < kernel.0.min(kernel.1);
    let y = if products {
        let y = x.detach().conv2d(&weight.detach(), padding, stride, 1, 1)?;
        x.apply_op2(&weight, WithGradients { y: Mutex::new(Some(y)), geometry })?
    } else {
        x.conv2d(&weight, padding, stride, 1, 1)?
    };
    gpu::product(&y)
}

/// A convolution that is computed, and its gradients.
struct WithGradients {
    /// Taken by the forward pass: a graph that kept it would keep every map twice.
    y: Mutex<Option<Tensor>>,
    geometry: Geometry,
}

impl WithGradients {
    fn take(&self) -> Result<Tensor> {
        match self.y.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(y) => Ok(y),
            None => bail!("a convolution's forward pass ran twice"),
        }
    }
}

impl CustomOp2 for WithGradients {
    fn name(&self) -> &'static str {
        "conv2d_by_products"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        let y = self.take()?;
        let (storage, layout) = y.storage_and_layout();
        match &*storage {
            Storage::Cpu(storage) => Ok((storage.try_clone(layout)?, layout.shape().clone())),
            other => bail!("expected a tensor on the CPU, got one on {:?}", other.device()),
        }
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        let y = self.take()?;
        let (storage, layout) = y.storage_and_layout();
        match &*storage {
            Storage::Cuda(storage) => Ok((storage.try_clone(layout)?, layout.shape().clone())),
            other => bail!("expected a tensor on a GPU, got one on {:?}", other.device()),
        }
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        // The first layer's input is the image: nothing needs its gradient.
        let dx = x.track_op().then(|| input_gradient(&weight.detach(), grad, self.geometry)).transpose()?;
        Ok((dx, Some(weight_gradient(&x.detach(), grad, self.geometry)?)))
    }
}

/// ∂L/∂x[b, c, p, q] = Σ_{o,u,v} weight[o, c, kh−1−u, kw−1−v] · z[b, o, p + u, q + v], where z is ∂L/∂y with stride − 1 zeros behind each of its
/// numbers and kh−1−padding and kw−1−padding zeros in front of them all.
fn input_gradient(weight: &Tensor, grad: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let Geometry { height, width, kernel, stride, padding, .. } = geometry;
    let rows = spread(grad, 2, stride, kernel.0 - 1 - padding, height + kernel.0 - 1)?;
    let all = spread(&rows, 3, stride, kernel.1 - 1 - padding, width + kernel.1 - 1)?;
    let turned = weight.flip(&[2, 3])?.transpose(0, 1)?.contiguous()?;
    all.conv2d(&turned, 0, 1, 1, 1)
}

/// Along `dim`: stride − 1 zeros behind each number, `before` zeros in front of them all, and so many behind that there are `length`.
fn spread(x: &Tensor, dim: usize, stride: usize, before: usize, length: usize) -> Result<Tensor> {
    let apart = x.unsqueeze(dim + 1)?.pad_with_zeros(dim + 1, 0, stride - 1)?.flatten(dim, dim + 1)?;
    let kept = apart.dim(dim)?.min(length - before);
    apart.narrow(dim, 0, kept)?.pad_with_zeros(dim, before, length - before - kept)
}

/// ∂L/∂weight[o, c, u, v] = Σ_{b,i,j} ∂L/∂y[b, o, i, j] · x[b, c, i·stride + u − padding, j·stride + v − padding]: a convolution over images
/// in place of channels, whose kernel has a number in every `stride`-th place.
fn weight_gradient(x: &Tensor, grad: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let Geometry { kernel, stride, padding, .. } = geometry;
    let (x, grad) = (x.transpose(0, 1)?, grad.transpose(0, 1)?.contiguous()?);
    let all = x.conv2d(&grad, padding, 1, stride, 1)?;
    // Rows and columns that no window reaches over the edge for, where the stride does not divide the map, come out in addition.
    all.narrow(2, 0, kernel.0)?.narrow(3, 0, kernel.1)?.transpose(0, 1)?.contiguous()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::super::conv;
    use super::*;

    fn gradients(x: &Var, weight: &Var, y: &Tensor) -> Result<[Tensor; 2]> {
        // Every place has an upstream gradient of its own.
        let upstream = Tensor::arange(0f32, y.elem_count() as f32, &Device::Cpu)?.sin()?.reshape(y.shape())?;
        let gradients = (y * upstream)?.sum_all()?.backward()?;
        let of = |var| gradients.get(var).cloned().expect("a gradient");
        Ok([of(x), of(weight)])
    }

    #[test]
    fn products_give_the_value_and_the_gradients_of_a_convolution() -> Result<()> {
        for (size, kernel, stride, padding) in [
            ((8, 8), (3, 3), 1, 1),
            ((8, 8), (3, 3), 2, 1),
            ((9, 6), (3, 3), 2, 1),
            ((7, 10), (3, 2), 3, 0),
            ((8, 5), (1, 1), 2, 0),
            ((6, 9), (5, 5), 2, 2),
            ((5, 5), (2, 2), 1, 2),
        ] {
            let x = Var::randn(0f32, 1.0, (2, 3, size.0, size.1), &Device::Cpu)?;
            let weight = Var::randn(0f32, 1.0, (4, 3, kernel.0, kernel.1), &Device::Cpu)?;
            let geometry = conv::geometry(x.dims(), weight.dims(), stride, padding)?;
            let (expected, got) =
                (conv::conv2d(&x, &weight, stride, padding)?, conv2d(&x, &weight, geometry, Convolutions::Products)?);
            let [dx, dweight] = gradients(&x, &weight, &expected)?;
            let [got_dx, got_dweight] = gradients(&x, &weight, &got)?;
            for (what, expected, got) in [("y", expected, got), ("dx", dx, got_dx), ("dweight", dweight, got_dweight)] {
                assert_eq!(expected.dims(), got.dims(), "{what} of {geometry:?}");
                let apart = (expected - got)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
                assert!(apart < 1e-4, "{what} of {geometry:?} is {apart} off");
            }
        }
        Ok(())
    }

    #[test]
    fn the_image_gets_no_gradient() -> Result<()> {
        let (x, weight) = (
            Tensor::ones((1, 1, 4, 4), candle_core::DType::F32, &Device::Cpu)?,
            Var::ones((1, 1, 3, 3), candle_core::DType::F32, &Device::Cpu)?,
        );
        let y = conv2d(&x, &weight, conv::geometry(x.dims(), weight.dims(), 1, 1)?, Convolutions::Products)?;
        let gradients = y.sum_all()?.backward()?;
        assert!(gradients.get(&x).is_none() && gradients.get(&weight).is_some());
        Ok(())
    }
}
