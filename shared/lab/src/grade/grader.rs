//! From submissions to records, several at once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use super::compile::{self, Compiled, compile};
use super::judge::{Check, Judge, hex};
use super::record::{Record, Status, write};
use super::rules::Rules;
use super::submission::Submission;
use super::tree::Tree;
use super::{Graded, worker};
use crate::course::{Course, Lab, read};

/// How submissions are run.
#[derive(Clone)]
pub struct How {
    /// Folder of the results.
    pub out: PathBuf,
    /// Submissions at once.
    pub jobs: u32,
    /// Time for a check.
    pub seconds: u64,
    /// Bytes for a check.
    pub memory: u64,
    /// Do not believe earlier records.
    pub again: bool,
}

/// All that grading needs besides submissions.
pub struct Grader {
    lab: String,
    package: String,
    /// Where cargo keeps builds.
    target: PathBuf,
    /// One submission is compiled at a time; its checks then run beside the next one's compiler.
    tree: Mutex<Tree>,
    judge: Judge,
    /// Of all that a record depends on besides the submission.
    fingerprint: String,
    how: How,
}

impl Grader {
    /// Builds the judge, and the lab itself in the tree for submissions. `judge` is the package whose checks judge, with fresh cases
    /// where there is a seed.
    pub fn new(course: &Course, lab: &Lab, judge: &str, seed: Option<u64>, how: How) -> Result<Self> {
        let judge = Judge::new(&course.root, judge, seed)?;
        let tree = Tree::lay(course, lab)?;
        let target = course.root.join("target");
        compile::rehearse(&tree, lab.package(), &target, &read(&lab.folder.join("src/lib.rs"))?)?;
        let compiler = Command::new("rustc").arg("-vV").output().context("asking rustc for its version")?;
        let mut hash = Sha256::new();
        hash.update(judge.fingerprint()?);
        hash.update(&compiler.stdout);
        hash.update(format!("{} {}", how.seconds, how.memory));
        let fingerprint = hex(&hash.finalize());
        Ok(Self {
            lab: lab.name.clone(),
            package: lab.package().to_string(),
            target,
            tree: Mutex::new(tree),
            judge,
            fingerprint,
            how,
        })
    }

    /// Grades all submissions; what was graded before is not graded again.
    pub fn all(&self, submissions: &[Submission], rules: &Rules) -> Result<Vec<Graded>> {
        let bar = ProgressBar::new(submissions.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        let next = Mutex::new(submissions.iter().enumerate());
        let done = Mutex::new(Vec::new());
        let work = || -> Result<()> {
            loop {
                let Some((i, submission)) = next.lock().ok().and_then(|mut next| next.next()) else { return Ok(()) };
                let graded = self.one(submission, rules)?;
                bar.println(format!("{}: {}", submission.id, graded.in_a_line()));
                bar.inc(1);
                done.lock().ok().context("a thread panicked")?.push((i, graded));
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.how.jobs).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")))
        })?;
        bar.finish_and_clear();
        let mut done = done.into_inner().ok().context("a thread panicked")?;
        done.sort_by_key(|(i, _)| *i);
        Ok(done.into_iter().map(|(_, graded)| graded).collect())
    }

    /// Grades one submission, unless that was done before.
    pub fn one(&self, submission: &Submission, rules: &Rules) -> Result<Graded> {
        let start = Instant::now();
        let source = submission.source(&self.lab);
        let mut hash = Sha256::new();
        hash.update(&self.fingerprint);
        hash.update(source.as_ref().map_or_else(|error| format!("{error:#}"), Clone::clone));
        let hash = hex(&hash.finalize());
        let known = Record::load(&self.how.out, &submission.id, &hash).filter(|_| !self.how.again);
        let record = match known {
            Some(record) => record,
            None => {
                let found = match &source {
                    Ok(text) => self.grade(&submission.id, text),
                    Err(reason) => Ok(Found::nothing(Status::Rejected, format!("{reason:#}"))),
                };
                // What the grader could not do is never the student's fault, and never silent.
                let found = found.unwrap_or_else(|error| Found::nothing(Status::GraderError, format!("{error:#}")));
                let seconds = start.elapsed().as_secs_f64();
                let Found { status, words, checks } = found;
                let record = Record { id: submission.id.clone(), hash, status, words, seconds, checks };
                record.save(&self.how.out)?;
                record
            }
        };
        let score = rules.score(&record, submission.time());
        Ok(Graded { record, score, source: source.ok() })
    }

    fn grade(&self, id: &str, text: &str) -> Result<Found> {
        let folder = Record::folder(&self.how.out, id);
        let source = folder.join("lib.rs");
        write(&source, text.as_bytes())?;
        // Next to no other student's: a worker may read its own program only.
        let program = self.target.join("grading/workers").join(hex(&Sha256::digest(id)));
        {
            let tree = self.tree.lock().ok().context("a thread panicked")?;
            match compile(&tree, &self.package, &self.target, text, compile::DEADLINE)? {
                Compiled::Failed(words) => return Ok(Found::nothing(Status::BuildError, words)),
                Compiled::Rejected(words) => return Ok(Found::nothing(Status::Rejected, words)),
                Compiled::Program(built) => super::tree::copy(&built, &program)?,
            }
        }
        let limit = Duration::from_secs(self.how.seconds);
        let ask = |cases| worker::ask(&program, cases, limit, self.how.memory);
        let answers: Result<Vec<_>> = self.judge.cases.iter().map(ask).collect();
        fs::remove_file(&program).with_context(|| format!("removing {}", program.display()))?;
        let report = self.judge.judge(&answers?, &source)?;
        Ok(Found { status: Status::Graded, words: String::new(), checks: report.checks })
    }
}

/// What was found out about a submission.
struct Found {
    status: Status,
    words: String,
    checks: Vec<Check>,
}

impl Found {
    fn nothing(status: Status, words: String) -> Self {
        Self { status, words, checks: Vec::new() }
    }
}
