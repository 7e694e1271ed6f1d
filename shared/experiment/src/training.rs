//! How far a training is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use ssl_data::Loader;
use ssl_nn::{Backbone, Checkpoint, Part, WarmupCosine, collective};
use ssl_report::{Landmarks, Progress};

use crate::key::Key;
use crate::run::Resume;
use crate::{Input, Run, Settings, machine, ranks};

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
    epoch: usize,
    step: usize,
    parts: Vec<String>,
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
            .with("program", machine::program()?)
            .with("training", name)
            .with("epochs", epochs)
            .with("batch_size", loader.batch_size())
            .with("images", run.images.as_str());
        let checkpoint = run.checkpoints.join(format!("{name}.safetensors"));
        run.trainings.borrow_mut().push(key.value());
        let names = parts.iter().map(|(part, _)| part.to_string()).collect();
        let first = first_epoch(run.resume, &checkpoint, &key, &plan, parts)?;
        if first == epochs {
            ranks::say(&format!("{name}: all {epochs} epochs were trained before"));
        }
        expect_the_same_start(name, first)?;
        if settings.flags().keep_start && first == 0 && collective::is_first() {
            let parts: Vec<(&str, &dyn Part)> =
                parts.iter().map(|(name, part)| (*name, &**part as &dyn Part)).collect();
            Checkpoint::new(0, &key.text(), &parts)?.save(&checkpoint.with_extension("start.safetensors"))?;
        }
        let batches = loader.batches();
        let progress = Progress::new(name, &run.out, first, epochs, batches)?.with_landmarks(landmarks);
        let progress = if collective::is_first() { progress } else { progress.silent() };
        let warmup = (settings.flags().warmup * (epochs * batches) as f64) as usize;
        let (epoch, step) = (first, first * batches);
        Ok(Self { checkpoint, key, first, epochs, batches, warmup, epoch, step, parts: names, progress })
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

    /// Measures kNN of the classes by the backbone's features, as [`Run::knn`] has it; nothing where images have no classes.
    ///
    /// # Errors
    /// As [`Run::knn`].
    pub fn watch(&mut self, run: &Run, backbone: &Backbone, input: &Input) -> anyhow::Result<()> {
        if let Some(knn) = run.knn(backbone, input)? {
            self.measure("kNN", knn);
        }
        Ok(())
    }

    /// An epoch is done: writes its metrics and the checkpoint from which the training can go on.
    ///
    /// # Errors
    /// Another number of steps than the epoch has batches, other parts than the training began with, weights that are not finite; files
    /// that can't be written.
    pub fn end_epoch(&mut self, parts: &[(&str, &dyn Part)]) -> anyhow::Result<()> {
        self.epoch += 1;
        let (epoch, steps) = (self.epoch, self.epoch * self.batches);
        ensure!(
            self.step == steps,
            "epoch {epoch}: expected {steps} steps in all, one for each batch, got {}",
            self.step
        );
        let names: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
        ensure!(
            names == self.parts,
            "expected the parts that the training began with, {:?}, got {names:?}",
            self.parts
        );
        self.progress.end_epoch()?;
        let checkpoint = Checkpoint::new(epoch, &self.key.text(), parts)?;
        if !collective::is_first() {
            return Ok(());
        }
        checkpoint.save(&self.checkpoint).with_context(|| {
            format!("epoch {epoch}: this state can't be kept; after a divergence, try a lower --learning-rate")
        })
    }
}

/// # Errors
/// Another rank starts at another epoch, because it sees other files.
fn expect_the_same_start(name: &str, first: usize) -> anyhow::Result<()> {
    let starts = collective::world().all_gather(&[first as f32]);
    let other = starts.iter().position(|&start| start != first as f32);
    ensure!(
        other.is_none(),
        "{name}: rank {} would go on after epoch {first}, others after {starts:?}: all ranks must see the same --out folder",
        collective::world().rank()
    );
    Ok(())
}

/// How many epochs were trained before: with them, their state is put back.
fn first_epoch(
    resume: Resume,
    checkpoint: &Path,
    key: &Key,
    plan: &Plan,
    parts: &mut [(&str, &mut dyn Part)],
) -> anyhow::Result<usize> {
    if resume == Resume::Never {
        return forget(checkpoint);
    }
    if !checkpoint.exists() {
        return Ok(0);
    }
    let found = Checkpoint::read(checkpoint);
    let restored = found.and_then(|found| restore(found, key, plan.epochs, parts));
    match restored.with_context(|| format!("can't go on from {}", checkpoint.display())) {
        Err(error) if resume == Resume::Matching => {
            ranks::say(&format!("{}: trained anew: {error:#}", plan.name));
            forget(checkpoint)
        }
        restored => restored,
    }
}

/// Removes what an earlier run left: if this one is interrupted, nobody must go on from there.
fn forget(checkpoint: &Path) -> anyhow::Result<usize> {
    if collective::is_first() && checkpoint.exists() {
        fs::remove_file(checkpoint).with_context(|| format!("removing {}", checkpoint.display()))?;
    }
    Ok(0)
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
