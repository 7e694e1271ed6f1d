//! What an operation's forward pass returns that has been computed before.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, Result, Shape, Storage, Tensor, bail};

/// A copy of what lies on the CPU, as everything does in the tests.
pub(super) fn on_cpu(y: &Tensor) -> Result<(CpuStorage, Shape)> {
    match &*y.storage_and_layout().0 {
        Storage::Cpu(storage) => Ok((storage.try_clone(y.layout())?, y.shape().clone())),
        _ => bail!("expected a tensor on the CPU, got one on {:?}", y.device()),
    }
}

/// A copy of what lies on a GPU.
pub(super) fn on_gpu(y: &Tensor) -> Result<(CudaStorage, Shape)> {
    match &*y.storage_and_layout().0 {
        Storage::Cuda(storage) => Ok((storage.try_clone(y.layout())?, y.shape().clone())),
        _ => bail!("expected a tensor on a GPU, got one on {:?}", y.device()),
    }
}
