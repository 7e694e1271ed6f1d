//! The pictures of lab 01 and the page that holds them.

use std::path::{Path, PathBuf};

use candle_core::{D, Device};
use rotation::rotation_batch;
use ssl_data::Dataset;
use ssl_eval::Evaluation;
use ssl_report::page::percent;
use ssl_report::progress::history;
use ssl_report::{Bars, Baselines, Curves, Grid, HeatMap, Page, Plot};

use super::{Model, Settings};

const PROTOCOL: &str = "backbone after the last epoch, frozen, in evaluation mode; linear probe: full-batch L-BFGS softmax \
    regression on standardised features (L2 1e-3), all training images; kNN: cosine, k = 200, T = 0.1; accuracy on the test split";

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
        let mut header = vec!["linear probe on".to_string()];
        header.extend(blocks(rotation.linear_by_depth.len()));
        header.extend(["kNN", "collapse"].map(String::from));
        let rows = rows(rotation, baselines);
        print(&header, &rows);
        page.table(&header, &rows);
        page.figure(&by_depth(rotation, baselines, out)?, "Linear probe on each block, pooled to 256 numbers.");
        page.figure(&gain(rotation, baselines, out)?, "What training added to each block.");
        page.figure(&confusion(rotation, data, out)?, "Where the probe on the last block errs.");
    }
    page.save(out)
}

/// A row for each backbone: linear probe by depth, kNN, collapse level.
fn rows(rotation: &Evaluation, baselines: &Baselines) -> Vec<Vec<String>> {
    let row = |name: &str, e: &Evaluation| {
        let linear = e.linear_by_depth.iter().map(|&accuracy| percent(accuracy));
        let rest = [percent(e.knn), format!("{:.2}", e.collapse_level)];
        std::iter::once(name.to_string()).chain(linear).chain(rest).collect()
    };
    vec![
        row("random initialisation", &baselines.random),
        row("rotation", rotation),
        row("supervised", &baselines.supervised),
    ]
}

/// The table on the terminal.
fn print(header: &[String], rows: &[Vec<String>]) {
    let line = |cells: &[String]| {
        let cells = cells.iter().enumerate();
        cells.map(|(i, cell)| if i == 0 { format!("{cell:<22}") } else { format!("{cell:>10}") }).collect::<String>()
    };
    println!("{}", line(header));
    rows.iter().for_each(|row| println!("{}", line(row)));
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

fn blocks(count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("block {i}")).collect()
}

fn by_depth(rotation: &Evaluation, baselines: &Baselines, out: &Path) -> anyhow::Result<String> {
    let series = |name: &str, e: &Evaluation| (name.to_string(), e.linear_by_depth.iter().map(|a| 100.0 * a).collect());
    let bars = Bars {
        title: "Linear probe by depth".to_string(),
        y_label: "test accuracy (%)".to_string(),
        groups: blocks(rotation.linear_by_depth.len()),
        series: vec![
            series("random", &baselines.random),
            series("rotation", rotation),
            series("supervised", &baselines.supervised),
        ],
    };
    bars.save(out, "probe_by_depth")
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
