//! `--ablate`: what SimCLR owes to its augmentations, its head, its batch size and its temperature.

use ssl_eval::Evaluation;
use ssl_experiment::{Comparison, Input, Run};
use ssl_report::plot::Scale;
use ssl_report::{Curves, HeatMap, Page, Plot};

use super::model::HeadKind;
use super::views::Recipe;
use super::{Ablation, Settings, train};

/// Epochs of each training: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 4;

/// How a comparison is made: what is trained, and what the page shows of it.
type Compare = fn(&Run, &Settings, &mut Page) -> anyhow::Result<Comparison>;

/// Trains all variants of a comparison and writes its page.
pub fn compare(ablation: Ablation, run: Run, settings: &Settings) -> anyhow::Result<()> {
    let (name, what, compare): (&str, &str, Compare) = match ablation {
        Ablation::Augmentations => ("augmentations", "which augmentations", augmentations),
        Ablation::Head => ("head", "which head", heads),
        Ablation::Batch => ("batch", "which batch size", batches),
        Ablation::Temperature => ("temperature", "which temperature", temperatures),
    };
    let run = run.into_ablation(name)?;
    let mut settings = settings.clone();
    settings.flags.epochs = Some(settings.flags.epochs_or(EPOCHS));
    let mut page = run.page(&format!("Lab 05: {what}"));
    let comparison = compare(&run, &settings, &mut page)?;
    run.finish(&page, &comparison)
}

/// Trains a variant on the settings' own views, and evaluates its h.
fn evaluate(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Evaluation> {
    run.evaluate(&train(run, settings, settings.recipes(), name)?.backbone, &Input::RGB)
}

/// What is combined on one of the two views: a name, and how it changes the recipe.
const STEPS: [(&str, fn(Recipe) -> Recipe); 4] = [
    ("jitter", |recipe| Recipe { jitter: 0.8, ..recipe }),
    ("gray", |recipe| Recipe { grayscale: 0.5, ..recipe }),
    ("blur", |recipe| Recipe { blur: 0.5, ..recipe }),
    ("solarize", |recipe| Recipe { solarize: 0.5, ..recipe }),
];

/// Crops on both views, one or two further steps on one of them (figure 5). A single step is on the diagonal.
fn augmentations(run: &Run, settings: &Settings, page: &mut Page) -> anyhow::Result<Comparison> {
    let crop = Recipe { strength: settings.views.strength, ..Recipe::crop_only(settings.views.crop) };
    let mut comparison = Comparison::default();
    let mut linear = |name: &str, recipe: Recipe| -> anyhow::Result<f64> {
        let evaluation = run.evaluate(&train(run, settings, [crop, recipe], name)?.backbone, &Input::RGB)?;
        let accuracy = 100.0 * evaluation.linear();
        comparison.push(name, evaluation);
        Ok(accuracy)
    };
    let alone = linear("crop", crop)?;
    let mut values = vec![vec![f64::NAN; STEPS.len()]; STEPS.len()];
    for (i, (first, with_first)) in STEPS.iter().enumerate() {
        for (j, (second, with_second)) in STEPS.iter().enumerate().skip(i) {
            let name = if i == j { first.to_string() } else { format!("{first}_{second}") };
            let accuracy = linear(&name, with_second(with_first(crop)))?;
            (values[i][j], values[j][i]) = (accuracy, accuracy);
        }
    }
    let names: Vec<String> = STEPS.iter().map(|(name, _)| name.to_string()).collect();
    let map = HeatMap {
        title: "Linear probe (%)".to_string(),
        row_label: "one step".to_string(),
        column_label: "and another".to_string(),
        rows: names.clone(),
        columns: names,
        values,
    };
    page.text(&format!("Crops alone, on both views: {alone:.1} %."));
    page.figure(&map.save(&run.out, "augmentations")?, "Crops on both views, one or two steps more on one view.");
    Ok(comparison)
}

/// No head, a linear and a non-linear one (figure 8); h against z (section 4.2).
fn heads(run: &Run, settings: &Settings, page: &mut Page) -> anyhow::Result<Comparison> {
    let mut comparison = Comparison::default();
    for (name, head) in [("none", HeadKind::None), ("linear", HeadKind::Linear), ("non_linear", HeadKind::NonLinear)] {
        let model = train(run, &Settings { head, ..settings.clone() }, settings.recipes(), name)?;
        let label = name.replace('_', "-");
        comparison.push(&format!("{label}: h"), run.evaluate(&model.backbone, &Input::RGB)?);
        if head != HeadKind::None {
            comparison.push(&format!("{label}: z"), model.evaluate_z(run)?);
        }
    }
    comparison.write(page);
    let bars = comparison.bars("Before and after the head", &run.out, "head")?;
    page.figure(&bars, "Without a head, h and z are the same.");
    Ok(comparison)
}

/// Batch sizes, with the learning rate scaled: at equal epochs, and at equal updates (figure 9).
fn batches(run: &Run, settings: &Settings, page: &mut Page) -> anyhow::Result<Comparison> {
    // Updates are made equal up to here: larger batches make too few of them in an epoch.
    const LARGEST: usize = 256;
    let sizes: &[usize] = match settings.chunk {
        None => &[32, 64, 128, LARGEST],
        Some(_) => &[32, 64, 128, LARGEST, 1024, 4096],
    };
    let (images, most) = (run.data.train.len(), sizes[sizes.len() - 1]);
    anyhow::ensure!(images >= most, "expected at least {most} training images, got {images}");
    let epochs = settings.flags.epochs_or(EPOCHS);
    let mut comparison = Comparison::default();
    let (mut equal_epochs, mut equal_updates) = (Vec::new(), Vec::new());
    for &size in sizes {
        let mut settings = settings.clone();
        settings.flags.batch_size = Some(size);
        let evaluation = evaluate(run, &settings, &format!("batch_{size}"))?;
        let linear = 100.0 * evaluation.linear();
        equal_epochs.push((size as f64, linear));
        comparison.push(&format!("{size}, equal epochs"), evaluation);
        if size == LARGEST {
            equal_updates.push((size as f64, linear));
        } else if size < LARGEST && epochs * size >= LARGEST {
            // As many updates as the largest batch makes in its epochs; a batch for which that is less than an epoch is left out.
            settings.flags.epochs = Some(epochs * size / LARGEST);
            let evaluation = evaluate(run, &settings, &format!("batch_{size}_updates"))?;
            equal_updates.push((size as f64, 100.0 * evaluation.linear()));
            comparison.push(&format!("{size}, equal updates"), evaluation);
        }
    }
    let curves = Curves {
        title: "Batch size".to_string(),
        x_label: "batch size".to_string(),
        y_label: "linear probe (%)".to_string(),
        series: vec![("equal epochs".to_string(), equal_epochs), ("equal updates".to_string(), equal_updates)],
        levels: Vec::new(),
        scale: Scale::Doublings,
    };
    comparison.write(page);
    let caption = "At equal epochs a small batch makes more updates; at equal updates it sees fewer images.";
    page.figure(&curves.save(&run.out, "batch")?, caption);
    Ok(comparison)
}

/// Temperatures (table 5).
fn temperatures(run: &Run, settings: &Settings, page: &mut Page) -> anyhow::Result<Comparison> {
    let mut comparison = Comparison::default();
    for temperature in [0.05, 0.1, 0.2, 0.5, 1.0] {
        let settings = Settings { temperature, ..settings.clone() };
        comparison
            .push(&format!("τ = {temperature}"), evaluate(run, &settings, &format!("temperature_{temperature}"))?);
    }
    comparison.write(page);
    let bars = comparison.bars("Temperature", &run.out, "temperature")?;
    page.figure(&bars, "All else equal.");
    Ok(comparison)
}
