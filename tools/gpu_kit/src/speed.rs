//! How fast a device trains, and how fast the CPU beside it makes views.

use std::time::Instant;

use anyhow::ensure;
use candle_core::{Device, Tensor};
use clap::Args;
use ssl_data::{Augmentation, Loader, Source};
use ssl_experiment::range;
use ssl_nn::{Backbone, BackboneKind, DeviceChoice, Mlp, Optimizer, Params, Sgd};

use super::on::On;

#[derive(Args)]
pub struct StepFlags {
    #[command(flatten)]
    on: On,
    /// The backbone
    #[arg(long, default_value_t = BackboneKind::ResNet18)]
    backbone: BackboneKind,
    /// Pairs of views in a step (2 to 1000000)
    #[arg(long, default_value_t = 512, value_parser = range::count)]
    batch_size: usize,
    /// Steps that are measured, after three that are not (1 to 1000000)
    #[arg(long, default_value_t = 20, value_parser = range::count)]
    steps: usize,
}

#[derive(Args)]
pub struct ViewsFlags {
    /// Where views are sent: cuda, cuda:N or cpu
    #[arg(long, default_value = "cuda")]
    device: DeviceChoice,
    /// Where images come from
    #[arg(long, default_value = "toybox")]
    data: Source,
    /// Pairs of views in a batch (1 to 1000000)
    #[arg(long, default_value_t = 512, value_parser = range::count)]
    batch_size: usize,
}

/// Steps before the clock starts: kernels are loaded and memory is found.
const WARMUP: usize = 3;

/// Prints images a second of SimCLR's step: two views of each image, head 512-256-128, T 0.5, SGD.
pub fn step(flags: &StepFlags) -> anyhow::Result<()> {
    ensure!(flags.batch_size > 1, "--batch-size {}: expected at least 2, whose images are compared", flags.batch_size);
    let device = flags.on.open()?;
    let params = Params::new(0, &device);
    let backbone = Backbone::new(flags.backbone, 3, &params.pp("backbone"))?;
    let head = Mlp::new(&[backbone.features(), 256, 128], &params.pp("projector"))?;
    let mut optimizer = Sgd::new(params.trained(), 0.9, 5e-4);
    let views = Tensor::rand(0f32, 1.0, (2 * flags.batch_size, 3, 32, 32), &Device::Cpu)?.to_device(&device)?;
    let mut start = Instant::now();
    let mut losses = Vec::new();
    for step in 0..WARMUP + flags.steps {
        if step == WARMUP {
            device.synchronize()?;
            start = Instant::now();
        }
        let z = head.forward(&backbone.forward(&views, true)?, true)?;
        let loss = simclr::nt_xent(&z, 0.5)?;
        optimizer.backward_step(&loss, 0.05)?;
        // As a training logs it.
        losses.push(loss.to_scalar::<f32>()?);
    }
    device.synchronize()?;
    let seconds = start.elapsed().as_secs_f64();
    let (images, last) = ((flags.steps * flags.batch_size) as f64 / seconds, losses[losses.len() - 1]);
    ensure!(last.is_finite(), "the loss is {last} after {} steps", losses.len());
    println!(
        "{images:.0} images/s, {:.1} ms a step, loss {:.3} → {last:.3}",
        1e3 * seconds / flags.steps as f64,
        losses[0]
    );
    Ok(())
}

/// Prints how many images a second the input pipeline makes two views of and sends to the device.
pub fn views(flags: &ViewsFlags) -> anyhow::Result<()> {
    let device = flags.device.open()?;
    let loader = Loader::new(flags.data.load()?.train, flags.batch_size, 0, &device)?;
    let views = vec![Augmentation::simclr(1.0); 2];
    let start = Instant::now();
    for batch in loader.views(0, &views)? {
        batch?;
    }
    device.synchronize()?;
    let images = (loader.batches() * loader.batch_size()) as f64;
    println!("{:.0} images/s, two views of each", images / start.elapsed().as_secs_f64());
    Ok(())
}
