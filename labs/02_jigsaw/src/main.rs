//! The experiment of lab 02: train a backbone to solve puzzles, then see what its features are good for.
//!
//! `cargo run -p jigsaw` (the lab's functions) or `cargo run -p jigsaw-solution` (the solution's).

mod ablation;
mod plots;
pub mod puzzle;
mod tiles;

use std::process::ExitCode;

use candle_core::Tensor;
use candle_nn::loss::cross_entropy;
use clap::{Parser, ValueEnum};
use jigsaw::puzzle_features;
use serde::Serialize;
use ssl_data::Split;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Flags, Plan, Run, Settings as _, Training, launch, range};
use ssl_nn::{AdamW, Backbone, Mlp, Optimizer};
use ssl_report::percent;

use self::puzzle::{Maker, Puzzle, PuzzleFlags};

/// Solve puzzles: relative patches (Doersch et al. 2015) or jigsaw (Noroozi and Favaro 2016)
#[derive(Parser, Clone, Serialize)]
#[command(mut_arg("data", |flag| flag.default_value("toybox:size=64")))]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    #[command(flatten)]
    #[serde(flatten)]
    pub puzzle: PuzzleFlags,
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
    /// What the network reads off the lens, with and without what closes the shortcut, with and without toys
    Shortcut,
    /// Numbers of permutations (Noroozi and Favaro, table 4)
    Permutations,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "jigsaw";
    /// Less than four minutes on two cores.
    const EPOCHS: usize = 8;
    /// Puzzles, each of several patches.
    const BATCH_SIZE: usize = 64;
    const GUESSES: &'static [(&'static str, &'static str)] = &[("accuracy", "puzzles of test images solved")];

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
    let maker = Maker::new(&run, &settings.puzzle)?;
    let name = settings.puzzle.task.name();
    let model = train(&run, settings, &maker, name)?;
    let accuracy = pretext_accuracy(&run, &maker, &model, &run.data.test)?;
    println!("puzzles of test images solved: {}, chance {}", percent(accuracy), percent(1.0 / maker.classes() as f64));
    let comparison = run.compare(name, &model.backbone, &maker.cutter.input())?;
    plots::report(&run, &maker, &model, accuracy, &comparison)
}

/// A backbone that sees patches, and the head that reads their order off all their features.
pub struct Model {
    pub backbone: Backbone,
    head: Mlp,
}

/// Width of the head's hidden layer.
const HIDDEN: usize = 256;

impl Model {
    pub fn logits(&self, puzzle: &Puzzle, train: bool) -> candle_core::Result<Tensor> {
        let encode = |patches: &Tensor, train: bool| self.backbone.forward(patches, train);
        self.head.forward(&puzzle_features(&encode, &puzzle.patches, train)?, train)
    }
}

/// Trains a model on puzzles; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, maker: &Maker, name: &str) -> anyhow::Result<Model> {
    let mut params = run.params();
    let backbone = run.backbone(&maker.cutter.input(), &params.pp("backbone"))?;
    let head = Mlp::new(&[maker.tiles() * backbone.features(), HIDDEN, maker.classes()], &params.pp("head"))?;
    let model = Model { backbone, head };
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let guess = (maker.classes() as f64).ln();
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: guess, random: guess } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for (step, batch) in loader.epoch(epoch).enumerate() {
            let puzzle = maker.puzzles(batch?.images(), &mut loader.rng(epoch, step))?;
            let logits = model.logits(&puzzle, true)?; // [B, classes]
            let loss = cross_entropy(&logits, &puzzle.labels)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.measure("accuracy", puzzle.solved(&logits)?);
            training.step(f64::from(loss.to_scalar::<f32>()?), puzzle.labels.elem_count())?;
        }
        training.watch(run, &model.backbone, &maker.cutter.input())?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(model)
}

/// The share of puzzles that the model solves, one for each image.
pub fn pretext_accuracy(run: &Run, maker: &Maker, model: &Model, split: &Split) -> anyhow::Result<f64> {
    let mut rng = puzzle::generator(run.seed());
    let mut solved = 0.0;
    for indices in (0..split.len()).collect::<Vec<_>>().chunks(TEST_BATCH) {
        let images = split.images().select(indices).to_tensor(&run.device)?;
        let puzzle = maker.puzzles(&images, &mut rng)?;
        solved += puzzle.solved(&model.logits(&puzzle, false)?)? * indices.len() as f64;
    }
    Ok(solved / split.len() as f64)
}

/// Puzzles that are solved at a time.
const TEST_BATCH: usize = 100;
