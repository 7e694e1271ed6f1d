//! cuDNN's convolutions.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::sync::Arc;

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::{CudaDType, DeviceId};
use candle_core::{CudaDevice, CudaStorage, DType, Layout, Result, WithDType, bail};
use cudarc::cudnn::safe::{ConvBackwardData, ConvBackwardFilter, ConvForward, Cudnn, CudnnDataType};
use cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionFwdAlgo_t, cudnnConvolutionMode_t,
    cudnnMathType_t, cudnnTensorFormat_t,
};
use cudarc::driver::{CudaSlice, CudaView, DeviceRepr};
use half::bf16;

use super::convolution::{Convolution, Pass};
use super::order::Order;
use crate::gpu::{self, Precision};

/// What a thread has of a device: cuDNN's handle, which belongs to one thread, and the algorithms that were chosen and the bytes that they
/// need. To choose takes the CPU up to 3 ms, several times as long as the GPU then computes.
struct Engine {
    cudnn: Arc<Cudnn>,
    forward: HashMap<Case, (cudnnConvolutionFwdAlgo_t, usize)>,
    input: HashMap<Case, (cudnnConvolutionBwdDataAlgo_t, usize)>,
    weight: HashMap<Case, (cudnnConvolutionBwdFilterAlgo_t, usize)>,
}

/// What an algorithm is chosen for.
type Case = (Convolution, DType, Precision);

thread_local! {
    static ENGINES: RefCell<HashMap<DeviceId, Engine>> = RefCell::default();
}

/// What maps and weights hold.
trait Number: CudaDType + WithDType + DeviceRepr + CudnnDataType {}

impl Number for f32 {}
impl Number for bf16 {}

/// What `convolution` makes of two contiguous tensors, `len` numbers.
pub(super) fn compute(
    convolution: &Convolution,
    inputs: [(&CudaStorage, &Layout); 2],
    len: usize,
) -> Result<CudaStorage> {
    match inputs[0].0.dtype() {
        DType::BF16 => compute_in::<bf16>(convolution, inputs, len),
        _ => compute_in::<f32>(convolution, inputs, len),
    }
}

/// In numbers of type `T`, added up in `f32`.
fn compute_in<T: Number>(
    convolution: &Convolution,
    [a, b]: [(&CudaStorage, &Layout); 2],
    len: usize,
) -> Result<CudaStorage> {
    if !a.1.is_contiguous() || !b.1.is_contiguous() {
        bail!("cuDNN: expected contiguous tensors, got {:?} and {:?}", a.1, b.1);
    }
    let device = a.0.device().clone();
    let a = a.0.as_cuda_slice::<T>()?.slice(a.1.start_offset()..);
    let b = b.0.as_cuda_slice::<T>()?.slice(b.1.start_offset()..);
    // SAFETY: cuDNN writes all of its output's numbers.
    let mut out = unsafe { device.alloc::<T>(len) }?;
    let launched = ENGINES.with_borrow_mut(|engines| {
        let engine = match engines.entry(device.id()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Engine::new(&device)?),
        };
        engine.launch(convolution, &device, [&a, &b], &mut out)
    });
    launched.or_else(|error| bail!("cuDNN: {error}"))?;
    Ok(CudaStorage::wrap_cuda_slice(out, device))
}

/// Computes with the algorithm of this case, which is chosen where that has not been done: Winograd's, where it is the fastest and cuDNN has it,
/// or else cuDNN's choice.
macro_rules! launch {
    ($op:expr, $chosen:expr, $winograd:expr, $case:expr, $device:expr, $($argument:expr),*) => {{
        let (op, case) = ($op, $case);
        let (algorithm, bytes) = match $chosen.entry(case) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let with_room = |algorithm| op.get_workspace_size(algorithm).map(|bytes| (algorithm, bytes));
                let winograd = is_winograd_s(&case).then(|| with_room($winograd).ok()).flatten();
                *place.insert(match winograd {
                    Some(winograd) => winograd,
                    None => with_room(op.pick_algorithm()?)?,
                })
            }
        };
        // SAFETY: cuDNN writes in its workspace before it reads there.
        let mut workspace = unsafe { $device.alloc::<u8>(bytes.max(1)) }?;
        let scale = (T::from_f64(1.0), T::from_f64(0.0));
        // SAFETY: the tensors have the types, shapes and contiguous layouts of their descriptors.
        unsafe { op.launch::<CudaSlice<u8>, _, _, _>(algorithm, Some(&mut workspace), scale, $($argument),*) }?;
    }};
}

/// In `f32`, cuDNN chooses other algorithms, which take two to four times as long as Winograd's. Of three channels, Winograd's takes longer.
fn is_winograd_s(&(Convolution { geometry, .. }, _, precision): &Case) -> bool {
    precision == Precision::F32 && geometry.kernel == (3, 3) && geometry.stride == 1 && geometry.channels >= 16
}

impl Engine {
    fn new(device: &CudaDevice) -> std::result::Result<Self, Box<dyn Error>> {
        let cudnn = Cudnn::new(device.cuda_stream())?;
        Ok(Self { cudnn, forward: HashMap::new(), input: HashMap::new(), weight: HashMap::new() })
    }

    fn launch<T: Number>(
        &mut self,
        convolution: &Convolution,
        device: &CudaDevice,
        [a, b]: [&CudaView<T>; 2],
        out: &mut CudaSlice<T>,
    ) -> std::result::Result<(), Box<dyn Error>> {
        let (order, geometry) = (format(convolution.order), convolution.geometry);
        let [padding, stride] = [geometry.padding, geometry.stride].map(|size| [size as i32; 2]);
        // cuDNN names sizes so, whatever the order in memory is.
        let [x, w, y] =
            [Pass::Input, Pass::Weight, Pass::Forward].map(|pass| convolution.sizes(pass).map(|size| size as i32));
        let mode = cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION;
        let mut conv = self.cudnn.create_conv2d::<f32>(padding, stride, [1; 2], mode)?;
        conv.set_math_type(math())?;
        let (conv, x, w, y) = (
            &conv,
            &self.cudnn.create_4d_tensor::<T>(order, x)?,
            &self.cudnn.create_4d_filter::<T>(order, w)?,
            &self.cudnn.create_4d_tensor::<T>(order, y)?,
        );
        let case = (*convolution, T::DTYPE, gpu::precision());
        match convolution.pass {
            Pass::Forward => {
                let winograd = cudnnConvolutionFwdAlgo_t::CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED;
                launch!(ConvForward { conv, x, w, y }, self.forward, winograd, case, device, a, b, out);
            }
            Pass::Input => {
                let winograd = cudnnConvolutionBwdDataAlgo_t::CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED;
                launch!(ConvBackwardData { conv, dx: x, w, dy: y }, self.input, winograd, case, device, out, a, b);
            }
            Pass::Weight => {
                let winograd = cudnnConvolutionBwdFilterAlgo_t::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED;
                launch!(ConvBackwardFilter { conv, x, dw: w, dy: y }, self.weight, winograd, case, device, a, out, b);
            }
        }
        Ok(())
    }
}

fn format(order: Order) -> cudnnTensorFormat_t {
    match order {
        Order::ChannelsFirst => cudnnTensorFormat_t::CUDNN_TENSOR_NCHW,
        Order::ChannelsLast => cudnnTensorFormat_t::CUDNN_TENSOR_NHWC,
    }
}

/// Tensor cores round `f32` numbers to TF32, by default.
fn math() -> cudnnMathType_t {
    match gpu::precision() {
        Precision::F32 => cudnnMathType_t::CUDNN_FMA_MATH,
        Precision::Tf32 => cudnnMathType_t::CUDNN_DEFAULT_MATH,
        Precision::Bf16 => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
    }
}
