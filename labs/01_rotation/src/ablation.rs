//! `--ablate rotations`: does it matter which rotations are to be told apart (table 2 of the paper)?

use std::path::Path;

use candle_core::Device;
use ssl_data::Dataset;
use ssl_report::page::percent;
use ssl_report::{Comparison, PROTOCOL, Page};

use super::{ROTATIONS, Settings, pretext_accuracy, train};

/// Name and quarter turns of each variant. All see equally many images.
const VARIANTS: [(&str, &str, &[u32]); 3] =
    [("0_180", "0°, 180°", &[0, 2]), ("90_270", "90°, 270°", &[1, 3]), ("four", "all four", &ROTATIONS)];

/// Trains the three variants, each from the same initial weights, and compares their features. A variant that has been
/// finished before is read from its checkpoint.
pub fn run(settings: &Settings, data: &Dataset, out: &Path, device: &Device) -> anyhow::Result<()> {
    let settings = Settings { options: settings.options.for_comparison(data)?, ..settings.clone() };
    let mut comparison = Comparison::default();
    let mut accuracies = Vec::new();
    for (name, label, rotations) in VARIANTS {
        let model = train(&settings, data, rotations, &format!("ablation_{name}"), out, device)?;
        let accuracy = percent(pretext_accuracy(&model, data, rotations, device)?);
        comparison.push(label, model.evaluate(data, device)?);
        accuracies.push(vec![label.to_string(), accuracy]);
    }
    let title = format!("Lab 01: which rotations, on {}", data.name);
    let protocol = format!("equal images seen; {PROTOCOL}");
    let mut page = Page::new(&title, settings.options.seed, &protocol, device);
    comparison.write(&mut page);
    page.table(&["rotations", "told apart on test images"].map(String::from), &accuracies);
    page.figure(
        &comparison.bars("Which rotations to tell apart", out, "ablation_rotations")?,
        "Chance of the pretext task is 50 % for two rotations, 25 % for four.",
    );
    println!("report: {}", page.save(out)?.display());
    Ok(())
}
