//! What the tests of every lab's flags look for.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction};

use crate::Settings;
use crate::key::Key;

/// Common flags that change nothing of the weights that a training ends in.
const UNKEYED: [&str; 7] = ["baseline-epochs", "baselines", "device", "keep-start", "out", "predict", "resume"];

/// Values for flags: every flag takes one of them, besides its default.
const VALUES: [&str; 16] = [
    "linear=50",
    "2",
    "0.3",
    "0.003",
    "0.9",
    "1",
    "5",
    "64",
    "cpu",
    "toybox:size=48",
    "resnet18",
    "anywhere",
    "share",
    "tf32",
    "products",
    "fused",
];

/// Numbers that no flag may take.
const NO_VALUES: [&str; 5] = ["-1", "nan", "inf", "1e9", "none"];

/// Goes through all flags of a lab, and says in words what is wrong with them:
///
/// - a flag that changes weights must change the key of a checkpoint, others must not;
/// - a flag that takes a number must refuse what is out of range, in a message that names it, and say its range in its help.
pub fn audit<S: Settings>() -> Vec<String> {
    let usual = match key_of::<S>(&[]) {
        Ok(key) => key,
        Err(error) => return vec![format!("without any flag: {error}")],
    };
    let command = S::command();
    let flags: Vec<&Arg> =
        command.get_arguments().filter(|flag| flag.get_long().is_some_and(|name| name != "help")).collect();
    let known: BTreeSet<&str> = flags.iter().filter_map(|flag| flag.get_long()).collect();
    let missing = UNKEYED.iter().filter(|name| !known.contains(**name)).map(|name| format!("--{name} is missing"));
    flags.iter().flat_map(|flag| key::<S>(flag, &usual).into_iter().chain(numbers::<S>(flag))).chain(missing).collect()
}

/// The key that settings have with these flags.
fn key_of<S: Settings>(flags: &[&str]) -> Result<Key, String> {
    let settings = S::try_parse_from([&["experiment"], flags].concat()).map_err(|error| error.to_string())?;
    Key::of(&settings).map_err(|error| error.to_string())
}

fn key<S: Settings>(flag: &Arg, usual: &Key) -> Option<String> {
    let name = flag.get_long()?;
    let long = format!("--{name}");
    let choices = flag.get_possible_values();
    let values = choices.iter().map(|choice| choice.get_name()).chain(VALUES);
    let keys: Vec<Key> = if matches!(flag.get_action(), ArgAction::SetTrue) {
        key_of::<S>(&[&long]).into_iter().collect()
    } else {
        values.filter_map(|value| key_of::<S>(&[&long, value]).ok()).collect()
    };
    let changes = keys.iter().any(|key| key != usual);
    match (changes, UNKEYED.contains(&name) || S::UNKEYED.contains(&name)) {
        _ if keys.is_empty() => Some(format!("{long}: no value of this audit fits")),
        (false, false) => Some(format!("{long} does not change the key of a checkpoint")),
        (true, true) => Some(format!("{long} changes the key of a checkpoint, but no weights")),
        _ => None,
    }
}

fn numbers<S: Settings>(flag: &Arg) -> Vec<String> {
    let Some(name) = flag.get_long() else { return Vec::new() };
    let long = format!("--{name}");
    let parses = |value: &str| S::try_parse_from(["experiment", &long, value]);
    let takes_numbers =
        ["1", "0.5", "2", "64"].iter().any(|value| parses(value).is_ok()) && parses("anywhere").is_err();
    if !takes_numbers || name == "seed" {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for value in NO_VALUES {
        match parses(value) {
            Ok(_) => faults.push(format!("{long} takes {value}")),
            Err(error) => {
                let line = error.to_string().lines().next().unwrap_or_default().to_string();
                if !line.contains(&long) || !line.contains("expected") {
                    faults.push(format!("{long} {value}: {line:?} does not name the flag and what was expected"));
                }
            }
        }
    }
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    if !help.contains(" to ") {
        faults.push(format!("{long}: its help does not say its range"));
    }
    faults
}
