//! Convolutions and their gradients by cuDNN, which chooses an algorithm for each shape.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::sync::Arc;

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::{CudaDType, DeviceId};
use candle_core::{
    CpuStorage, CudaDevice, CudaStorage, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType, bail,
};
use cudarc::cudnn::safe::{ConvBackwardData, ConvBackwardFilter, ConvForward, Cudnn, CudnnDataType};
use cudarc::cudnn::sys::{cudnnConvolutionMode_t, cudnnMathType_t, cudnnTensorFormat_t};
use cudarc::driver::{CudaSlice, CudaView, DeviceRepr};
use half::bf16;

use super::geometry::Geometry;
use crate::gpu::{self, Precision};

thread_local! {
    /// A handle belongs to one thread.
    static HANDLES: RefCell<HashMap<DeviceId, Arc<Cudnn>>> = RefCell::default();
}

/// y as [`conv2d`](super::conv2d) has it.
pub(super) fn conv2d(x: &Tensor, weight: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let op = Convolution { pass: Pass::Forward, batch: x.dims()[0], outputs: weight.dims()[0], geometry };
    gpu::product(&gpu::factor(x)?.contiguous()?.apply_op2(&gpu::factor(weight)?.contiguous()?, op)?)
}

/// What tensors hold.
trait Number: CudaDType + WithDType + DeviceRepr + CudnnDataType {}

impl Number for f32 {}
impl Number for bf16 {}

/// What is computed of which two contiguous tensors.
#[derive(Clone, Copy)]
enum Pass {
    /// y of x and the weight.
    Forward,
    /// ∂L/∂x of the weight and ∂L/∂y.
    Input,
    /// ∂L/∂weight of x and ∂L/∂y.
    Weight,
}

#[derive(Clone, Copy)]
struct Convolution {
    pass: Pass,
    batch: usize,
    outputs: usize,
    geometry: Geometry,
}

impl Convolution {
    fn x(&self) -> [usize; 4] {
        [self.batch, self.geometry.channels, self.geometry.height, self.geometry.width]
    }

    fn weight(&self) -> [usize; 4] {
        [self.outputs, self.geometry.channels, self.geometry.kernel.0, self.geometry.kernel.1]
    }

    fn y(&self) -> [usize; 4] {
        [self.batch, self.outputs, self.geometry.out_height(), self.geometry.out_width()]
    }

    /// The pass in numbers of type `T`, added up in `f32`.
    fn compute<T: Number>(&self, [a, b]: [(&CudaStorage, &Layout); 2]) -> Result<(CudaStorage, Shape)> {
        let device = a.0.device().clone();
        let a = a.0.as_cuda_slice::<T>()?.slice(a.1.start_offset()..);
        let b = b.0.as_cuda_slice::<T>()?.slice(b.1.start_offset()..);
        let shape = Shape::from_dims(&match self.pass {
            Pass::Forward => self.y(),
            Pass::Input => self.x(),
            Pass::Weight => self.weight(),
        });
        // SAFETY: cuDNN writes all of its output's numbers.
        let mut out = unsafe { device.alloc::<T>(shape.elem_count()) }?;
        self.launch(&device, &a, &b, &mut out).or_else(|error| bail!("cuDNN: {error}"))?;
        Ok((CudaStorage::wrap_cuda_slice(out, device), shape))
    }

    fn launch<T: Number>(
        &self,
        device: &CudaDevice,
        a: &CudaView<T>,
        b: &CudaView<T>,
        out: &mut CudaSlice<T>,
    ) -> std::result::Result<(), Box<dyn Error>> {
        /// Chooses an algorithm, and computes with it.
        macro_rules! launch {
            ($op:expr, $($argument:expr),*) => {{
                let op = $op;
                let algorithm = op.pick_algorithm()?;
                // SAFETY: cuDNN writes in its workspace before it reads there.
                let mut workspace = unsafe { device.alloc::<u8>(op.get_workspace_size(algorithm)?.max(1)) }?;
                let scale = (T::from_f64(1.0), T::from_f64(0.0));
                // SAFETY: the tensors have the types, shapes and contiguous layouts of their descriptors.
                unsafe { op.launch::<CudaSlice<u8>, _, _, _>(algorithm, Some(&mut workspace), scale, $($argument),*) }?;
            }};
        }
        let (cudnn, order) = (handle(device)?, cudnnTensorFormat_t::CUDNN_TENSOR_NCHW);
        let [padding, stride] = [self.geometry.padding, self.geometry.stride].map(|size| [size as i32; 2]);
        let [x, w, y] = [self.x(), self.weight(), self.y()].map(|dims| dims.map(|size| size as i32));
        let mut conv =
            cudnn.create_conv2d::<f32>(padding, stride, [1; 2], cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION)?;
        conv.set_math_type(math())?;
        let (conv, x, w, y) = (
            &conv,
            &cudnn.create_4d_tensor::<T>(order, x)?,
            &cudnn.create_4d_filter::<T>(order, w)?,
            &cudnn.create_4d_tensor::<T>(order, y)?,
        );
        match self.pass {
            Pass::Forward => launch!(ConvForward { conv, x, w, y }, a, b, out),
            Pass::Input => launch!(ConvBackwardData { conv, dx: x, w, dy: y }, out, a, b),
            Pass::Weight => launch!(ConvBackwardFilter { conv, x, dw: w, dy: y }, a, out, b),
        }
        Ok(())
    }
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "conv2d_by_cudnn"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        bail!("cuDNN: expected tensors on a GPU, got some on the CPU")
    }

    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        a_layout: &Layout,
        b: &CudaStorage,
        b_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let inputs = [(a, a_layout), (b, b_layout)];
        match a.dtype() {
            DType::BF16 => self.compute::<bf16>(inputs),
            _ => self.compute::<f32>(inputs),
        }
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let of = |pass, a: &Tensor, b: &Tensor| a.apply_op2_no_bwd(b, &Self { pass, ..*self });
        // The first layer's input is the image: nothing needs its gradient.
        let dx = x.track_op().then(|| of(Pass::Input, &weight.detach(), &grad)).transpose()?;
        Ok((dx, Some(of(Pass::Weight, &x.detach(), &grad)?)))
    }
}

/// This thread's handle of a device.
fn handle(device: &CudaDevice) -> std::result::Result<Arc<Cudnn>, Box<dyn Error>> {
    HANDLES.with_borrow_mut(|handles| {
        Ok(match handles.entry(device.id()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => place.insert(Cudnn::new(device.cuda_stream())?).clone(),
        })
    })
}

/// Tensor cores round `f32` numbers to TF32, by default.
fn math() -> cudnnMathType_t {
    match gpu::precision() {
        Precision::F32 => cudnnMathType_t::CUDNN_FMA_MATH,
        Precision::Tf32 => cudnnMathType_t::CUDNN_DEFAULT_MATH,
        Precision::Bf16 => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
    }
}
