//! How a GPU computes: with what precision, and by whose kernels.
//!
//! Weights, statistics, losses and optimizers stay in `f32`; only the factors of matrix products and convolutions are shortened. What
//! has not been measured on a GPU is never the default.

use std::cell::Cell;

use anyhow::ensure;
use candle_core::{DType, Device, Result, Tensor, cuda};
use serde::Serialize;

use crate::choice::named;

/// What products are computed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// `f32`.
    #[default]
    F32,
    /// `f32` whose factors are rounded to 10 bits behind the point, by tensor cores.
    Tf32,
    /// `bf16` factors: 7 bits behind the point, half the memory.
    Bf16,
}

named!(Precision { "f32" => F32, "tf32" => Tf32, "bf16" => Bf16 });

/// Whose kernels convolutions and their gradients are computed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Convolutions {
    /// Candle's: products of patches, but each number of the input's gradient by itself.
    #[default]
    Candle,
    /// Products of patches for everything: the input's gradient is a convolution, too.
    Products,
    /// cuDNN's, in a program that was built with it.
    Cudnn,
}

named!(Convolutions { "candle" => Candle, "products" => Products, "cudnn" => Cudnn });

/// Which kernels normalize batches in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Candle's, an operation after the other.
    #[default]
    Candle,
    /// This crate's, batch norm and ReLU in one.
    Fused,
}

named!(Norm { "candle" => Candle, "fused" => Fused });

/// How a GPU computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// What products are computed in.
    pub precision: Precision,
    /// Whose kernels convolutions are computed by.
    pub convolutions: Convolutions,
    /// Which kernels normalize batches in training.
    pub norm: Norm,
}

thread_local! {
    static WAY: Cell<Way> = Cell::default();
}

/// From now on this thread computes so on `device`.
///
/// # Errors
/// Anything but the defaults on a CPU, which has kernels of its own.
pub fn compute(device: &Device, way: Way) -> anyhow::Result<()> {
    let Way { precision, convolutions, norm } = way;
    ensure!(
        way == Way::default() || !device.is_cpu(),
        "precision {precision}, convolutions by {convolutions} and norm {norm} are for a GPU: on a CPU, expected f32, candle and candle"
    );
    ensure!(
        convolutions != Convolutions::Cudnn || cfg!(feature = "cudnn"),
        "this program was built without cuDNN: build it with `--features cudnn`"
    );
    cuda::set_gemm_reduced_precision_f32(precision == Precision::Tf32);
    WAY.set(way);
    Ok(())
}

#[cfg(feature = "cudnn")]
pub(crate) fn precision() -> Precision {
    WAY.get().precision
}

pub(crate) fn convolutions() -> Convolutions {
    WAY.get().convolutions
}

pub(crate) fn norm() -> Norm {
    WAY.get().norm
}

/// A factor of a product, as the precision has it.
pub(crate) fn factor(x: &Tensor) -> Result<Tensor> {
    match WAY.get().precision {
        Precision::F32 | Precision::Tf32 => Ok(x.clone()),
        Precision::Bf16 => x.to_dtype(DType::BF16),
    }
}

/// A product, as everything else is computed.
pub(crate) fn product(y: &Tensor) -> Result<Tensor> {
    y.to_dtype(DType::F32)
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
        let of = |precision| -> Result<[Tensor; 2]> {
            WAY.set(Way { precision, ..Way::default() });
            let y = linear.forward(&x)?;
            let gradient = y.sqr()?.sum_all()?.backward()?.get(linear.weight()).cloned().expect("a gradient");
            WAY.set(Way::default());
            Ok([y, gradient])
        };
        for (exact, short) in of(Precision::F32)?.iter().zip(of(Precision::Bf16)?) {
            assert_eq!(short.dtype(), DType::F32);
            let (apart, size) = ((exact - &short)?.abs()?.max_all()?, exact.abs()?.max_all()?);
            let error = apart.to_scalar::<f32>()? / size.to_scalar::<f32>()?;
            assert!(error > 0.0 && error < 0.02, "off by {error} of the largest");
        }
        Ok(())
    }

    #[test]
    fn a_cpu_computes_as_it_always_does() {
        let compute = |way| compute(&Device::Cpu, way).map_err(|error| error.to_string());
        let usual = Way::default();
        assert_eq!(compute(usual), Ok(()));
        for way in [
            Way { precision: Precision::Tf32, ..usual },
            Way { precision: Precision::Bf16, ..usual },
            Way { convolutions: Convolutions::Products, ..usual },
            Way { norm: Norm::Fused, ..usual },
        ] {
            let error = compute(way).expect_err("refused");
            assert!(error.contains("expected f32, candle and candle"), "{error}");
        }
    }
}
