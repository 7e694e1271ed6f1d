//! What to compare a method with: the same backbone untrained, and trained with labels.

use std::path::Path;

use anyhow::Context;
use candle_core::Device;
use candle_nn::loss::cross_entropy;
use serde::{Deserialize, Serialize};
use ssl_data::{Dataset, Loader};
use ssl_eval::Evaluation;
use ssl_nn::checkpoint::write_atomically;
use ssl_nn::params::fnv1a;
use ssl_nn::{Backbone, Linear, Optimiser, Params, Sgd, WarmupCosine};

use crate::{Options, Progress};

/// Settings of the supervised training, which converges on Toybox within a few epochs.
const BATCH_SIZE: usize = 128;
const LEARNING_RATE: f64 = 0.1;
const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 5e-4;

/// How the untrained and the supervised backbone fare on the same data, with the same seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// What they were trained with: a file made with other words is not used.
    settings: String,
    /// Initial weights, frozen.
    pub random: Evaluation,
    /// Trained on all labels from the same initial weights, then frozen.
    pub supervised: Evaluation,
}

impl Baselines {
    /// Reads the baselines of this data, backbone, seed and number of epochs from `runs/baselines`, or trains them. None where
    /// images have no classes, which the terminal is told.
    ///
    /// # Errors
    /// What training or the file system reports.
    pub fn of(options: &Options, data: &Dataset, device: &Device) -> anyhow::Result<Option<Self>> {
        if data.classes.is_empty() {
            println!("these images have no classes: no probes");
            return Ok(None);
        }
        let epochs = options.baseline_epochs();
        let settings = format!(
            "{}, seed {}, {epochs} epochs of {} images {:016x}",
            options.backbone,
            options.seed,
            data.train.len(),
            fingerprint(data)
        );
        let folder = Path::new("runs/baselines");
        let path = folder.join(format!("{:016x}.json", fnv1a(settings.bytes())));
        if let Ok(text) = std::fs::read_to_string(&path)
            && let Ok(kept) = serde_json::from_str::<Self>(&text)
            && kept.settings == settings
        {
            println!("baselines: kept from an earlier run in {}", path.display());
            return Ok(Some(kept));
        }
        let (random, supervised) = train(options, data, epochs, folder, device)?;
        let baselines = Self { settings, random, supervised };
        write_atomically(&path, serde_json::to_string_pretty(&baselines)?.as_bytes())?;
        Ok(Some(baselines))
    }
}

fn train(
    options: &Options,
    data: &Dataset,
    epochs: usize,
    folder: &Path,
    device: &Device,
) -> anyhow::Result<(Evaluation, Evaluation)> {
    let params = Params::new(options.seed, device);
    let backbone = Backbone::new(options.backbone, &params.pp("backbone"))?;
    let head = Linear::new(backbone.features(), data.classes.len(), &params.pp("head"))?;
    let evaluate = || Evaluation::of(|images| backbone.forward_blocks(images, false), data, device);
    let random = evaluate()?;

    let loader = Loader::new(data.train.clone(), BATCH_SIZE.min(data.train.len()), options.seed, device)?;
    let total = epochs * loader.batches();
    let schedule = WarmupCosine { base: LEARNING_RATE, warmup: total / 20, total };
    let mut optimiser = Sgd::new(params.trained(), MOMENTUM, WEIGHT_DECAY);
    let mut progress = Progress::new("supervised", folder, 0, epochs, loader.batches())?;
    let mut step = 0;
    for epoch in 0..epochs {
        for batch in loader.epoch(epoch) {
            let batch = batch?;
            let labels = batch.labels.as_ref().context("these images have no classes")?;
            let logits = head.forward(&backbone.forward(batch.images(), true)?)?;
            let loss = cross_entropy(&logits, labels)?;
            optimiser.backward_step(&loss, schedule.at(step))?;
            step += 1;
            progress.step(f64::from(loss.to_scalar::<f32>()?), labels.elem_count());
        }
        progress.end_epoch(&[])?;
    }
    progress.finish();
    Ok((random, evaluate()?))
}

/// Tells data sets apart by their bytes and labels, so that nothing is kept for images that have changed.
fn fingerprint(data: &Dataset) -> u64 {
    let splits = [&data.train, &data.test];
    fnv1a(splits.into_iter().flat_map(|split| {
        let labels = split.labels().unwrap_or_default().iter().map(|&label| label as u8);
        (0..split.len()).flat_map(|i| split.images().get(i)).copied().chain(labels)
    }))
}
