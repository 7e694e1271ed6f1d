//! The experiment of lab 04: train a backbone with a contrastive loss on pairs of views, then see where its embeddings lie and
//! what its features are good for.
//!
//! `cargo run -p contrastive` (the lab's functions) or `cargo run -p contrastive-solution` (the solution's).

mod ablation;
mod circle;
mod losses;
mod plots;
mod sphere;

use std::path::Path;
use std::process::ExitCode;

use candle_core::{Device, Tensor};
use clap::{Parser, ValueEnum};
use contrastive::{alignment, uniformity};
use ssl_data::augment::Crop;
use ssl_data::{Augmentation, Dataset, Loader};
use ssl_eval::Evaluation;
use ssl_nn::{AdamW, Backbone, BackboneKind, Checkpoint, Mlp, Optimiser, Params};
use ssl_report::{Baselines, Options, Progress};

pub use losses::Loss;

/// Contrastive, triplet and InfoNCE losses on pairs of views
#[derive(Parser, Clone)]
pub struct Settings {
    #[command(flatten)]
    pub options: Options,
    /// Which of the losses to train with
    #[arg(long, value_enum, default_value_t = Loss::InfoNce)]
    loss: Loss,
    /// What InfoNCE divides cosines by; a low one learns faster in a short run
    #[arg(long, default_value_t = 0.1)]
    temperature: f64,
    /// Distance on the unit sphere that pairs and triplets keep; two random directions are √2 apart
    #[arg(long, default_value_t = 1.0)]
    margin: f64,
    /// Least share of an image's area that a view shows; SimCLR's 0.08 makes a task that takes longer to learn
    #[arg(long, default_value_t = 0.7)]
    crop: f64,
    /// How often all colour is taken away; SimCLR's 0.2 leaves Toybox's colours as a way to tell images apart
    #[arg(long, default_value_t = 0.5)]
    grayscale: f64,
    /// Greatest learning rate of AdamW, with which a short run learns more than with SGD
    #[arg(long, default_value_t = 0.002)]
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
    /// All three losses, at equal images seen
    Loss,
}

/// Times that training goes through the images: less than four minutes on two cores.
const EPOCHS: usize = 10;
/// Images a step, each in two views; small, because a short run needs many steps more than many negatives.
const BATCH_SIZE: usize = 64;
/// Width of the embeddings that the losses see, and of the layer before.
const HEAD: [usize; 2] = [256, 128];

pub fn main() -> ExitCode {
    ssl_report::exit_code(run(&Settings::parse()))
}

fn run(settings: &Settings) -> anyhow::Result<()> {
    let device = settings.options.open_device()?;
    let data = settings.options.load_data()?;
    let out = settings.options.out("contrastive")?;
    if settings.ablate == Some(Ablation::Loss) {
        return ablation::run(settings, &data, &out.join("ablation_loss"), &device);
    }
    let model = train(settings, &data, settings.loss, settings.loss.name(), &out, &device)?;
    let evaluations = match Baselines::of(&settings.options, &data, &device)? {
        Some(baselines) => Some((model.evaluate(&data, &device)?, baselines)),
        None => None,
    };
    let page = plots::report(settings, &model, &data, evaluations.as_ref(), &out, &device)?;
    println!("report: {}", page.display());
    Ok(())
}

/// A backbone, and the head whose embeddings the loss compares.
pub struct Model {
    pub backbone: Backbone,
    pub head: Mlp,
}

impl Model {
    fn new(kind: BackboneKind, params: &Params) -> candle_core::Result<Self> {
        let backbone = Backbone::new(kind, &params.pp("backbone"))?;
        let head = Mlp::new(&[backbone.features(), HEAD[0], HEAD[1]], &params.pp("head"))?;
        Ok(Self { backbone, head })
    }

    /// Embeddings z of images.
    pub fn embed(&self, images: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        self.head.forward(&self.backbone.forward(images, train)?)
    }

    pub fn evaluate(&self, data: &Dataset, device: &Device) -> anyhow::Result<Evaluation> {
        Evaluation::of(|images| self.backbone.forward_blocks(images, false), data, device)
    }
}

/// Trains a model with `loss`; `name` is that of the run in metrics and checkpoints.
pub fn train(
    settings: &Settings,
    data: &Dataset,
    loss: Loss,
    name: &str,
    out: &Path,
    device: &Device,
) -> anyhow::Result<Model> {
    let options = &settings.options;
    let epochs = options.epochs(EPOCHS);
    let params = Params::new(options.seed, device);
    let model = Model::new(options.backbone, &params)?;
    let mut optimiser = AdamW::new(params.trained(), settings.weight_decay);
    let loader = Loader::new(data.train.clone(), options.batch_size(BATCH_SIZE), options.seed, device)?;
    let total = epochs * loader.batches();
    let schedule = options.schedule(settings.learning_rate, total);

    let checkpoint = out.join(format!("{name}.safetensors"));
    let words = settings.words(name, epochs);
    let first = options.first_epoch(&checkpoint, &words, &params, &mut optimiser)?;
    let mut progress = Progress::new(name, out, first, epochs, loader.batches())?;
    let mut step = first * loader.batches();
    for epoch in first..epochs {
        let mut measured = [0.0; 2];
        for batch in loader.views(epoch, &settings.two_views())? {
            let views = Tensor::cat(&batch?.views, 0)?; // [2B, 3, H, W]
            let (z_a, z_b) = halves(&model.embed(&views, true)?)?; // [B, 128], [B, 128]
            let loss = loss.of(&z_a, &z_b, settings)?;
            optimiser.backward_step(&loss, schedule.at(step))?;
            step += 1;
            let now = alignment_and_uniformity(&z_a.detach(), &z_b.detach())?;
            (0..2).for_each(|i| measured[i] += now[i] / loader.batches() as f64);
            progress.step(f64::from(loss.to_scalar::<f32>()?), views.dims()[0]);
        }
        progress.end_epoch(&[("alignment", measured[0]), ("uniformity", measured[1])])?;
        Checkpoint { epoch: epoch + 1, settings: words.clone() }.save(&checkpoint, &params, &optimiser)?;
    }
    progress.finish();
    Ok(model)
}

/// Alignment at α = 2 and uniformity at t = 2, as in Wang and Isola's figures.
pub fn alignment_and_uniformity(z_a: &Tensor, z_b: &Tensor) -> candle_core::Result<[f64; 2]> {
    let number = |value: Tensor| value.to_scalar::<f32>().map(f64::from);
    Ok([number(alignment(z_a, z_b, 2.0)?)?, number(uniformity(z_a, 2.0)?)?])
}

/// The first and the second half of the rows: views a and b.
pub fn halves(z: &Tensor) -> candle_core::Result<(Tensor, Tensor)> {
    let count = z.dims()[0] / 2;
    Ok((z.narrow(0, 0, count)?, z.narrow(0, count, count)?))
}

impl Settings {
    /// How the two views of an image are made: SimCLR's augmentation, with gentler crops.
    pub fn two_views(&self) -> [Augmentation; 2] {
        let crop = Some(Crop { scale: (self.crop, 1.0), ..Crop::default() });
        let augmentation = Augmentation { crop, grayscale: self.grayscale, ..Augmentation::simclr(1.0) };
        [augmentation.clone(), augmentation]
    }

    /// Everything that decides what a training ends in.
    fn words(&self, name: &str, epochs: usize) -> String {
        let common = self.options.settings(name, epochs, self.options.batch_size(BATCH_SIZE));
        format!(
            "{common}, temperature {}, margin {}, crop {}, grayscale {}, learning rate {}, weight decay {}",
            self.temperature, self.margin, self.crop, self.grayscale, self.learning_rate, self.weight_decay
        )
    }
}
