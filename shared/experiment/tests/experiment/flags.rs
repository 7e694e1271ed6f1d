//! The flags of an experiment: what they accept, and what they decide.

use super::lab::Settings;
use clap::Parser;
use serde::Serialize;
use ssl_experiment::key::Key;
use ssl_experiment::{Flags, Settings as _, audit};

fn parse(flags: &str) -> Result<Settings, clap::Error> {
    Settings::try_parse_from(std::iter::once("tiny").chain(flags.split_whitespace()))
}

#[test]
fn every_flag_has_its_range_and_counts_where_it_changes_weights() {
    assert_eq!(audit::<Settings>(), [""; 0]);
}

/// A lab with a flag that has no range, is not counted, and does not say what it takes.
#[derive(Parser, Serialize)]
struct Careless {
    #[command(flatten)]
    #[serde(flatten)]
    flags: Flags,
    /// A rate
    #[arg(long, default_value_t = 0.1)]
    #[serde(skip)]
    rate: f64,
}

impl ssl_experiment::Settings for Careless {
    const LAB: &'static str = "careless";
    const EPOCHS: usize = 1;
    const BATCH_SIZE: usize = 1;

    fn flags(&self) -> &Flags {
        &self.flags
    }
}

#[test]
fn a_careless_flag_is_found() {
    let faults = audit::<Careless>().join("\n");
    for word in [
        "--rate does not change the key",
        "--rate takes nan",
        "--rate takes inf",
        "--rate: its help does not say its range",
    ] {
        assert!(faults.contains(word), "no {word:?} in\n{faults}");
    }
    assert!(faults.lines().all(|fault| fault.starts_with("--rate")), "{faults}");
}

#[test]
fn the_baseline_trains_as_long_as_the_experiment_unless_told_otherwise() -> Result<(), clap::Error> {
    let epochs = [("", 6), ("--epochs 3", 3), ("--epochs 3 --baseline-epochs 2", 2), ("--quick", 1)];
    for (flags, expected) in epochs {
        assert_eq!(parse(flags)?.flags.baseline_epochs(), expected, "{flags}");
    }
    Ok(())
}

#[test]
fn epochs_and_batch_size_are_the_lab_s_unless_told_otherwise() -> Result<(), clap::Error> {
    for (flags, expected) in [("", (4, 4)), ("--quick", (1, 4)), ("--epochs 7 --batch-size 9 --quick", (7, 9))] {
        let settings = parse(flags)?;
        assert_eq!((settings.epochs(), settings.batch_size()), expected, "{flags}");
    }
    Ok(())
}

#[test]
fn keys_say_in_words_how_they_differ() -> anyhow::Result<()> {
    let key = |flags: &str| Key::of(&parse(flags)?);
    let (one, other) = (key("--seed 1 --warmup 0.5")?, key("--seed 2 --epochs 3")?);
    assert_eq!(one.differences(&key("--seed 1 --warmup 0.5 --resume --device cpu")?), "");
    assert_eq!(Key::parse(&one.text())?, one);
    let words = one.differences(&other);
    for word in
        ["seed is 1 here and was 2 there", "warmup is 0.5 here and was 0.05 there", "epochs is not set here and was 3"]
    {
        assert!(words.contains(word), "no {word:?} in {words}");
    }
    Ok(())
}
