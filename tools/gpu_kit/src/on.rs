//! Where the kit computes, and how.

use candle_core::Device;
use clap::Args;
use ssl_nn::DeviceChoice;
use ssl_nn::gpu::{self, Convolutions, Norm, Precision, Way};

#[derive(Args)]
pub struct On {
    /// Where to compute: cuda, cuda:N or cpu
    #[arg(long, default_value = "cuda")]
    pub device: DeviceChoice,
    /// What a GPU computes products in: f32, tf32 or bf16
    #[arg(long, default_value_t)]
    pub precision: Precision,
    /// How a GPU computes convolutions: candle, products or cudnn
    #[arg(long, default_value_t)]
    pub convolutions: Convolutions,
    /// How a GPU normalizes batches in training: candle or fused
    #[arg(long, default_value_t)]
    pub norm: Norm,
}

impl On {
    /// From now on everything is computed as the flags say, on the device that they name.
    pub fn compute(&self, device: &Device) -> anyhow::Result<()> {
        let Self { precision, convolutions, norm, .. } = *self;
        gpu::compute(device, Way { precision, convolutions, norm })
    }
}
