//! Updates on a GPU. NVRTC compiles a formula when it is first needed.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::WrapErr;
use candle_core::{CudaStorage, Layout, Result, bail};
use cudarc::driver::{LaunchConfig, PushKernelArg};

use crate::gpu;

/// tᵢ ← the formula's of tᵢ, aᵢ, bᵢ and p, for every i. A kernel is a name and a formula; the inputs are contiguous and as long as t.
pub(super) fn launch(
    (name, formula): (&'static str, &str),
    (t, layout): (&mut CudaStorage, &Layout),
    inputs: [(&CudaStorage, &Layout); 2],
    p: &[f32; 4],
) -> Result<()> {
    if !layout.is_contiguous() {
        bail!("{name}: expected a contiguous tensor, got {layout:?}");
    }
    let len = layout.shape().elem_count();
    let device = t.device().clone();
    let function = device.get_or_load_custom_func("update", name, compiled(name, formula)?)?;
    let [(a, a_layout), (b, b_layout)] = inputs;
    let a = a.as_cuda_slice::<f32>()?.slice(a_layout.start_offset()..);
    let b = b.as_cuda_slice::<f32>()?.slice(b_layout.start_offset()..);
    let mut t = t.as_cuda_slice_mut::<f32>()?.slice_mut(layout.start_offset()..);
    let Ok(count) = i32::try_from(len) else { bail!("{name}: expected fewer than 2³¹ numbers, got {len}") };
    let count = count as u32;
    let mut builder = function.builder();
    builder.arg(&mut t).arg(&a).arg(&b).arg(&count);
    for factor in p {
        builder.arg(factor);
    }
    // SAFETY: the arguments are those that the kernel declares, and it stays within their `count` numbers: `update` has compared shapes.
    unsafe { builder.launch(LaunchConfig::for_num_elems(count)) }.w()?;
    Ok(())
}

/// A formula's kernel, compiled once for a process.
fn compiled(name: &'static str, formula: &str) -> Result<&'static str> {
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, &'static str>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ptx) = compiled.get(name) {
        return Ok(ptx);
    }
    let source = format!(
        "#define sqrt sqrtf\n\
         extern \"C\" __global__ void update(float *ts, const float *as, const float *bs, unsigned count, float p0, float p1, float p2, float p3) {{\n\
         unsigned i = blockIdx.x * blockDim.x + threadIdx.x;\n\
         if (i >= count) return;\n\
         float t = ts[i], a = as[i], b = bs[i], p[] = {{p0, p1, p2, p3}};\n\
         ts[i] = {formula};\n\
         }}"
    );
    // A program has few formulas, and keeps them as long as it runs.
    let ptx = &*gpu::compile(source, None)?.leak();
    compiled.insert(name, ptx);
    Ok(ptx)
}
