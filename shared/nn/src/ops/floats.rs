//! Plain `f32` slices out of Candle's tensors, and what is computed on them element by element.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, Layout, Result, Storage, bail};

use super::lanes::LANES;
use super::vectorized::vectorized;

/// The elements of a contiguous CPU storage.
pub(crate) fn of_cpu<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("expected a contiguous tensor, got strides {:?}", layout.stride()),
    }
}

/// The elements of a contiguous CPU storage, to be written.
pub(crate) fn of_cpu_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        (storage, _) => bail!("expected contiguous f32, got {:?}, strides {:?}", storage.dtype(), layout.stride()),
    }
}

/// The elements of a contiguous tensor on the CPU, given what `Tensor::storage_and_layout` returns.
pub(super) fn of<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(cpu) => of_cpu(cpu, layout),
        _ => bail!("expected a tensor on the CPU, got one on {:?}", storage.device()),
    }
}

/// The shape of a batch of feature maps, or an error that names the op and what it got.
pub(super) fn dims4(op: &str, dims: &[usize]) -> Result<(usize, usize, usize, usize)> {
    match *dims {
        [b, c, h, w] if b * c * h * w > 0 => Ok((b, c, h, w)),
        ref other => {
            bail!("{op} expects a non-empty [batch, channels, height, width] tensor, got {other:?}")
        }
    }
}

/// Elements that a thread takes at a time from tensors without structure.
pub(super) const CHUNK: usize = 1 << 14;

vectorized! {
    /// Σ over each map of `pixels` numbers.
    pub(super) fn sums_of_maps<'a>(maps: &'a [f32], pixels: usize) -> Vec<f64> {
        let mut sums = Vec::with_capacity(maps.len() / pixels);
        for map in maps.chunks_exact(pixels) {
            sums.push(sum(map));
        }
        sums
    }
}

/// As many sums run side by side as there are lanes, whatever the machine's vectors hold, so that every machine adds in the same order.
#[inline(always)]
fn sum(numbers: &[f32]) -> f64 {
    let mut sums = [0.0f32; LANES];
    let (several, rest) = numbers.as_chunks::<LANES>();
    for numbers in several {
        for (sum, number) in sums.iter_mut().zip(numbers) {
            *sum += number;
        }
    }
    for (sum, number) in sums.iter_mut().zip(rest) {
        *sum += number;
    }
    // Halves onto halves: one after the other, the lanes take longer to add up than a small map.
    let mut sums = sums.map(f64::from);
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] += sums[i + half];
        }
        half /= 2;
    }
    sums[0]
}
