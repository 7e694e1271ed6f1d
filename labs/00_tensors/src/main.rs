//! The experiment of lab 00: fit a line to noisy points by gradient descent.
//!
//! `cargo run -p tensors` (the lab's functions) or `cargo run -p tensors-solution` (the solution's).

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use candle_core::{DType, Device, Tensor, Var};
use clap::Parser;
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
use ssl_experiment::{launch, machine, range};
use ssl_report::plot::Scale;
use ssl_report::{Curves, Page, Plot, Scatter};
use tensors::descend;

/// Fit a line to noisy points by gradient descent
#[derive(Parser)]
#[command(allow_negative_numbers = true)]
pub struct Settings {
    /// Steps of gradient descent (1 to 1000000)
    #[arg(long, default_value_t = 100, value_parser = range::count)]
    steps: usize,
    /// Learning rate (above 0 to 10)
    #[arg(long, default_value_t = 0.1, value_parser = range::learning_rate)]
    learning_rate: f64,
    /// What the noise is drawn from
    #[arg(long, default_value_t = 0, value_parser = range::seed)]
    seed: u64,
    /// Folder for the page and its plots
    #[arg(long, value_name = "DIR", default_value = "runs/tensors")]
    out: PathBuf,
    /// As the other labs' flag: this lab is always quick
    #[arg(long)]
    quick: bool,
}

/// The line that the points lie around, and how far they are off.
const SLOPE: f64 = 0.8;
const OFFSET: f64 = -0.5;
const NOISE: f64 = 0.1;
const POINTS: usize = 60;

/// A loss like this one will not come down again.
const DIVERGED: f64 = 1e6;

pub fn main() -> ExitCode {
    launch(experiment)
}

fn experiment(settings: &Settings) -> anyhow::Result<()> {
    fs::create_dir_all(&settings.out).with_context(|| format!("--out: making {}", settings.out.display()))?;
    let (x, y) = points(settings.seed);
    let (inputs, targets) = (Tensor::new(x.as_slice(), &Device::Cpu)?, Tensor::new(y.as_slice(), &Device::Cpu)?);
    let slope = Var::zeros((), DType::F32, &Device::Cpu)?;
    let offset = Var::zeros((), DType::F32, &Device::Cpu)?;
    let mut losses = Vec::new();
    let mut lines = Vec::new();
    for step in 0..settings.steps {
        if [0, 3, 10, 30].contains(&step) {
            lines.push(line(format!("after {step} steps"), &slope, &offset)?);
        }
        let loss = descend(&slope, &offset, &inputs, &targets, settings.learning_rate)?;
        losses.push((step as f64, loss));
        if loss.is_nan() || loss > DIVERGED {
            println!(
                "step {step}: the loss is {loss:.3e}, so this has diverged; loss.png shows how. A lower --learning-rate helps"
            );
            return report(settings, x.into_iter().zip(y), lines, losses);
        }
    }
    lines.push(line(format!("after {} steps", settings.steps), &slope, &offset)?);
    let (slope, offset) = (slope.to_scalar::<f32>()?, offset.to_scalar::<f32>()?);
    println!("slope {slope:.3} (the points' is {SLOPE}), offset {offset:.3} ({OFFSET})");
    println!("the last loss: {:.4}", losses.last().map_or(f64::NAN, |(_, loss)| *loss));
    report(settings, x.into_iter().zip(y), lines, losses)
}

/// Points (x, y) near the line.
fn points(seed: u64) -> (Vec<f32>, Vec<f32>) {
    let mut rng = Rng::seed_from_u64(seed);
    // Twelve uniform numbers are close to a normal one.
    let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let point = |i: usize| {
        let x = 4.0 * i as f64 / (POINTS - 1) as f64 - 2.0;
        (x as f32, (SLOPE * x + OFFSET + NOISE * normal()) as f32)
    };
    (0..POINTS).map(point).unzip()
}

/// Places on a line, with its name.
fn line(name: String, slope: &Var, offset: &Var) -> anyhow::Result<(String, Vec<(f64, f64)>)> {
    let (slope, offset) = (f64::from(slope.to_scalar::<f32>()?), f64::from(offset.to_scalar::<f32>()?));
    Ok((name, (-40..=40).map(|i| (f64::from(i) / 20.0, slope * f64::from(i) / 20.0 + offset)).collect()))
}

fn report(
    settings: &Settings,
    points: impl Iterator<Item = (f32, f32)>,
    lines: Vec<(String, Vec<(f64, f64)>)>,
    losses: Vec<(f64, f64)>,
) -> anyhow::Result<()> {
    let points = points.map(|(x, y)| (f64::from(x), f64::from(y))).collect();
    let fit = Scatter {
        title: "A line on its way to the points".to_string(),
        x_label: "x".to_string(),
        y_label: "y".to_string(),
        groups: vec![("points".to_string(), points)],
        lines,
        equal: false,
    };
    let loss = Curves {
        title: "Gradient descent".to_string(),
        x_label: "step".to_string(),
        y_label: "mean squared error".to_string(),
        series: vec![("loss".to_string(), losses)],
        levels: vec![("the noise's variance".to_string(), NOISE * NOISE)],
        scale: Scale::Logarithmic,
    };
    let facts =
        [("Command", machine::command()), ("Seed", settings.seed.to_string()), ("Versions", machine::versions())];
    let mut page = Page::new("Lab 00: a line", &facts);
    page.figure(&fit.save(&settings.out, "fit")?, "The points, and the line after some steps.");
    page.figure(&loss.save(&settings.out, "loss")?, "The loss before each step.");
    println!("report: {}", page.save(&settings.out)?.display());
    Ok(())
}
