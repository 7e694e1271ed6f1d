//! How a training goes: a bar on the terminal, a line of JSON for every epoch.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};

const TEMPLATE: &str = "{prefix} {bar:30} epoch {msg}, {eta} left";

/// Reports a training of some epochs of some steps.
pub struct Progress {
    bar: ProgressBar,
    path: PathBuf,
    name: String,
    epochs: usize,
    steps: usize,
    epoch: usize,
    started: Instant,
    trained: Duration,
    loss_sum: f64,
    done: usize,
    images: usize,
    all_images: usize,
}

impl Progress {
    /// Starts at epoch `first` of `epochs`; `metrics.jsonl` in `out` keeps the lines of the epochs before it.
    ///
    /// # Errors
    /// A file that can't be read or written.
    pub fn new(name: &str, out: &Path, first: usize, epochs: usize, steps: usize) -> anyhow::Result<Self> {
        let path = out.join("metrics.jsonl");
        fs::create_dir_all(out).with_context(|| format!("making the folder {}", out.display()))?;
        keep_epochs_before(first, name, &path).with_context(|| format!("writing {}", path.display()))?;
        let left = (epochs.saturating_sub(first) * steps) as u64;
        let bar = ProgressBar::with_draw_target(Some(left), ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template(TEMPLATE)?);
        bar.set_prefix(name.to_string());
        bar.enable_steady_tick(Duration::from_millis(200));
        let now = Instant::now();
        Ok(Self {
            bar,
            path,
            name: name.to_string(),
            epochs,
            steps,
            epoch: first,
            started: now,
            trained: Duration::ZERO,
            loss_sum: 0.0,
            done: 0,
            images: 0,
            all_images: 0,
        })
    }

    /// A step is done: its loss, and how many images went through the network.
    pub fn step(&mut self, loss: f64, images: usize) {
        self.loss_sum += loss;
        self.done += 1;
        self.images += images;
        let rate = self.images as f64 / self.started.elapsed().as_secs_f64();
        let (epoch, mean) = (self.epoch + 1, self.loss_sum / self.done as f64);
        self.bar.set_message(format!("{epoch}/{}, loss {mean:.4}, {rate:.0} images/s", self.epochs));
        self.bar.inc(1);
    }

    /// An epoch is done: writes its mean loss, its speed and whatever else was measured.
    ///
    /// # Errors
    /// A loss that is no longer a number; a file that can't be written.
    pub fn end_epoch(&mut self, measured: &[(&str, f64)]) -> anyhow::Result<()> {
        let seconds = self.started.elapsed();
        let loss = self.loss_sum / self.done.max(1) as f64;
        anyhow::ensure!(loss.is_finite(), "epoch {}: the loss is {loss}; try a lower learning rate", self.epoch + 1);
        let rate = self.images as f64 / seconds.as_secs_f64();
        self.epoch += 1;
        let mut line = Map::from_iter([
            ("run".to_string(), json!(self.name)),
            ("epoch".to_string(), json!(self.epoch)),
            ("loss".to_string(), json!(loss)),
            ("images_per_second".to_string(), json!(rate)),
        ]);
        line.extend(measured.iter().map(|(name, value)| (name.to_string(), json!(value))));
        let write = || -> std::io::Result<()> {
            let mut file = fs::OpenOptions::new().create(true).append(true).open(&self.path)?;
            writeln!(file, "{}", Value::Object(line))
        };
        write().with_context(|| format!("writing {}", self.path.display()))?;
        if self.bar.is_hidden() {
            let extra: String = measured.iter().map(|(name, value)| format!(", {name} {value:.4}")).collect();
            println!("{} epoch {}/{}: loss {loss:.4}{extra}, {rate:.0} images/s", self.name, self.epoch, self.epochs);
        }
        self.trained += seconds;
        self.all_images += self.images;
        (self.loss_sum, self.done, self.images, self.started) = (0.0, 0, 0, Instant::now());
        Ok(())
    }

    /// Removes the bar and says how long training took and how fast it went.
    pub fn finish(self) {
        self.bar.finish_and_clear();
        let seconds = self.trained.as_secs_f64();
        if self.all_images > 0 {
            let rate = self.all_images as f64 / seconds;
            let steps = self.steps;
            println!("{}: {seconds:.0} s, {rate:.0} images/s, {steps} steps an epoch", self.name);
        }
    }
}

/// Drops what an earlier run wrote of epochs that are about to be trained (again); keeps other runs' lines.
fn keep_epochs_before(first: usize, name: &str, path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(path)?;
    let kept = text.lines().filter(|line| {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let old = value["epoch"].as_u64().is_some_and(|epoch| epoch <= first as u64);
        value["run"] != name || old
    });
    ssl_nn::checkpoint::write_atomically(path, kept.map(|line| format!("{line}\n")).collect::<String>().as_bytes())
}

/// One quantity of one run, epoch by epoch, from `metrics.jsonl` in `out`: (epoch, value).
///
/// # Errors
/// A file that can't be read.
pub fn history(out: &Path, run: &str, quantity: &str) -> anyhow::Result<Vec<(f64, f64)>> {
    let path = out.join("metrics.jsonl");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_run = lines.filter(|line| line["run"] == run);
    Ok(of_run.filter_map(|line| Some((line["epoch"].as_f64()?, line[quantity].as_f64()?))).collect())
}
