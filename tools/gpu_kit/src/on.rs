//! Where the kit computes, and how.

use candle_core::Device;
use clap::Args;
use ssl_nn::DeviceChoice;
use ssl_nn::gpu::{self, Precision};

#[derive(Args)]
pub struct On {
    /// Where to compute: cuda, cuda:N or cpu
    #[arg(long, default_value = "cuda")]
    pub device: DeviceChoice,
    /// What a GPU computes products in: f32, tf32 or bf16
    #[arg(long, default_value_t)]
    pub precision: Precision,
}

impl On {
    /// The device, which computes as the flags say from now on.
    pub fn open(&self) -> anyhow::Result<Device> {
        let device = self.device.open()?;
        gpu::compute(&device, self.precision)?;
        Ok(device)
    }
}
