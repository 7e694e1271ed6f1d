//! `--ablate`: how much has to be remembered, by whom, and what a puzzle is good for.

use anyhow::ensure;
use ssl_experiment::{Comparison, Input, Run, Settings as _};
use ssl_nn::Backbone;

use super::queue::{self, Keys};
use super::{Ablation, Method, Settings, jigsaw, pirl, plots};

/// Epochs of each training: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 4;

/// One training of a comparison: its name, its settings, and how it is trained.
struct Trial {
    name: String,
    settings: Settings,
    train: fn(&Run, &Settings, &str) -> anyhow::Result<Backbone>,
}

/// A comparison's name, title and explanation.
fn words(ablation: Ablation) -> (&'static str, &'static str, &'static str) {
    match ablation {
        Ablation::Queue => ("queue", "how many keys are remembered", "The batch stays as it is: only the queue grows."),
        Ablation::Momentum => (
            "momentum",
            "how fast the key encoder follows",
            "At 0 keys come from the encoder of the step before, and the queue holds those of many different encoders.",
        ),
        Ablation::Shuffle => (
            "shuffle",
            "do batch norm's statistics tell the key?",
            "shuffled: keys go through batch norm in other groups than queries. in order: in the same groups. one group: batch norm sees the whole batch.",
        ),
        Ablation::Puzzle => (
            "puzzle",
            "features that tell the puzzle, and features that do not",
            "Jigsaw has to tell the order of the tiles, PIRL gives the puzzle its picture's embedding; both see tiles that are cut in the same way.",
        ),
    }
}

/// Trains all variants of a comparison and writes its page.
pub fn compare(ablation: Ablation, settings: &Settings) -> anyhow::Result<()> {
    let (name, title, explanation) = words(ablation);
    let mut settings = settings.clone();
    settings.flags.epochs = Some(settings.flags.epochs_or(EPOCHS));
    let trials = trials(ablation, &settings)?;
    trials.iter().try_for_each(|trial| trial.settings.fit())?;
    let run = Run::open(&settings)?.into_ablation(name)?;
    trials.iter().try_for_each(|trial| trial.settings.negatives(&run).map(drop))?;
    let (mut comparison, mut trainings, mut alike) = (Comparison::default(), Vec::new(), Vec::new());
    if ablation == Ablation::Puzzle {
        let random = run.backbone(&Input::RGB, &run.params().pp("backbone"))?;
        alike.push(("random".to_string(), plots::of_puzzles(&run, &random)?));
    }
    for trial in trials {
        let training = trial.name.replace(' ', "_");
        let backbone = (trial.train)(&run, &trial.settings, &training)?;
        comparison.push(&trial.name, run.evaluate(&backbone, &Input::RGB)?);
        alike.push((trial.name.clone(), plots::of_puzzles(&run, &backbone)?));
        trainings.push((trial.name, training));
    }
    let mut page = run.page(&format!("Lab 09: {title}"));
    page.text(explanation);
    page.figure(
        &run.compared_curves(&trainings, "loss")?,
        "The loss: comparable only where there are equally many negatives.",
    );
    page.figure(&run.compared_curves(&trainings, "kNN")?, "After each epoch kNN of the classes on 1,000 test images.");
    page.figure(
        &plots::invariances(&run, &alike)?,
        "Cosine of the features of pictures and of their puzzles, less the means.",
    );
    let rows: Vec<_> = alike.iter().map(|(name, value)| vec![name.clone(), format!("{value:.3}")]).collect();
    page.table(&["variant", "cosine of pictures and puzzles"].map(String::from), &rows);
    comparison.write(&mut page);
    page.figure(&comparison.bars(title, &run.out, &format!("{name}_probes"))?, "What the features are good for.");
    run.finish(&page, &comparison)
}

/// What is trained, and under which names.
fn trials(ablation: Ablation, settings: &Settings) -> anyhow::Result<Vec<Trial>> {
    let usual = Settings { method: Method::Moco, ..settings.clone() };
    let moco = |name: String, settings: Settings| Trial { name, settings, train: super::train };
    Ok(match ablation {
        Ablation::Queue => {
            const SIZES: [usize; 4] = [64, 256, 1024, 4096];
            let batch = settings.batch_size();
            ensure!(batch <= SIZES[0], "--ablate queue: expected a batch of at most {} images, got {batch}", SIZES[0]);
            SIZES.map(|size| moco(format!("{size} keys"), Settings { negatives: Some(size), ..usual.clone() })).into()
        }
        Ablation::Momentum => [0.0, 0.9, 0.99, 0.999]
            .map(|momentum| moco(format!("m = {momentum}"), Settings { momentum, ..usual.clone() }))
            .into(),
        Ablation::Shuffle => {
            // Many small groups: their statistics tell most.
            let groups = (settings.batch_size() / GROUP).max(1);
            let grouped = Settings { groups: Some(groups), ..usual.clone() };
            let in_order = Trial {
                name: "in order".to_string(),
                settings: grouped.clone(),
                train: |run, settings, name| queue::train(run, settings, name, Keys::InOrder),
            };
            vec![
                moco("shuffled".to_string(), grouped),
                in_order,
                moco("one group".to_string(), Settings { groups: Some(1), ..usual }),
            ]
        }
        Ablation::Puzzle => [("jigsaw", jigsaw::train as _), ("PIRL", pirl::train as _)]
            .map(|(name, train)| Trial {
                name: name.to_string(),
                settings: Settings { method: Method::Pirl, ..settings.clone() },
                train,
            })
            .into_iter()
            .chain([moco("MoCo".to_string(), usual)])
            .collect(),
    })
}

/// Images in a group of `--ablate shuffle`.
const GROUP: usize = 8;
