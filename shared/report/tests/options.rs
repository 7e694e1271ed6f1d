//! The common flags of an experiment.

use clap::{Args, Command, FromArgMatches};
use ssl_data::{Dataset, Images, Split};
use ssl_report::Options;

fn options(flags: &str) -> Result<Options, clap::Error> {
    let matches = Options::augment_args(Command::new("experiment").no_binary_name(true))
        .try_get_matches_from(flags.split_whitespace())?;
    Options::from_arg_matches(&matches)
}

#[test]
fn the_baseline_trains_as_long_as_the_experiment_unless_told_otherwise() -> Result<(), clap::Error> {
    let epochs = [("", 6), ("--epochs 3", 3), ("--epochs 3 --baseline-epochs 2", 2), ("--quick", 1)];
    for (flags, expected) in epochs {
        assert_eq!(options(flags)?.baseline_epochs(), expected, "{flags}");
    }
    Ok(())
}

#[test]
fn the_learning_rate_rises_during_the_warm_up() -> Result<(), clap::Error> {
    let schedule = options("--warmup 0.25")?.schedule(0.5, 40);
    assert_eq!((schedule.warmup, schedule.total), (10, 40));
    assert!(schedule.at(8) < schedule.at(9) && (schedule.at(9) - 0.5).abs() < 1e-12);
    assert!(schedule.at(10) > schedule.at(20));
    Ok(())
}

#[test]
fn a_comparison_goes_on_where_it_was_and_needs_classes() -> anyhow::Result<()> {
    let split = Split::new(Images::new(vec![0; 3 * 4 * 4], 4, 4)?, None)?;
    let mut data = Dataset { name: "greys".to_string(), classes: Vec::new(), train: split.clone(), test: split };
    let message = options("")?.for_comparison(&data).expect_err("no classes").to_string();
    assert!(message.contains("no classes"), "{message}");
    data.classes.push("grey".to_string());
    assert!(options("")?.for_comparison(&data)?.resume);
    Ok(())
}

#[test]
fn what_decides_the_weights_is_in_the_words_of_a_checkpoint() -> Result<(), clap::Error> {
    let words = |flags: &str| Ok::<_, clap::Error>(options(flags)?.settings("method", 4, 64));
    let usual = words("")?;
    for flags in ["--seed 1", "--warmup 0.5", "--train-images 10", "--backbone resnet18", "--quick"] {
        assert_ne!(words(flags)?, usual, "{flags}");
    }
    assert_eq!(words("--resume --out elsewhere")?, usual);
    Ok(())
}
