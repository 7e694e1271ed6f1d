//! The experiment of lab 06: DeepCluster, SwAV and PCL.
//!
//! `cargo run -p clustering` (the lab's functions) or `cargo run -p clustering-solution` (the solution's).

mod ablation;
mod clusters;
mod deepcluster;
mod network;
mod pcl;
mod plots;
mod swav;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use ssl_experiment::{Flags, Input, Run, ViewFlags, launch, range};
use ssl_nn::Backbone;

/// Clustering: DeepCluster (Caron et al. 2018), SwAV (Caron et al. 2020), PCL (Li et al. 2021)
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// What is done with clusters
    #[arg(long, value_enum, default_value_t = Method::Swav)]
    method: Method,
    #[command(flatten)]
    #[serde(flatten)]
    views: ViewFlags,
    /// Clusters or prototypes (1 to 1000000) [default: 60 for SwAV, 100 for DeepCluster, 200 for PCL and then twice as many]
    #[arg(long, value_name = "N", value_parser = range::count)]
    clusters: Option<usize>,
    /// Temperature of the scores and of InfoNCE (above 0 to 100)
    #[arg(long, default_value_t = 0.1, value_parser = range::temperature)]
    temperature: f64,
    /// Sinkhorn's ε (above 0 to 100): the smaller, the harder the codes
    #[arg(long, default_value_t = 0.05, value_parser = range::temperature)]
    epsilon: f64,
    /// SwAV's four further views of half the size
    #[arg(long)]
    multi_crop: bool,
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
    /// Each view predicts the other view's code
    Swav,
    /// Clusters of the last epoch's features are the next epoch's labels
    Deepcluster,
    /// Contrast with other images, and with clusters of all images
    Pcl,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Swav => "SwAV",
            Self::Deepcluster => "DeepCluster",
            Self::Pcl => "PCL",
        }
    }

    /// What the backbone sees of images.
    pub fn input(self) -> Input<'static> {
        if self == Self::Deepcluster { network::SOBEL } else { Input::RGB }
    }
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// SwAV's codes by Sinkhorn, and by a softmax of each row at the same ε
    Sinkhorn,
    /// Numbers of DeepCluster's clusters (figure 3c of its paper)
    Clusters,
    /// SwAV with and without four small views, at equal images seen
    MultiCrop,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "clustering";
    /// Less than four minutes on two cores.
    const EPOCHS: usize = 10;
    /// Small, because a short run needs many steps.
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
    let run = Run::open(settings)?;
    if let Some(ablation) = settings.ablate {
        return ablation::compare(ablation, run, settings);
    }
    let backbone = train(&run, settings, settings.method.name())?;
    let comparison = run.compare(settings.method.name(), &backbone, &settings.method.input())?;
    plots::report(&run, settings, &backbone, &comparison)
}

/// Trains a backbone by the settings' method; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Backbone> {
    match settings.method {
        Method::Swav => swav::train(run, settings, name, swav::Codes::Sinkhorn),
        Method::Deepcluster => deepcluster::train(run, settings, name),
        Method::Pcl => pcl::train(run, settings, name),
    }
}
