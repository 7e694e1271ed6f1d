//! How far a training is.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use ssl_data::Loader;
use ssl_nn::{Checkpoint, Part, WarmupCosine};
use ssl_report::{Landmarks, Progress};

use crate::key::Key;
use crate::{Run, Settings};

/// What is to be trained.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Name of the training in metrics and checkpoints: each training of a run has its own.
    pub name: &'a str,
    /// Epochs.
    pub epochs: usize,
    /// What the loss is for networks that have learned nothing.
    pub landmarks: Landmarks,
}

/// Epochs, steps, learning rate, progress and checkpoint of one training; the loop itself stays with the lab.
///
/// ```text
/// for epoch in training.epochs() {
///     for batch in loader.epoch(epoch) {
///         …                       // forward, loss, update with training.learning_rate(base)
///         training.step(loss, images)?;
///     }
///     training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
/// }
/// ```
pub struct Training {
    checkpoint: PathBuf,
    key: Key,
    first: usize,
    epochs: usize,
    batches: usize,
    warmup: usize,
    step: usize,
    progress: Progress,
}

impl Training {
    /// Begins a training, or, where the run resumes and there is a checkpoint, puts its state back into `parts` and goes on after
    /// its last epoch.
    ///
    /// # Errors
    /// A checkpoint that is damaged, was made with other settings, or belongs to another network; files that can't be written.
    pub fn begin(
        run: &Run,
        settings: &impl Settings,
        loader: &Loader,
        plan: Plan,
        parts: &mut [(&str, &mut dyn Part)],
    ) -> anyhow::Result<Self> {
        let Plan { name, epochs, landmarks } = plan;
        let key = Key::of(settings)?
            .with("training", name)
            .with("epochs", epochs)
            .with("batch_size", loader.batch_size())
            .with("images", run.images.as_str());
        let checkpoint = run.out.join(format!("{name}.safetensors"));
        let first = if run.resume && checkpoint.exists() {
            let found = Checkpoint::read(&checkpoint)?;
            restore(found, &key, epochs, parts).with_context(|| format!("can't go on from {}", checkpoint.display()))?
        } else {
            0
        };
        if first == epochs {
            println!("{name}: all {epochs} epochs were trained before");
        }
        let batches = loader.batches();
        let progress = Progress::new(name, &run.out, first, epochs, batches)?.with_landmarks(landmarks);
        let warmup = (settings.flags().warmup * (epochs * batches) as f64) as usize;
        Ok(Self { checkpoint, key, first, epochs, batches, warmup, step: first * batches, progress })
    }

    /// The epochs that are left.
    pub fn epochs(&self) -> std::ops::Range<usize> {
        self.first..self.epochs
    }

    /// Steps that are done, over all epochs.
    pub fn steps_done(&self) -> usize {
        self.step
    }

    /// Steps of the whole training.
    pub fn total_steps(&self) -> usize {
        self.epochs * self.batches
    }

    /// Steps in which the learning rate rises.
    pub fn warmup_steps(&self) -> usize {
        self.warmup
    }

    /// The learning rate of the next step: it rises to `base`, then falls along half a cosine.
    pub fn learning_rate(&self, base: f64) -> f64 {
        WarmupCosine { base, warmup: self.warmup, total: self.total_steps() }.at(self.step)
    }

    /// A step is done: its loss, and how many images went through the network.
    ///
    /// # Errors
    /// As [`Progress::step`]: a training that has diverged.
    pub fn step(&mut self, loss: f64, images: usize) -> anyhow::Result<()> {
        self.step += 1;
        self.progress.step(loss, images)
    }

    /// Something else was measured in this step: see [`Progress::measure`].
    pub fn measure(&mut self, name: &str, value: f64) {
        self.progress.measure(name, value);
    }

    /// An epoch is done: writes its metrics and the checkpoint from which the training can go on.
    ///
    /// # Errors
    /// Weights that are not finite; files that can't be written.
    pub fn end_epoch(&mut self, parts: &[(&str, &dyn Part)]) -> anyhow::Result<()> {
        let epoch = self.step / self.batches;
        let checkpoint = Checkpoint::new(epoch, &self.key.text(), parts);
        let save = checkpoint.save(&self.checkpoint);
        save.with_context(|| {
            format!("epoch {epoch}: can't keep this state; after a divergence, try a lower --learning-rate")
        })?;
        self.progress.end_epoch()
    }
}

/// Puts a checkpoint's state back and returns how many epochs it has done.
fn restore(found: Checkpoint, key: &Key, epochs: usize, parts: &mut [(&str, &mut dyn Part)]) -> anyhow::Result<usize> {
    let differences = key.differences(&Key::parse(&found.settings)?);
    ensure!(differences.is_empty(), "it was made with other settings: {differences}");
    let done = found.epoch;
    ensure!((1..=epochs).contains(&done), "it says that {done} of {epochs} epochs are done");
    found.restore(parts)?;
    Ok(done)
}
