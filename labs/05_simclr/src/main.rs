//! The experiment of lab 05: SimCLR, from pairs of views to what the backbone's features are good for.
//!
//! `cargo run -p simclr` (the lab's functions) or `cargo run -p simclr-solution` (the solution's).

mod ablation;
mod model;
mod plots;
mod views;

use std::path::Path;
use std::process::ExitCode;

use candle_core::Device;
use clap::{Parser, ValueEnum};
use simclr::learning_rate;
use ssl_data::{Dataset, Loader};
use ssl_nn::{AdamW, Checkpoint, Params};
use ssl_report::{Baselines, Options, Progress};

use self::model::{HeadKind, Model};
use self::views::Recipe;

/// SimCLR: a simple framework for contrastive learning of visual representations (Chen et al. 2020)
#[derive(Parser, Clone)]
pub struct Settings {
    #[command(flatten)]
    pub options: Options,
    /// What cosines are divided by; `--ablate temperature` compares
    #[arg(long, default_value_t = 0.1)]
    temperature: f64,
    /// Least share of an image's area that a view shows; the paper's 0.08 makes a task that takes longer to learn
    #[arg(long, default_value_t = 0.7)]
    crop: f64,
    /// Strength s of the colour jitter; on CIFAR-10 the paper takes 0.5
    #[arg(long, default_value_t = 1.0)]
    strength: f64,
    /// How often all colour is taken away; the paper's 0.2 leaves Toybox's colours as a way to tell images apart
    #[arg(long, default_value_t = 0.5)]
    grayscale: f64,
    /// What stands between the features and the loss
    #[arg(long, value_enum, default_value_t = HeadKind::NonLinear)]
    head: HeadKind,
    /// Greatest learning rate of AdamW, at 256 images a step; it is scaled by the batch size
    #[arg(long, default_value_t = 0.008)]
    learning_rate: f64,
    /// Pull of the weights towards 0
    #[arg(long, default_value_t = 1e-4)]
    weight_decay: f64,
    /// Compare variants instead: at most half an hour, goes on where it was interrupted
    #[arg(long, value_enum)]
    ablate: Option<Ablation>,
}

/// What `--ablate` accepts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ablation {
    /// Pairs of augmentations on one of the two views (figure 5 of the paper)
    Augmentations,
    /// No head, a linear one, a non-linear one; h against z (figure 8, section 4.2)
    Head,
    /// Batch sizes at equal epochs and at equal updates (figure 9)
    Batch,
    /// Temperatures (table 5)
    Temperature,
}

/// Times that training goes through the images: less than four minutes on two cores.
const EPOCHS: usize = 10;
/// Images a step, each in two views; small, because a short run needs many steps more than many negatives.
const BATCH_SIZE: usize = 64;

pub fn main() -> ExitCode {
    ssl_report::exit_code(run(&Settings::parse()))
}

fn run(settings: &Settings) -> anyhow::Result<()> {
    let device = settings.options.open_device()?;
    let data = settings.options.load_data()?;
    let out = settings.options.out("simclr")?;
    if let Some(ablation) = settings.ablate {
        return ablation::run(ablation, settings, &data, &out, &device);
    }
    // Before anything is trained: look at what the network will see.
    plots::pairs(settings, &data, &out)?;
    let model = train(settings, settings.recipes(), &data, "simclr", &out, &device)?;
    let evaluations = match Baselines::of(&settings.options, &data, &device)? {
        Some(baselines) => Some((model.evaluate(&data, &device)?, model.evaluate_z(&data, &device)?, baselines)),
        None => None,
    };
    let page = plots::report(settings, &model, &data, evaluations.as_ref(), &out, &device)?;
    println!("report: {}", page.display());
    Ok(())
}

/// Trains a model on pairs of views by the two recipes; `name` is that of the run in metrics and checkpoints.
pub fn train(
    settings: &Settings,
    recipes: [Recipe; 2],
    data: &Dataset,
    name: &str,
    out: &Path,
    device: &Device,
) -> anyhow::Result<Model> {
    let options = &settings.options;
    let (epochs, batch_size) = (options.epochs(EPOCHS), options.batch_size(BATCH_SIZE));
    let params = Params::new(options.seed, device);
    let model = Model::new(options.backbone, settings.head, &params)?;
    let mut optimiser = AdamW::new(params.trained(), settings.weight_decay);
    let loader = Loader::new(data.train.clone(), batch_size, options.seed, device)?;
    let total = epochs * loader.batches();
    let warmup = options.warmup_steps(total);

    let checkpoint = out.join(format!("{name}.safetensors"));
    let words = settings.words(name, epochs);
    let first = options.first_epoch(&checkpoint, &words, &params, &mut optimiser)?;
    let mut progress = Progress::new(name, out, first, epochs, loader.batches())?;
    let mut step = first * loader.batches();
    for epoch in first..epochs {
        for batch in loader.pairs(epoch, move |image, rng| views::pair(recipes, image, rng))? {
            let views = batch?.views; // [B, 3, H, W] twice
            let rate = learning_rate(step, warmup, total, settings.learning_rate, batch_size);
            let loss = model.step(&mut optimiser, &views, settings.temperature, rate)?;
            step += 1;
            progress.step(loss, 2 * batch_size);
        }
        progress.end_epoch(&[])?;
        Checkpoint { epoch: epoch + 1, settings: words.clone() }.save(&checkpoint, &params, &optimiser)?;
    }
    progress.finish();
    Ok(model)
}

impl Settings {
    /// How the two views of an image are made: both in the same way.
    fn recipes(&self) -> [Recipe; 2] {
        let recipe = Recipe {
            flip: 0.5,
            jitter: 0.8,
            strength: self.strength,
            grayscale: self.grayscale,
            ..Recipe::crop_only(self.crop)
        };
        [recipe; 2]
    }

    /// Everything that decides what a training ends in.
    fn words(&self, name: &str, epochs: usize) -> String {
        format!(
            "{}, temperature {}, crop {}, strength {}, grayscale {}, head {:?}, learning rate {}, weight decay {}",
            self.options.settings(name, epochs, self.options.batch_size(BATCH_SIZE)),
            self.temperature,
            self.crop,
            self.strength,
            self.grayscale,
            self.head,
            self.learning_rate,
            self.weight_decay
        )
    }
}
