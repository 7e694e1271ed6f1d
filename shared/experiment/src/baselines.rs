//! What to compare a method with: the same backbone untrained, and trained with labels.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;
use candle_core::{Result, Tensor};
use candle_nn::loss::cross_entropy;
use serde::{Deserialize, Serialize};
use ssl_data::Loader;
use ssl_eval::Evaluation;
use ssl_nn::backbone::RGB;
use ssl_nn::params::fnv1a;
use ssl_nn::{Linear, Optimizer, Sgd, WarmupCosine};
use ssl_report::file::write_atomically;
use ssl_report::{Landmarks, Progress};

use crate::key::Key;
use crate::{PROTOCOL, Run};

/// What a backbone is shown of images `[B, 3, H, W]`: a baseline sees what the method's backbone sees.
pub struct Input<'a> {
    /// What that is, in a word: it is kept with a backbone's weights.
    pub name: &'a str,
    /// Channels of what it is shown.
    pub channels: usize,
    /// `[B, 3, H, W]` → `[B, channels, H, W]`
    pub prepare: &'a dyn Fn(&Tensor) -> Result<Tensor>,
}

impl Input<'static> {
    /// The images as they are.
    pub const RGB: Self = Self { name: RGB, channels: 3, prepare: &|images| Ok(images.clone()) };
}

/// Settings of the supervised training, which converges on Toybox within a few epochs.
#[derive(Serialize)]
struct Supervised {
    batch_size: usize,
    learning_rate: f64,
    momentum: f64,
    weight_decay: f64,
    /// Share of the steps in which the learning rate rises.
    warmup: f64,
}

const SUPERVISED: Supervised =
    Supervised { batch_size: 128, learning_rate: 0.1, momentum: 0.9, weight_decay: 5e-4, warmup: 0.05 };

/// How the untrained and the supervised backbone fare on the same data, with the same seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// The key of what they were trained with: a file with another one is not used.
    key: String,
    /// Initial weights, frozen.
    pub random: Evaluation,
    /// Trained on all labels from the same initial weights, then frozen.
    pub supervised: Evaluation,
}

/// Training images whose prepared pixels tell inputs apart.
const SHOWN: usize = 64;

impl Baselines {
    /// Reads the baselines of what the run's backbones are shown, or trains them.
    ///
    /// # Errors
    /// Images without classes; what training or the file system reports.
    pub fn load_or_train(run: &Run, input: &Input) -> anyhow::Result<Self> {
        let shown = (input.prepare)(&run.data.train.sample(SHOWN, 0).images().to_tensor(&run.device)?)?;
        let shown: Vec<f32> = shown.flatten_all()?.to_vec1()?;
        let key = Key::of(&SUPERVISED)?
            .with("protocol", PROTOCOL)
            .with("course", env!("CARGO_PKG_VERSION"))
            .with("backbone", run.flags.backbone.to_string())
            .with("channels", input.channels)
            .with("seed", run.flags.seed)
            .with("epochs", run.flags.baseline_epochs())
            .with("images", run.images.as_str())
            .with("shown", format!("{:016x}", fnv1a(shown.iter().flat_map(|value| value.to_le_bytes()))))
            .text();
        let path = run.baselines.join(format!("{:016x}.json", fnv1a(key.bytes())));
        if let Ok(text) = fs::read_to_string(&path)
            && let Ok(kept) = serde_json::from_str::<Self>(&text)
            && kept.key == key
        {
            println!("baselines: kept from an earlier run in {}", path.display());
            return Ok(kept);
        }
        let (random, supervised) = train(run, input)?;
        let baselines = Self { key, random, supervised };
        write_atomically(&path, serde_json::to_string_pretty(&baselines)?.as_bytes())?;
        Ok(baselines)
    }
}

/// Where baselines are kept, seen from this crate.
const FOLDER: &str = "../../target/baselines";

/// The folder that was asked for, or else the usual one, once it can be written to.
///
/// # Errors
/// A folder that can't be made or written to.
pub(crate) fn folder(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let folder = asked.map_or_else(usual, Path::to_path_buf);
    fs::create_dir_all(&folder)
        .and_then(|()| File::create(folder.join(".writable")))
        .and_then(|_| folder.canonicalize())
        .with_context(|| format!("--baselines: {} can't be written to", folder.display()))
}

fn train(run: &Run, input: &Input) -> anyhow::Result<(Evaluation, Evaluation)> {
    let params = run.params();
    let backbone = run.backbone(input, &params.pp("backbone"))?;
    let head = Linear::new(backbone.features(), run.data.classes.len(), &params.pp("head"))?;
    let random = run.evaluate(&backbone, input)?;

    let batch_size = SUPERVISED.batch_size.min(run.data.train.len());
    let loader = Loader::new(run.data.train.clone(), batch_size, run.seed(), &run.device)?;
    let epochs = run.flags.baseline_epochs();
    let total = epochs * loader.batches();
    let warmup = (SUPERVISED.warmup * total as f64) as usize;
    let schedule = WarmupCosine { base: SUPERVISED.learning_rate, warmup, total };
    let mut optimizer = Sgd::new(params.trained(), SUPERVISED.momentum, SUPERVISED.weight_decay);
    let guess = (run.data.classes.len() as f64).ln();
    let progress = Progress::new("supervised", &run.out, 0, epochs, loader.batches())?;
    let mut progress = progress.with_landmarks(Landmarks { collapsed: guess, random: guess });
    let mut step = 0;
    for epoch in 0..epochs {
        for batch in loader.epoch(epoch) {
            let batch = batch?;
            let labels = batch.labels.as_ref().context("these images have no classes")?;
            let logits = head.forward(&backbone.forward(&(input.prepare)(batch.images())?, true)?)?;
            let loss = cross_entropy(&logits, labels)?;
            optimizer.backward_step(&loss, schedule.at(step))?;
            step += 1;
            progress.step(f64::from(loss.to_scalar::<f32>()?), labels.elem_count())?;
        }
        progress.end_epoch()?;
    }
    Ok((random, run.evaluate(&backbone, input)?))
}
