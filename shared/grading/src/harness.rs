//! `main` of a lab's `tests/graded.rs`.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

use crate::{Check, Lab, Session, table};

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
    let arguments = Arguments::from_args();
    let trials = session.lab.checks.iter().enumerate().map(|(i, check)| trial(&session, i, check));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if !arguments.list {
        anstream::print!("{}", table::render(&session));
    }
    conclusion.exit_code()
}

fn trial<E: Copy + Send + Sync + 'static>(session: &Arc<Session<E>>, i: usize, check: &Check<E>) -> Trial {
    let session = session.clone();
    let (exercise, lab) = (check.exercise, session.lab.name);
    Trial::test(format!("{exercise}::{}", check.id), move || {
        let verdict = session.verdict(i);
        if verdict.passed() {
            return Ok(());
        }
        let number = lab.split('_').next().unwrap_or(lab);
        Err(Failed::from(format!("{}\nA hint: cargo lab hint {number} {exercise}", verdict.message)))
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
