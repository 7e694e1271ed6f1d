//! What is kept of a submission that has been graded: whole or not at all, so that nothing is lost or graded twice.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use atomic_write_file::AtomicWriteFile;
use serde::{Deserialize, Serialize};

use super::judge::Check;

/// How a submission as a whole came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its checks have run; each has a status of its own.
    Graded,
    /// It does not compile.
    BuildError,
    /// It was refused before anything ran.
    Rejected,
    /// The grader failed, not the student: there is no score.
    GraderError,
}

/// A graded submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub id: String,
    /// Of everything that it depends on: the text, the checks, the seed, the limits, the compiler.
    pub hash: String,
    pub status: Status,
    /// Why, where there are no checks.
    pub words: String,
    /// How long grading took.
    pub seconds: f64,
    pub checks: Vec<Check>,
}

/// An exercise of a graded submission.
pub struct Exercise<'a> {
    pub name: &'a str,
    pub checks: Vec<&'a Check>,
    /// Points of its checks, and what all are worth.
    pub won: u32,
    pub worth: u32,
}

impl Exercise<'_> {
    /// The first check that is not passed.
    pub fn problem(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.status != "pass").copied()
    }
}

impl Status {
    /// As it is written in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Graded => "graded",
            Self::BuildError => "build-error",
            Self::Rejected => "rejected",
            Self::GraderError => "grader-error",
        }
    }
}

impl Record {
    /// Points of all checks; none where the grader failed.
    pub fn points(&self) -> Option<u32> {
        (self.status != Status::GraderError).then(|| self.checks.iter().map(|check| check.points).sum())
    }

    /// Exercises in order.
    pub fn exercises(&self) -> Vec<Exercise<'_>> {
        let mut exercises: Vec<Exercise> = Vec::new();
        for check in &self.checks {
            let known = exercises.iter().position(|exercise| exercise.name == check.exercise);
            let place = known.unwrap_or_else(|| {
                exercises.push(Exercise { name: &check.exercise, checks: Vec::new(), won: 0, worth: 0 });
                exercises.len() - 1
            });
            let exercise = &mut exercises[place];
            exercise.checks.push(check);
            exercise.won += check.points;
            exercise.worth += check.worth;
        }
        exercises
    }

    /// The folder of a student's files.
    pub fn folder(out: &Path, id: &str) -> PathBuf {
        out.join("students").join(id)
    }

    /// What was found out before, if it still holds. Where the grader failed, it is tried again.
    pub fn load(out: &Path, id: &str, hash: &str) -> Option<Self> {
        let text = fs::read_to_string(Self::folder(out, id).join("record.json")).ok()?;
        let record: Self = serde_json::from_str(&text).ok()?;
        (record.hash == hash && record.status != Status::GraderError).then_some(record)
    }

    /// Keeps it.
    pub fn save(&self, out: &Path) -> Result<()> {
        write(&Self::folder(out, &self.id).join("record.json"), &serde_json::to_vec_pretty(self)?)
    }
}

/// Writes a file whole or not at all, and its folder where there is none.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let of_file = || format!("writing {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(path)).with_context(of_file)?;
    let mut file = AtomicWriteFile::open(path).with_context(of_file)?;
    file.write_all(bytes).and_then(|()| file.commit()).with_context(of_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_for_its_hash_alone_and_a_fault_of_the_grader_s_is_never_believed() -> Result<()> {
        let out = tempfile::tempdir()?;
        let record = |status| Record {
            id: "ada".to_string(),
            hash: "1".to_string(),
            status,
            words: String::new(),
            seconds: 1.0,
            checks: Vec::new(),
        };
        record(Status::BuildError).save(out.path())?;
        assert!(Record::load(out.path(), "ada", "1").is_some() && Record::load(out.path(), "ada", "2").is_none());
        assert_eq!(record(Status::BuildError).points(), Some(0));
        record(Status::GraderError).save(out.path())?;
        assert!(Record::load(out.path(), "ada", "1").is_none());
        assert_eq!(record(Status::GraderError).points(), None);
        Ok(())
    }
}
