//! What an instructor decides besides points: a date, what being late costs, who is who, and scores set by hand.
//!
//! ```toml
//! due = "2026-11-30T23:59:00+01:00"
//! late = { percent_per_day = 10, most = 50 }
//!
//! [students.ada]
//! first_name = "Ada"
//! last_name = "Lovelace"
//! email = "ada@example.org"
//! submitted = "2026-12-01T08:00:00+01:00"   # else when the file was last changed
//! score = 80                                # set by hand, with a reason
//! reason = "shown in the office hour"
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde::Deserialize;

use super::record::Record;
use crate::course::read;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub due: Option<Timestamp>,
    #[serde(default)]
    late: Late,
    #[serde(default)]
    students: BTreeMap<String, Student>,
}

/// What being late costs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Late {
    /// Percent of the points for each day that has begun.
    percent_per_day: f64,
    /// The most percent that are taken.
    #[serde(default = "everything")]
    most: f64,
}

fn everything() -> f64 {
    100.0
}

/// One student.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Student {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    submitted: Option<Timestamp>,
    pub score: Option<f64>,
    pub reason: String,
}

/// A submission's score.
pub struct Score {
    pub submitted: Option<Timestamp>,
    /// Points of the checks.
    pub raw: f64,
    /// Points that are taken for being late.
    pub penalty: f64,
    /// What counts.
    pub score: f64,
}

impl Rules {
    /// Reads the file, and makes sure that it makes sense.
    pub fn read(path: &Path) -> Result<Self> {
        let rules: Self = toml::from_str(&read(path)?).with_context(|| format!("in {}", path.display()))?;
        let percents = [rules.late.percent_per_day, rules.late.most];
        ensure!(
            percents.iter().all(|p| (0.0..=100.0).contains(p)),
            "late: expected 0 to 100 percent, got {percents:?}"
        );
        for (id, student) in &rules.students {
            let score = student.score.unwrap_or_default();
            ensure!((0.0..=100.0).contains(&score), "students.{id}.score: expected 0 to 100, got {score}");
        }
        Ok(rules)
    }

    /// Who handed it in, as far as that is known.
    pub fn student(&self, id: &str) -> Student {
        self.students.get(id).cloned().unwrap_or_default()
    }

    /// Those whom the rules name and who are not among these.
    pub fn absent<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<String> {
        let there: BTreeSet<&str> = ids.collect();
        self.students.keys().filter(|id| !there.contains(id.as_str())).cloned().collect()
    }

    /// What counts; none where the grader failed and nothing was set by hand.
    pub fn score(&self, record: &Record, changed: Option<SystemTime>) -> Option<Score> {
        let student = self.student(&record.id);
        let submitted = student.submitted.or_else(|| changed.and_then(|time| Timestamp::try_from(time).ok()));
        let raw = f64::from(record.points().or(student.score.map(|_| 0))?);
        let penalty = raw * self.late_percent(submitted) / 100.0;
        Some(Score { submitted, raw, penalty, score: student.score.unwrap_or(raw - penalty) })
    }

    fn late_percent(&self, submitted: Option<Timestamp>) -> f64 {
        let (Some(due), Some(submitted)) = (self.due, submitted) else { return 0.0 };
        let days = (submitted.duration_since(due).as_secs_f64() / 86_400.0).ceil().max(0.0);
        (days * self.late.percent_per_day).min(self.late.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::judge::Check;
    use crate::grade::record::Status;

    fn record(status: Status, points: u32) -> Record {
        let text = |word: &str| word.to_string();
        let check = Check {
            check: text("a"),
            exercise: text("b"),
            points,
            worth: 100,
            status: text("pass"),
            mistake: None,
            misconception: None,
            message: text(""),
        };
        Record { id: text("ada"), hash: text(""), status, words: text(""), seconds: 0.0, checks: vec![check] }
    }

    fn rules(text: &str) -> Result<Rules> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        Rules::read(file.path())
    }

    #[test]
    fn each_day_that_has_begun_costs_and_no_more_than_the_most() -> Result<()> {
        let at = |submitted: &str| -> Result<f64> {
            let text = format!(
                "due = \"2026-11-30T12:00:00Z\"\nlate = {{ percent_per_day = 10, most = 25 }}\n[students.ada]\nsubmitted = \"{submitted}\"\n"
            );
            Ok(rules(&text)?.score(&record(Status::Graded, 80), None).context("a score")?.score)
        };
        assert_eq!(at("2026-11-30T12:00:00Z")?, 80.0);
        assert_eq!(at("2026-11-30T13:00:00+02:00")?, 80.0);
        assert_eq!(at("2026-11-30T12:00:01Z")?, 72.0);
        assert_eq!(at("2026-12-01T12:00:01Z")?, 64.0);
        assert_eq!(at("2027-01-01T00:00:00Z")?, 60.0);
        Ok(())
    }

    #[test]
    fn a_score_set_by_hand_counts_even_where_the_grader_failed() -> Result<()> {
        let by_hand = rules("[students.ada]\nscore = 55\nreason = \"shown\"\n")?;
        assert_eq!(by_hand.score(&record(Status::Graded, 80), None).map(|score| score.score), Some(55.0));
        assert_eq!(by_hand.score(&record(Status::GraderError, 0), None).map(|score| score.score), Some(55.0));
        assert!(Rules::default().score(&record(Status::GraderError, 0), None).is_none());
        Ok(())
    }

    #[test]
    fn what_is_misspelled_or_out_of_range_is_refused() {
        for text in ["dew = \"x\"", "late = { percent_per_day = 101 }", "[students.a]\nscore = 101", "due = \"soon\""] {
            assert!(rules(text).is_err(), "{text}");
        }
    }
}
