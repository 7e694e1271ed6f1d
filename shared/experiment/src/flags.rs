//! The flags that all experiments share.

use std::fmt::Display;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Parser};
use serde::{Serialize, Serializer};
use ssl_data::{Dataset, Source};
use ssl_nn::collective::BatchNormOver;
use ssl_nn::gpu::Precision;
use ssl_nn::{BackboneKind, DeviceChoice};

use crate::guesses::Guess;
use crate::range;

/// Common flags of an experiment; a lab flattens them into its own. What is serialized decides in which weights a training
/// ends: see [`key`](crate::key).
#[derive(Args, Clone, Debug, Serialize)]
#[command(allow_negative_numbers = true)]
pub struct Flags {
    /// Where images come from: toybox, toybox:size=64,lens=off,toys=off, cifar10:DIR or folder:DIR
    #[arg(long, default_value = "toybox")]
    #[serde(serialize_with = "as_text")]
    pub data: Source,
    /// Train on at most this many images (1 to 1000000), drawn with seed 0 [default: all]
    #[arg(long, value_name = "N", value_parser = range::count)]
    pub train_images: Option<usize>,
    /// Epochs of the supervised baseline (1 to 1000000) [default: as --epochs, or else 6, which Toybox needs]
    #[arg(long, value_name = "N", value_parser = range::count)]
    #[serde(skip)]
    pub baseline_epochs: Option<usize>,
    /// Folder where baselines are kept for the next run [default: baselines/ in this workspace's target folder]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub baselines: Option<PathBuf>,
    /// Where to compute: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    #[serde(skip)]
    pub device: DeviceChoice,
    /// Epochs of training (1 to 1000000) [default: the lab's, see its handout]
    #[arg(long, value_name = "N", value_parser = range::count)]
    pub epochs: Option<usize>,
    /// Batch size (1 to 1000000) [default: the lab's, see its handout]
    #[arg(long, value_name = "N", value_parser = range::count)]
    pub batch_size: Option<usize>,
    /// Share of all steps in which the learning rate rises (0 to 1); without it the first steps can throw batch norm off
    #[arg(long, default_value_t = 0.05, value_parser = range::fraction)]
    pub warmup: f64,
    /// What initial weights, the order of images and their views are drawn from
    #[arg(long, default_value_t = 0, value_parser = range::seed)]
    pub seed: u64,
    /// Folder for plots, metrics and checkpoints [default: runs/LAB]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub out: Option<PathBuf>,
    /// Run everything within half a minute, on few images, in the folder quick/ of --out: to see that it works, its numbers mean nothing
    #[arg(long)]
    pub quick: bool,
    /// What you expect, in percent: the page shows it beside what was measured. The handout says which names there are
    #[arg(long, value_name = "NAME=PERCENT", num_args = 1..)]
    #[serde(skip)]
    pub predict: Vec<Guess>,
    /// Go on after the last epoch that a run with the same flags finished
    #[arg(long)]
    #[serde(skip)]
    pub resume: bool,
    /// Keep what a training begins with as TRAINING.start.safetensors, so that another program can start from the same weights
    #[arg(long)]
    #[serde(skip)]
    pub keep_start: bool,
    /// The backbone: convnet4, which trains within minutes on a CPU, or resnet18
    #[arg(long, default_value_t = BackboneKind::ConvNet4)]
    #[serde(serialize_with = "as_text")]
    pub backbone: BackboneKind,
    /// What batch norm takes its statistics from where `mpirun` has started several ranks: batch, as one rank would, or each
    /// rank's share
    #[arg(long, default_value_t, value_name = "batch|share")]
    #[serde(skip_serializing_if = "is_default")]
    pub batch_norm: BatchNormOver,
    /// What a GPU computes products in; weights stay in f32
    #[arg(long, default_value_t, value_name = "f32|tf32|bf16")]
    #[serde(skip_serializing_if = "is_default")]
    pub precision: Precision,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// All flags of one lab, and what it does where they say nothing. Fields that do not change the weights that a training
/// ends in are marked `#[serde(skip)]`.
pub trait Settings: Parser + Serialize {
    /// The lab's package; results go to `runs/LAB`.
    const LAB: &'static str;
    /// Epochs of a default run.
    const EPOCHS: usize;
    /// Batch size of a default run.
    const BATCH_SIZE: usize;
    /// The smallest batch that the lab's loss makes sense for: 2 where it compares images with each other.
    const LEAST_BATCH: usize = 1;
    /// What can be guessed before a run, besides [`USUAL`](crate::guesses::USUAL): a name, and what it is.
    const GUESSES: &'static [(&'static str, &'static str)] = &[];
    /// Flags of the lab's own that change nothing of the weights: those that are marked `#[serde(skip)]`.
    const UNKEYED: &'static [&'static str] = &["ablate"];

    /// The common flags.
    fn flags(&self) -> &Flags;

    /// Epochs of training.
    fn epochs(&self) -> usize {
        self.flags().epochs_or(Self::EPOCHS)
    }

    /// Images in a batch.
    fn batch_size(&self) -> usize {
        self.flags().batch_size.unwrap_or(Self::BATCH_SIZE)
    }
}

/// Epochs of the supervised baseline on Toybox.
const BASELINE_EPOCHS: usize = 6;

/// Training and test images of a quick run.
const QUICK_IMAGES: (usize, usize) = (1024, 512);

/// With fewer training images than this there is nothing to learn.
const LEAST_IMAGES: usize = 10;

impl Flags {
    /// Epochs: what the flags say, 1 in a quick run, else `default`.
    pub fn epochs_or(&self, default: usize) -> usize {
        self.epochs.unwrap_or(if self.quick { 1 } else { default })
    }

    /// Epochs of the supervised baseline.
    pub fn baseline_epochs(&self) -> usize {
        self.baseline_epochs.unwrap_or_else(|| self.epochs_or(BASELINE_EPOCHS))
    }

    /// Loads the images that the flags ask for, for batches of `batch_size`.
    ///
    /// # Errors
    /// As [`Source::load`]; fewer training images than ten or than a batch, no test image.
    pub(crate) fn load_data(&self, batch_size: usize) -> anyhow::Result<Dataset> {
        let mut data = self.data.load()?;
        let limit = self.train_images.unwrap_or(usize::MAX);
        let limits = if self.quick { (limit.min(QUICK_IMAGES.0), QUICK_IMAGES.1) } else { (limit, usize::MAX) };
        for (split, limit) in [(&mut data.train, limits.0), (&mut data.test, limits.1)] {
            if limit < split.len() {
                *split = split.sample(limit, 0).into();
            }
        }
        let (train, test) = (data.train.len(), data.test.len());
        ensure!(test > 0, "{}: expected at least one image to test on, got none", self.data);
        ensure!(
            train >= LEAST_IMAGES,
            "{}: expected at least {LEAST_IMAGES} images to train on, got {train}; --train-images limits them",
            self.data
        );
        ensure!(
            train >= batch_size,
            "a batch of {batch_size} does not fit into {train} training images: lower --batch-size or raise --train-images"
        );
        Ok(data)
    }
}
