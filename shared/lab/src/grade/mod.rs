//! `cargo lab grade`: all submissions of a class, whatever they do.
//!
//! ```text
//! submission ── one lib.rs ──▶ gate ──▶ compiler, confined ──▶ a worker for each check, confined ──▶ judge ──▶ record
//! ```
//!
//! What a student wrote runs only in workers, which see inputs and no expected value; the solution's checks judge what they answer.

mod alike;
mod archive;
mod compile;
pub mod confine;
mod feedback;
mod gate;
mod gradebook;
mod grader;
mod judge;
pub mod own;
mod page;
mod process;
mod record;
mod rules;
mod services;
mod sheet;
mod stumbles;
mod submission;
mod summary;
mod tree;
mod words;
mod worker;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use self::gradebook::Sheet;
use self::grader::{Grader, How};
use self::judge::Judge;
use self::process::secret;
use self::record::{Record, Status, write};
use self::rules::{Rules, Score};
use self::tree::{Tree, locked};
use crate::course::{Course, Lab, read};
use crate::said::said;

/// Seconds that a check may take, if nobody says otherwise.
const SECONDS: u64 = 15;
/// MiB of addresses that a check may have, if nobody says otherwise.
const MEMORY: u64 = 4096;

/// What is graded, and how.
#[derive(Args)]
pub struct Arguments {
    /// Number or name of the lab
    lab: String,
    /// A folder, .zip or .rs for each student
    #[arg(long, value_name = "DIR")]
    submissions: PathBuf,
    /// Folder for gradebook, feedback and summary
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Submissions that are worked on at once (1 to 64)
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: u32,
    /// Seed of the fresh cases; else one that is drawn and kept in DIR/grading.json
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds that a check may compute; it may last four times as long (1 to 600)
    #[arg(long, default_value_t = SECONDS, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// MiB of memory that a check may have, counted as addresses (512 to 65536)
    #[arg(long, default_value_t = MEMORY, value_parser = clap::value_parser!(u64).range(512..=65536))]
    memory: u64,
    /// Due date, lateness, names and scores set by hand: a TOML file
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// A gradebook that Canvas exported, to be filled
    #[arg(long, value_name = "FILE", requires = "canvas_column")]
    canvas: Option<PathBuf>,
    /// How its column for this lab begins
    #[arg(long, value_name = "NAME")]
    canvas_column: Option<String>,
    /// A grading worksheet that Moodle exported, to be filled
    #[arg(long, value_name = "FILE")]
    moodle: Option<PathBuf>,
    /// Grade everything again
    #[arg(long)]
    again: bool,
}

impl Arguments {
    fn how(&self) -> How {
        let Self { out, jobs, seconds, memory, again, .. } = self;
        How { out: out.clone(), jobs: *jobs, seconds: *seconds, memory: memory << 20, again: *again }
    }
}

/// A submission with all that is said of it.
pub struct Graded {
    record: Record,
    score: Option<Score>,
    /// Its text, where it has one.
    source: Option<String>,
}

impl Graded {
    /// The outcome in a line.
    fn in_a_line(&self) -> String {
        let points = self.score.as_ref().map_or("no score yet".to_string(), |score| gradebook::short(score.score));
        match self.record.status {
            Status::Graded => format!("{points} of 100. {}", self.statuses()).trim().to_string(),
            other => format!("{points}: {}", other.name()),
        }
    }

    /// How often checks ended in each other way than well.
    fn statuses(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for check in self.record.checks.iter().filter(|check| check.status != "pass") {
            *counts.entry(check.status.as_str()).or_default() += 1;
        }
        counts.into_iter().map(|(status, count)| format!("{count} {status}")).collect::<Vec<_>>().join(", ")
    }
}

/// Grades a class.
pub fn run(course: &Course, arguments: &Arguments) -> Result<()> {
    course.solutions()?;
    let lab = course.lab(&arguments.lab)?;
    let rules = arguments.rules.as_deref().map(Rules::read).transpose()?.unwrap_or_default();
    let submissions = submission::all(&arguments.submissions)?;
    let held = held()?;
    let _lock = locked(&arguments.out.join(".lock"))?;
    let inside = arguments.out.canonicalize()?.starts_with(arguments.submissions.canonicalize()?);
    ensure!(!inside, "{}: expected a folder that is not among the submissions", arguments.out.display());
    let seed = seed(&arguments.out, &lab.name, arguments.seed)?;
    let judge = Judge::new(&course.root, &lab.solution_package(), seed)?;
    let grader = Grader::new(&lab.name, Tree::lay(course, lab)?, judge, arguments.how())?;
    grader.rehearse()?;
    let graded = grader.all(&submissions, &rules)?;
    let stub = read(&lab.folder.join("src/lib.rs"))?;
    let page = publish(arguments, lab, &rules, &graded, &summary::Facts { held, stub })?;
    println!("{} submissions: {}", graded.len(), page.display());
    let absent = rules.absent(graded.iter().map(|student| student.record.id.as_str()));
    if !absent.is_empty() {
        println!("in the rules and not among the submissions: {}", absent.join(", "));
    }
    let failed: Vec<&str> =
        graded.iter().filter(|s| s.record.status == Status::GraderError).map(|s| s.record.id.as_str()).collect();
    ensure!(failed.is_empty(), "the grader failed on {}: see {}", failed.join(", "), page.display());
    Ok(())
}

/// What a folder of results is of.
#[derive(Serialize, Deserialize)]
struct Kept {
    lab: String,
    /// Of the fresh cases.
    seed: u64,
}

/// The seed of the fresh cases: given, kept, or drawn.
fn seed(out: &Path, lab: &str, given: Option<u64>) -> Result<u64> {
    let path = out.join("grading.json");
    let of_file = || format!("in {}", path.display());
    let kept: Option<Kept> = match path.exists() {
        true => Some(serde_json::from_str(&read(&path)?).with_context(of_file)?),
        false => None,
    };
    if let Some(other) = kept.as_ref().filter(|kept| kept.lab != lab) {
        bail!("{} holds the results of lab {}, not of {lab}", out.display(), other.lab);
    }
    let seed = match given.or(kept.map(|kept| kept.seed)) {
        Some(seed) => seed,
        None => u64::from_le_bytes(secret()?),
    };
    write(&path, &serde_json::to_vec(&Kept { lab: lab.to_string(), seed })?)?;
    // With it, anybody could draw the fresh cases.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).with_context(of_file)?;
    Ok(seed)
}

/// All files for students and instructors.
fn publish(
    arguments: &Arguments,
    lab: &Lab,
    rules: &Rules,
    graded: &[Graded],
    facts: &summary::Facts,
) -> Result<PathBuf> {
    let out = &arguments.out;
    for student in graded {
        services::gradescope(out, lab, student)?;
        feedback::write_page(out, lab, rules, student)?;
    }
    gradebook::nbgrader(out, &lab.name, rules, graded)?;
    services::junit(out, &lab.name, graded)?;
    let keys = ["SIS Login ID", "SIS User ID", "ID", "Student"];
    let canvas = arguments.canvas.as_deref().zip(arguments.canvas_column.as_deref());
    let canvas = canvas.map(|(path, column)| Sheet { path, name: "canvas.csv", keys: &keys, column, words: None });
    let keys = ["ID number", "Email address", "Identifier", "Full name", "Username"];
    let words = Some("Feedback comments");
    let moodle =
        arguments.moodle.as_deref().map(|path| Sheet { path, name: "moodle.csv", keys: &keys, column: "Grade", words });
    for sheet in canvas.iter().chain(&moodle) {
        let missing = gradebook::fill(sheet, out, graded)?;
        if !missing.is_empty() {
            println!("{}: no line or no score for {}", sheet.path.display(), missing.join(", "));
        }
    }
    let texts: Vec<(String, String)> =
        graded.iter().filter_map(|student| Some((student.record.id.clone(), student.source.clone()?))).collect();
    summary::write_page(out, &lab.name, facts, graded, &alike::pairs(&texts, &facts.stub))
}

/// What confines submissions here, as another process finds out.
fn held() -> Result<String> {
    let program = std::env::current_exe().context("looking for this program")?;
    said(Command::new(program).args(["confine", "--probe", "--alone"])).context("confining fails")
}
