//! The pictures of lab 07 and the page that holds them.

use ssl_eval::{effective_rank, singular_values};
use ssl_experiment::{Comparison, Run};
use ssl_report::plot::Scale;
use ssl_report::{Curves, Plot};

use super::network::{Online, Variant};
use super::{Method, Settings};

/// Draws everything and writes the page.
pub fn report(run: &Run, settings: &Settings, model: &Online, comparison: &Comparison) -> anyhow::Result<()> {
    let name = settings.method.name();
    let mut page = run.page(&format!("Lab 07: {name}"));
    run.guesses(comparison, &[], &mut page);
    page.heading("What the network sees");
    let count = if settings.method == Method::Byol { 2 } else { settings.count };
    page.figure(
        &run.rows("Views of the same images", &run.first_views(settings, &settings.views(count))?, "views")?,
        "Each column: views of one image. The network is to predict one from the other.",
    );
    page.heading("Training");
    let range = if settings.method == Method::Byol { "loss (0 to 8)" } else { "loss (−1 to 1)" };
    page.figure(
        &run.training_curves(name, &["loss"], range)?,
        "The loss. Where everything has collapsed to one point, it is as low as can be: it does not tell by itself.",
    );
    page.figure(
        &run.training_curves(name, &["std", "kNN"], "std, accuracy (fraction)")?,
        "std: deviation of each channel of z/‖z‖, averaged, times √D; 1 is spread out, 0 is one point. After each epoch kNN of the classes on \
         1,000 test images.",
    );
    let params = run.params();
    let untrained = Online::new(run, settings.method, &Variant::USUAL, &params.pp("online"), &params.pp("predictor"))?;
    let spectra = [("before training", &untrained), (name, model)]
        .into_iter()
        .map(|(name, model)| Ok((name.to_string(), singular_values(&model.test_directions(run)?)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    page.figure(
        &spectrum(run, &spectra)?,
        "Singular values of z/‖z‖ of test images: how far they are spread along their principal directions.",
    );
    let ranks = spectra.iter().map(|(name, values)| format!("{name} {:.1}", effective_rank(values)));
    page.text(&format!("Effective rank of z: {}.", ranks.collect::<Vec<_>>().join(", ")));
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}

/// Singular values of several sets of directions.
pub fn spectrum(run: &Run, spectra: &[(String, Vec<f64>)]) -> anyhow::Result<String> {
    let line = |(name, values): &(String, Vec<f64>)| {
        (name.clone(), values.iter().enumerate().map(|(i, value)| ((i + 1) as f64, *value)).collect())
    };
    let curves = Curves {
        title: "Spectrum of z/‖z‖".to_string(),
        x_label: "direction".to_string(),
        y_label: "singular value".to_string(),
        series: spectra.iter().map(line).collect(),
        levels: Vec::new(),
        scale: Scale::Logarithmic,
    };
    curves.save(&run.out, "spectrum")
}
