//! The pictures of lab 01 and the page that holds them.

use candle_core::{D, Tensor};
use candle_nn::ops::softmax;
use ssl_eval::Evaluation;
use ssl_experiment::comparison::blocks;
use ssl_experiment::{Comparison, Run};
use ssl_report::{Bars, Grid, HeatMap, Plot, percent};

use super::Tested;

/// Draws everything and writes the page.
pub fn report(run: &Run, accuracy: f64, predictions: &str, comparison: &Comparison) -> anyhow::Result<()> {
    let mut page = run.page("Lab 01: predicting image rotations");
    run.guesses(comparison, &[("accuracy", accuracy)], &mut page);
    if !run.data.classes.is_empty() {
        page.heading("The images");
        page.figure(&classes(run)?, "A training image of each class, as a probe is asked to name it.");
    }
    page.heading("The pretext task");
    page.text(&format!("Rotation accuracy on test images: {} (chance 25 %).", percent(accuracy)));
    let curves = run.training_curves("rotation", &["loss", "accuracy", "kNN"], "loss (nats), accuracy (fraction)")?;
    page.figure(
        &curves,
        "Loss and accuracy of rotation prediction on training images; after each epoch kNN of the toys' classes on 1,000 test images.",
    );
    page.figure(
        predictions,
        "The test images that the network is most wrong about, or, where few are wrong, least sure of.",
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

/// The first training image of each class.
fn classes(run: &Run) -> anyhow::Result<String> {
    let (train, classes) = (&run.data.train, &run.data.classes);
    let labels = train.labels().unwrap_or_default();
    let first = (0..classes.len() as u32).filter_map(|class| labels.iter().position(|&label| label == class));
    let first: Vec<usize> = first.collect();
    let grid = Grid {
        title: "An image of each class".to_string(),
        columns: 5,
        captions: first.iter().map(|&i| classes[labels[i] as usize].clone()).collect(),
        images: train.select(&first).images().to_tensor(&run.device)?,
    };
    grid.save(&run.out, "classes")
}

/// Rows and columns of the grid.
const SHOWN: (usize, usize) = (4, 8);

/// The images whose rotation has the greatest loss.
pub fn predictions(run: &Run, tested: &Tested) -> anyhow::Result<String> {
    let probabilities: Vec<Vec<f32>> = softmax(&tested.logits, D::Minus1)?.to_vec2()?;
    let labels: Vec<u32> = tested.labels.to_vec1()?;
    let right = |i: u32| probabilities[i as usize][labels[i as usize] as usize];
    let mut worst: Vec<u32> = (0..labels.len() as u32).collect();
    worst.sort_by(|&a, &b| right(a).total_cmp(&right(b)));
    worst.truncate(SHOWN.0 * SHOWN.1);
    let caption = |&i: &u32| {
        let (row, label) = (&probabilities[i as usize], labels[i as usize]);
        let predicted = (0..4u32).max_by(|&a, &b| row[a as usize].total_cmp(&row[b as usize])).unwrap_or_default();
        let mark = if predicted == label { "✓" } else { "✗" };
        format!("{mark} {}°, is {}°", 90 * predicted, 90 * label)
    };
    let grid = Grid {
        title: "Worst predictions of all test images at all rotations".to_string(),
        columns: SHOWN.1,
        captions: worst.iter().map(caption).collect(),
        images: tested.images.index_select(&Tensor::new(worst, &run.device)?, 0)?,
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
