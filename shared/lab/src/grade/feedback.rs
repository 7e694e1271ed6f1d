//! A student's page: what is right, what is wrong and why, and a hint for the next step.

use std::path::Path;

use anyhow::Result;
use maud::{Markup, html};

use super::Graded;
use super::gradebook::short;
use super::judge::Check;
use super::page::{badge, page};
use super::record::{Record, Status, write};
use super::rules::Rules;
use crate::course::Lab;
use crate::hint;

/// Writes `feedback.html` into the student's folder.
pub fn write_page(out: &Path, lab: &Lab, rules: &Rules, student: &Graded) -> Result<()> {
    let record = &student.record;
    let body = html! {
        (score(rules, student))
        @if record.status == Status::Graded { (table(record)) } @else { (unread(record)) }
        @for (exercise, checks) in record.exercises() {
            @if checks.iter().any(|check| check.status != "pass") { (section(lab, exercise, &checks)) }
        }
    };
    let title = format!("Lab {}: {}", lab.name, record.id);
    write(&Record::folder(out, &record.id).join("feedback.html"), page(&title, &body).as_bytes())
}

fn score(rules: &Rules, student: &Graded) -> Markup {
    let reason = rules.student(&student.record.id).reason;
    html! {
        @match &student.score {
            Some(score) => {
                p.score { (short(score.score)) " of 100 points" }
                @if score.penalty > 0.0 { p { "Handed in late: " (short(score.penalty)) " points less than the checks gave." } }
            }
            None => p.score { "Not graded yet" }
        }
        @if !reason.is_empty() { p { "Set by hand: " (reason) } }
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
                @for (exercise, checks) in record.exercises() {
                    @let won: u32 = checks.iter().map(|check| check.points).sum();
                    @let worth: u32 = checks.iter().map(|check| check.worth).sum();
                    @let problem = checks.iter().find(|check| check.status != "pass");
                    tr {
                        td { (exercise) }
                        td.number { (won) " of " (worth) }
                        td { (badge(problem.map_or("right", |check| &check.status))) }
                    }
                }
            }
        }
    }
}

fn section(lab: &Lab, exercise: &str, checks: &[&Check]) -> Markup {
    let wrong = |check: &&&Check| check.status != "pass";
    let started = checks.iter().any(|check| check.status != "todo");
    let first = hint::first(lab, exercise);
    html! {
        h2 { (exercise) }
        @if started {
            @for check in checks.iter().filter(wrong) {
                h3 { (check.check) " " (badge(&check.status)) }
                pre { (check.message) }
            }
        } @else {
            p { "Not written yet." }
        }
        @if let Some(first) = first { p.hint { "A hint: " (first) } }
    }
}
