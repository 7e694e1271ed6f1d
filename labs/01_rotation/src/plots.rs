//! The pictures of lab 01 and the page that holds them.

use candle_core::D;
use rotation::rotation_batch;
use ssl_eval::Evaluation;
use ssl_experiment::comparison::blocks;
use ssl_experiment::{Comparison, Run};
use ssl_report::{Bars, Grid, HeatMap, Plot, percent};

use super::Model;

/// Draws everything and writes the page.
pub fn report(run: &Run, model: &Model, accuracy: f64, comparison: &Comparison) -> anyhow::Result<()> {
    let mut page = run.page("Lab 01: predicting image rotations");
    page.heading("The pretext task");
    page.text(&format!("Rotation accuracy on test images: {} (chance 25 %).", percent(accuracy)));
    let curves = run.training_curves("rotation", &["loss", "accuracy"], "loss (nats), accuracy (fraction)")?;
    page.figure(&curves, "Loss and accuracy of rotation prediction, training images.");
    page.figure(
        &predictions(run, model)?,
        "Test images as the network sees them, with what it says; ✗ where it is wrong.",
    );
    comparison.report(&mut page, &run.out)?;
    if let (Some(random), Some(rotation), Some(supervised)) =
        (comparison.get("random"), comparison.get("rotation"), comparison.get("supervised"))
    {
        page.figure(&gain(run, random, rotation, supervised)?, "What training added to each block.");
        page.figure(&confusion(run, rotation)?, "Where the probe on the last block errs.");
    }
    run.finish(&page, comparison)
}

/// Images of the grid, each at all four rotations.
const SHOWN: usize = 8;

fn predictions(run: &Run, model: &Model) -> anyhow::Result<String> {
    let test = &run.data.test;
    let shown: Vec<usize> = (0..SHOWN.min(test.len())).collect();
    let (images, labels) = rotation_batch(&test.select(&shown).images().to_tensor(&run.device)?)?;
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
    grid.save(&run.out, "predictions")
}

fn gain(run: &Run, random: &Evaluation, rotation: &Evaluation, supervised: &Evaluation) -> anyhow::Result<String> {
    let over_random = |e: &Evaluation| {
        let pairs = e.linear_by_depth.iter().zip(&random.linear_by_depth);
        pairs.map(|(trained, random)| 100.0 * (trained - random)).collect()
    };
    let bars = Bars {
        title: "Gain over random features of the same block".to_string(),
        y_label: "accuracy gained (points)".to_string(),
        groups: blocks(rotation.linear_by_depth.len()),
        series: vec![
            ("rotation".to_string(), over_random(rotation)),
            ("supervised".to_string(), over_random(supervised)),
        ],
    };
    bars.save(&run.out, "gain_by_depth")
}

fn confusion(run: &Run, rotation: &Evaluation) -> anyhow::Result<String> {
    let map = HeatMap {
        title: "Confusion matrix (test images)".to_string(),
        row_label: "true class".to_string(),
        column_label: "predicted".to_string(),
        rows: run.data.classes.clone(),
        columns: run.data.classes.clone(),
        values: rotation.confusion.iter().map(|row| row.iter().map(|&n| n as f64).collect()).collect(),
    };
    map.save(&run.out, "confusion")
}
