//! Which device to train on.

use std::fmt;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::str::FromStr;

use anyhow::{Context, bail};
use candle_core::Device;

use crate::collective;

/// What `--device` accepts: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU, or the CPU where there is none.
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU of this number; the first rank's, where MPI has started several on this machine, and the others take the next ones.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => bail!(
                "metal is refused: Candle's convolutions have wrong weight gradients there \
                 (huggingface/candle#3839); expected auto, cpu, cuda or cuda:N"
            ),
            _ => match text.strip_prefix("cuda:").map(str::parse) {
                Some(Ok(number)) => Ok(Self::Cuda(number)),
                _ => bail!("expected auto, cpu, cuda or cuda:N, got {text:?}"),
            },
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// A GPU that was asked for by name and is not there, or a build without CUDA. `auto` falls back to the CPU.
    pub fn open(self) -> anyhow::Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto => Ok(open_cuda(0).unwrap_or(Device::Cpu)),
            Self::Cuda(number) => {
                open_cuda(number).with_context(|| format!("device {self} is not there; --device cpu always is"))
            }
        }
    }
}

fn open_cuda(number: usize) -> anyhow::Result<Device> {
    if !cfg!(feature = "cuda") {
        bail!("this program was built without CUDA: build it with `--features cuda`");
    }
    let number = number + collective::rank_on_machine();
    // The CUDA bindings panic where a driver library is missing or of another version.
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let device = catch_unwind(|| Device::new_cuda(number));
    set_hook(hook);
    let Ok(device) = device else { bail!("the CUDA libraries could not be loaded") };
    let device = device?;
    #[cfg(feature = "cuda")]
    keep_memory(&device)?;
    Ok(device)
}

/// Memory that is freed stays with the program. The driver would take it back whenever the CPU waits for the GPU, once in a step.
#[cfg(feature = "cuda")]
#[allow(unsafe_code)]
fn keep_memory(device: &Device) -> anyhow::Result<()> {
    use candle_core::cuda_backend::cudarc::driver::{result, sys};
    let stream = device.as_cuda_device()?.cuda_stream();
    if !stream.context().has_async_alloc() {
        return Ok(());
    }
    let mut bytes = u64::MAX;
    let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the device is open and has a pool, and this attribute is a number of bytes in 64 bits.
    unsafe {
        let pool = result::device::get_mem_pool(stream.context().cu_device())?;
        result::mem_pool::set_attribute(pool, threshold, (&raw mut bytes).cast())?;
    }
    Ok(())
}
