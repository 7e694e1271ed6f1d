//! The experiment of lab 09: MoCo and PIRL, which remember what they contrast with.
//!
//! `cargo run -p moco` (the lab's functions) or `cargo run -p moco-solution` (the solution's).

mod ablation;
mod jigsaw;
mod negatives;
mod network;
mod pirl;
mod plots;
mod puzzle;
mod queue;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use ssl_experiment::{Flags, Input, Run, ViewFlags, launch, range};
use ssl_nn::Backbone;

/// Contrast with what is remembered: MoCo (He et al. 2020), PIRL (Misra and van der Maaten 2020)
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// What is remembered
    #[arg(long, value_enum, default_value_t = Method::Moco)]
    method: Method,
    #[command(flatten)]
    #[serde(flatten)]
    views: ViewFlags,
    /// Keys in MoCo's queue, and negatives of PIRL's batches (1 to 1000000) [default: 256 for MoCo or a batch if that is more, 1024 for PIRL or as many as there are]
    #[arg(long = "queue", value_name = "N", value_parser = range::count)]
    negatives: Option<usize>,
    /// Momentum of MoCo's key encoder (0 to below 1); a slower one, such as the paper's 0.999, lags behind in a short run
    #[arg(long, default_value_t = 0.9, value_parser = range::momentum)]
    momentum: f64,
    /// Groups of a batch that go through MoCo's batch norms by themselves (1 to 1000000), as on several GPUs [default: 4, or fewer where a batch is small]
    #[arg(long, value_name = "N", value_parser = range::count)]
    groups: Option<usize>,
    /// Weight of the patches' term in PIRL's loss (0 to 1)
    #[arg(long, default_value_t = 0.5, value_parser = range::fraction)]
    lambda: f64,
    /// Temperature of the scores (above 0 to 100)
    #[arg(long, default_value_t = 0.1, value_parser = range::temperature)]
    temperature: f64,
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
    /// The last batches' keys, by an encoder that changes slowly
    Moco,
    /// One embedding of every image, which its puzzle is to find
    Pirl,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Moco => "MoCo",
            Self::Pirl => "PIRL",
        }
    }
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// Keys in MoCo's queue, at the same batch size (figure 3 of MoCo)
    Queue,
    /// Momenta of MoCo's key encoder (section 4.1 of MoCo)
    Momentum,
    /// Groups with and without shuffling, and one group (figure A.1 of MoCo)
    Shuffle,
    /// A puzzle to be solved, and one that is to make no difference: jigsaw beside PIRL
    Puzzle,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "moco";
    /// Less than four minutes on two cores.
    const EPOCHS: usize = 10;
    /// Small, because a short run needs many steps, and because negatives do not depend on it.
    const BATCH_SIZE: usize = 64;
    const LEAST_BATCH: usize = 2;

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

pub fn main() -> ExitCode {
    launch(experiment)
}

fn experiment(settings: &Settings) -> anyhow::Result<()> {
    if let Some(ablation) = settings.ablate {
        return ablation::compare(ablation, settings);
    }
    settings.fit()?;
    let run = Run::open(settings)?;
    let name = settings.method.name();
    let backbone = train(&run, settings, name)?;
    let comparison = run.compare(name, &backbone, &Input::RGB)?;
    plots::report(&run, settings, &backbone, &comparison)
}

/// Trains a backbone by the settings' method; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Backbone> {
    match settings.method {
        Method::Moco => queue::train(run, settings, name, queue::Keys::Shuffled),
        Method::Pirl => pirl::train(run, settings, name),
    }
}
