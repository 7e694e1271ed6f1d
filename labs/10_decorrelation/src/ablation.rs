//! `--ablate`: the two faces of collapse, and how much each method's numbers matter.

use candle_core::{DType, Tensor};
use ssl_experiment::{Comparison, Input, Run};

use super::loss::LossFlags;
use super::plots::correlation;
use super::training::{self, SEEN, rank};
use super::{Ablation, Method, Settings, plots};

/// Epochs of each training: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 4;

/// A comparison's name, title and explanation.
fn words(ablation: Ablation) -> (&'static str, &'static str, &'static str) {
    match ablation {
        Ablation::Terms => (
            "terms",
            "what each of VICReg's terms is for",
            "Without variance all embeddings may become one point. Without covariance all channels may say the same. Without invariance nothing says \
             that two views belong together.",
        ),
        Ablation::Lambda => {
            ("lambda", "how much the pairs of channels count", "With λ = 0 every channel may say the same.")
        }
        Ablation::Width => ("width", "how wide the embeddings are", "λ is 1/width throughout."),
        Ablation::Directions => {
            ("directions", "along how many directions SIGReg looks", "They are drawn anew in each step.")
        }
    }
}

/// Trains all variants of a comparison and writes its page.
pub fn compare(ablation: Ablation, run: Run, settings: &Settings) -> anyhow::Result<()> {
    let (file, title, explanation) = words(ablation);
    let mut settings = settings.clone();
    settings.flags.epochs = Some(settings.flags.epochs_or(EPOCHS));
    let run = run.into_ablation(file)?;
    let (mut comparison, mut trainings) = (Comparison::default(), Vec::new());
    let (mut embeddings, mut rows) = (Vec::new(), Vec::new());
    for (label, settings) in trials(ablation, &settings) {
        let name = label.replace(' ', "_");
        let network = training::train(&run, &settings, &name)?;
        comparison.push(&label, run.evaluate(&network.backbone, &Input::RGB)?);
        let z = network.of_test_images(&run, SEEN)?;
        rows.push(row(&label, &z)?);
        embeddings.push((label.clone(), z));
        trainings.push((label, name));
    }
    let mut page = run.page(&format!("Lab 10: {title}"));
    page.text(explanation);
    page.figure(&run.compared_curves(&trainings, "rank")?, "How many dimensions z uses, after each epoch.");
    page.figure(&run.compared_curves(&trainings, "kNN")?, "After each epoch kNN of the classes on 1,000 test images.");
    page.figure(&plots::spectrum(&run, &embeddings)?, "Singular values of z of test images, divided by the greatest.");
    page.table(
        &["variant", "mean standard deviation of z", "effective rank of z", "mean |correlation|"].map(String::from),
        &rows,
    );
    comparison.write(&mut page);
    page.figure(&comparison.bars(title, &run.out, &format!("{file}_probes"))?, "What the features are good for.");
    run.finish(&page, &comparison)
}

/// Both faces of collapse in numbers: how far channels vary, and how much they say the same.
fn row(label: &str, z: &Tensor) -> anyhow::Result<Vec<String>> {
    let number = |x: Tensor| x.to_scalar::<f32>();
    let (c, width) = (correlation(z)?.abs()?, z.dims2()?.1);
    let eye = Tensor::eye(width, DType::F32, z.device())?;
    let others = number((&c * (1.0 - eye)?)?.sum_all()?)? / (width * (width - 1)).max(1) as f32;
    let deviation = number(z.var(0)?.sqrt()?.mean_all()?)?;
    Ok(vec![label.to_string(), format!("{deviation:.3}"), format!("{:.1}", rank(z)?), format!("{others:.3}")])
}

/// What is trained, and under which names.
fn trials(ablation: Ablation, settings: &Settings) -> Vec<(String, Settings)> {
    let with = |method: Method, loss: LossFlags| Settings { method, loss, ..settings.clone() };
    let usual = &settings.loss;
    match ablation {
        Ablation::Terms => [
            ("all terms", usual.clone()),
            ("no variance", LossFlags { variance: 0.0, ..usual.clone() }),
            ("no covariance", LossFlags { covariance: 0.0, ..usual.clone() }),
            ("no invariance", LossFlags { invariance: 0.0, ..usual.clone() }),
        ]
        .map(|(name, loss)| (name.to_string(), with(Method::Vicreg, loss)))
        .into(),
        Ablation::Lambda => [0.0, 0.001, 0.0078, 0.05]
            .map(|lambda| (format!("λ = {lambda}"), with(Method::Barlow, LossFlags { lambda, ..usual.clone() })))
            .into(),
        Ablation::Width => [16, 64, 256]
            .map(|width| {
                let loss = LossFlags { lambda: 1.0 / width as f64, ..usual.clone() };
                (format!("{width} channels"), Settings { width, ..with(Method::Barlow, loss) })
            })
            .into(),
        Ablation::Directions => [4, 32, 256]
            .map(|directions| {
                (format!("{directions} directions"), with(Method::Sigreg, LossFlags { directions, ..usual.clone() }))
            })
            .into(),
    }
}
