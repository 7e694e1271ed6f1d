//! Toybox without toys: what the lens betrays of a puzzle, and that nothing is left of it behind all defenses.

extern crate jigsaw_solution as jigsaw;
#[path = "../../../labs/02_jigsaw/src/main.rs"]
#[expect(dead_code, reason = "only what the experiment trains with is used here")]
mod experiment;

use clap::Parser;
use experiment::{Settings, pretext_accuracy, puzzle::Maker, train};
use ssl_experiment::Run;

/// How often puzzles of images without toys are solved after a short training, as a multiple of chance.
fn solved(flags: &str) -> anyhow::Result<f64> {
    let out = tempfile::tempdir()?;
    let text = format!(
        "jigsaw --data toybox:size=64,toys=off --train-images 1500 --epochs 4 --batch-size 32 --out {} --device cpu {flags}",
        out.path().display()
    );
    let settings = Settings::parse_from(text.split_whitespace());
    let run = Run::open(&settings)?;
    let maker = Maker::new(&run, &settings.puzzle)?;
    let model = train(&run, &settings, &maker, "shortcut")?;
    Ok(pretext_accuracy(&run, &maker, &model, &run.data.test.sample(1000, 0))? * maker.classes() as f64)
}

#[test]
fn the_lens_gives_puzzles_without_toys_away_until_the_shortcut_is_closed() -> anyhow::Result<()> {
    // Gaps, jitter and normalization, as in the papers: the lens is still there to be read.
    let open = solved("--relight 0 --channel-jitter 0 --grayscale 0")?;
    let closed = solved("")?;
    assert!(open >= 5.0, "open: {open:.1} × chance");
    assert!(closed <= 2.0, "closed: {closed:.1} × chance");
    Ok(())
}
