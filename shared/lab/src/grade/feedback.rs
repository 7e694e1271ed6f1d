//! A student's page: what is right, what is wrong and why, and a hint for the next step.

use std::path::Path;

use anyhow::Result;
use maud::{Markup, html};

use super::Graded;
use super::gradebook::short;
use super::judge::Check;
use super::page::{badge, page};
use super::record::{Exercise, Record, Status, write};
use super::rules::Rules;
use crate::course::Lab;
use crate::hint;

/// Writes `feedback.html` into the student's folder.
pub fn write_page(out: &Path, lab: &Lab, rules: &Rules, student: &Graded) -> Result<()> {
    let record = &student.record;
    let body = html! {
        (score(rules, student))
        @if record.status == Status::Graded { (table(record)) } @else { (unread(record)) }
        @for exercise in record.exercises().iter().filter(|exercise| exercise.problem().is_some()) {
            (section(lab, exercise))
        }
    };
    let title = format!("Lab {}: {}", lab.name, record.id);
    write(&Record::folder(out, &record.id).join("feedback.html"), page(&title, &body).as_bytes())
}

fn score(rules: &Rules, student: &Graded) -> Markup {
    let by_hand = rules.student(&student.record.id);
    html! {
        @match &student.score {
            Some(score) => {
                p.score { (short(score.score)) " of 100 points" }
                @if score.penalty > 0.0 { p { "Handed in late: " (short(score.penalty)) " points less than the checks gave." } }
            }
            None => p.score { "Not graded yet" }
        }
        @if by_hand.score.is_some() { p { "Set by hand. " (by_hand.reason) } }
    }
}

/// Why no check has run.
fn unread(record: &Record) -> Markup {
    html! {
        h2 { (badge(record.status.name())) }
        @match record.status {
            Status::BuildError => p { "The submission does not compile, so that no check could run. The compiler says:" }
            Status::Rejected => p { "The submission was refused before any check ran:" }
            _ => p { "Something went wrong on our side. Nothing is lost: the submission will be graded again." }
        }
        @if record.status != Status::GraderError { pre { (record.words) } }
    }
}

fn table(record: &Record) -> Markup {
    html! {
        div.table {
            table {
                tr { th { "exercise" } th.number { "points" } th {} }
                @for exercise in record.exercises() {
                    tr {
                        td { (exercise.name) }
                        td.number { (exercise.won) " of " (exercise.worth) }
                        td { (badge(exercise.problem().map_or("right", |check| &check.status))) }
                    }
                }
            }
        }
    }
}

fn section(lab: &Lab, exercise: &Exercise) -> Markup {
    let wrong = |check: &&&Check| check.status != "pass";
    let started = exercise.checks.iter().any(|check| check.status != "todo");
    html! {
        h2 { (exercise.name) }
        @if started {
            @for check in exercise.checks.iter().filter(wrong) {
                h3 { (check.check) " " (badge(&check.status)) }
                pre { (check.message) }
            }
        } @else {
            p { "Not written yet." }
        }
        @if let Some(first) = hint::first(lab, exercise.name) { p.hint { "A hint: " (first) } }
    }
}
