//! The points, for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::{Session, Status};

const DONE: Style = AnsiColor::Green.on_default();
const OPEN: Style = AnsiColor::Yellow.on_default();
const WRONG: Style = AnsiColor::Red.on_default();
const BOLD: Style = Style::new().bold();

/// A line for each exercise of which a check has run, and the sum. Styled; print it through `anstream`, which takes the
/// colors out where the output is no terminal.
pub fn render<E: Copy + Send + 'static>(session: &Session<E>) -> String {
    let lab = &session.lab;
    let total: u32 = lab.checks.iter().map(|check| check.points).sum();
    let mut out = String::new();
    let _ = writeln!(out, "\n{BOLD}{:<4}{:<32}{:<10}{:>8}{BOLD:#}", "", lab.name, "checks", "points");
    for exercise in &lab.exercises {
        let known: Vec<_> =
            lab.checks_of(exercise.name).filter_map(|(i, check)| Some((check, session.known_verdict(i)?))).collect();
        if known.is_empty() {
            continue;
        }
        let passed = known.iter().filter(|(_, verdict)| verdict.passed());
        let (count, won) = passed.fold((0, 0), |(n, sum), (check, _)| (n + 1, sum + check.points));
        let worth: u32 = lab.checks_of(exercise.name).map(|(_, check)| check.points).sum();
        let first_problem = known.iter().find(|(_, verdict)| !verdict.passed());
        let (style, word) = match first_problem.map(|(_, verdict)| verdict.status) {
            None => (DONE, "right"),
            Some(Status::Todo) => (OPEN, "to do"),
            Some(Status::Blocked) => (OPEN, "blocked"),
            Some(Status::Refused) => (WRONG, "refused"),
            Some(Status::Timeout) => (WRONG, "timeout"),
            Some(Status::Panic) => (WRONG, "panic"),
            Some(Status::Error) => (WRONG, "error"),
            Some(_) => (WRONG, "wrong"),
        };
        let checks = format!("{count}/{}", lab.checks_of(exercise.name).count());
        let number = lab.number(exercise.name);
        let _ = writeln!(out, "{number:<4}{:<32}{checks:<10}{won:>4}/{worth:<4} {style}{word}{style:#}", exercise.name);
    }
    let all = lab.checks.len();
    let tested = (0..all).filter(|&i| session.known_verdict(i).is_some());
    let worth: u32 = tested.clone().map(|i| lab.checks[i].points).sum();
    let (sum, words) = if tested.count() == all { (total, "total") } else { (worth, "of what was tested") };
    let _ = writeln!(out, "{BOLD}{:<4}{words:<42}{:>4}/{sum}{BOLD:#}", "", session.points());
    out
}
