//! `--ablate rotations`: does it matter which rotations are to be told apart (table 2 of the paper)?

use ssl_experiment::{Comparison, Input, Run};
use ssl_report::percent;

use super::{ROTATIONS, Settings, test_rotations, train};

/// Name and quarter turns of each variant. All see equally many images.
const VARIANTS: [(&str, &str, &[u32]); 3] =
    [("0_180", "0°, 180°", &[0, 2]), ("90_270", "90°, 270°", &[1, 3]), ("four", "all four", &ROTATIONS)];

/// Trains the three variants, each from the same initial weights, and compares their features.
pub fn rotations(run: &Run, settings: &Settings) -> anyhow::Result<()> {
    let mut comparison = Comparison::default();
    let mut accuracies = Vec::new();
    for (name, label, rotations) in VARIANTS {
        let model = train(run, settings, rotations, name)?;
        accuracies.push(vec![label.to_string(), percent(test_rotations(run, &model, rotations)?.accuracy()?)]);
        comparison.push(label, run.evaluate(&model.backbone, &Input::RGB)?);
    }
    let mut page = run.page("Lab 01: which rotations, at equal images seen");
    comparison.write(&mut page);
    page.table(&["rotations", "told apart on test images"].map(String::from), &accuracies);
    page.figure(
        &comparison.bars("Which rotations to tell apart", &run.out, "ablation_rotations")?,
        "Chance of the pretext task is 50 % for two rotations, 25 % for four.",
    );
    run.finish(&page, &comparison)
}
