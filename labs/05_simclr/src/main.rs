//! The experiment of lab 05: SimCLR, from pairs of views to what the backbone's features are good for.
//!
//! `cargo run -p simclr` (the lab's functions) or `cargo run -p simclr-solution` (the solution's).

mod ablation;
mod model;
mod plots;
mod views;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use simclr::{learning_rate, nt_xent};
use ssl_experiment::{Flags, Input, Plan, Run, Settings as _, Training, ViewFlags, landmarks, launch, range};
use ssl_nn::AdamW;

use self::model::{HeadKind, Model};
use self::views::Recipe;

/// SimCLR: a simple framework for contrastive learning of visual representations (Chen et al. 2020)
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// What cosines are divided by (above 0 to 100); `--ablate temperature` compares
    #[arg(long, default_value_t = 0.1, value_parser = range::temperature)]
    temperature: f64,
    #[command(flatten)]
    #[serde(flatten)]
    views: ViewFlags,
    /// What is between the features and the loss
    #[arg(long, value_enum, default_value_t = HeadKind::NonLinear)]
    head: HeadKind,
    /// Greatest learning rate of AdamW (above 0 to 10) at batch size 256; it is scaled by the batch size
    #[arg(long, default_value_t = 0.008, value_parser = range::learning_rate)]
    learning_rate: f64,
    /// Weight decay (0 to 1)
    #[arg(long, default_value_t = 1e-4, value_parser = range::fraction)]
    weight_decay: f64,
    /// Images whose graph is in memory at a time (1 to 1000000): large batches in little memory, by exercise 10; batch norm then
    /// takes its statistics from each chunk
    #[arg(long, value_name = "N", value_parser = range::count)]
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk: Option<usize>,
    /// Compare variants instead: at most half an hour; goes on where it was interrupted
    #[arg(long, value_enum)]
    #[serde(skip)]
    ablate: Option<Ablation>,
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// Pairs of augmentations on one of the two views (figure 5 of the paper)
    Augmentations,
    /// No head, a linear one, a non-linear one; h against z (figure 8, section 4.2)
    Head,
    /// Batch sizes at equal epochs and at equal updates (figure 9); with `--chunk` up to 4,096
    Batch,
    /// Temperatures (table 5)
    Temperature,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "simclr";
    /// Less than four minutes on two cores.
    const EPOCHS: usize = 10;
    /// Small, because a short run needs many steps more than many negatives.
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
    // Before anything is trained: look at what the network will see.
    plots::pairs(&run, settings)?;
    let model = train(&run, settings, settings.recipes(), "simclr")?;
    let comparison = run.compare("SimCLR", &model.backbone, &Input::RGB)?;
    plots::report(&run, settings, &model, &comparison)
}

/// Trains a model on pairs of views by the two recipes; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, recipes: [Recipe; 2], name: &str) -> anyhow::Result<Model> {
    let mut params = run.params();
    let model = Model::new(run, settings.head, &params)?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let (loader, batch_size) = (run.loader(settings)?, settings.batch_size());
    let loss = |z: &_| nt_xent(z, settings.temperature);
    let landmarks = landmarks::of_embeddings(2 * batch_size, model.width(), &run.device, loss)?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    let (warmup, total) = (training.warmup_steps(), training.total_steps());
    for epoch in training.epochs() {
        for batch in loader.samples(epoch, move |image, rng| views::pair(recipes, image, rng)) {
            let views = batch?.tensors; // [B, 3, H, W] twice
            let rate = learning_rate(training.steps_done(), warmup, total, settings.learning_rate, batch_size);
            let loss = model.step(&mut optimizer, &views, settings, rate)?;
            training.step(loss, 2 * batch_size)?;
        }
        training.watch(run, &model.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(model)
}

impl Settings {
    /// How the two views of an image are made: both in the same way.
    fn recipes(&self) -> [Recipe; 2] {
        let recipe = Recipe {
            flip: 0.5,
            jitter: 0.8,
            strength: self.views.strength,
            grayscale: self.views.grayscale,
            ..Recipe::crop_only(self.views.crop)
        };
        [recipe; 2]
    }
}
