//! The experiment of lab __NUMBER__: train a backbone to guess how bright an image is, then see what its features are good for.
//!
//! `cargo run -p __TOPIC__` (the lab's functions) or `cargo run -p __TOPIC__-solution` (the solution's).

use std::process::ExitCode;

use __TOPIC__::mean_squared_error;
use candle_core::Tensor;
use clap::Parser;
use serde::Serialize;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Comparison, Flags, Input, Plan, Run, Settings as _, Training, launch, range};
use ssl_nn::{AdamW, Backbone, Linear, Optimizer};

/// Guess how bright an image is
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// Greatest learning rate of AdamW (above 0 to 10)
    #[arg(long, default_value_t = 0.002, value_parser = range::learning_rate)]
    learning_rate: f64,
    /// Weight decay (0 to 1)
    #[arg(long, default_value_t = 1e-4, value_parser = range::fraction)]
    weight_decay: f64,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "__TOPIC__";
    const EPOCHS: usize = 4;
    const BATCH_SIZE: usize = 64;

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

pub fn main() -> ExitCode {
    launch(experiment)
}

fn experiment(settings: &Settings) -> anyhow::Result<()> {
    let run = Run::open(settings)?;
    let backbone = train(&run, settings)?;
    let comparison = run.compare("brightness", &backbone, &Input::RGB)?;
    report(&run, &comparison)
}

/// The brightness of images `[B, 3, H, W]`, `[B]`.
fn brightness(images: &Tensor) -> candle_core::Result<Tensor> {
    images.mean((1, 2, 3))
}

fn train(run: &Run, settings: &Settings) -> anyhow::Result<Backbone> {
    let mut params = run.params();
    let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
    let head = Linear::new(backbone.features(), 1, &params.pp("head"))?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    // Always predicting the mean has an error equal to the variance; a random draw of the same distribution has twice that.
    let truth = brightness(&run.data.train.images().to_tensor(&run.device)?)?;
    let variance = f64::from(truth.broadcast_sub(&truth.mean_all()?)?.sqr()?.mean_all()?.to_scalar::<f32>()?);
    let landmarks = Landmarks { collapsed: variance, random: 2.0 * variance };
    let plan = Plan { name: "brightness", epochs: settings.epochs(), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.epoch(epoch) {
            let batch = batch?;
            let features = backbone.forward(batch.images(), true)?; // [B, D]
            let predictions = head.forward(&features)?.squeeze(1)?; // [B]
            let loss = mean_squared_error(&predictions, &brightness(batch.images())?)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), batch.indices.len())?;
        }
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(backbone)
}

fn report(run: &Run, comparison: &Comparison) -> anyhow::Result<()> {
    let mut page = run.page("Lab __NUMBER__: guessing how bright an image is");
    run.guesses(comparison, &[], &mut page);
    page.heading("Training");
    let curves = run.training_curves("brightness", &["loss"], "squared error")?;
    page.figure(&curves, "The error, and what it is for networks that have learned nothing.");
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}
