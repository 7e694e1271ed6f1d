//! Elementwise updates in place: a step goes once over each parameter, instead of once for every term of its formula.

#[cfg(feature = "cuda")]
mod on_gpu;

use std::marker::PhantomData;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor, bail};

use crate::ops::{chunks, floats};

/// The new t of t, a and b, with factors p.
pub(crate) trait Formula {
    fn of(t: f32, a: f32, b: f32, p: &[f32; 4]) -> f32;
    /// The same in CUDA's language, and a name for it.
    #[cfg(feature = "cuda")]
    const KERNEL: (&'static str, &'static str);
}

/// Formulas in what Rust and CUDA have in common.
macro_rules! formulas {
    ($($(#[$doc:meta])* $name:ident: |$t:ident, $a:ident, $b:ident, $p:ident| $formula:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Formula for $name {
            #[inline(always)]
            fn of($t: f32, $a: f32, $b: f32, $p: &[f32; 4]) -> f32 {
                $formula
            }

            #[cfg(feature = "cuda")]
            const KERNEL: (&'static str, &'static str) = (stringify!($name), stringify!($formula));
        }
    )*};
}

formulas! {
    /// SGD's velocity t, of a weight a and its gradient b: momentum, weight decay.
    Velocity: |t, a, b, p| p[0] * t + (b + p[1] * a);
    /// A weight t on its way along a: the learning rate.
    Along: |t, a, _b, p| t - p[0] * a;
    /// An average t that moves towards a: the two's parts.
    Towards: |t, a, _b, p| p[0] * t + p[1] * a;
    /// An average t that moves towards a²: the two's parts.
    TowardsSquare: |t, a, _b, p| p[0] * t + p[1] * a * a;
    /// A weight t, of AdamW's two averages a and b: what weight decay leaves, the learning rate, a root that divides, ε.
    Adaptive: |t, a, b, p| p[0] * t - p[1] * a / (sqrt(b) / p[2] + p[3]);
}

/// √x, by the name that CUDA has for it.
#[inline(always)]
fn sqrt(x: f32) -> f32 {
    x.sqrt()
}

/// tᵢ ← F(tᵢ, aᵢ, bᵢ) for every i, with up to four factors. All three tensors have one shape; `t` is contiguous and shares memory with neither.
///
/// # Errors
/// Shapes or devices that differ, or tensors that are not `f32`.
pub(crate) fn update<F: Formula, const N: usize>(
    _: F,
    t: &Tensor,
    [a, b]: [&Tensor; 2],
    factors: [f32; N],
) -> Result<()> {
    const { assert!(N <= 4) };
    if t.dims() != a.dims() || t.dims() != b.dims() {
        bail!("update: expected tensors alike, got {:?}, {:?} and {:?}", t.dims(), a.dims(), b.dims());
    }
    let mut p = [0.0; 4];
    p[..N].copy_from_slice(&factors);
    t.inplace_op3(&a.contiguous()?, &b.contiguous()?, &Update::<F> { p, formula: PhantomData })
}

struct Update<F> {
    p: [f32; 4],
    formula: PhantomData<fn() -> F>,
}

impl<F: Formula> InplaceOp3 for Update<F> {
    fn name(&self) -> &'static str {
        "update"
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
        chunks::update(t, a, b, |t, a, b| F::of(t, a, b, &self.p));
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        t: &mut CudaStorage,
        layout: &Layout,
        a: &CudaStorage,
        a_layout: &Layout,
        b: &CudaStorage,
        b_layout: &Layout,
    ) -> Result<()> {
        on_gpu::launch(F::KERNEL, (t, layout), [(a, a_layout), (b, b_layout)], &self.p)
    }
}
