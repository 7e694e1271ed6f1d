//! `main` of a solution's `tests/mistakes.rs`: the checks themselves are checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::lab::Ask;
use crate::session::Fresh;
use crate::{Golden, Lab, Session};

/// Typical mistakes that every exercise must at least be able to name.
const LEAST: usize = 3;
/// Seeds of fresh cases that right functions are tried on.
const FRESH: [u64; 3] = [1, 2, 3];

/// Which functions two sets of them do not share; [`exercises!`](crate::exercises) writes it.
pub trait Differing {
    /// Names of exercises.
    fn differing(&self, other: &Self) -> Vec<&'static str>;
}

/// Functions to try the checks on.
pub struct Cases<E: 'static> {
    /// The solution's.
    pub right: E,
    /// Wrong ones, by the id of the mistake in them: each must lose points and be named.
    pub mistakes: &'static [(&'static str, E)],
    /// Wrong ones that have no name: each must lose points.
    pub nameless: &'static [(&'static str, E)],
    /// Right ones, written in another way than the solution: each must keep all points.
    pub alternatives: &'static [(&'static str, E)],
}

/// Runs the trials that the command line asks for.
pub fn main<E: Copy + Differing + Send + Sync + 'static>(
    lab: fn() -> Lab<E>,
    cases: Cases<E>,
    package: &str,
) -> ExitCode {
    let package = PathBuf::from(package);
    // The checks of other exercises ask functions that are the solution's. (A method's exercise may have another name than its function here.)
    let of_differing = move |exercises: E| {
        let (mut lab, differing) = (lab(), exercises.differing(&cases.right));
        let asked = |name: &&str| lab.exercises.iter().any(|exercise| exercise.name == *name);
        if !differing.is_empty() && differing.iter().all(asked) {
            lab.checks.retain(|check| differing.contains(&check.exercise));
        }
        lab
    };
    let trial = |name: String, run: Box<dyn FnOnce() -> anyhow::Result<()> + Send>| {
        Trial::test(name, move || run().map_err(|error| Failed::from(format!("{error:#}"))))
    };
    let solution = ("the_solution", cases.right);
    let mut trials = Vec::new();
    for &(id, exercises) in cases.mistakes {
        let package = package.clone();
        let run = move || is_named(of_differing(exercises), id, exercises, &package);
        trials.push(trial(format!("names::{id}"), Box::new(run)));
    }
    for &(name, exercises) in cases.nameless {
        let package = package.clone();
        let run = move || loses_points(of_differing(exercises), exercises, &package);
        trials.push(trial(format!("catches::{name}"), Box::new(run)));
    }
    for &(name, exercises) in cases.alternatives.iter().chain([&solution]) {
        let package = package.clone();
        let run = move || keeps_all_points(of_differing(exercises), exercises, cases.right, &package);
        trials.push(trial(format!("accepts::{name}"), Box::new(run)));
    }
    let ids: Vec<&str> = cases.mistakes.iter().map(|(id, _)| *id).collect();
    let folder = package.clone();
    trials.push(trial("one_id_everywhere".into(), Box::new(move || ids_agree(&lab(), &ids, &folder))));
    trials.push(trial("a_lab_is_worth_100_points".into(), Box::new(move || adds_up(&lab()))));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn all_verdicts<E: Copy + Send + 'static>(lab: Lab<E>, exercises: E, package: &Path) -> anyhow::Result<Session<E>> {
    // The functions under test are not those of the package, so its source says nothing about them.
    let session = Session::with_source(lab, exercises, package, String::new())?;
    (0..session.lab.checks.len()).for_each(|i| {
        session.verdict(i);
    });
    Ok(session)
}

fn is_named<E: Copy + Send + 'static>(lab: Lab<E>, id: &str, exercises: E, package: &Path) -> anyhow::Result<()> {
    let session = all_verdicts(lab, exercises, package)?;
    let verdicts: Vec<_> = (0..session.lab.checks.len()).map(|i| session.verdict(i)).collect();
    ensure!(verdicts.iter().any(|verdict| !verdict.passed()), "it loses no points");
    let messages: Vec<_> = verdicts.iter().filter(|v| !v.passed()).map(|v| &v.message).collect();
    ensure!(
        verdicts.iter().any(|verdict| verdict.mistake == Some(id)),
        "no check names it; the messages are {messages:#?}"
    );
    Ok(())
}

fn loses_points<E: Copy + Send + 'static>(lab: Lab<E>, exercises: E, package: &Path) -> anyhow::Result<()> {
    let session = all_verdicts(lab, exercises, package)?;
    let lost = (0..session.lab.checks.len()).map(|i| session.verdict(i)).find(|verdict| !verdict.passed());
    let verdict = lost.context("it loses no points")?;
    ensure!(verdict.mistake.is_none(), "it is taken for {:?}: {}", verdict.mistake, verdict.message);
    Ok(())
}

/// A right function is right on fresh cases, too, whatever they are.
fn keeps_all_points<E: Copy + Send + 'static>(
    lab: Lab<E>,
    exercises: E,
    right: E,
    package: &Path,
) -> anyhow::Result<()> {
    for seed in FRESH {
        let session = Session::with_source(lab.clone(), exercises, package, String::new())?;
        passes_all(&session.with_fresh(Fresh { right, seed }))
            .with_context(|| format!("fresh cases of seed {seed}"))?;
    }
    Ok(())
}

fn passes_all<E: Copy + Send + 'static>(session: &Session<E>) -> anyhow::Result<()> {
    for (i, check) in session.lab.checks.iter().enumerate() {
        let verdict = session.verdict(i);
        ensure!(verdict.passed(), "{}: {}", check.id, verdict.message);
    }
    Ok(())
}

/// Every id has a message, values in the golden file and a wrong function; every exercise has at least three.
fn ids_agree<E>(lab: &Lab<E>, wrong: &[&str], package: &Path) -> anyhow::Result<()> {
    let golden = Golden::load(package, lab.name)?;
    let mut named = BTreeSet::new();
    for check in &lab.checks {
        let Ask::Values { .. } = check.ask else { continue };
        let messages: BTreeSet<&str> = check.mistakes().iter().map(|mistake| mistake.id).collect();
        let cases = golden.cases(check.id)?;
        let values: BTreeSet<&str> = cases.iter().flat_map(|case| case.mistakes.keys()).map(String::as_str).collect();
        ensure!(messages == values, "{}: messages {messages:?}, golden values {values:?}", check.id);
        named.extend(messages);
    }
    let wrong: BTreeSet<&str> = wrong.iter().copied().collect();
    ensure!(named == wrong, "messages {named:?}, wrong functions {wrong:?}");
    let with_values = lab.checks.iter().filter(|check| matches!(check.ask, Ask::Values { .. }));
    let checks: BTreeSet<&str> = with_values.map(|check| check.id).collect();
    let stored: BTreeSet<&str> = golden.checks().collect();
    ensure!(checks == stored, "checks {checks:?}, golden cases {stored:?}");
    for exercise in &lab.exercises {
        let ids = lab.checks_of(exercise.name).flat_map(|(_, check)| check.mistakes());
        let ids: BTreeSet<&str> = ids.map(|mistake| mistake.id).collect();
        ensure!(ids.len() >= LEAST, "{}: expected at least {LEAST} mistakes, got {ids:?}", exercise.name);
    }
    Ok(())
}

fn adds_up<E>(lab: &Lab<E>) -> anyhow::Result<()> {
    let total: u32 = lab.checks.iter().map(|check| check.points).sum();
    ensure!(total == 100, "the checks' points add up to {total}");
    for check in &lab.checks {
        let known = lab.exercises.iter().any(|exercise| exercise.name == check.exercise);
        known.then_some(()).with_context(|| format!("{}: no exercise {}", check.id, check.exercise))?;
    }
    Ok(())
}
