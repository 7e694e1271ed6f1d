//! From submissions to records, several at once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use super::compile::{self, Compiled, compile};
use super::judge::{Check, Judge, hex};
use super::record::{Record, Status, write};
use super::rules::Rules;
use super::submission::Submission;
use super::tree::{Tree, copy};
use super::{Graded, worker};
use crate::course::read;
use crate::said::said;

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
    /// One submission is compiled at a time; its checks then run beside the next one's compiler.
    tree: Mutex<Tree>,
    judge: Judge,
    /// Of all that a record depends on besides the submission.
    fingerprint: String,
    how: How,
}

impl Grader {
    /// Puts the parts together.
    pub fn new(lab: &str, tree: Tree, judge: Judge, how: How) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(judge.fingerprint()?);
        // The gate and whatever else decides are parts of this program.
        hash.update(fs::read(env::current_exe().context("looking for this program")?).context("reading this program")?);
        hash.update(said(Command::new("rustc").arg("-vV").current_dir(&tree.root))?);
        hash.update(read(&tree.root.join("Cargo.lock"))?);
        hash.update(format!("{} {}", how.seconds, how.memory));
        let fingerprint = hex(&hash.finalize());
        Ok(Self { lab: lab.to_string(), tree: Mutex::new(tree), judge, fingerprint, how })
    }

    /// Compiles and asks the stub as if it were handed in: whatever goes wrong then is no student's fault.
    pub fn rehearse(&self) -> Result<()> {
        let program = {
            let tree = self.tree.lock().ok().context("a thread panicked")?;
            let program = tree.program("stub");
            copy(&compile::rehearse(&tree)?, &program)?;
            program
        };
        let source = program.with_extension("rs");
        fs::write(&source, "").with_context(|| format!("writing {}", source.display()))?;
        let report = self.judge.judge(&self.ask(&program)?, &source)?;
        let odd = report.checks.iter().find(|check| check.status != "todo");
        ensure!(odd.is_none(), "the lab's stub should have everything to do, and has {odd:?}");
        Ok(())
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
                bar.suspend(|| println!("{}: {}", submission.id, graded.in_a_line()));
                bar.inc(1);
                done.lock().ok().context("a thread panicked")?.push((i, graded));
            }
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.how.jobs).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a thread panicked")))
        })?;
        bar.finish_and_clear();
        let mut done = done.into_inner().ok().context("a thread panicked")?;
        done.sort_by_key(|(i, _)| *i);
        Ok(done.into_iter().map(|(_, graded)| graded).collect())
    }

    /// Grades one submission, unless that was done before.
    pub fn one(&self, submission: &Submission, rules: &Rules) -> Result<Graded> {
        let handed_in = submission.read(&self.lab);
        let mut hash = Sha256::new();
        hash.update(&self.fingerprint);
        hash.update(handed_in.as_ref().map_or_else(|error| format!("{error:#}"), |read| read.text.clone()));
        let hash = hex(&hash.finalize());
        let known = Record::load(&self.how.out, &submission.id, &hash).filter(|_| !self.how.again);
        let (source, time) = match &handed_in {
            Ok(read) => (Some(read.text.clone()), read.time),
            Err(_) => (None, None),
        };
        let record = match known {
            Some(record) => record,
            None => {
                let found = handed_in.map_or_else(unread, |read| self.grade(&submission.id, &read.text));
                // What the grader could not do is never the student's fault, and never silent.
                let Found { status, words, seconds, checks } =
                    found.unwrap_or_else(|error| Found::nothing(Status::GraderError, format!("{error:#}")));
                let record = Record { id: submission.id.clone(), hash, status, words, seconds, checks };
                record.save(&self.how.out)?;
                record
            }
        };
        let score = rules.score(&record, time);
        Ok(Graded { record, score, source })
    }

    fn grade(&self, id: &str, text: &str) -> Result<Found> {
        let source = Record::folder(&self.how.out, id).join("lib.rs");
        write(&source, text.as_bytes())?;
        let (compiled, program, start) = {
            let tree = self.tree.lock().ok().context("a thread panicked")?;
            let start = Instant::now();
            let program = tree.program(id);
            let compiled = compile(&tree, text, compile::DEADLINE)?;
            if let Compiled::Program(built) = &compiled {
                copy(built, &program)?;
            }
            (compiled, program, start)
        };
        match compiled {
            Compiled::Failed(words) => return Ok(Found::nothing(Status::BuildError, words)),
            Compiled::Rejected(words) => return Ok(Found::nothing(Status::Rejected, words)),
            Compiled::Program(_) => {}
        }
        let answers = self.ask(&program);
        fs::remove_file(&program).with_context(|| format!("removing {}", program.display()))?;
        let checks = self.judge.judge(&answers?, &source)?.checks;
        Ok(Found { status: Status::Graded, words: String::new(), seconds: start.elapsed().as_secs_f64(), checks })
    }

    /// All checks, each in a process of its own.
    fn ask(&self, program: &Path) -> Result<Vec<worker::Recorded>> {
        let limit = Duration::from_secs(self.how.seconds);
        self.judge.cases.iter().map(|cases| worker::ask(program, cases, limit, self.how.memory)).collect()
    }
}

/// Why there is no text: what the system reports is the grader's fault, everything else the student's.
fn unread(error: anyhow::Error) -> Result<Found> {
    if error.chain().any(|cause| cause.is::<std::io::Error>()) {
        return Err(error.context("the submission can't be read"));
    }
    Ok(Found::nothing(Status::Rejected, format!("{error:#}")))
}

/// What was found out about a submission.
struct Found {
    status: Status,
    words: String,
    /// Of compiling, answering and judging.
    seconds: f64,
    checks: Vec<Check>,
}

impl Found {
    fn nothing(status: Status, words: String) -> Self {
        Self { status, words, seconds: 0.0, checks: Vec::new() }
    }
}
