//! The experiment of lab 10: Barlow Twins, VICReg and SIGReg, which say themselves that nothing may collapse.
//!
//! `cargo run -p decorrelation` (the lab's functions) or `cargo run -p decorrelation-solution` (the solution's).

mod ablation;
mod loss;
mod plots;
mod training;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use ssl_experiment::{Flags, Input, Run, ViewFlags, launch, range};

use self::loss::LossFlags;

/// No collapse by the loss itself: Barlow Twins (Zbontar et al. 2021), VICReg (Bardes et al. 2022), SIGReg (Balestriero and LeCun 2025)
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// What keeps embeddings apart
    #[arg(long, value_enum, default_value_t = Method::Barlow)]
    method: Method,
    #[command(flatten)]
    #[serde(flatten)]
    views: ViewFlags,
    #[command(flatten)]
    #[serde(flatten)]
    loss: LossFlags,
    /// Width of the embeddings (1 to 8192, the papers')
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = range::width)]
    width: usize,
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
    /// The views' correlation matrix is to be the identity
    Barlow,
    /// Channels are to vary, and not together
    Vicreg,
    /// Along every direction embeddings are to look Gaussian
    Sigreg,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Barlow => "Barlow Twins",
            Self::Vicreg => "VICReg",
            Self::Sigreg => "SIGReg",
        }
    }
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// VICReg with each of its terms taken away: the two faces of collapse
    Terms,
    /// Barlow Twins' λ, from 0 on (figure 5 of Barlow Twins)
    Lambda,
    /// Widths of Barlow Twins' embeddings (figure 4 of Barlow Twins)
    Width,
    /// Directions along which SIGReg looks at a batch
    Directions,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "decorrelation";
    /// Less than four minutes on two cores.
    const EPOCHS: usize = 10;
    /// Small, because a short run needs many steps.
    const BATCH_SIZE: usize = 64;
    /// A variance needs several images.
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
    let name = settings.method.name();
    let network = training::train(&run, settings, name)?;
    let comparison = run.compare(name, &network.backbone, &Input::RGB)?;
    plots::report(&run, settings, &network, &comparison)
}
