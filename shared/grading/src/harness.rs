//! `main` of a lab's `tests/graded.rs`.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::json;

use crate::{Check, Lab, Session, Status, Verdict, table};

/// The first argument that makes the program print one line of JSON instead of tests and a table.
pub const REPORT: &str = "report";

/// Runs the checks that the command line asks for, in the manner of `cargo test`, and prints the points. `package` is the
/// folder of the package whose functions are checked.
pub fn main<E: Copy + Send + Sync + 'static>(lab: Lab<E>, exercises: E, package: &str) -> ExitCode {
    let session = match Session::new(lab, exercises, Path::new(package)) {
        Ok(session) => Arc::new(session),
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    if env::args().nth(1).as_deref() == Some(REPORT) {
        println!("{}", report(&session));
        return ExitCode::SUCCESS;
    }
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
            json!({
                "check": check.id,
                "exercise": check.exercise,
                "points": if verdict.passed() { check.points } else { 0 },
                "worth": check.points,
                "status": verdict.status,
                "mistake": verdict.mistake,
                "message": verdict.message,
            })
        })
        .collect();
    json!({ "lab": session.lab.name, "points": session.points(), "checks": checks })
}
