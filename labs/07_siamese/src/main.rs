//! The experiment of lab 07: BYOL and SimSiam, with all that can be taken away from them.
//!
//! `cargo run -p siamese` (the lab's functions) or `cargo run -p siamese-solution` (the solution's).

mod ablation;
mod byol;
mod network;
mod plots;
mod simsiam;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use ssl_data::Augmentation;
use ssl_experiment::{Flags, Input, Run, ViewFlags, launch, range};

use self::network::{Online, Variant};

/// BYOL (Grill et al. 2020) and SimSiam (Chen and He 2021): learning without negatives
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// Who predicts whom
    #[arg(long, value_enum, default_value_t = Method::Byol)]
    method: Method,
    #[command(flatten)]
    #[serde(flatten)]
    views: ViewFlags,
    /// Views of each image that SimSiam compares (2 to 8); BYOL takes two
    #[arg(long = "views", value_name = "N", default_value_t = 2, value_parser = range::views)]
    count: usize,
    /// Momentum of BYOL's target at the start (0 to below 1): 1/(1 − m) steps are about a tenth of a short run
    #[arg(long, default_value_t = 0.99, value_parser = range::momentum)]
    momentum: f64,
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

/// What `--method` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Method {
    /// A network predicts a slower copy of itself
    Byol,
    /// A network predicts itself, without gradient on the other side
    Simsiam,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Byol => "BYOL",
            Self::Simsiam => "SimSiam",
        }
    }
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// SimSiam with and without stop-gradient, each with and without batch norm on z (figure 2 of SimSiam)
    StopGradient,
    /// With and without a predictor, for both methods (table 1 of SimSiam, table 5b of BYOL)
    Predictor,
    /// Momenta of BYOL's target (table 5a of BYOL)
    Momentum,
    /// Batch sizes at equal epochs (figure 3 of BYOL)
    Batch,
    /// Two views and four of SimSiam, at equal images seen
    Views,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "siamese";
    /// Less than four minutes on two cores.
    const EPOCHS: usize = 10;
    /// Small, because a short run needs many steps.
    const BATCH_SIZE: usize = 64;
    /// Batch norm needs to see several images.
    const LEAST_BATCH: usize = 2;

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

pub fn main() -> ExitCode {
    launch(experiment)
}

fn experiment(settings: &Settings) -> anyhow::Result<()> {
    let run = Run::open(settings)?;
    if let Some(ablation) = settings.ablate {
        return ablation::compare(ablation, run, settings);
    }
    let model = train(&run, settings, &Variant::USUAL, settings.method.name())?;
    let comparison = run.compare(settings.method.name(), &model.network.backbone, &Input::RGB)?;
    plots::report(&run, settings, &model, &comparison)
}

/// Trains a variant of the method; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, variant: &Variant, name: &str) -> anyhow::Result<Online> {
    match settings.method {
        Method::Byol => byol::train(run, settings, variant, name),
        Method::Simsiam => simsiam::train(run, settings, variant, name),
    }
}

impl Settings {
    /// How `count` views of an image are made: all in the same way.
    fn views(&self, count: usize) -> Vec<Augmentation> {
        vec![self.views.augmentation(); count]
    }
}
