//! The instructor's page: how the class did, and which mistakes it made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use maud::{Markup, html};

use super::Graded;
use super::alike::Pair;
use super::gradebook::short;
use super::page::{badge, bar, page};
use super::record::{Status, write};

/// What is the same for all submissions.
pub struct Facts {
    /// What confined them.
    pub held: String,
    /// What students began with.
    pub stub: String,
}

/// Writes `index.html`.
pub fn write_page(out: &Path, lab: &str, facts: &Facts, graded: &[Graded], pairs: &[Pair]) -> Result<PathBuf> {
    let body = html! {
        p { (graded.len()) " submissions. What confined them on this machine: " (facts.held) "." }
        (failures(graded))
        h2 { "Scores" }
        (scores(graded))
        h2 { "Success by exercise" }
        (exercises(graded))
        h2 { "Mistakes that were made" }
        (mistakes(graded))
        h2 { "Nearly the same" }
        (alike(pairs))
        h2 { "Submissions" }
        (students(graded))
    };
    let path = out.join("index.html");
    write(&path, page(&format!("Lab {lab}: the class"), &body).as_bytes())?;
    Ok(path)
}

/// Submissions without a score come first: somebody has to look at them.
fn failures(graded: &[Graded]) -> Markup {
    let failed: Vec<&Graded> = graded.iter().filter(|student| student.record.status == Status::GraderError).collect();
    html! {
        @if !failed.is_empty() {
            h2 { "Not graded: the grader failed" }
            p { "These have no score. Mend what is named and start again: only they are graded then." }
            @for student in failed { h3 { (student.record.id) } pre { (student.record.words) } }
        }
    }
}

fn scores(graded: &[Graded]) -> Markup {
    let scores: Vec<f64> =
        graded.iter().filter_map(|student| student.score.as_ref().map(|score| score.score)).collect();
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let bins: Vec<usize> =
        (0..10).map(|bin| scores.iter().filter(|s| ((**s / 10.0) as usize).min(9) == bin).count()).collect();
    let most = bins.iter().copied().max().unwrap_or(0).max(1);
    html! {
        p { "Mean " (short(mean)) " of 100." }
        table {
            @for (bin, count) in bins.iter().enumerate() {
                tr { td { (10 * bin) "–" (10 * bin + 10) } td { (bar(*count as f64 / most as f64, &count.to_string())) } }
            }
        }
    }
}

fn exercises(graded: &[Graded]) -> Markup {
    // By the place of an exercise in the lab, with the points won and all that there were.
    let mut sums: Vec<(String, u32, u32)> = Vec::new();
    for exercise in graded.iter().flat_map(|student| student.record.exercises()) {
        match sums.iter_mut().find(|(known, ..)| *known == exercise.name) {
            Some((_, won, worth)) => (*won, *worth) = (*won + exercise.won, *worth + exercise.worth),
            None => sums.push((exercise.name.to_string(), exercise.won, exercise.worth)),
        }
    }
    html! {
        p { "Points won, of those who could be asked." }
        table {
            @for (name, won, worth) in sums {
                @let share = f64::from(won) / f64::from(worth.max(1));
                tr { td { (name) } td { (bar(share, &format!("{:.0} %", 100.0 * share))) } }
            }
        }
    }
}

fn mistakes(graded: &[Graded]) -> Markup {
    let mut made: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for student in graded {
        for check in &student.record.checks {
            if let Some(misconception) = &check.misconception {
                let who = made.entry((&check.exercise, misconception)).or_default();
                // One mistake may show in several checks.
                if who.last() != Some(&student.record.id.as_str()) {
                    who.push(&student.record.id);
                }
            }
        }
    }
    let mut made: Vec<_> = made.into_iter().collect();
    made.sort_by_key(|(_, who)| std::cmp::Reverse(who.len()));
    html! {
        @if made.is_empty() { p { "None that has a name." } }
        @else {
            div.table { table {
                tr { th.number { "how many" } th { "exercise" } th { "what they do" } th { "who" } }
                @for ((exercise, misconception), who) in made {
                    tr { td.number { (who.len()) } td { (exercise) } td { (misconception) } td { (who.join(", ")) } }
                }
            } }
        }
    }
}

fn alike(pairs: &[Pair]) -> Markup {
    html! {
        @if pairs.is_empty() { p { "No two." } }
        @else {
            p { "Similar text is no proof of anything: look at both." }
            div.table { table {
                @for pair in pairs {
                    tr { td { (pair.first) } td { (pair.second) } td.number { (format!("{:.0} %", 100.0 * pair.share)) } }
                }
            } }
        }
    }
}

fn students(graded: &[Graded]) -> Markup {
    html! {
        div.table { table {
            tr { th { "student" } th.number { "score" } th {} th { "checks that did not end well" } th.number { "seconds" } }
            @for student in graded {
                @let record = &student.record;
                tr {
                    td { a href={ "students/" (encoded(&record.id)) "/feedback.html" } { (record.id) } }
                    td.number { (student.score.as_ref().map_or("–".to_string(), |score| short(score.score))) }
                    td { (badge(record.status.name())) }
                    td { (student.statuses()) }
                    td.number { (format!("{:.1}", record.seconds)) }
                }
            }
        } }
    }
}

/// A name as a part of an address.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('#', "%23").replace('?', "%3F")
}
