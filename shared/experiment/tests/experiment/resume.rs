//! Going on where a run was interrupted.

use std::fs;
use std::path::Path;

use super::lab::{images, settings, train};
use anyhow::Result;
use ssl_experiment::Run;
use ssl_nn::Checkpoint;
use ssl_report::progress::history;

#[test]
fn a_run_that_breaks_off_and_resumes_ends_in_the_same_bytes() -> Result<()> {
    let broken = tempfile::tempdir()?;
    let run = |dir: &Path, flags: &str, stop: usize| -> Result<Vec<u8>> {
        let settings = settings(dir, flags);
        train(&Run::open(&settings)?, &settings, stop)?;
        Ok(fs::read(dir.join("out/tiny.safetensors"))?)
    };
    images(broken.path(), 6, 1)?;
    run(broken.path(), "", 2)?;
    fs::rename(broken.path().join("out"), broken.path().join("kept"))?;
    let uninterrupted = run(broken.path(), "", 99)?;
    fs::remove_dir_all(broken.path().join("out"))?;
    fs::rename(broken.path().join("kept"), broken.path().join("out"))?;
    // Metrics that went on after the checkpoint, and half a line.
    let metrics = broken.path().join("out/metrics.jsonl");
    fs::write(&metrics, format!("{}{{\"run\": \"tiny\", \"epoch\": 3, \"lo", fs::read_to_string(&metrics)?))?;
    let resumed = run(broken.path(), "--resume", 99)?;
    assert!(uninterrupted == resumed, "the checkpoints differ");
    let epochs: Vec<f64> =
        history(&broken.path().join("out"), "tiny", "loss")?.iter().map(|(epoch, _)| *epoch).collect();
    assert_eq!(epochs, [1.0, 2.0, 3.0, 4.0]);
    Ok(())
}

#[test]
fn a_checkpoint_of_other_flags_or_images_is_refused_with_what_differs() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let resume = |flags: &str| -> String {
        let settings = settings(dir.path(), flags);
        let result = Run::open(&settings).and_then(|run| train(&run, &settings, 1));
        result.map(|_| String::new()).unwrap_or_else(|error| format!("{error:#}"))
    };
    assert_eq!(resume(""), "");
    assert_eq!(resume("--resume"), "");
    for (flags, word) in [
        ("--learning-rate 0.2", "learning-rate is 0.2 here and was 0.1 there"),
        ("--seed 1", "seed is 1"),
        ("--warmup 0.5", "warmup"),
        ("--batch-size 3", "batch-size is 3 here and was 4"),
        ("--epochs 5", "epochs is 5 here and was 4"),
        ("--train-images 11", "train-images"),
    ] {
        let message = resume(&format!("--resume {flags}"));
        assert!(message.contains("tiny.safetensors") && message.contains(word), "{flags}: {message}");
    }
    images(dir.path(), 7, 1)?;
    let message = resume("--resume");
    assert!(message.contains("images is"), "{message}");
    Ok(())
}

#[test]
fn an_ablation_trains_anew_where_a_checkpoint_is_of_other_flags() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let trained = |flags: &str, stop: usize| -> Result<Vec<u8>> {
        let settings = settings(dir.path(), flags);
        train(&Run::open(&settings)?.into_ablation("x")?, &settings, stop)?;
        Ok(fs::read(dir.path().join("out/ablation_x/tiny.safetensors"))?)
    };
    let whole = trained("", 99)?;
    assert_ne!(trained("--learning-rate 0.2", 99)?, whole);
    assert!(trained("", 2)? != whole && trained("", 99)? == whole, "it does not go on where it was interrupted");
    Ok(())
}

#[test]
fn a_run_that_does_not_resume_leaves_nothing_to_resume_from() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let (first, again) = (settings(dir.path(), ""), settings(dir.path(), "--resume"));
    train(&Run::open(&first)?, &first, 99)?;
    // Interrupted in its first epoch.
    train(&Run::open(&first)?, &first, 0)?;
    train(&Run::open(&again)?, &again, 99)?;
    assert_eq!(history(&dir.path().join("out"), "tiny", "loss")?.len(), 4);
    Ok(())
}

#[test]
fn the_start_of_a_training_is_kept_where_it_is_asked_for() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let start = dir.path().join("out/tiny.start.safetensors");
    let trained = |flags: &str, stop: usize| -> Result<()> {
        let settings = settings(dir.path(), flags);
        train(&Run::open(&settings)?, &settings, stop).map(drop)
    };
    trained("", 1)?;
    assert!(!start.exists(), "nobody asked for it");
    trained("--resume --keep-start", 99)?;
    assert!(!start.exists(), "a training that goes on does not begin");
    trained("--keep-start", 1)?;
    let begun = Checkpoint::read(&start)?;
    assert_eq!(begun.epoch, 0);
    trained("--seed 1 --keep-start", 1)?;
    assert_ne!(format!("{begun:?}"), format!("{:?}", Checkpoint::read(&start)?), "another seed, another start");
    Ok(())
}
