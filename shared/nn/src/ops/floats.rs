//! Plain `f32` slices out of Candle's tensors, and tensors out of slices.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};

/// The elements of a contiguous CPU storage.
pub(super) fn of_cpu<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("expected a contiguous tensor, got strides {:?}", layout.stride()),
    }
}

/// The elements of a contiguous tensor on the CPU, given what [`Tensor::storage_and_layout`] returns.
pub(super) fn of<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(cpu) => of_cpu(cpu, layout),
        _ => bail!("expected a tensor on the CPU, got one on {:?}", storage.device()),
    }
}

/// The shape of a batch of feature maps, or an error that names the op and what it got.
pub(super) fn dims4(op: &str, x: &Tensor) -> Result<(usize, usize, usize, usize)> {
    match *x.dims() {
        [b, c, h, w] if b * c * h * w > 0 => Ok((b, c, h, w)),
        ref other => {
            bail!("{op} expects a non-empty [batch, channels, height, width] tensor, got {other:?}")
        }
    }
}
