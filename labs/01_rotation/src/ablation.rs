//! `--ablate rotations`: does it matter which rotations are to be told apart (table 2 of the paper)?

use std::path::Path;

use anyhow::Context;
use candle_core::Device;
use ssl_data::Dataset;
use ssl_report::page::percent;
use ssl_report::{Bars, Page, Plot};

use super::{ROTATIONS, Settings, pretext_accuracy, train};

/// Name and quarter turns of each variant. All see equally many images.
const VARIANTS: [(&str, &str, &[u32]); 3] =
    [("0_180", "0°, 180°", &[0, 2]), ("90_270", "90°, 270°", &[1, 3]), ("four", "all four", &ROTATIONS)];

/// Trains the three variants, each from the same initial weights, and compares their features. A variant that has been
/// finished before is read from its checkpoint.
pub fn run(settings: &Settings, data: &Dataset, out: &Path, device: &Device) -> anyhow::Result<()> {
    (!data.classes.is_empty()).then_some(()).context("these images have no classes: nothing to compare by")?;
    let mut settings = settings.clone();
    settings.options.resume = true;
    let mut rows = Vec::new();
    let mut linear = Vec::new();
    let mut knn = Vec::new();
    for (name, label, rotations) in VARIANTS {
        let model = train(&settings, data, rotations, &format!("ablation_{name}"), out, device)?;
        let accuracy = pretext_accuracy(&model, data, rotations, device)?;
        let evaluation = model.evaluate(data, device)?;
        let (probe, neighbours) = (evaluation.linear(), evaluation.knn);
        println!("{label}: rotation {}, linear {}, kNN {}", percent(accuracy), percent(probe), percent(neighbours));
        rows.push(vec![label.to_string(), percent(accuracy), percent(probe), percent(neighbours)]);
        linear.push(100.0 * probe);
        knn.push(100.0 * neighbours);
    }
    let bars = Bars {
        title: "Which rotations to tell apart".to_string(),
        y_label: "test accuracy (%)".to_string(),
        groups: VARIANTS.iter().map(|(_, label, _)| label.to_string()).collect(),
        series: vec![("linear probe".to_string(), linear), ("kNN".to_string(), knn)],
    };
    let protocol = "equal images seen; last epoch; linear probe and kNN (k = 200, T = 0.1) on the last block";
    let title = format!("Lab 01: which rotations, on {}", data.name);
    let mut page = Page::new(&title, settings.options.seed, protocol, device);
    let header = ["rotations", "rotation accuracy", "linear probe", "kNN"].map(String::from);
    page.table(&header, &rows);
    page.figure(
        &bars.save(out, "ablation_rotations")?,
        "Chance of the pretext task is 50 % for two rotations, 25 % for four.",
    );
    println!("report: {}", page.save(out)?.display());
    Ok(())
}
