//! The pictures of lab 11 and the page that holds them.

use directpred::{equilibria, symmetric_eigen};
use ssl_experiment::{Comparison, Run};
use ssl_report::plot::Scale;
use ssl_report::{Curves, Plot};

use super::Settings;
use super::theory::{self, RATES, STARTS};
use super::training::Trained;

/// Directions of the linear network over time, and where they end by weight decay.
pub fn theory(run: &Run) -> anyhow::Result<[String; 2]> {
    Ok([over_time(run)?, by_decay(run)?])
}

/// Draws everything else and writes the page.
pub fn report(
    run: &Run,
    settings: &Settings,
    [over_time, by_decay]: &[String; 2],
    trained: &Trained,
    comparison: &Comparison,
) -> anyhow::Result<()> {
    let name = settings.predictor.name();
    let mut page = run.page(&format!("Lab 11: {name}"));
    run.guesses(comparison, &[], &mut page);
    page.heading("The theory");
    page.figure(
        over_time,
        "Eigenvalues of the predictor of a linear network that start at 0.02, 0.1 and 0.5: by the closed form, and in a network that is simulated. \
         Below the lower dashed line everything falls to 0, above it all rise to the upper one.",
    );
    page.figure(
        by_decay,
        "By weight decay: the two rests of the closed form, and where a simulated direction ends that starts at 0.5.",
    );
    page.heading("The trained network");
    page.figure(
        &run.training_curves(name, &["loss"], "loss (0 to 8)")?,
        "The loss. Where everything has collapsed to one point, it is as low as can be: it does not tell by itself.",
    );
    page.figure(
        &run.training_curves(name, &["alignment", "kNN"], "cosine, accuracy (fraction)")?,
        "After each epoch: whether the predictor has the eigenvectors of the features' correlation, and kNN of the classes on 1,000 test images.",
    );
    page.figure(
        &run.training_curves(name, &["rank"], "effective rank of f")?,
        "After each epoch: how many dimensions the features of 1,000 test images use.",
    );
    page.figure(
        &eigenvalues(run, trained)?,
        "Along the eigenvectors of F, the greatest eigenvalue first: the roots of its eigenvalues, and what the predictor has there, each divided by its greatest. The theory \
         says that they are the same for a predictor that learns; DirectPred adds ε to the roots, DirectCopy has no roots.",
    );
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}

fn curves(title: &str, x: &str, y: &str, series: Vec<(String, theory::Path)>, levels: Vec<(String, f64)>) -> Curves {
    let [title, x_label, y_label] = [title, x, y].map(String::from);
    Curves { title, x_label, y_label, series, levels, scale: Scale::Linear }
}

fn over_time(run: &Run) -> anyhow::Result<String> {
    let named = |what: &str, paths: Vec<theory::Path>| {
        let name = |(start, path): (&f64, theory::Path)| (format!("{what}, {start}"), path);
        STARTS.iter().zip(paths).map(name).collect::<Vec<_>>()
    };
    let series = [named("theory", theory::closed_form(&RATES)), named("simulated", theory::simulated(&RATES)?)];
    let rests = equilibria(1.0, RATES.noise, RATES.decay).into_iter();
    let levels = rests.flat_map(|(low, high)| [("lower rest".to_string(), low), ("upper rest".to_string(), high)]);
    let plot = curves("Linear BYOL", "time", "eigenvalue p of the predictor", series.concat(), levels.collect());
    plot.save(&run.out, "theory")
}

fn by_decay(run: &Run) -> anyhow::Result<String> {
    let [lower, upper, ends] = theory::by_decay(&RATES)?;
    let series = [("lower rest", lower), ("upper rest", upper), ("simulated", ends)];
    let series = series.map(|(name, path)| (name.to_string(), path)).into();
    curves("Where p ends", "weight decay η", "eigenvalue p of the predictor", series, Vec::new())
        .save(&run.out, "decay")
}

/// What the predictor has along the eigenvectors of F, and the roots of their eigenvalues.
fn eigenvalues(run: &Run, trained: &Trained) -> anyhow::Result<String> {
    let (s, u) = symmetric_eigen(&trained.correlation)?;
    let p: Vec<f32> = (&u * trained.predictor.matmul(&u)?)?.sum(0)?.to_vec1()?;
    let mut pairs: Vec<(f64, f64)> = s.iter().map(|s| s.max(0.0).sqrt()).zip(p.into_iter().map(f64::from)).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let line = |of: fn(&(f64, f64)) -> f64| {
        let most = pairs.iter().map(of).fold(f64::MIN_POSITIVE, f64::max);
        pairs.iter().enumerate().map(|(i, pair)| ((i + 1) as f64, of(pair) / most)).collect()
    };
    let series =
        vec![("root of F's".to_string(), line(|pair| pair.0)), ("predictor's".to_string(), line(|pair| pair.1))];
    curves("Eigenvalues", "eigenvector of F", "eigenvalue ÷ greatest", series, Vec::new()).save(&run.out, "eigenvalues")
}
