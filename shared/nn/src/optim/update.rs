//! Elementwise updates in place: a step goes once over each parameter, instead of once for every term of its formula.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor};
use pulp::NullaryFnOnce;
use rayon::prelude::*;

use crate::ops::floats::{self, CHUNK};

/// tᵢ ← f(tᵢ, aᵢ, bᵢ) for every i. All three tensors have one shape; `t` is contiguous and shares memory with neither.
///
/// # Errors
/// Tensors that are not on the CPU, or not `f32`.
pub(super) fn update(t: &Tensor, a: &Tensor, b: &Tensor, f: impl Fn(f32, f32, f32) -> f32 + Sync) -> Result<()> {
    t.inplace_op3(&a.contiguous()?, &b.contiguous()?, &Update(f))
}

struct Update<F>(F);

impl<F: Fn(f32, f32, f32) -> f32 + Sync> InplaceOp3 for Update<F> {
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
        let chunks = t.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK)).zip(b.par_chunks(CHUNK));
        chunks.for_each(|((t, a), b)| pulp::Arch::new().dispatch(UpdateChunk { t, a, b, f: &self.0 }));
        Ok(())
    }
}

/// A chunk of [`update`], for this machine's vectors.
struct UpdateChunk<'a, F> {
    t: &'a mut [f32],
    a: &'a [f32],
    b: &'a [f32],
    f: &'a F,
}

impl<F: Fn(f32, f32, f32) -> f32> NullaryFnOnce for UpdateChunk<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { t, a, b, f } = self;
        for ((t, a), b) in t.iter_mut().zip(a).zip(b) {
            *t = f(*t, *a, *b);
        }
    }
}
