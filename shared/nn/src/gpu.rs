//! In what precision a GPU computes.
//!
//! Weights, statistics, losses and optimizers stay in `f32`. The factors of matrix products and convolutions are shortened; in `bf16`, all maps and
//! gradients between a backbone's layers are, too.

use std::cell::Cell;

use anyhow::ensure;
use candle_core::{DType, Device, Result, Tensor, cuda};
#[cfg(feature = "cuda")]
use cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use serde::Serialize;

use crate::choice::named;

/// What products are computed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// `f32`.
    #[default]
    F32,
    /// `f32` whose factors are rounded to 10 bits behind the point, by tensor cores.
    Tf32,
    /// `bf16` factors, and maps between convolutions: 7 bits behind the point.
    Bf16,
}

named!(Precision { "f32" => F32, "tf32" => Tf32, "bf16" => Bf16 });

thread_local! {
    static PRECISION: Cell<Precision> = Cell::default();
}

/// From now on this thread computes so on `device`.
///
/// # Errors
/// Anything but `f32` on a CPU.
pub fn compute(device: &Device, precision: Precision) -> anyhow::Result<()> {
    ensure!(
        precision == Precision::F32 || !device.is_cpu(),
        "precision {precision} is for a GPU: on a CPU, expected f32"
    );
    cuda::set_gemm_reduced_precision_f32(precision == Precision::Tf32);
    PRECISION.set(precision);
    Ok(())
}

/// What this thread computes products in.
pub(crate) fn precision() -> Precision {
    PRECISION.get()
}

/// A factor of a product, as the precision has it.
pub(crate) fn factor(x: &Tensor) -> Result<Tensor> {
    match precision() {
        Precision::F32 | Precision::Tf32 => Ok(x.clone()),
        Precision::Bf16 => x.to_dtype(DType::BF16),
    }
}

/// A product, as everything else is computed.
pub(crate) fn product(y: &Tensor) -> Result<Tensor> {
    y.to_dtype(DType::F32)
}

/// Kernels, compiled by NVRTC for GPUs of an architecture and later, or for any.
#[cfg(feature = "cuda")]
pub(crate) fn compile(source: String, arch: Option<&'static str>) -> Result<String> {
    let options = CompileOptions { arch, ..CompileOptions::default() };
    match compile_ptx_with_opts(source, options) {
        Ok(ptx) => Ok(ptx.to_src()),
        Err(error) => candle_core::bail!("NVRTC does not compile a kernel of this course: {error:?}"),
    }
}

/// Computes in a precision that a CPU does not have, where a test wants that.
#[cfg(test)]
pub(crate) fn with_precision<T>(precision: Precision, compute: impl FnOnce() -> T) -> T {
    PRECISION.set(precision);
    let result = compute();
    PRECISION.set(Precision::F32);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Linear, Params};

    #[test]
    fn short_factors_leave_weights_and_their_gradients_in_f32() -> anyhow::Result<()> {
        let params = Params::new(0, &Device::Cpu);
        let linear = Linear::new(7, 3, &params)?;
        let x = Tensor::randn(0f32, 1.0, (5, 7), &Device::Cpu)?;
        let compute = || -> Result<[Tensor; 2]> {
            let y = linear.forward(&x)?;
            let gradient = y.sqr()?.sum_all()?.backward()?.get(linear.weight()).cloned().expect("a gradient");
            Ok([y, gradient])
        };
        for (exact, short) in compute()?.iter().zip(with_precision(Precision::Bf16, compute)?) {
            assert_eq!(short.dtype(), DType::F32);
            let (apart, size) = ((exact - &short)?.abs()?.max_all()?, exact.abs()?.max_all()?);
            let error = apart.to_scalar::<f32>()? / size.to_scalar::<f32>()?;
            assert!(error > 0.0 && error < 0.02, "off by {error} of the largest");
        }
        Ok(())
    }

    #[test]
    fn a_cpu_computes_as_it_always_does() {
        let compute = |precision| compute(&Device::Cpu, precision).map_err(|error| error.to_string());
        assert_eq!(compute(Precision::F32), Ok(()));
        for precision in [Precision::Tf32, Precision::Bf16] {
            let error = compute(precision).expect_err("refused");
            assert!(error.contains("expected f32"), "{error}");
        }
    }
}
