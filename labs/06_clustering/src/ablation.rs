//! `--ablate`: what keeps SwAV from collapse, and how many clusters or views it takes.

use ssl_experiment::{Comparison, Run};

use super::swav::{self, Codes};
use super::{Ablation, Method, Settings, deepcluster};

/// Epochs of each training: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 4;

/// Trains all variants of a comparison and writes its page.
pub fn compare(ablation: Ablation, run: Run, settings: &Settings) -> anyhow::Result<()> {
    let (name, title, quantity, caption) = match ablation {
        Ablation::Sinkhorn => (
            "sinkhorn",
            "codes by Sinkhorn, and by a softmax",
            "information",
            "What a code tells of its image, in nats: 0 where all images have the same.",
        ),
        Ablation::Clusters => (
            "clusters",
            "how many clusters",
            "NMI, classes",
            "How much clusters have in common with the classes, by epoch.",
        ),
        Ablation::MultiCrop => ("multi_crop", "with and without small views", "kNN", "kNN of the classes, by epoch."),
    };
    let mut settings = settings.clone();
    settings.flags.epochs = Some(settings.flags.epochs_or(EPOCHS));
    let run = run.into_ablation(name)?;
    let (mut comparison, mut trainings) = (Comparison::default(), Vec::new());
    for (label, settings, codes) in trials(ablation, &settings) {
        let training = label.replace(' ', "_");
        let backbone = match settings.method {
            Method::Deepcluster => deepcluster::train(&run, &settings, &training)?,
            _ => swav::train(&run, &settings, &training, codes)?,
        };
        comparison.push(&label, run.evaluate(&backbone, &settings.method.input())?);
        trainings.push((label, training));
    }
    let mut page = run.page(&format!("Lab 06: {title}"));
    page.figure(&run.compared_curves(&trainings, quantity)?, caption);
    comparison.write(&mut page);
    page.figure(&comparison.bars(title, &run.out, &format!("{name}_probes"))?, "What the features are good for.");
    run.finish(&page, &comparison)
}

/// A label, the settings, and how SwAV makes codes.
fn trials(ablation: Ablation, settings: &Settings) -> Vec<(String, Settings, Codes)> {
    let swav = Settings { method: Method::Swav, ..settings.clone() };
    match ablation {
        Ablation::Sinkhorn => {
            vec![("Sinkhorn".to_string(), swav.clone(), Codes::Sinkhorn), ("softmax".to_string(), swav, Codes::Softmax)]
        }
        Ablation::Clusters => [10, 30, 100, 300]
            .map(|count| {
                let settings = Settings { method: Method::Deepcluster, clusters: Some(count), ..settings.clone() };
                (format!("K = {count}"), settings, Codes::Sinkhorn)
            })
            .into(),
        Ablation::MultiCrop => {
            // Four views of half the size have as many pixels as one more of the whole: three for two.
            let mut small = Settings { multi_crop: true, ..swav.clone() };
            small.flags.epochs = Some((2 * settings.flags.epochs_or(EPOCHS) / 3).max(1));
            vec![
                ("two views".to_string(), swav, Codes::Sinkhorn),
                ("and four small".to_string(), small, Codes::Sinkhorn),
            ]
        }
    }
}
