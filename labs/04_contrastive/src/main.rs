//! The experiment of lab 04: train a backbone with a contrastive loss on pairs of views, then see where its embeddings lie and
//! what its features are good for.
//!
//! `cargo run -p contrastive` (the lab's functions) or `cargo run -p contrastive-solution` (the solution's).

mod ablation;
mod circle;
mod losses;
mod model;
mod plots;
mod sphere;

use std::process::ExitCode;

use candle_core::Tensor;
use clap::{Parser, ValueEnum};
use serde::Serialize;
use ssl_data::Augmentation;
use ssl_experiment::{Flags, Input, Plan, Run, Settings as _, Training, ViewFlags, landmarks, launch, range};
use ssl_nn::{AdamW, Optimizer};

use self::losses::Loss;
use self::model::{HEAD, Model, alignment_and_uniformity, halves};

/// Contrastive, triplet and InfoNCE losses on pairs of views
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// Which of the losses to train with
    #[arg(long, value_enum, default_value_t = Loss::InfoNce)]
    loss: Loss,
    /// What InfoNCE divides cosines by (above 0 to 100); a low one learns faster in a short run
    #[arg(long, default_value_t = 0.1, value_parser = range::temperature)]
    temperature: f64,
    /// Distance on the unit sphere that pairs and triplets keep (0 to 10); two random directions are √2 apart
    #[arg(long, default_value_t = 1.0, value_parser = range::margin)]
    margin: f64,
    #[command(flatten)]
    #[serde(flatten)]
    views: ViewFlags,
    /// Greatest learning rate of AdamW (above 0 to 10), with which a short run learns more than with SGD
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
    /// All three losses, at equal images seen
    Loss,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "contrastive";
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
    if let Some(Ablation::Loss) = settings.ablate {
        return ablation::losses(&run.into_ablation("loss")?, settings);
    }
    let model = train(&run, settings, settings.loss)?;
    let comparison = run.compare(settings.loss.name(), &model.backbone, &Input::RGB)?;
    plots::report(&run, settings, &model, &comparison)
}

/// Trains a model with `loss`.
pub fn train(run: &Run, settings: &Settings, loss: Loss) -> anyhow::Result<Model> {
    let mut params = run.params();
    let model = Model::new(run, &params)?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let of_rows = |z: &Tensor| halves(z).and_then(|(z_a, z_b)| loss.of(&z_a, &z_b, settings));
    let landmarks = landmarks::of_embeddings(2 * loader.batch_size(), HEAD[1], &run.device, of_rows)?;
    let plan = Plan { name: loss.name(), epochs: settings.epochs(), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.views(epoch, &settings.two_views())? {
            let views = Tensor::cat(&batch?.tensors, 0)?; // [2B, 3, H, W]
            let (z_a, z_b) = halves(&model.embed(&views, true)?)?; // [B, 128], [B, 128]
            let loss = loss.of(&z_a, &z_b, settings)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            let [alignment, uniformity] = alignment_and_uniformity(&z_a.detach(), &z_b.detach())?;
            training.measure("alignment", alignment);
            training.measure("uniformity", uniformity);
            training.step(f64::from(loss.to_scalar::<f32>()?), views.dims()[0])?;
        }
        training.watch(run, &model.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(model)
}

impl Settings {
    /// How the two views of an image are made: both in the same way.
    pub fn two_views(&self) -> [Augmentation; 2] {
        [self.views.augmentation(), self.views.augmentation()]
    }
}
