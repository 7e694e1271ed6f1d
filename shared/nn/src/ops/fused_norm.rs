//! Batch norm and ReLU on a GPU in few passes over the maps: two kernels forward, two backward, where Candle takes one for every operation.
//! `norm.cu` is compiled by NVRTC when it is first needed; the tests below compile it for a CPU.
#![allow(unsafe_code)]

use candle_core::{CpuStorage, CudaStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::Moments;

/// A channel's images are divided among so many blocks of threads: few channels keep a GPU busy, too.
const PARTS: usize = 16;

/// Threads of a block, which `norm.cu` is compiled for.
#[cfg(any(feature = "cuda", test))]
const THREADS: u32 = 256;

/// y = γ · (x − μ) / √(σ² + ε) + β of a contiguous `x` `[B, C, H, W]` with the batch's own statistics, then max(y, 0) where `relu`.
pub(super) fn batch_norm(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    epsilon: f32,
    relu: bool,
) -> Result<(Tensor, Moments)> {
    let moments = moments(&x.detach())?;
    let inverse_std = (&moments.variance + f64::from(epsilon))?.sqrt()?.recip()?;
    let rows = Tensor::stack(&[&moments.mean, &(gamma.detach() * &inverse_std)?, &beta.detach()], 0)?;
    let op = FusedNorm { normalize: Launch { kernel: Kernel::Normalize, relu }, inverse_std };
    Ok((x.apply_op3(&Tensor::stack(&[gamma, beta], 0)?, &rows, op)?, moments))
}

/// μ and σ² of each channel.
fn moments(x: &Tensor) -> Result<Moments> {
    let channels = x.dims()[1];
    let numbers = (x.elem_count() / channels) as f64;
    // The sums are of distances from the channel's first number.
    let sums = launch(Kernel::Sums, x, x, x, false)?;
    let first = x.get(0)?.flatten_from(1)?.narrow(1, 0, 1)?.flatten_all()?;
    let (away, squared) = ((sums.get(0)? / numbers)?, (sums.get(1)? / numbers)?);
    Ok(Moments { mean: (first + &away)?, variance: (squared - away.sqr()?)?.relu()? })
}

/// The arguments are `x`, γ and β `[2, C]`, and μ, γ/σ and β `[3, C]`, which have no gradient of their own.
struct FusedNorm {
    normalize: Launch,
    inverse_std: Tensor,
}

impl CustomOp3 for FusedNorm {
    fn name(&self) -> &'static str {
        "fused_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gamma_beta: &CpuStorage,
        layout: &Layout,
        rows: &CpuStorage,
        rows_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.normalize.cpu_fwd(x, x_layout, gamma_beta, layout, rows, rows_layout)
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        gamma_beta: &CudaStorage,
        layout: &Layout,
        rows: &CudaStorage,
        rows_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.normalize.cuda_fwd(x, x_layout, gamma_beta, layout, rows, rows_layout)
    }

    fn bwd(
        &self,
        x: &Tensor,
        _gamma_beta: &Tensor,
        rows: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (x, grad, relu) = (x.detach(), grad.contiguous()?, self.normalize.relu);
        let sums = launch(Kernel::GradientSums, &x, &grad, rows, relu)?;
        let (of_beta, of_gamma) = (sums.get(0)?, (sums.get(1)? * &self.inverse_std)?);
        let numbers = (x.elem_count() / x.dims()[1]) as f64;
        let slope = ((&of_gamma * &self.inverse_std)? / numbers)?;
        let through_statistics = Tensor::stack(&[&(&of_beta / numbers)?, &slope], 0)?;
        let dx = launch(Kernel::InputGradient, &x, &grad, &Tensor::cat(&[rows, &through_statistics], 0)?, relu)?;
        Ok((Some(dx), Some(Tensor::stack(&[of_gamma, of_beta], 0)?), None))
    }
}

/// What a kernel makes of contiguous maps: sums `[2, C]`, or maps of `x`'s shape.
fn launch(kernel: Kernel, x: &Tensor, grads: &Tensor, of_channels: &Tensor, relu: bool) -> Result<Tensor> {
    let out = x.apply_op3_no_bwd(grads, of_channels, &Launch { kernel, relu })?;
    if kernel.sums() { out.sum(2) } else { Ok(out) }
}

/// The kernels of `norm.cu`.
#[derive(Clone, Copy)]
enum Kernel {
    Sums,
    Normalize,
    GradientSums,
    InputGradient,
}

impl Kernel {
    fn name(self) -> &'static str {
        match self {
            Self::Sums => "sums",
            Self::Normalize => "normalize",
            Self::GradientSums => "gradient_sums",
            Self::InputGradient => "input_gradient",
        }
    }

    /// Whether it writes two sums for each part of a channel.
    fn sums(self) -> bool {
        matches!(self, Self::Sums | Self::GradientSums)
    }
}

/// A kernel, given maps, their gradients and rows of numbers that each channel has one of.
struct Launch {
    kernel: Kernel,
    relu: bool,
}

impl Launch {
    /// Blocks of a channel, and the shape of what they write.
    fn out(&self, x: &Layout) -> (usize, Shape) {
        let (parts, channels) = (PARTS.min(x.dims()[0]), x.dims()[1]);
        (parts, if self.kernel.sums() { (2, channels, parts).into() } else { x.shape().clone() })
    }
}

impl CustomOp3 for Launch {
    fn name(&self) -> &'static str {
        "norm"
    }

    #[cfg(not(test))]
    fn cpu_fwd(
        &self,
        _x: &CpuStorage,
        layout: &Layout,
        _grads: &CpuStorage,
        _: &Layout,
        _of_channels: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (parts, shape) = self.out(layout);
        candle_core::bail!(
            "{}, {parts} parts to {shape:?}: expected tensors on a GPU, got some on the CPU",
            self.kernel.name()
        )
    }

    /// By the kernel's twin.
    #[cfg(test)]
    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        grads: &CpuStorage,
        grads_layout: &Layout,
        of_channels: &CpuStorage,
        layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        use super::floats::of_cpu;
        let inputs = [of_cpu(x, x_layout)?, of_cpu(grads, grads_layout)?, of_cpu(of_channels, layout)?];
        let (parts, shape) = self.out(x_layout);
        Ok((CpuStorage::F32(tests::twin(self, x_layout.dims(), parts, inputs, shape.elem_count())), shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        grads: &CudaStorage,
        grads_layout: &Layout,
        of_channels: &CudaStorage,
        layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        use candle_core::backend::BackendStorage;
        use candle_core::cuda_backend::WrapErr;
        use candle_core::cuda_backend::cudarc::driver::{LaunchConfig, PushKernelArg};
        let device = x.device().clone();
        let (parts, shape) = self.out(x_layout);
        let (batch, channels, height, width) = x_layout.shape().dims4()?;
        let sizes = [batch, channels, height * width, usize::from(self.relu)].map(|size| size as i32);
        let function = device.get_or_load_custom_func(self.kernel.name(), "norm", ptx()?)?;
        let x = x.as_cuda_slice::<f32>()?.slice(x_layout.start_offset()..);
        let grads = grads.as_cuda_slice::<f32>()?.slice(grads_layout.start_offset()..);
        let of_channels = of_channels.as_cuda_slice::<f32>()?.slice(layout.start_offset()..);
        // SAFETY: every kernel writes all of its output's numbers.
        let out = unsafe { device.alloc::<f32>(shape.elem_count()) }?;
        let mut builder = function.builder();
        builder.arg(&x).arg(&grads).arg(&of_channels).arg(&out);
        sizes.iter().for_each(|size| {
            builder.arg(size);
        });
        let grid = (channels as u32, parts as u32, 1);
        // SAFETY: the arguments are those that `norm.cu` declares, and its kernels stay within the shapes.
        unsafe { builder.launch(LaunchConfig { grid_dim: grid, block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 }) }
            .w()?;
        Ok((CudaStorage::wrap_cuda_slice(out, device), shape))
    }
}

/// The kernels, compiled once for a process.
#[cfg(feature = "cuda")]
fn ptx() -> Result<&'static str> {
    use candle_core::cuda_backend::cudarc::nvrtc::compile_ptx;
    static PTX: std::sync::OnceLock<std::result::Result<String, String>> = std::sync::OnceLock::new();
    let compile = || match compile_ptx(format!("#define THREADS {THREADS}\n{}", include_str!("norm.cu"))) {
        Ok(ptx) => Ok(ptx.to_src()),
        Err(error) => Err(format!("NVRTC does not compile norm.cu: {error:?}")),
    };
    PTX.get_or_init(compile).as_deref().map_err(|error| candle_core::Error::Msg(error.clone()))
}

#[cfg(test)]
mod tests;
