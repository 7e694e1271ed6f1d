//! The flags that all experiments share.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use candle_core::Device;
use clap::Args;
use ssl_data::{Dataset, Source};
use ssl_nn::{BackboneKind, Checkpoint, DeviceChoice, Optimiser, Params, WarmupCosine};

/// Common flags of an experiment; a lab flattens them into its own.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where images come from: toybox, cifar10:DIR or folder:DIR
    #[arg(long, default_value = "toybox")]
    pub data: Source,
    /// Train on at most this many images, drawn by the seed 0 (default: all)
    #[arg(long, value_name = "N")]
    pub train_images: Option<usize>,
    /// Epochs of the supervised baseline (default: as --epochs, or else 6, which Toybox needs)
    #[arg(long)]
    pub baseline_epochs: Option<usize>,
    /// Where to compute: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Times that training goes through all images
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Images a step
    #[arg(long)]
    pub batch_size: Option<usize>,
    /// Share of all steps during which the learning rate rises; without it the first steps can throw batch norm off
    #[arg(long, default_value_t = 0.05)]
    pub warmup: f64,
    /// What initial weights and the order of images are drawn from
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Folder for plots, metrics and checkpoints (default: runs/LAB)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go through everything in half a minute, on few images: to see that it works, not what it shows
    #[arg(long)]
    pub quick: bool,
    /// Go on from the last epoch that a run with the same flags finished
    #[arg(long)]
    pub resume: bool,
    /// The network: convnet4, which trains within minutes on a CPU, or resnet18
    #[arg(long, default_value_t = BackboneKind::ConvNet4)]
    pub backbone: BackboneKind,
}

/// Epochs of the supervised baseline on Toybox.
const BASELINE_EPOCHS: usize = 6;

/// Training and test images of a quick run.
const QUICK_IMAGES: (usize, usize) = (1024, 512);

impl Options {
    /// Loads the images that the flags ask for.
    ///
    /// # Errors
    /// As [`Source::load`].
    pub fn load_data(&self) -> anyhow::Result<Dataset> {
        let mut data = self.data.load()?;
        let limit = self.train_images.unwrap_or(usize::MAX);
        if self.quick {
            data.train = data.train.sample(limit.min(QUICK_IMAGES.0), 0);
            data.test = data.test.sample(QUICK_IMAGES.1, 0);
        } else {
            data.train = data.train.sample(limit, 0);
        }
        Ok(data)
    }

    /// Opens the device.
    ///
    /// # Errors
    /// As [`DeviceChoice::open`].
    pub fn open_device(&self) -> anyhow::Result<Device> {
        self.device.open()
    }

    /// Epochs: what the flags say, 1 in a quick run, else the lab's own number.
    pub fn epochs(&self, default: usize) -> usize {
        self.epochs.unwrap_or(if self.quick { 1 } else { default })
    }

    /// Epochs of the supervised baseline.
    pub fn baseline_epochs(&self) -> usize {
        self.baseline_epochs.unwrap_or_else(|| self.epochs(BASELINE_EPOCHS))
    }

    /// Images a step: what the flags say, else the lab's own number.
    pub fn batch_size(&self, default: usize) -> usize {
        self.batch_size.unwrap_or(default)
    }

    /// Steps, of `total`, during which the learning rate rises.
    pub fn warmup_steps(&self, total: usize) -> usize {
        (self.warmup * total as f64) as usize
    }

    /// The learning rate from step to step: it rises to `base`, then falls along half a cosine.
    pub fn schedule(&self, base: f64, total: usize) -> WarmupCosine {
        WarmupCosine { base, warmup: self.warmup_steps(total), total }
    }

    /// The flags of a comparison's runs, each of which goes on where it was interrupted.
    ///
    /// # Errors
    /// Images without classes.
    pub fn for_comparison(&self, data: &Dataset) -> anyhow::Result<Self> {
        anyhow::ensure!(!data.classes.is_empty(), "these images have no classes: nothing to compare by");
        Ok(Self { resume: true, ..self.clone() })
    }

    /// Makes the folder for a run of `lab` and returns it.
    ///
    /// # Errors
    /// A place that can't be written to.
    pub fn out(&self, lab: &str) -> anyhow::Result<PathBuf> {
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(lab));
        fs::create_dir_all(&out).with_context(|| format!("making the folder {}", out.display()))?;
        Ok(out)
    }

    /// Where a training begins: with `--resume` behind the last epoch of the checkpoint at `path`, whose state is put back;
    /// at epoch 0 where there is none.
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn first_epoch(
        &self,
        path: &Path,
        settings: &str,
        params: &Params,
        optimiser: &mut impl Optimiser,
    ) -> anyhow::Result<usize> {
        let resume = self.resume && path.exists();
        Ok(if resume { Checkpoint::load(path, settings, params, optimiser)?.epoch } else { 0 })
    }

    /// What decides, among the common flags, in which weights a training ends, in words: a checkpoint carries them.
    pub fn settings(&self, method: &str, epochs: usize, batch_size: usize) -> String {
        format!(
            "{method}, data {}, {} images, {}, {epochs} epochs, batch {batch_size}, warm-up {}, seed {}{}",
            self.data,
            self.train_images.map_or("all".to_string(), |n| n.to_string()),
            self.backbone,
            self.warmup,
            self.seed,
            if self.quick { ", quick" } else { "" },
        )
    }
}
