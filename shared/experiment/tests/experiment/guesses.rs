//! What is guessed before a run, and what a quick run says of itself.

use std::fs;
use std::path::Path;

use super::lab::{Settings, images, settings, train};
use anyhow::Result;
use clap::Parser;
use ssl_experiment::{Input, Run};

/// Runs the tiny lab and returns its page.
fn page(dir: &Path, flags: &str) -> Result<String> {
    let settings = settings(dir, flags);
    let run = Run::open(&settings)?;
    let comparison = run.compare("tiny", &train(&run, &settings, 99)?, &Input::RGB)?;
    let mut page = run.page("Tiny");
    run.guesses(&comparison, &[("brightness", 0.25)], &mut page);
    run.finish(&page, &comparison)?;
    Ok(fs::read_to_string(run.out.join("index.html"))?)
}

#[test]
fn a_guess_stands_beside_what_was_measured_and_is_kept_for_the_next_run() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 3)?;
    let asked = page(dir.path(), "")?;
    assert!(asked.contains("--predict NAME=PERCENT") && asked.contains("brightness (share of dark images)"), "{asked}");
    let guessed = page(dir.path(), "--predict brightness=40 knn=12.5")?;
    assert!(guessed.contains("<td>40.0</td><td>25.0</td><td>-15.0</td>"), "{guessed}");
    assert!(guessed.contains("<td>12.5</td>") && !guessed.contains("<td>linear probe on the last block of a random"));
    let again = page(dir.path(), "--seed 3")?;
    assert!(again.contains("<td>40.0</td><td>25.0</td><td>-15.0</td>"), "{again}");
    Ok(())
}

#[test]
fn a_guess_of_another_name_or_number_is_refused_before_anything_is_loaded() {
    for value in ["linear", "linear=", "linear=101", "linear=-1", "linear=nan", "=5x"] {
        let message = Settings::try_parse_from(["tiny", "--predict", value]).err().map(|error| error.to_string());
        assert!(
            message.is_some_and(|text| text.contains("--predict") && text.contains("expected NAME=PERCENT")),
            "{value}"
        );
    }
    let nowhere = settings(Path::new("/nowhere"), "--predict lineal=50");
    let message = Run::open(&nowhere).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("--predict lineal") && message.contains("brightness, random, linear, knn"), "{message}");
}

#[test]
fn a_quick_run_writes_to_a_folder_of_its_own_and_says_that_its_numbers_mean_nothing() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 3)?;
    let whole = page(dir.path(), "")?;
    let quick = page(dir.path(), "--quick")?;
    let out = dir.path().join("out");
    assert_eq!(fs::read_to_string(out.join("index.html"))?, whole);
    assert_eq!(fs::read_to_string(out.join("quick/index.html"))?, quick);
    assert!(quick.contains("Its numbers mean nothing") && !whole.contains("mean nothing"));
    Ok(())
}

#[test]
fn knn_on_a_few_images_tells_dark_from_light() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 3)?;
    let settings = settings(dir.path(), "");
    let run = Run::open(&settings)?;
    let backbone = train(&run, &settings, 99)?;
    assert_eq!(run.knn(&backbone, &Input::RGB)?, Some(run.evaluate(&backbone, &Input::RGB)?.knn));
    Ok(())
}
