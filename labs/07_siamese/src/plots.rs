//! The pictures of lab 07 and the page that holds them.

use ssl_experiment::{Comparison, Run};

use super::Settings;
use super::network::Online;

/// Draws everything and writes the page.
pub fn report(run: &Run, settings: &Settings, _model: &Online, comparison: &Comparison) -> anyhow::Result<()> {
    let name = settings.method.name();
    let mut page = run.page(&format!("Lab 07: {name}"));
    run.guesses(comparison, &[], &mut page);
    page.figure(&run.training_curves(name, &["loss"], "loss")?, "loss");
    page.figure(&run.training_curves(name, &["std", "kNN"], "std, kNN")?, "std");
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}
