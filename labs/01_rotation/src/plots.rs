//! The pictures of lab 01 and the page that holds them.

use std::path::{Path, PathBuf};

use candle_core::{D, Device};
use rotation::rotation_batch;
use ssl_data::Dataset;
use ssl_eval::Evaluation;
use ssl_report::comparison::blocks;
use ssl_report::page::percent;
use ssl_report::progress::history;
use ssl_report::{Bars, Baselines, Comparison, Curves, Grid, HeatMap, PROTOCOL, Page, Plot};

use super::{Model, Settings};

/// Draws everything and writes the page.
pub fn report(
    settings: &Settings,
    model: &Model,
    data: &Dataset,
    accuracy: f64,
    evaluations: Option<&(Evaluation, Baselines)>,
    out: &Path,
    device: &Device,
) -> anyhow::Result<PathBuf> {
    let title = format!("Lab 01: predicting image rotations on {}", data.name);
    let mut page = Page::new(&title, settings.options.seed, PROTOCOL, device);
    page.heading("The pretext task");
    page.text(&format!("Rotation accuracy on test images: {} (chance 25 %).", percent(accuracy)));
    page.figure(&training(out)?, "Loss and accuracy of rotation prediction, training images.");
    page.figure(
        &predictions(model, data, out, device)?,
        "Test images as the network sees them, with what it says; ✗ where it is wrong.",
    );
    if let Some((rotation, baselines)) = evaluations {
        page.heading("What the features are good for");
        let rows = [("random", &baselines.random), ("rotation", rotation), ("supervised", &baselines.supervised)];
        let comparison = Comparison::of(&rows);
        comparison.print();
        comparison.write(&mut page);
        page.figure(&comparison.by_depth(out)?, "Linear probe on each block, pooled to 256 numbers.");
        page.figure(&gain(rotation, baselines, out)?, "What training added to each block.");
        page.figure(&confusion(rotation, data, out)?, "Where the probe on the last block errs.");
    }
    page.save(out)
}

fn training(out: &Path) -> anyhow::Result<String> {
    let line = |name: &str, quantity| Ok((name.to_string(), history(out, "rotation", quantity)?));
    let curves = Curves {
        title: "Rotation prediction".to_string(),
        x_label: "epoch".to_string(),
        y_label: "loss (nats), accuracy (fraction)".to_string(),
        series: [("loss", "loss"), ("accuracy", "accuracy")]
            .into_iter()
            .map(|(name, quantity)| line(name, quantity))
            .collect::<anyhow::Result<_>>()?,
    };
    curves.save(out, "training")
}

/// Images of the grid, each at all four rotations.
const SHOWN: usize = 8;

fn predictions(model: &Model, data: &Dataset, out: &Path, device: &Device) -> anyhow::Result<String> {
    let shown: Vec<usize> = (0..SHOWN.min(data.test.len())).collect();
    let (images, labels) = rotation_batch(&data.test.select(&shown).images().to_tensor(device)?)?;
    let predicted: Vec<u32> = model.logits(&images, false)?.argmax(D::Minus1)?.to_vec1()?;
    let labels: Vec<u32> = labels.to_vec1()?;
    let caption = |(predicted, label): (&u32, &u32)| {
        let mark = if predicted == label { "✓" } else { "✗" };
        format!("{mark} {}°", 90 * predicted)
    };
    let grid = Grid {
        title: "Rows: turned by 0°, 90°, 180°, 270°. Below: the prediction".to_string(),
        columns: shown.len(),
        images,
        captions: predicted.iter().zip(&labels).map(caption).collect(),
    };
    grid.save(out, "predictions")
}

fn gain(rotation: &Evaluation, baselines: &Baselines, out: &Path) -> anyhow::Result<String> {
    let over_random = |e: &Evaluation| {
        let pairs = e.linear_by_depth.iter().zip(&baselines.random.linear_by_depth);
        pairs.map(|(trained, random)| 100.0 * (trained - random)).collect()
    };
    let bars = Bars {
        title: "Gain over random features of the same block".to_string(),
        y_label: "accuracy gained (points)".to_string(),
        groups: blocks(rotation.linear_by_depth.len()),
        series: vec![
            ("rotation".to_string(), over_random(rotation)),
            ("supervised".to_string(), over_random(&baselines.supervised)),
        ],
    };
    bars.save(out, "gain_by_depth")
}

fn confusion(rotation: &Evaluation, data: &Dataset, out: &Path) -> anyhow::Result<String> {
    let map = HeatMap {
        title: "Confusion matrix (test images)".to_string(),
        row_label: "true class".to_string(),
        column_label: "predicted".to_string(),
        rows: data.classes.clone(),
        columns: data.classes.clone(),
        values: rotation.confusion.iter().map(|row| row.iter().map(|&n| n as f64).collect()).collect(),
    };
    map.save(out, "confusion")
}
