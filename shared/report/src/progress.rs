//! How a training goes: a bar on the terminal, a line of JSON for every epoch.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};

use crate::file::write_atomically;

const TEMPLATE: &str = "{prefix} {bar:30} epoch {msg}, {eta} left";

/// Is my loss normal? What it is for two networks that have learned nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmarks {
    /// The loss of a network that gives the same for every image.
    pub collapsed: f64,
    /// The loss of a network whose outputs are drawn at random.
    pub random: f64,
}

/// The names of landmarks in `metrics.jsonl`, and how each is read from [`Landmarks`].
pub const LANDMARKS: [(&str, fn(&Landmarks) -> f64); 2] =
    [("loss_if_collapsed", |marks| marks.collapsed), ("loss_if_random", |marks| marks.random)];

/// A training whose progress is reported: some epochs of some steps.
pub struct Progress {
    name: String,
    path: PathBuf,
    landmarks: Option<Landmarks>,
    bar: ProgressBar,
    silent: bool,
    epochs: usize,
    epoch: usize,
    trained: Duration,
    images: usize,
    this: Epoch,
}

/// What has been measured since an epoch began.
struct Epoch {
    started: Instant,
    /// Until its latest step: what is measured after the last one is not training.
    trained: Duration,
    images: usize,
    losses: Vec<f64>,
    /// Name and values of each further quantity.
    measured: Vec<(String, Vec<f64>)>,
}

impl Epoch {
    fn new() -> Self {
        let (started, trained) = (Instant::now(), Duration::ZERO);
        Self { started, trained, images: 0, losses: Vec::new(), measured: Vec::new() }
    }

    fn loss(&self) -> f64 {
        mean(&self.losses)
    }

    fn images_per_second(&self) -> f64 {
        self.images as f64 / self.trained.as_secs_f64()
    }

    /// The mean of each further quantity.
    fn means(&self) -> impl Iterator<Item = (&str, f64)> {
        self.measured.iter().map(|(name, values)| (name.as_str(), mean(values)))
    }

    /// All quantities, the loss among them.
    fn quantities(&self) -> impl Iterator<Item = (&str, &[f64])> {
        let further = self.measured.iter().map(|(name, values)| (name.as_str(), values.as_slice()));
        std::iter::once(("loss", self.losses.as_slice())).chain(further)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// At most so many values of a quantity are kept for an epoch, each the mean over some steps.
const KEPT: usize = 20;

/// A quantity's course within an epoch.
fn course(values: &[f64]) -> Vec<f64> {
    values.chunks(values.len().div_ceil(KEPT).max(1)).map(mean).collect()
}

impl Progress {
    /// Starts at epoch `first` of `epochs` of `steps` steps each; `metrics.jsonl` in `out` keeps the lines of the epochs before it and
    /// of other runs, and loses what is no such line.
    ///
    /// # Errors
    /// A file that can't be read or written.
    pub fn new(name: &str, out: &Path, first: usize, epochs: usize, steps: usize) -> anyhow::Result<Self> {
        let path = out.join("metrics.jsonl");
        keep_epochs_before(first, name, &path)?;
        let left = (epochs.saturating_sub(first) * steps) as u64;
        let bar = ProgressBar::with_draw_target(Some(left), ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template(TEMPLATE)?);
        bar.set_prefix(name.to_string());
        bar.enable_steady_tick(Duration::from_millis(200));
        Ok(Self {
            name: name.to_string(),
            path,
            landmarks: None,
            bar,
            silent: false,
            epochs,
            epoch: first,
            trained: Duration::ZERO,
            images: 0,
            this: Epoch::new(),
        })
    }

    /// Shows the landmarks beside the loss, on the bar and in `metrics.jsonl`.
    pub fn with_landmarks(self, landmarks: Landmarks) -> Self {
        Self { landmarks: Some(landmarks), ..self }
    }

    /// Shows nothing on the terminal.
    pub fn silent(self) -> Self {
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
        Self { silent: true, ..self }
    }

    /// A step is done: its loss, and how many images went through the network.
    ///
    /// # Errors
    /// A loss that is infinite or no number.
    pub fn step(&mut self, loss: f64, images: usize) -> anyhow::Result<()> {
        let (epoch, this) = (self.epoch + 1, &mut self.this);
        this.losses.push(loss);
        ensure!(
            loss.is_finite(),
            "{}, epoch {epoch}, step {}: the loss is {loss}: the training has diverged; try a lower --learning-rate or a longer \
             --warmup",
            self.name,
            this.losses.len()
        );
        this.images += images;
        this.trained = this.started.elapsed();
        let marks = self
            .landmarks
            .map_or(String::new(), |marks| format!(" (collapsed {:.3}, random {:.3})", marks.collapsed, marks.random));
        let more: String = this.means().map(|(name, mean)| format!(", {name} {mean:.3}")).collect();
        let (mean, rate) = (this.loss(), this.images_per_second());
        self.bar.set_message(format!("{epoch}/{}, loss {mean:.4}{marks}{more}, {rate:.0} images/s", self.epochs));
        self.bar.inc(1);
        Ok(())
    }

    /// Something was measured in this step, besides the loss; shown and kept as its mean over the epoch.
    pub fn measure(&mut self, name: &str, value: f64) {
        match self.this.measured.iter_mut().find(|(known, ..)| known == name) {
            Some((_, values)) => values.push(value),
            None => self.this.measured.push((name.to_string(), vec![value])),
        }
    }

    /// An epoch is done: writes the means of its loss and of whatever else was measured, their course within the epoch, and its speed.
    /// After the last one, removes the bar and says how long the training took.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn end_epoch(&mut self) -> anyhow::Result<()> {
        let this = std::mem::replace(&mut self.this, Epoch::new());
        let (loss, rate) = (this.loss(), this.images_per_second());
        self.epoch += 1;
        let mut line = Map::from_iter([
            ("run".to_string(), json!(self.name)),
            ("epoch".to_string(), json!(self.epoch)),
            ("loss".to_string(), json!(loss)),
            ("images_per_second".to_string(), json!(rate)),
        ]);
        for (name, of) in LANDMARKS {
            line.extend(self.landmarks.map(|marks| (name.to_string(), json!(of(&marks)))));
        }
        line.extend(this.means().map(|(name, mean)| (name.to_string(), json!(mean))));
        let each = |of: fn(&[f64]) -> Value| {
            Value::Object(this.quantities().map(|(name, values)| (name.to_string(), of(values))).collect())
        };
        line.insert(FIRST.to_string(), each(|values| json!(values.first())));
        line.insert(COURSE.to_string(), each(|values| json!(course(values))));
        let write = || -> std::io::Result<()> {
            let mut file = fs::OpenOptions::new().create(true).append(true).open(&self.path)?;
            writeln!(file, "{}", Value::Object(line))
        };
        write().with_context(|| format!("writing {}", self.path.display()))?;
        if self.bar.is_hidden() && !self.silent {
            let more: String = this.means().map(|(name, mean)| format!(", {name} {mean:.4}")).collect();
            println!("{} epoch {}/{}: loss {loss:.4}{more}, {rate:.0} images/s", self.name, self.epoch, self.epochs);
        }
        self.trained += this.trained;
        self.images += this.images;
        if self.epoch == self.epochs {
            self.bar.finish_and_clear();
            let seconds = self.trained.as_secs_f64();
            if self.silent {
                return Ok(());
            }
            println!("{}: {seconds:.0} s, {:.0} images/s", self.name, self.images as f64 / seconds);
        }
        Ok(())
    }
}

/// Drops what an earlier run wrote of epochs that are about to be trained (again), and what is no line of metrics at all: half of
/// one, for example. Keeps other runs' lines.
fn keep_epochs_before(first: usize, name: &str, path: &Path) -> anyhow::Result<()> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let kept = text.lines().filter(|line| {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let (run, epoch) = (value["run"].as_str(), value["epoch"].as_u64());
        run.zip(epoch).is_some_and(|(run, epoch)| run != name || epoch <= first as u64)
    });
    write_atomically(path, kept.map(|line| format!("{line}\n")).collect::<String>().as_bytes())
}

/// Where a line of `metrics.jsonl` has the first value of each quantity, and its course within the epoch.
const FIRST: &str = "first";
const COURSE: &str = "course";

/// The epochs of one run, from `metrics.jsonl` in `out`.
fn lines(out: &Path, run: &str) -> anyhow::Result<Vec<Value>> {
    let path = out.join("metrics.jsonl");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter(|line| line["run"] == run).collect())
}

/// The means of one quantity of one run: (epoch, value).
///
/// # Errors
/// `metrics.jsonl` in `out` can't be read.
pub fn history(out: &Path, run: &str, quantity: &str) -> anyhow::Result<Vec<(f64, f64)>> {
    let lines = lines(out, run)?.into_iter();
    Ok(lines.filter_map(|line| Some((line["epoch"].as_f64()?, line[quantity].as_f64()?))).collect())
}

/// The course of one quantity of one run, several times an epoch where it was measured in every step: (epochs trained, value), at 0 the
/// value of the very first step.
///
/// # Errors
/// `metrics.jsonl` in `out` can't be read.
pub fn curve(out: &Path, run: &str, quantity: &str) -> anyhow::Result<Vec<(f64, f64)>> {
    let mut points = Vec::new();
    for line in lines(out, run)? {
        let (Some(epoch), Some(course)) = (line["epoch"].as_f64(), line[COURSE][quantity].as_array()) else { continue };
        if let (true, Some(first)) = (epoch == 1.0 && course.len() > 1, line[FIRST][quantity].as_f64()) {
            points.push((0.0, first));
        }
        let place = |i: usize| epoch - 1.0 + (i + 1) as f64 / course.len() as f64;
        points.extend(course.iter().enumerate().filter_map(|(i, value)| Some((place(i), value.as_f64()?))));
    }
    Ok(points)
}
