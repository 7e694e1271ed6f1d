//! The kernels of `kernels.cu`, each a function of tensors. NVRTC compiles them when they are first needed; for the tests, a C compiler does.
#![allow(unsafe_code)]

#[cfg(feature = "cuda")]
use candle_core::backend::BackendStorage;
#[cfg(feature = "cuda")]
use candle_core::cuda_backend::{CudaDType, WrapErr};
use candle_core::op::BackpropOp;
#[cfg(feature = "cuda")]
use candle_core::{CudaDevice, CudaStorage};
use candle_core::{DType, Result, Shape, Storage, Tensor, bail};
#[cfg(feature = "cuda")]
use cudarc::driver::{DevicePtr, DeviceRepr, LaunchConfig, PushKernelArg};

use super::order::Order;
use super::variant::{THREADS, Variant};

/// Blocks that keep a large GPU busy.
const BLOCKS: usize = 1024;
/// Numbers of a channel that the kernels can count, and step beyond.
const MOST: usize = 1 << 30;

/// For each channel of maps, some parts' sums of its distances from its first number, and of their squares: `[2, parts, C]`.
pub(super) fn sums(order: Order, x: &Tensor) -> Result<Tensor> {
    let call = Call::new("sums", order, x)?;
    call.run(&call.of_parts(), DType::F32)
}

/// μ, σ², 1/√(σ² + ε), γ/√(σ² + ε) and β of each channel, `[5, C]`, given its [`sums`].
pub(super) fn statistics(
    order: Order,
    x: &Tensor,
    sums: &Tensor,
    [gamma, beta]: [&Tensor; 2],
    epsilon: f32,
) -> Result<Tensor> {
    let of_channels = &[sums, gamma, beta];
    let call = Call { of_channels, parts: sums.dims()[1], epsilon, ..Call::new("statistics", order, x)? };
    call.run(&Shape::from((5, call.channels())), DType::F32)
}

/// Maps y that are normalized by [`statistics`], then max(y, 0) where `relu`, then, where a block ends, max(y + added, 0).
pub(super) fn normalize(
    order: Order,
    x: &Tensor,
    statistics: &Tensor,
    added: Option<&Tensor>,
    relu: bool,
) -> Result<Tensor> {
    let flags = Flags { relu, add: added.is_some(), train: false };
    let call = Call { added, of_channels: &[statistics], flags, ..Call::new("normalize", order, x)? };
    call.run(x.shape(), x.dtype())
}

/// What of a gradient, plus `added`, passes a ReLU whose output is `y`.
pub(super) fn masked(order: Order, y: &Tensor, gradient: &Tensor, added: Option<&Tensor>) -> Result<Tensor> {
    let flags = Flags { add: added.is_some(), ..Flags::default() };
    Call { gradient: Some(gradient), added, flags, ..Call::new("masked", order, y)? }.run(y.shape(), y.dtype())
}

/// Some parts' sums of dy and of dy · (x − μ), `[2, parts, C]`, given the gradient of [`normalize`]'s output.
pub(super) fn gradient_sums(
    order: Order,
    x: &Tensor,
    gradient: &Tensor,
    statistics: &Tensor,
    relu: bool,
) -> Result<Tensor> {
    let flags = Flags { relu, ..Flags::default() };
    let call =
        Call { gradient: Some(gradient), of_channels: &[statistics], flags, ..Call::new("gradient_sums", order, x)? };
    call.run(&call.of_parts(), DType::F32)
}

/// The gradients of γ and of β, and two numbers that [`input_gradient`] needs, `[4, C]`, given [`gradient_sums`]. `train` says that the statistics
/// are of `x` itself.
pub(super) fn gradients(order: Order, x: &Tensor, sums: &Tensor, statistics: &Tensor, train: bool) -> Result<Tensor> {
    let flags = Flags { train, ..Flags::default() };
    let of_channels = &[sums, statistics];
    let call = Call { of_channels, parts: sums.dims()[1], flags, ..Call::new("gradients", order, x)? };
    call.run(&Shape::from((4, call.channels())), DType::F32)
}

/// The gradient of [`normalize`]'s input, given that of its output.
pub(super) fn input_gradient(
    order: Order,
    x: &Tensor,
    gradient: &Tensor,
    [statistics, gradients]: [&Tensor; 2],
    relu: bool,
) -> Result<Tensor> {
    let flags = Flags { relu, ..Flags::default() };
    let of_channels = &[statistics, gradients];
    let call = Call { gradient: Some(gradient), of_channels, flags, ..Call::new("input_gradient", order, x)? };
    call.run(x.shape(), x.dtype())
}

#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    relu: bool,
    add: bool,
    train: bool,
}

impl Flags {
    pub(super) fn bits(self) -> i32 {
        i32::from(self.relu) + 2 * i32::from(self.add) + 4 * i32::from(self.train)
    }
}

/// A kernel and its arguments, as `kernels.cu` declares them.
pub(super) struct Call<'a> {
    pub kernel: &'static str,
    order: Order,
    pub x: &'a Tensor,
    /// B, C, H and W of the maps.
    sizes: [usize; 4],
    pub gradient: Option<&'a Tensor>,
    pub added: Option<&'a Tensor>,
    pub of_channels: &'a [&'a Tensor],
    /// Those of the sums among the arguments; 0 where there are none.
    pub parts: usize,
    pub epsilon: f32,
    pub flags: Flags,
}

impl<'a> Call<'a> {
    fn new(kernel: &'static str, order: Order, x: &'a Tensor) -> Result<Self> {
        Ok(Self {
            kernel,
            order,
            x,
            sizes: order.dims(x)?,
            gradient: None,
            added: None,
            of_channels: &[],
            parts: 0,
            epsilon: 0.0,
            flags: Flags::default(),
        })
    }

    pub fn channels(&self) -> usize {
        self.sizes[1]
    }

    /// Numbers of a channel in one image.
    pub fn pixels(&self) -> usize {
        self.sizes[2] * self.sizes[3]
    }

    /// Numbers of a channel.
    pub fn numbers(&self) -> usize {
        self.sizes[0] * self.pixels()
    }

    /// A thread reads 16 bytes at once where every so many neighbors begin at a multiple of 16 bytes.
    pub fn variant(&self) -> Variant {
        let (order, short) = (self.order, self.x.dtype() == DType::BF16);
        let most = if short { 8 } else { 4 };
        let neighbors = if order == Order::ChannelsFirst { self.pixels() } else { self.channels() };
        let aligned = |x: &Tensor| x.layout().start_offset().is_multiple_of(most);
        let all_aligned = aligned(self.x) && self.other_maps().all(aligned);
        Variant { short, order, lanes: if neighbors.is_multiple_of(most) && all_aligned { most } else { 1 } }
    }

    /// Blocks, over columns and over a column's places; where sums are joined, over channels.
    pub fn grid(&self) -> [usize; 2] {
        let variant = self.variant();
        if self.parts > 0 {
            return [self.channels().div_ceil(variant.width()), 1];
        }
        let groups = (self.channels() / variant.own()).div_ceil(variant.width());
        let places = self.numbers() * variant.own() / variant.lanes;
        [groups, places.div_ceil(THREADS / variant.width()).min(BLOCKS.div_ceil(groups))]
    }

    /// The maps, and the numbers of channels.
    pub fn inputs(&self) -> [Option<&'a Tensor>; 6] {
        let of_channels = |i: usize| self.of_channels.get(i).copied();
        [Some(self.x), self.gradient, self.added, of_channels(0), of_channels(1), of_channels(2)]
    }

    fn other_maps(&self) -> impl Iterator<Item = &'a Tensor> {
        self.gradient.into_iter().chain(self.added)
    }

    /// The shape of sums.
    fn of_parts(&self) -> Shape {
        (2, self.grid()[1], self.channels()).into()
    }

    /// What the kernel makes of its arguments.
    fn run(&self, shape: &Shape, dtype: DType) -> Result<Tensor> {
        if let Some(input) = self.inputs().iter().flatten().find(|input| !input.is_contiguous()) {
            bail!("{}: expected contiguous tensors, got one of {:?}", self.kernel, input.layout());
        }
        if let Some(input) = self.inputs().iter().flatten().find(|input| !input.device().same_device(self.x.device())) {
            bail!("{}: tensors on {:?} and on {:?}", self.kernel, self.x.device(), input.device());
        }
        if self.numbers() > MOST {
            bail!("{}: expected at most {MOST} numbers of a channel, got {}", self.kernel, self.numbers());
        }
        if !matches!(self.x.dtype(), DType::F32 | DType::BF16) {
            bail!("{}: expected maps of f32 or bf16, got {:?}", self.kernel, self.x.dtype());
        }
        if let Some(input) = self.of_channels.iter().find(|input| input.dtype() != DType::F32) {
            bail!("{}: expected f32 for each channel, got {:?}", self.kernel, input.dtype());
        }
        let kind = |x: &'a Tensor| (x.dtype(), x.dims());
        if let Some(other) = self.other_maps().find(|other| kind(other) != kind(self.x)) {
            bail!("{}: expected maps alike, got {:?} and {:?}", self.kernel, kind(self.x), kind(other));
        }
        let storage = self.launch(shape.elem_count(), dtype)?;
        Ok(Tensor::from_storage(storage, shape.clone(), BackpropOp::none(), false))
    }

    #[cfg(not(feature = "cuda"))]
    fn launch(&self, len: usize, dtype: DType) -> Result<Storage> {
        super::tests::twin(self, len, dtype).map(Storage::Cpu)
    }

    #[cfg(feature = "cuda")]
    fn launch(&self, len: usize, dtype: DType) -> Result<Storage> {
        match dtype {
            DType::BF16 => self.launch_to::<half::bf16>(len),
            _ => self.launch_to::<f32>(len),
        }
    }

    #[cfg(feature = "cuda")]
    fn launch_to<T: CudaDType + DeviceRepr>(&self, len: usize) -> Result<Storage> {
        let device = self.x.device().as_cuda_device()?;
        let (module, ptx) = self.variant().compiled()?;
        let function = device.get_or_load_custom_func(self.kernel, module, ptx)?;
        let mut pointers = [0; 6];
        for (pointer, input) in pointers.iter_mut().zip(self.inputs()) {
            *pointer = input.map_or(Ok(0), |input| address(input, device))?;
        }
        // SAFETY: every kernel writes all of its output's numbers.
        let mut out = unsafe { device.alloc::<T>(len) }?;
        let [numbers, pixels, channels, parts] =
            [self.numbers(), self.pixels(), self.channels(), self.parts].map(|size| size as i32);
        let flags = self.flags.bits();
        let grid = self.grid().map(|blocks| blocks as u32);
        let mut builder = function.builder();
        for pointer in &pointers {
            builder.arg(pointer);
        }
        builder.arg(&mut out).arg(&numbers).arg(&pixels).arg(&channels).arg(&parts).arg(&self.epsilon).arg(&flags);
        let grid_dim = (grid[0], grid[1], 1);
        let config = LaunchConfig { grid_dim, block_dim: (THREADS as u32, 1, 1), shared_mem_bytes: 0 };
        // SAFETY: the arguments are those that `kernels.cu` declares, and its kernels stay within the shapes. A device has one stream: where a
        // tensor is dropped, its memory is given back in the stream's order, after the kernel has read it.
        unsafe { builder.launch(config) }.w()?;
        drop(builder);
        Ok(Storage::Cuda(CudaStorage::wrap_cuda_slice(out, device.clone())))
    }
}

/// Where a tensor's numbers begin.
#[cfg(feature = "cuda")]
fn address(tensor: &Tensor, device: &CudaDevice) -> Result<u64> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cuda(storage) = &*storage else { bail!("expected tensors on a GPU, got one elsewhere") };
    let (stream, numbers) = (device.cuda_stream(), layout.start_offset()..);
    Ok(match storage.dtype() {
        DType::BF16 => storage.as_cuda_slice::<half::bf16>()?.slice(numbers).device_ptr(&stream).0,
        _ => storage.as_cuda_slice::<f32>()?.slice(numbers).device_ptr(&stream).0,
    })
}
