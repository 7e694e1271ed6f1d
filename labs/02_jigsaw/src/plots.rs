//! The pictures of lab 02 and the page that holds them.

use ssl_experiment::{Comparison, Run};

use super::Model;
use super::puzzle::Maker;

/// Draws everything and writes the page.
pub fn report(run: &Run, maker: &Maker, model: &Model, accuracy: f64, comparison: &Comparison) -> anyhow::Result<()> {
    let mut page = run.page("Lab 02: puzzles");
    let _ = (maker, model);
    run.guesses(comparison, &[("accuracy", accuracy)], &mut page);
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, comparison)
}
