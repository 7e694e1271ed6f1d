//! All verdicts of one lab.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::Context;

use crate::detect::MOST_EXACT;
use crate::judge::{Answers, judge};
use crate::lab::{Ask, Bad};
use crate::{Answer, Check, Golden, Lab, Status, Values, Verdict, idle, source};

/// A lab, a student's functions for it, and what has been found out about them so far. A check runs when its verdict is
/// first asked for, and once only.
pub struct Session<E: 'static> {
    /// What is asked.
    pub lab: Lab<E>,
    exercises: E,
    golden: Golden,
    source: String,
    verdicts: Vec<OnceLock<Verdict>>,
}

impl<E: Copy + Send + 'static> Session<E> {
    /// Prepares to check `exercises`, whose source is that of the package in the folder `package`.
    ///
    /// # Errors
    /// Golden values or a source that can't be read.
    pub fn new(lab: Lab<E>, exercises: E, package: &Path) -> anyhow::Result<Self> {
        let path = package.join("src/lib.rs");
        let source = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Self::with_source(lab, exercises, package, source)
    }

    /// As [`Session::new`], with the source given.
    ///
    /// # Errors
    /// Golden values that can't be read or lack a check.
    pub fn with_source(lab: Lab<E>, exercises: E, package: &Path, source: String) -> anyhow::Result<Self> {
        let golden = Golden::load(package, lab.name)?;
        for check in &lab.checks {
            if let Ask::Values { .. } = check.ask {
                golden.cases(check.id)?;
            }
        }
        let verdicts = lab.checks.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { lab, exercises, golden, source, verdicts })
    }

    /// The verdict on the check of index `i`.
    ///
    /// # Panics
    /// If there is no such check.
    pub fn verdict(&self, i: usize) -> &Verdict {
        self.verdicts[i].get_or_init(|| {
            let check = &self.lab.checks[i];
            self.refusal(check).unwrap_or_else(|| self.or_blocked(check, self.judge(check)))
        })
    }

    /// The verdict on the check of index `i`, if it has been asked for.
    pub fn known_verdict(&self, i: usize) -> Option<&Verdict> {
        self.verdicts[i].get()
    }

    fn judge(&self, check: &Check<E>) -> Verdict {
        match check.ask {
            Ask::Refusals(inputs) => self.refuses_all(inputs),
            Ask::Values { tolerance, run, mistakes } => {
                let cases = self.golden.cases(check.id).unwrap_or_default();
                let mut answers = Vec::with_capacity(cases.len());
                for case in cases {
                    answers.push(Answer::of(run, &self.exercises, &case.input));
                    if let Some(Answer::TimedOut | Answer::Unfinished) = answers.last() {
                        break;
                    }
                }
                let answers = Answers { tolerance, cases, answers: &answers };
                let mut verdict = judge(&answers, mistakes, self.others_pass(check));
                if verdict.status == Status::Fail && verdict.mistake.is_none() && tolerance <= MOST_EXACT {
                    let again = |input: &Values| Answer::of(run, &self.exercises, input);
                    if let Some(name) = idle::input(&answers, again) {
                        verdict.message = format!(
                            "Your answer stays the same whatever `{name}` is: is it used?\n{}",
                            verdict.message
                        );
                    }
                }
                verdict
            }
        }
    }

    /// Whether the checks of an exercise that come before this one are passed.
    fn others_pass(&self, check: &Check<E>) -> bool {
        self.lab
            .checks_of(check.exercise)
            .take_while(|(_, other)| other.id != check.id)
            .all(|(i, _)| self.verdict(i).passed())
    }

    /// Whether every input is refused as the documentation promises.
    fn refuses_all(&self, inputs: &'static [Bad<E>]) -> Verdict {
        for &(what, call) in inputs {
            let exercises = self.exercises;
            match Answer::of_call(move || call(&exercises).map(|()| Values::new())) {
                Answer::Failed(_) => {}
                Answer::Unfinished => return Verdict::new(Status::Todo, "not written yet"),
                Answer::Values(_) => {
                    let message =
                        format!("{what}: accepted without a word. The documentation's `# Errors` promises an error.");
                    return Verdict::new(Status::Fail, message);
                }
                Answer::Panicked(message) => {
                    let message = format!(
                        "{what}: panicked ({message}), where `# Errors` promises an error: check first and `bail!`, or pass on with `?` what a call reports."
                    );
                    return Verdict::new(Status::Panic, message);
                }
                Answer::TimedOut => {
                    return Verdict::new(Status::Timeout, format!("{what}: no answer, as of a loop that never ends"));
                }
            }
        }
        Verdict::new(Status::Pass, "")
    }

    fn refusal(&self, check: &Check<E>) -> Option<Verdict> {
        let exercise = self.lab.exercises.iter().find(|exercise| exercise.name == check.exercise)?;
        let others: Vec<&str> =
            self.lab.exercises.iter().map(|other| other.name).filter(|name| *name != exercise.name).collect();
        let name = source::uses(&self.source, exercise.refuses, &others)?;
        let message =
            format!("`{name}` does what this exercise asks you to write: call it neither there nor in a helper");
        Some(Verdict::new(Status::Refused, message))
    }

    /// A failure that may come from an earlier exercise says so, and no more: what it looks like is no clue then. A pass stays one.
    fn or_blocked(&self, check: &Check<E>, verdict: Verdict) -> Verdict {
        if verdict.passed() || verdict.status == Status::Todo {
            return verdict;
        }
        let exercise = self.lab.exercises.iter().find(|exercise| exercise.name == check.exercise);
        let needs = exercise.map_or(&[][..], |exercise| exercise.needs);
        let broken = needs.iter().find(|need| self.lab.checks_of(need).any(|(i, _)| !self.verdict(i).passed()));
        match broken {
            Some(need) => Verdict {
                status: Status::Blocked,
                message: format!("fix exercise {} ({need}) first: this one builds on it", self.lab.number(need)),
                mistake: None,
            },
            None => verdict,
        }
    }

    /// Points won among the checks whose verdict is known.
    pub fn points(&self) -> u32 {
        let won = |(i, check): (usize, &Check<E>)| {
            self.known_verdict(i).filter(|verdict| verdict.passed()).map(|_| check.points)
        };
        self.lab.checks.iter().enumerate().filter_map(won).sum()
    }
}
