//! The experiment of lab 01: train a backbone to predict rotations, then see what its features are good for.
//!
//! `cargo run -p rotation` (the lab's functions) or `cargo run -p rotation-solution` (the solution's).

mod ablation;
mod plots;

use std::process::ExitCode;

use candle_core::Tensor;
use clap::{Parser, ValueEnum};
use rotation::{frozen_features, rotation_accuracy, rotation_batch, rotation_loss};
use serde::Serialize;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Flags, Input, Plan, Run, Settings as _, Training, launch, range};
use ssl_nn::{Backbone, Linear, Optimizer, Sgd};

/// Predict image rotations (Gidaris et al. 2018)
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// Greatest learning rate (above 0 to 10): the paper's, with batches half as large for more steps in a short run
    #[arg(long, default_value_t = 0.1, value_parser = range::learning_rate)]
    learning_rate: f64,
    /// Momentum of SGD (0 to below 1), the paper's
    #[arg(long, default_value_t = 0.9, value_parser = range::momentum)]
    momentum: f64,
    /// Weight decay (0 to 1), the paper's
    #[arg(long, default_value_t = 5e-4, value_parser = range::fraction)]
    weight_decay: f64,
    /// Compare variants instead: at most half an hour; goes on where it was interrupted
    #[arg(long, value_enum)]
    #[serde(skip)]
    ablate: Option<Ablation>,
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// Which rotations are to be told apart: {0°, 180°}, {90°, 270°} or all four
    Rotations,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "rotation";
    /// Less than two minutes on two cores.
    const EPOCHS: usize = 4;
    /// Before images are turned.
    const BATCH_SIZE: usize = 64;
    const GUESSES: &'static [(&'static str, &'static str)] =
        &[("accuracy", "rotations of test images predicted right")];

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

/// Quarter turns to tell apart.
pub const ROTATIONS: [u32; 4] = [0, 1, 2, 3];

pub fn main() -> ExitCode {
    launch(experiment)
}

fn experiment(settings: &Settings) -> anyhow::Result<()> {
    let run = Run::open(settings)?;
    if let Some(Ablation::Rotations) = settings.ablate {
        return ablation::rotations(&run.into_ablation("rotations")?, settings);
    }
    let model = train(&run, settings, &ROTATIONS, "rotation")?;
    let tested = test_rotations(&run, &model, &ROTATIONS)?;
    let accuracy = tested.accuracy()?;
    println!("rotation accuracy on test images: {:.1} %", 100.0 * accuracy);
    let predictions = plots::predictions(&run, &tested)?;
    // Four times the test images, which evaluation has no use for.
    drop(tested);
    let comparison = run.compare("rotation", &model.backbone, &Input::RGB)?;
    plots::report(&run, accuracy, &predictions, &comparison)
}

/// A backbone and the head that reads rotations off its features.
pub struct Model {
    pub backbone: Backbone,
    head: Linear,
}

impl Model {
    pub fn logits(&self, images: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        self.head.forward(&self.backbone.forward(images, train)?)
    }
}

/// Trains a model to tell `rotations` apart; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, rotations: &[u32], name: &str) -> anyhow::Result<Model> {
    let mut params = run.params();
    let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
    let head = Linear::new(backbone.features(), rotations.len(), &params.pp("head"))?;
    let model = Model { backbone, head };
    let mut optimizer = Sgd::new(params.trained(), settings.momentum, settings.weight_decay);
    let loader = run.loader(settings)?;
    // Equal images seen: two rotations go through the images twice as often as four.
    let epochs = settings.epochs() * ROTATIONS.len() / rotations.len();
    let guess = (rotations.len() as f64).ln();
    let plan = Plan { name, epochs, landmarks: Landmarks { collapsed: guess, random: guess } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.epoch(epoch) {
            let (images, labels) = rotated(batch?.images(), rotations)?; // [4B, 3, H, W], [4B]
            let logits = model.logits(&images, true)?; // [4B, 4]
            let loss = rotation_loss(&logits, &labels)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.measure("accuracy", rotation_accuracy(&logits.detach(), &labels)?);
            training.step(f64::from(loss.to_scalar::<f32>()?), labels.elem_count())?;
        }
        training.watch(run, &model.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(model)
}

/// The images at `rotations` (in quarter turns) only, and which of them each is at.
fn rotated(images: &Tensor, rotations: &[u32]) -> candle_core::Result<(Tensor, Tensor)> {
    let (turned, labels) = rotation_batch(images)?; // [4B, 3, H, W], [4B]
    if rotations == ROTATIONS {
        return Ok((turned, labels));
    }
    let batch = images.dims()[0];
    let block = |&turns: &u32| turned.narrow(0, turns as usize * batch, batch);
    let blocks = rotations.iter().map(block).collect::<candle_core::Result<Vec<_>>>()?;
    let labels = labels.narrow(0, 0, rotations.len() * batch)?;
    Ok((Tensor::cat(&blocks, 0)?, labels))
}

/// Images of the test split whose rotation is predicted at a time.
const TEST_BATCH: usize = 250;

/// Test images at several rotations.
pub struct Tested {
    pub images: Tensor,
    /// Which rotation each is at.
    pub labels: Tensor,
    /// The model's.
    pub logits: Tensor,
}

impl Tested {
    /// The share of images whose rotation is predicted right.
    pub fn accuracy(&self) -> candle_core::Result<f64> {
        rotation_accuracy(&self.logits, &self.labels)
    }
}

/// All test images at all of `rotations`, as a model sees them.
pub fn test_rotations(run: &Run, model: &Model, rotations: &[u32]) -> anyhow::Result<Tested> {
    let encode = |images: &Tensor, train: bool| model.logits(images, train);
    let (images, labels) = rotated(&run.data.test.images().to_tensor(&run.device)?, rotations)?;
    let logits = frozen_features(&encode, &images, TEST_BATCH)?;
    Ok(Tested { images, labels, logits })
}
