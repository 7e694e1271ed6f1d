//! Elementwise updates in place: a step goes once over each parameter, instead of once for every term of its formula.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor};

use crate::ops::{chunks, floats};

/// tᵢ ← f(tᵢ, aᵢ, bᵢ) for every i. All three tensors have one shape; `t` is contiguous and shares memory with neither.
///
/// # Errors
/// Tensors that are not on the CPU, or not `f32`.
pub(super) fn update(t: &Tensor, a: &Tensor, b: &Tensor, f: impl Fn(f32, f32, f32) -> f32 + Sync + Send) -> Result<()> {
    t.inplace_op3(&a.contiguous()?, &b.contiguous()?, &Update(f))
}

struct Update<F>(F);

impl<F: Fn(f32, f32, f32) -> f32 + Sync + Send> InplaceOp3 for Update<F> {
    fn name(&self) -> &'static str {
        "optimizer step"
    }

    fn cpu_fwd(
        &self,
        t: &mut CpuStorage,
        layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<()> {
        let t = floats::of_cpu_mut(t, layout)?;
        let (a, b) = (floats::of_cpu(a, a_layout)?, floats::of_cpu(b, b_layout)?);
        chunks::update(t, a, b, &self.0);
        Ok(())
    }
}
