//! `main` of a lab's `tests/graded.rs`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, fs};

use anyhow::Context;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::json;

use crate::{Check, Lab, Session, Status, Verdict, parts, table};

/// Plays the part that the first argument names ([`parts`]), or else runs the checks that the command line asks for and
/// prints the points. `package` is the folder of the package whose functions are checked.
pub fn main<E: Copy + Send + Sync + 'static>(lab: Lab<E>, exercises: E, package: &str) -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match part(&lab, exercises, Path::new(package), &words) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Session::new(lab, exercises, Path::new(package)).map(tests),
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error| {
        anstream::eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Plays the part that the first argument names, if it names one.
fn part<E: Copy + Send + 'static>(lab: &Lab<E>, exercises: E, package: &Path, words: &[&str]) -> anyhow::Result<bool> {
    match words {
        ["report"] => println!("{}", report(&Session::new(lab.clone(), exercises, package)?)),
        ["worker", check, seconds] => parts::worker(lab, &exercises, check, seconds)?,
        ["cases", seed] => {
            let session = Session::with_source(lab.clone(), exercises, package, String::new())?;
            parts::cases(&parts::with_seed(session, exercises, parts::seed(seed)?))?;
        }
        ["judge", seed, source] => {
            let text = fs::read_to_string(source).with_context(|| format!("reading {source}"))?;
            println!("{}", report(&parts::judged(lab.clone(), exercises, package, parts::seed(seed)?, text)?));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Runs the checks that the command line asks for, in the manner of `cargo test`, and prints the points.
fn tests<E: Copy + Send + Sync + 'static>(session: Session<E>) -> ExitCode {
    let session = Arc::new(session);
    let mut arguments = Arguments::from_args();
    // In the order of the exercises, one after the other.
    arguments.test_threads = Some(1);
    let trials = session.lab.checks.iter().enumerate().map(|(i, check)| trial(&session, i, check));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    anstream::print!("{}", table::render(&session));
    // What is not written yet has not failed, but neither is the lab done.
    let known = (0..session.lab.checks.len()).filter_map(|i| session.known_verdict(i));
    if known.into_iter().all(Verdict::passed) { conclusion.exit_code() } else { ExitCode::FAILURE }
}

fn trial<E: Copy + Send + Sync + 'static>(session: &Arc<Session<E>>, i: usize, check: &Check<E>) -> Trial {
    let session = session.clone();
    let (exercise, lab) = (check.exercise, session.lab.name);
    Trial::ignorable_test(format!("{exercise}::{}", check.id), move || {
        let verdict = session.verdict(i);
        match verdict.status {
            Status::Pass => Ok(Completion::Completed),
            Status::Todo => Ok(Completion::ignored_with("not written yet")),
            _ => {
                let number = lab.split('_').next().unwrap_or(lab);
                // One line on hints an exercise: after its first problem.
                let problem = |(i, _): &(usize, _)| !session.known_verdict(*i).is_none_or(Verdict::passed);
                let first = session.lab.checks_of(exercise).find(problem).is_none_or(|(first, _)| first == i);
                let hint = if first { format!("\nA hint: cargo lab hint {number} {exercise}") } else { String::new() };
                Err(Failed::from(format!("{}{hint}", verdict.message)))
            }
        }
    })
}

/// All verdicts as one line of JSON.
fn report<E: Copy + Send + 'static>(session: &Session<E>) -> serde_json::Value {
    let checks: Vec<_> = session
        .lab
        .checks
        .iter()
        .enumerate()
        .map(|(i, check)| {
            let verdict = session.verdict(i);
            let made = check.mistakes().iter().find(|mistake| Some(mistake.id) == verdict.mistake);
            json!({
                "check": check.id,
                "exercise": check.exercise,
                "points": if verdict.passed() { check.points } else { 0 },
                "worth": check.points,
                "status": verdict.status,
                "mistake": verdict.mistake,
                "misconception": made.map(|mistake| mistake.misconception),
                "message": verdict.message,
            })
        })
        .collect();
    json!({ "lab": session.lab.name, "points": session.points(), "checks": checks })
}
