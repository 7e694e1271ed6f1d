//! `--ablate`: what SimCLR owes to its augmentations, its head, its batch size and its temperature.

use std::path::{Path, PathBuf};

use candle_core::Device;
use ssl_data::Dataset;
use ssl_eval::Evaluation;
use ssl_report::{Comparison, Curves, HeatMap, PROTOCOL, Page, Plot};

use super::model::{HeadKind, Model};
use super::views::Recipe;
use super::{Ablation, BATCH_SIZE, Settings, train};

/// Epochs of each run: short, so that a comparison ends within half an hour.
const EPOCHS: usize = 4;

/// What the runs of one comparison share. A run that has been finished before is read from its checkpoint.
struct Runs<'a> {
    data: &'a Dataset,
    out: PathBuf,
    device: &'a Device,
}

/// Trains all variants of a comparison and writes its page.
pub fn run(ablation: Ablation, settings: &Settings, data: &Dataset, out: &Path, device: &Device) -> anyhow::Result<()> {
    let mut settings = Settings { options: settings.options.for_comparison(data)?, ..settings.clone() };
    let (name, what, compare): (_, _, fn(&Settings, &Runs, &mut Page) -> anyhow::Result<()>) = match ablation {
        Ablation::Augmentations => ("augmentations", "which augmentations", augmentations),
        Ablation::Head => ("head", "which head", heads),
        Ablation::Batch => ("batch", "which batch size", batches),
        Ablation::Temperature => ("temperature", "which temperature", temperatures),
    };
    settings.options.epochs = Some(settings.options.epochs(EPOCHS));
    let runs = Runs { data, out: out.join(format!("ablation_{name}")), device };
    let title = format!("Lab 05: {what}, on {}", data.name);
    let mut page = Page::new(&title, settings.options.seed, PROTOCOL, device);
    compare(&settings, &runs, &mut page)?;
    println!("report: {}", page.save(&runs.out)?.display());
    Ok(())
}

impl Runs<'_> {
    /// Trains a variant.
    fn train(&self, settings: &Settings, recipes: [Recipe; 2], name: &str) -> anyhow::Result<Model> {
        train(settings, recipes, self.data, name, &self.out, self.device)
    }

    /// Trains a variant on the settings' own views, and evaluates its h.
    fn evaluate(&self, settings: &Settings, name: &str) -> anyhow::Result<Evaluation> {
        self.train(settings, settings.recipes(), name)?.evaluate(self.data, self.device)
    }
}

/// What is combined on one of the two views: a name, and how it changes the recipe.
const STEPS: [(&str, fn(Recipe) -> Recipe); 4] = [
    ("jitter", |recipe| Recipe { jitter: 0.8, ..recipe }),
    ("grey", |recipe| Recipe { grayscale: 0.5, ..recipe }),
    ("blur", |recipe| Recipe { blur: 0.5, ..recipe }),
    ("solarize", |recipe| Recipe { solarize: 0.5, ..recipe }),
];

/// Crops on both views, one or two further steps on one of them (figure 5). A single step stands on the diagonal.
fn augmentations(settings: &Settings, runs: &Runs, page: &mut Page) -> anyhow::Result<()> {
    let crop = Recipe { strength: settings.strength, ..Recipe::crop_only(settings.crop) };
    let linear = |name: &str, recipe: Recipe| -> anyhow::Result<f64> {
        let model = runs.train(settings, [crop, recipe], name)?;
        let accuracy = 100.0 * model.evaluate(runs.data, runs.device)?.linear();
        println!("{name}: linear {accuracy:.1} %");
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
    page.figure(&map.save(&runs.out, "augmentations")?, "Crops on both views, one or two steps more on one view.");
    Ok(())
}

/// No head, a linear and a non-linear one (figure 8); h against z (section 4.2).
fn heads(settings: &Settings, runs: &Runs, page: &mut Page) -> anyhow::Result<()> {
    let mut comparison = Comparison::default();
    for (name, head) in [("none", HeadKind::None), ("linear", HeadKind::Linear), ("non_linear", HeadKind::NonLinear)] {
        let model = runs.train(&Settings { head, ..settings.clone() }, settings.recipes(), name)?;
        let label = name.replace('_', "-");
        comparison.push(&format!("{label}: h"), model.evaluate(runs.data, runs.device)?);
        if head != HeadKind::None {
            comparison.push(&format!("{label}: z"), model.evaluate_z(runs.data, runs.device)?);
        }
    }
    comparison.write(page);
    let bars = comparison.bars("Before and behind the head", &runs.out, "head")?;
    page.figure(&bars, "Without a head, h and z are the same.");
    Ok(())
}

/// Batch sizes, with the learning rate scaled: at equal epochs, and at equal updates (figure 9).
fn batches(settings: &Settings, runs: &Runs, page: &mut Page) -> anyhow::Result<()> {
    const SIZES: [usize; 4] = [32, BATCH_SIZE, 128, 256];
    let epochs = settings.options.epochs(EPOCHS);
    let mut comparison = Comparison::default();
    let (mut equal_epochs, mut equal_updates) = (Vec::new(), Vec::new());
    for size in SIZES {
        let mut settings = settings.clone();
        settings.options.batch_size = Some(size);
        let evaluation = runs.evaluate(&settings, &format!("batch_{size}"))?;
        equal_epochs.push((size as f64, 100.0 * evaluation.linear()));
        comparison.push(&format!("{size}, equal epochs"), evaluation);
        // As many updates as the largest batch makes in its epochs.
        settings.options.epochs = Some((epochs * size / SIZES[SIZES.len() - 1]).max(1));
        let evaluation = runs.evaluate(&settings, &format!("batch_{size}_updates"))?;
        equal_updates.push((size as f64, 100.0 * evaluation.linear()));
        comparison.push(&format!("{size}, equal updates"), evaluation);
    }
    let curves = Curves {
        title: "Batch size".to_string(),
        x_label: "images a step".to_string(),
        y_label: "linear probe (%)".to_string(),
        series: vec![("equal epochs".to_string(), equal_epochs), ("equal updates".to_string(), equal_updates)],
    };
    comparison.write(page);
    let caption = "At equal epochs a small batch makes more updates; at equal updates it sees fewer images.";
    page.figure(&curves.save(&runs.out, "batch")?, caption);
    Ok(())
}

/// Temperatures (table 5).
fn temperatures(settings: &Settings, runs: &Runs, page: &mut Page) -> anyhow::Result<()> {
    let mut comparison = Comparison::default();
    for temperature in [0.05, 0.1, 0.2, 0.5, 1.0] {
        let evaluation =
            runs.evaluate(&Settings { temperature, ..settings.clone() }, &format!("temperature_{temperature}"))?;
        comparison.push(&format!("τ = {temperature}"), evaluation);
    }
    comparison.write(page);
    let bars = comparison.bars("Temperature", &runs.out, "temperature")?;
    page.figure(&bars, "All else equal.");
    Ok(())
}
