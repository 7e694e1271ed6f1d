//! A lab of a few lines, on a folder of tiny images.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use candle_nn::loss::cross_entropy;
use clap::Parser;
use image::{Rgb, RgbImage};
use serde::Serialize;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Flags, Input, Plan, Run, Training, range};
use ssl_nn::{Backbone, Linear, Optimizer, Sgd};

#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// Learning rate (above 0 to 10)
    #[arg(long, default_value_t = 0.1, value_parser = range::learning_rate)]
    pub learning_rate: f64,
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "tiny";
    const EPOCHS: usize = 4;
    const BATCH_SIZE: usize = 4;
    const LEAST_BATCH: usize = 2;
    const GUESSES: &'static [(&'static str, &'static str)] = &[("brightness", "share of dark images")];

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

/// Settings that read their images from `dir` and write everything below it.
pub fn settings(dir: &Path, more: &str) -> Settings {
    let text = format!(
        "tiny --data folder:{0}/images --out {0}/out --baselines {0}/baselines --baseline-epochs 1 {more}",
        dir.display()
    );
    Settings::parse_from(text.split_whitespace())
}

/// A folder with `train` and `test` images of 12×12 pixels in each of two classes, a light and a dark one.
pub fn images(dir: &Path, train: u8, test: u8) -> Result<()> {
    for (split, count) in [("train", train), ("test", test)] {
        for (class, value) in [("dark", 40), ("light", 180)] {
            let folder = dir.join("images").join(split).join(class);
            fs::create_dir_all(&folder)?;
            for i in 0..count {
                let image = RgbImage::from_fn(12, 12, |x, y| Rgb([value + i, (x * y) as u8, value + y as u8]));
                image.save(folder.join(format!("{i}.png")))?;
            }
        }
    }
    Ok(())
}

/// A supervised training that breaks off after `stop` epochs.
pub fn train(run: &Run, settings: &Settings, stop: usize) -> Result<Backbone> {
    let mut params = run.params();
    let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
    let head = Linear::new(backbone.features(), 2, &params.pp("head"))?;
    let mut optimizer = Sgd::new(params.trained(), 0.9, 0.0);
    let loader = run.loader(settings)?;
    let landmarks = Landmarks { collapsed: 0.5, random: 0.75 };
    let plan = Plan { name: "tiny", epochs: ssl_experiment::Settings::epochs(settings), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs().take_while(|epoch| *epoch < stop) {
        for batch in loader.epoch(epoch) {
            let batch = batch?;
            let logits = head.forward(&backbone.forward(batch.images(), true)?)?;
            let loss = cross_entropy(&logits, batch.labels.as_ref().context("classes")?)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), batch.indices.len())?;
        }
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(backbone)
}
