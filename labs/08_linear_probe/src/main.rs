//! The experiment of lab 08: what frozen features are good for, asked in many ways.
//!
//! `cargo run -p linear_probe` (the lab's functions) or `cargo run -p linear_probe-solution` (the solution's).

mod boxes;
mod fine_tuning;
mod invariance;
mod measures;
mod plots;
mod pretraining;
mod probing;
mod regions;
mod scenes;

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, ensure};
use clap::Parser;
use serde::Serialize;
use ssl_experiment::{Comparison, Flags, Input, Run, launch, range};
use ssl_nn::Backbone;

use self::measures::Measures;

/// Evaluation: linear probes, neighbors, few labels, fine-tuning, segmentation, boxes, transfer
#[derive(Parser, Clone, Serialize)]
pub struct Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub flags: Flags,
    /// Backbones to evaluate, from any lab: rotation=runs/rotation/backbone.safetensors … [default: rotation and SimCLR, from runs/ or trained in short]
    #[arg(long, value_name = "NAME=PATH", num_args = 1..)]
    #[serde(skip)]
    checkpoint: Vec<Named>,
    /// Greatest learning rate of AdamW for backbones, pretrained or fine-tuned (above 0 to 10)
    #[arg(long, default_value_t = 0.002, value_parser = range::learning_rate)]
    learning_rate: f64,
    /// Greatest learning rate of a head in fine-tuning (above 0 to 10): five times the backbone's, because it begins at random
    #[arg(long, default_value_t = 0.01, value_parser = range::learning_rate)]
    head_rate: f64,
    /// Weight decay of pretraining and fine-tuning (0 to 1); the probe's is chosen on validation images
    #[arg(long, default_value_t = 1e-4, value_parser = range::fraction)]
    weight_decay: f64,
}

/// A backbone's file, and what to call it.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    path: PathBuf,
}

impl FromStr for Named {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (name, path) = text.split_once('=').with_context(|| format!("expected NAME=PATH, got {text:?}"))?;
        Ok(Self { name: name.to_string(), path: path.into() })
    }
}

impl ssl_experiment::Settings for Settings {
    const LAB: &'static str = "linear_probe";
    /// Of pretraining, where there is no checkpoint: short, so that all is done within four minutes.
    const EPOCHS: usize = 3;
    const BATCH_SIZE: usize = 64;
    const LEAST_BATCH: usize = 2;
    const UNKEYED: &'static [&'static str] = &["checkpoint"];

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

/// A backbone under evaluation.
pub struct Subject {
    pub name: String,
    pub backbone: Backbone,
}

pub fn main() -> ExitCode {
    launch(experiment)
}

fn experiment(settings: &Settings) -> anyhow::Result<()> {
    // Before anything is rendered or trained.
    let given = loaded(settings)?;
    let run = Run::open(settings)?;
    ensure!(!run.data.classes.is_empty(), "{}: these images have no classes to evaluate by", settings.flags.data);
    let subjects = subjects(&run, settings, given)?;
    let (mut comparison, mut rows) = (Comparison::default(), Vec::new());
    for subject in &subjects {
        comparison.push(&subject.name, run.evaluate(&subject.backbone, &Input::RGB)?);
        let measures = Measures::of(&run, settings, subject)?;
        println!("{}: {measures}", subject.name);
        rows.push((subject.name.clone(), measures));
    }
    run.write("measures.json", &rows)?;
    plots::report(&run, &comparison, &rows)
}

/// Backbones from files. Those that are shown something else than images as they are can't be compared here, and are left out.
fn loaded(settings: &Settings) -> anyhow::Result<Vec<Subject>> {
    let device = settings.flags.device.open()?;
    let mut subjects = Vec::new();
    for Named { name, path } in &settings.checkpoint {
        let backbone = Backbone::load(path, &device)?;
        match backbone.sees() {
            sees if sees == Input::RGB.name => subjects.push(Subject { name: name.clone(), backbone }),
            sees => println!("{name}: left out, it sees {sees} instead of {}", Input::RGB.name),
        }
    }
    let (given, kept) = (settings.checkpoint.len(), subjects.len());
    ensure!(given == 0 || kept > 0, "--checkpoint: expected a backbone that sees {}, got none", Input::RGB.name);
    Ok(subjects)
}

/// A random backbone, those that are given or pretrained here, and one that is trained on all labels.
fn subjects(run: &Run, settings: &Settings, given: Vec<Subject>) -> anyhow::Result<Vec<Subject>> {
    let subject = |name: &str, backbone| Subject { name: name.to_string(), backbone };
    let mut subjects = vec![subject("random", run.backbone(&Input::RGB, &run.params().pp("backbone"))?)];
    if given.is_empty() {
        subjects.push(subject("rotation", pretraining::rotation(run, settings)?));
        subjects.push(subject("SimCLR", pretraining::simclr(run, settings)?));
    }
    subjects.extend(given);
    subjects.push(subject("supervised", pretraining::supervised(run, settings)?));
    Ok(subjects)
}
