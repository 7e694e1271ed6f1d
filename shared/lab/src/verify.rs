//! `cargo lab verify`: the course checks itself.

use std::path::Path;
use std::process::{Command, Stdio};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::course::{Course, Lab, cargo, read};
use crate::handout::Handout;
use crate::{hint, sync};

const DONE: Style = AnsiColor::Green.on_default();

/// What `graded report` prints: the part that is looked at here.
#[derive(Deserialize)]
struct Report {
    points: u32,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    check: String,
    exercise: String,
    points: u32,
    status: String,
    message: String,
}

pub fn run(course: &Course, only: Option<&str>) -> Result<()> {
    sync::run(course, true, false)?;
    say("all", "labs are in sync with their solutions");
    let only = only.map(|word| course.lab(word)).transpose()?;
    for lab in course.labs.iter().filter(|lab| only.is_none_or(|only| only.name == lab.name)) {
        verify(course, lab).with_context(|| format!("lab {}", lab.name))?;
    }
    Ok(())
}

fn say(lab: &str, what: &str) {
    anstream::println!("{DONE}✓{DONE:#} {lab}: {what}");
}

fn verify(course: &Course, lab: &Lab) -> Result<()> {
    let exercises = sync::exercises(&read(&lab.solution.join("src/lib.rs"))?)?;
    for exercise in &exercises {
        hint::of(lab, exercise)?;
    }
    say(&lab.name, "every exercise has its hints");

    let stub = report(&course.root, lab.package())?;
    for check in &stub.checks {
        let (points, status) = (check.points, &check.status);
        ensure!(points == 0 && status == "todo", "the stub scores {points} ({status}) on {}", check.check);
    }
    say(&lab.name, &format!("the stub compiles and scores 0 on all {} checks", stub.checks.len()));

    let solution = report(&course.root, &lab.solution_package())?;
    if let Some(check) = solution.checks.iter().find(|check| check.status != "pass") {
        bail!("the solution fails {}: {}", check.check, check.message);
    }
    ensure!(solution.points == 100, "the solution scores {}", solution.points);
    for exercise in &exercises {
        let checked = solution.checks.iter().any(|check| check.exercise == *exercise);
        ensure!(checked, "no check asks for `{exercise}`");
    }
    say(&lab.name, "the solution scores 100");
    let worth = |exercise: &String| {
        solution.checks.iter().filter(|check| check.exercise == *exercise).map(|check| check.points).sum()
    };
    let points: Vec<(String, u32)> = exercises.iter().map(|exercise| (exercise.clone(), worth(exercise))).collect();
    Handout::read(lab)?.check(&points)?;
    say(&lab.name, "the handout has its sections, and the exercises in order with their points");

    let status = cargo_test(&course.root, &lab.solution_package(), "mistakes")
        .stdout(Stdio::inherit())
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "tests/mistakes.rs fails");
    say(&lab.name, "every mistake loses points and is named; every alternative keeps all");
    Ok(())
}

fn cargo_test(root: &Path, package: &str, test: &str) -> Command {
    let mut command = cargo(root);
    command.args(["test", "--quiet", "-p", package, "--test", test]);
    command
}

/// Runs a package's graded checks and reads its report.
fn report(root: &Path, package: &str) -> Result<Report> {
    let output = cargo_test(root, package, "graded")
        .args(["--", "report"])
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo")?;
    ensure!(output.status.success(), "the checks of {package} do not run");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).with_context(|| format!("reading the report of {package}: {text}"))
}
