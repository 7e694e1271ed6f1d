//! `--ablate`: which predictor, how much weight decay, and how slow a target.

use ssl_experiment::{Comparison, Input, Run};
use ssl_report::progress::history;

use super::predictor::Kind;
use super::{Ablation, Settings, training};

/// Epochs of each training: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 4;

/// A comparison's name, title and explanation.
fn words(ablation: Ablation) -> (&'static str, &'static str, &'static str) {
    match ablation {
        Ablation::Predictor => (
            "predictor",
            "a predictor learned, set, or none",
            "DirectPred and DirectCopy set the predictor from the features' correlation in every step; without one, features are compared themselves.",
        ),
        Ablation::Decay => (
            "decay",
            "how much weight decay",
            "With a learned predictor. The theory: some weight decay brings predictor and features into balance, too much of it leaves no rest but 0.",
        ),
        Ablation::Momentum => (
            "momentum",
            "how fast the target follows",
            "With DirectPred. At 0 the target is the online network of the step before.",
        ),
    }
}

/// Trains all variants of a comparison and writes its page.
pub fn compare(ablation: Ablation, run: Run, settings: &Settings) -> anyhow::Result<()> {
    let (name, title, explanation) = words(ablation);
    let mut settings = settings.clone();
    settings.flags.epochs = Some(settings.flags.epochs_or(EPOCHS));
    let run = run.into_ablation(name)?;
    let (mut comparison, mut trainings, mut rows) = (Comparison::default(), Vec::new(), Vec::new());
    for (label, settings) in trials(ablation, &settings) {
        let training = label.replace(' ', "_");
        let trained = training::train(&run, &settings, &training)?;
        comparison.push(&label, run.evaluate(&trained.network.backbone, &Input::RGB)?);
        let last = |quantity: &str| {
            Ok::<_, anyhow::Error>(history(&run.out, &training, quantity)?.last().map_or(f64::NAN, |(_, value)| *value))
        };
        rows.push(vec![label.clone(), format!("{:.3}", last("alignment")?), format!("{:.1}", last("rank")?)]);
        trainings.push((label, training));
    }
    let mut page = run.page(&format!("Lab 11: {title}"));
    page.text(explanation);
    for (quantity, caption) in [
        ("loss", "The loss alone does not tell: it is lowest where everything has collapsed."),
        ("alignment", "Whether the predictor has the eigenvectors of the features' correlation, after each epoch."),
        ("rank", "How many dimensions the features of 1,000 test images use, after each epoch."),
        ("kNN", "After each epoch kNN of the classes on 1,000 test images."),
    ] {
        page.figure(&run.compared_curves(&trainings, quantity)?, caption);
    }
    page.table(&["variant", "alignment", "effective rank of f"].map(String::from), &rows);
    comparison.write(&mut page);
    page.figure(&comparison.bars(title, &run.out, &format!("{name}_probes"))?, "What the features are good for.");
    run.finish(&page, &comparison)
}

/// What is trained, and under which names.
fn trials(ablation: Ablation, settings: &Settings) -> Vec<(String, Settings)> {
    let with = |predictor: Kind| Settings { predictor, ..settings.clone() };
    match ablation {
        Ablation::Predictor => [Kind::Learned, Kind::Directpred, Kind::Directcopy, Kind::Identity]
            .map(|kind| (kind.name().to_string(), with(kind)))
            .into(),
        Ablation::Decay => [0.0, 1e-4, 0.1, 1.0]
            .map(|weight_decay| (format!("decay {weight_decay}"), Settings { weight_decay, ..with(Kind::Learned) }))
            .into(),
        Ablation::Momentum => [0.0, 0.9, 0.99, 0.999]
            .map(|momentum| (format!("m = {momentum}"), Settings { momentum, ..with(Kind::Directpred) }))
            .into(),
    }
}
