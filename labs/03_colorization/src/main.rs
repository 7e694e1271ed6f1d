//! The experiment of lab 03: train a backbone to paint gray images, then see what its features are good for.
//!
//! `cargo run -p colorization` (the lab's functions) or `cargo run -p colorization-solution` (the solution's).

mod ablation;
mod colorizer;
mod paint;
mod palette;
mod plots;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use colorization::rgb_to_lab;
use serde::Serialize;
use ssl_experiment::{Flags, Plan, Run, Settings as _, Training, launch, range};
use ssl_nn::{AdamW, Optimizer};
use ssl_report::percent;

use self::colorizer::Colorizer;
use self::palette::{INPUT, Loss, Palette, lightness};

/// Paint gray images (Zhang, Isola and Efros 2016)
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// What the network answers, and how it is judged
    #[arg(long, value_enum, default_value_t = Loss::Rebalanced)]
    loss: Loss,
    /// Share of the uniform distribution in the rebalanced prior (above 0 to 1): the less, the more rare colors count
    #[arg(long, default_value_t = 0.5, value_parser = range::share)]
    lambda: f64,
    /// Temperature of the annealed mean that is painted (above 0 to 100), the paper's
    #[arg(long, default_value_t = 0.38, value_parser = range::temperature)]
    #[serde(skip)]
    pub temperature: f64,
    /// Greatest learning rate of AdamW (above 0 to 10)
    #[arg(long, default_value_t = 0.002, value_parser = range::learning_rate)]
    learning_rate: f64,
    /// Weight decay (0 to 1)
    #[arg(long, default_value_t = 1e-4, value_parser = range::fraction)]
    weight_decay: f64,
    /// Compare variants instead: at most half an hour; goes on where it was interrupted
    #[arg(long, value_enum)]
    #[serde(skip)]
    ablate: Option<Ablation>,
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// Regression, classification, and classification with rare colors rebalanced
    Loss,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "colorization";
    /// Less than four minutes on two cores.
    const EPOCHS: usize = 8;
    const BATCH_SIZE: usize = 64;
    const UNKEYED: &'static [&'static str] = &["ablate", "temperature"];
    const GUESSES: &'static [(&'static str, &'static str)] =
        &[("chroma", "mean chroma of what is painted ÷ the truth's")];

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

pub fn main() -> ExitCode {
    launch(experiment)
}

fn experiment(settings: &Settings) -> anyhow::Result<()> {
    let run = Run::open(settings)?;
    if let Some(Ablation::Loss) = settings.ablate {
        return ablation::losses(&run.into_ablation("loss")?, settings);
    }
    let palette = Palette::new(&run, settings.lambda)?;
    let name = settings.loss.name();
    let model = train(&run, settings, &palette, settings.loss)?;
    let painted = paint::judge(&run, &palette, &model, settings.temperature)?;
    println!("chroma of painted test images: {} of the truth's", percent(painted.chroma));
    let comparison = run.compare(name, &model.backbone, &INPUT)?;
    plots::report(&run, settings, &palette, &model, &painted, &comparison)
}

/// Trains a model to paint with `loss`, whose name is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, palette: &Palette, loss: Loss) -> anyhow::Result<Colorizer> {
    let mut params = run.params();
    let model = Colorizer::new(run, loss, palette.answers(loss), &params)?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let plan = Plan { name: loss.name(), epochs: settings.epochs(), landmarks: palette.landmarks(loss)? };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.epoch(epoch) {
            let lab = rgb_to_lab(batch?.images())?; // [B, 3, H, W]
            let answers = model.forward(&lightness(&lab)?, true)?; // [B, Q, H/4, W/4]
            let loss = palette.loss(loss, &answers, &lab)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), lab.dims()[0])?;
        }
        training.watch(run, &model.backbone, &INPUT)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(model)
}
