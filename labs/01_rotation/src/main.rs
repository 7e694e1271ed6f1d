//! The experiment of lab 01: train a backbone to predict rotations, then see what its features are good for.
//!
//! `cargo run -p rotation` (the lab's functions) or `cargo run -p rotation-solution` (the solution's).

mod ablation;
mod plots;

use std::path::Path;
use std::process::ExitCode;

use candle_core::{Device, Tensor};
use clap::{Parser, ValueEnum};
use rotation::{frozen_features, rotation_accuracy, rotation_batch, rotation_loss};
use ssl_data::{Dataset, Loader};
use ssl_eval::Evaluation;
use ssl_nn::{Backbone, BackboneKind, Checkpoint, Linear, Optimiser, Params, Sgd};
use ssl_report::{Baselines, Options, Progress};

/// Predict image rotations (Gidaris et al. 2018)
#[derive(Parser, Clone)]
pub struct Settings {
    #[command(flatten)]
    pub options: Options,
    /// Greatest learning rate, the paper's; its batches hold 128 images, ours half as many, for more steps in a short run
    #[arg(long, default_value_t = 0.1)]
    learning_rate: f64,
    /// Share of the last step's direction that is kept, as in the paper
    #[arg(long, default_value_t = 0.9)]
    momentum: f64,
    /// Pull of the weights towards 0, as in the paper
    #[arg(long, default_value_t = 5e-4)]
    weight_decay: f64,
    /// Compare variants instead: at most half an hour, goes on where it was interrupted
    #[arg(long, value_enum)]
    ablate: Option<Ablation>,
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// Which rotations are to be told apart: {0°, 180°}, {90°, 270°} or all four
    Rotations,
}

/// Quarter turns to tell apart.
pub const ROTATIONS: [u32; 4] = [0, 1, 2, 3];
/// Times that training goes through the images: less than two minutes on two cores.
const EPOCHS: usize = 4;
/// Images a step, before they are turned.
const BATCH_SIZE: usize = 64;

pub fn main() -> ExitCode {
    ssl_report::exit_code(run(&Settings::parse()))
}

fn run(settings: &Settings) -> anyhow::Result<()> {
    let device = settings.options.open_device()?;
    let data = settings.options.load_data()?;
    let out = settings.options.out("rotation")?;
    if settings.ablate == Some(Ablation::Rotations) {
        return ablation::run(settings, &data, &out.join("ablation_rotations"), &device);
    }
    let model = train(settings, &data, &ROTATIONS, "rotation", &out, &device)?;
    let accuracy = pretext_accuracy(&model, &data, &ROTATIONS, &device)?;
    println!("rotation accuracy on test images: {:.1} %", 100.0 * accuracy);
    let evaluations = match Baselines::of(&settings.options, &data, &device)? {
        Some(baselines) => Some((model.evaluate(&data, &device)?, baselines)),
        None => None,
    };
    let page = plots::report(settings, &model, &data, accuracy, evaluations.as_ref(), &out, &device)?;
    println!("report: {}", page.display());
    Ok(())
}

/// A backbone and the head that reads rotations off its features.
pub struct Model {
    pub backbone: Backbone,
    pub head: Linear,
}

impl Model {
    fn new(kind: BackboneKind, rotations: usize, params: &Params) -> candle_core::Result<Self> {
        let backbone = Backbone::new(kind, &params.pp("backbone"))?;
        let head = Linear::new(backbone.features(), rotations, &params.pp("head"))?;
        Ok(Self { backbone, head })
    }

    pub fn logits(&self, images: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        self.head.forward(&self.backbone.forward(images, train)?)
    }

    pub fn evaluate(&self, data: &Dataset, device: &Device) -> anyhow::Result<Evaluation> {
        Evaluation::of(|images| self.backbone.forward_blocks(images, false), data, device)
    }
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

/// Trains a model to tell `rotations` apart; `name` is that of the run in metrics and checkpoints.
pub fn train(
    settings: &Settings,
    data: &Dataset,
    rotations: &[u32],
    name: &str,
    out: &Path,
    device: &Device,
) -> anyhow::Result<Model> {
    let options = &settings.options;
    // Equal images seen: two rotations go through the images twice as often as four.
    let epochs = options.epochs(EPOCHS) * ROTATIONS.len() / rotations.len();
    let params = Params::new(options.seed, device);
    let model = Model::new(options.backbone, rotations.len(), &params)?;
    let mut optimiser = Sgd::new(params.trained(), settings.momentum, settings.weight_decay);
    let loader = Loader::new(data.train.clone(), options.batch_size(BATCH_SIZE), options.seed, device)?;
    let schedule = options.schedule(settings.learning_rate, epochs * loader.batches());

    let checkpoint = out.join(format!("{name}.safetensors"));
    let words = settings.words(name, epochs);
    let first = options.first_epoch(&checkpoint, &words, &params, &mut optimiser)?;
    let mut progress = Progress::new(name, out, first, epochs, loader.batches())?;
    let mut step = first * loader.batches();
    for epoch in first..epochs {
        let mut right = 0.0;
        for batch in loader.epoch(epoch) {
            let (images, labels) = rotated(batch?.images(), rotations)?; // [4B, 3, H, W], [4B]
            let logits = model.logits(&images, true)?; // [4B, 4]
            let loss = rotation_loss(&logits, &labels)?;
            optimiser.backward_step(&loss, schedule.at(step))?;
            step += 1;
            right += rotation_accuracy(&logits.detach(), &labels)?;
            progress.step(f64::from(loss.to_scalar::<f32>()?), labels.elem_count());
        }
        progress.end_epoch(&[("accuracy", right / loader.batches() as f64)])?;
        Checkpoint { epoch: epoch + 1, settings: words.clone() }.save(&checkpoint, &params, &optimiser)?;
    }
    progress.finish();
    Ok(model)
}

impl Settings {
    /// Everything that decides what a training ends in.
    fn words(&self, name: &str, epochs: usize) -> String {
        format!(
            "{}, learning rate {}, momentum {}, weight decay {}",
            self.options.settings(name, epochs, self.options.batch_size(BATCH_SIZE)),
            self.learning_rate,
            self.momentum,
            self.weight_decay
        )
    }
}

/// Images of the test split whose rotation is predicted at a time.
const TEST_BATCH: usize = 250;

/// The share of test images, at all of `rotations`, whose rotation is predicted right.
pub fn pretext_accuracy(model: &Model, data: &Dataset, rotations: &[u32], device: &Device) -> anyhow::Result<f64> {
    let encode = |images: &Tensor, train: bool| model.logits(images, train);
    let (images, labels) = rotated(&data.test.images().to_tensor(device)?, rotations)?;
    let logits = frozen_features(&encode, &images, TEST_BATCH)?;
    Ok(rotation_accuracy(&logits, &labels)?)
}
