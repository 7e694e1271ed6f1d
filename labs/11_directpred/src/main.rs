//! The experiment of lab 11: a predictor that is not learned, beside the theory that says what it has to be.
//!
//! `cargo run -p directpred` (the lab's functions) or `cargo run -p directpred-solution` (the solution's).

mod ablation;
mod plots;
mod predictor;
mod theory;
mod training;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use ssl_experiment::{Flags, Input, Run, ViewFlags, launch, range};

use self::predictor::Kind;

/// Why BYOL does not collapse: DirectPred (Tian et al. 2021), DirectCopy (Wang et al. 2021)
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// The linear predictor between features and targets
    #[arg(long, value_enum, default_value_t = Kind::Directpred)]
    predictor: Kind,
    #[command(flatten)]
    #[serde(flatten)]
    views: ViewFlags,
    /// ε of a predictor that is set (0 to 1): what directions without features have
    #[arg(long, default_value_t = 0.1, value_parser = range::fraction)]
    epsilon: f64,
    /// ρ (0 to below 1): how much of the old correlation stays at each step
    #[arg(long, default_value_t = 0.9, value_parser = range::momentum)]
    rho: f64,
    /// Momentum of the target (0 to below 1): 1/(1 − m) steps are about a tenth of a short run
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

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// Learned, set by DirectPred, by DirectCopy, and none
    Predictor,
    /// Weight decay of a learned predictor's network: too little, and too much
    Decay,
    /// Momenta of the target
    Momentum,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "directpred";
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
    let name = settings.predictor.name();
    let theory = plots::theory(&run)?;
    let trained = training::train(&run, settings, name)?;
    let comparison = run.compare(name, &trained.network.backbone, &Input::RGB)?;
    plots::report(&run, settings, &theory, &trained, &comparison)
}
