//! `--ablate`: what keeps the methods from collapse, and what makes them learn.

use anyhow::ensure;
use ssl_eval::{effective_rank, singular_values};
use ssl_experiment::{Comparison, Input, Run};
use ssl_report::Page;
use ssl_report::progress::history;

use super::network::Variant;
use super::plots::spectrum;
use super::{Ablation, Method, Settings, train};

/// Epochs of each training: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 4;

/// One training of a comparison.
struct Trial {
    name: String,
    settings: Settings,
    variant: Variant,
}

impl Trial {
    /// Its name in metrics and checkpoints.
    fn training(&self) -> String {
        self.name.replace(' ', "_")
    }
}

/// Trains all variants of a comparison and writes its page.
pub fn compare(ablation: Ablation, run: Run, settings: &Settings) -> anyhow::Result<()> {
    let (name, title, explanation) = match ablation {
        Ablation::StopGradient => (
            "stop_gradient",
            "what keeps SimSiam from collapse",
            "usual: SimSiam as it is. no BN: without batch norm on z. no stop: gradients go through the targets, too, so that both sides go to meet each \
             other. neither: nothing keeps them apart then.",
        ),
        Ablation::Predictor => {
            ("predictor", "with and without a predictor", "Without a predictor z itself is compared with the target.")
        }
        Ablation::Momentum => (
            "momentum",
            "how fast BYOL's target follows",
            "At momentum 1 the target is a random network that stays as it is; at 0 it is the online network of the step before.",
        ),
        Ablation::Batch => ("batch", "which batch size", "At equal epochs: small batches make more steps."),
        Ablation::Views => (
            "views",
            "how many views",
            "Four views of each image for half as many epochs: as many images go through the network.",
        ),
    };
    let mut settings = settings.clone();
    settings.flags.epochs = Some(settings.flags.epochs_or(EPOCHS));
    let run = run.into_ablation(name)?;
    let trials = trials(ablation, &run, &settings)?;
    let mut page = run.page(&format!("Lab 07: {title}"));
    page.text(explanation);
    let comparison = trained(&run, &trials, &mut page)?;
    page.figure(&comparison.bars(title, &run.out, &format!("{name}_probes"))?, "What the features are good for.");
    run.finish(&page, &comparison)
}

/// Trains all, and shows how each went.
fn trained(run: &Run, trials: &[Trial], page: &mut Page) -> anyhow::Result<Comparison> {
    let mut comparison = Comparison::default();
    let (mut spectra, mut rows) = (Vec::new(), Vec::new());
    for trial in trials {
        let model = train(run, &trial.settings, &trial.variant, &trial.training())?;
        let values = singular_values(&model.test_directions(run)?)?;
        let std = history(&run.out, &trial.training(), "std")?.last().map_or(f64::NAN, |(_, std)| *std);
        rows.push(vec![trial.name.clone(), format!("{std:.3}"), format!("{:.1}", effective_rank(&values))]);
        spectra.push((trial.name.clone(), values));
        comparison.push(&trial.name, run.evaluate(&model.network.backbone, &Input::RGB)?);
    }
    let trainings: Vec<_> = trials.iter().map(|trial| (trial.name.clone(), trial.training())).collect();
    for (quantity, caption) in [
        ("loss", "The loss alone does not tell: it is lowest where everything has collapsed."),
        ("std", "Deviation of each channel of z/‖z‖, averaged, times √D: 1 is spread out, 0 is one point."),
        ("kNN", "After each epoch kNN of the classes on 1,000 test images."),
    ] {
        page.figure(&run.compared_curves(&trainings, quantity)?, caption);
    }
    page.figure(
        &spectrum(run, &spectra)?,
        "Singular values of z/‖z‖: how far z is spread along its principal directions. Where all have collapsed to a point, none is far \
         from 0.",
    );
    page.table(&["variant", "std of z", "effective rank of z"].map(String::from), &rows);
    comparison.write(page);
    Ok(comparison)
}

/// What is trained, and under which names.
fn trials(ablation: Ablation, run: &Run, settings: &Settings) -> anyhow::Result<Vec<Trial>> {
    let trial = |name: &str, method: Method, variant: Variant| Trial {
        name: name.to_string(),
        settings: Settings { method, ..settings.clone() },
        variant,
    };
    let usual = Variant::USUAL;
    Ok(match ablation {
        Ablation::StopGradient => [
            ("usual", usual),
            ("no BN", Variant { norm: false, ..usual }),
            ("no stop", Variant { stop_gradient: false, ..usual }),
            ("neither", Variant { stop_gradient: false, norm: false, ..usual }),
        ]
        .map(|(name, variant)| trial(name, Method::Simsiam, variant))
        .into(),
        Ablation::Predictor => [Method::Byol, Method::Simsiam]
            .map(|method| {
                let name = method.name();
                let without = trial(&format!("{name} without"), method, Variant { predictor: false, ..usual });
                [trial(name, method, usual), without]
            })
            .into_iter()
            .flatten()
            .collect(),
        Ablation::Momentum => [0.0, 0.9, 0.99, 1.0]
            .map(|m| trial(&format!("m = {m}"), Method::Byol, Variant { momentum: Some(m), ..usual }))
            .into(),
        Ablation::Batch => batches(run, trial("", settings.method, usual))?,
        Ablation::Views => views(&trial("", Method::Simsiam, usual)),
    })
}

fn batches(run: &Run, usual: Trial) -> anyhow::Result<Vec<Trial>> {
    const SIZES: [usize; 4] = [32, 64, 128, 256];
    let images = run.data.train.len();
    ensure!(images >= SIZES[3], "--ablate batch: expected at least {} training images, got {images}", SIZES[3]);
    let with = |size: usize| {
        let mut settings = usual.settings.clone();
        settings.flags.batch_size = Some(size);
        Trial { name: format!("batch {size}"), settings, ..usual }
    };
    Ok(SIZES.map(with).into())
}

/// Equally many images for each number of views.
fn views(usual: &Trial) -> Vec<Trial> {
    let epochs = usual.settings.flags.epochs_or(EPOCHS);
    let with = |count: usize| {
        let mut settings = Settings { count, ..usual.settings.clone() };
        settings.flags.epochs = Some((2 * epochs / count).max(1));
        Trial { name: format!("{count} views"), settings, ..*usual }
    };
    [2, 4].map(with).into()
}
