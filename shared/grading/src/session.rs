//! All verdicts of one lab.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::Context;

use crate::answer::{CHANGED, DEADLINE};
use crate::detect::MOST_EXACT;
use crate::golden::Case;
use crate::judge::{Answers, in_words, judge};
use crate::lab::{Ask, Bad, Run};
use crate::{Answer, Check, Golden, Lab, Status, Values, Verdict, fresh, idle, source};

/// A lab, a student's answers to it, and what has been found out about them so far. A check is judged when its verdict is
/// first asked for, and once only.
pub struct Session<E: 'static> {
    /// What is asked.
    pub lab: Lab<E>,
    asked: Asked<E>,
    golden: Golden,
    fresh: Option<Fresh<E>>,
    source: String,
    verdicts: Vec<OnceLock<Verdict>>,
}

/// Where answers come from.
enum Asked<E> {
    /// Functions that are called when an answer is wanted.
    Functions(E),
    /// Another process has answered every case of every check.
    Recorded(Vec<Vec<Answer>>),
}

/// What is expected of fresh cases is rounded, too, and their numbers may be less kind than the golden ones.
const ROUNDING: f64 = 10.0;

/// What fresh cases are made of: right functions, and a seed.
pub struct Fresh<E> {
    /// Functions whose answers are right.
    pub right: E,
    /// Which cases.
    pub seed: u64,
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
        Self::open(lab, Asked::Functions(exercises), package, source)
    }

    /// Prepares to judge what another process has answered, check by check: first the golden cases, then the fresh ones.
    ///
    /// # Errors
    /// As [`Session::with_source`].
    pub fn of_answers(lab: Lab<E>, answers: Vec<Vec<Answer>>, package: &Path, source: String) -> anyhow::Result<Self> {
        Self::open(lab, Asked::Recorded(answers), package, source)
    }

    fn open(lab: Lab<E>, asked: Asked<E>, package: &Path, source: String) -> anyhow::Result<Self> {
        let golden = Golden::load(package, lab.name)?;
        for check in &lab.checks {
            if let Ask::Values { .. } = check.ask {
                golden.cases(check.id)?;
            }
        }
        let verdicts = lab.checks.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { lab, asked, golden, fresh: None, source, verdicts })
    }

    /// Asks for fresh cases, too.
    pub fn with_fresh(self, fresh: Fresh<E>) -> Self {
        Self { fresh: Some(fresh), ..self }
    }

    /// What goes into a check's cases, the golden ones first.
    ///
    /// # Errors
    /// None on the CPU.
    pub fn inputs(&self, check: &Check<E>) -> candle_core::Result<Vec<Values>> {
        let golden = self.golden.cases(check.id).unwrap_or_default();
        let known = golden.iter().map(|case| Ok(case.input.clone()));
        let seed = self.fresh.as_ref().map(|fresh| fresh.seed).filter(|_| self.lab.has_fresh_cases(check));
        let fresh = seed.into_iter().flat_map(|seed| {
            golden.iter().enumerate().map(move |(i, case)| fresh::case(&case.input, seed, check.id, i))
        });
        known.chain(fresh).collect()
    }

    /// The verdict on the check of index `i`.
    ///
    /// # Panics
    /// If there is no such check.
    pub fn verdict(&self, i: usize) -> &Verdict {
        self.verdicts[i].get_or_init(|| {
            let check = &self.lab.checks[i];
            self.refusal(check).unwrap_or_else(|| self.or_blocked(check, self.judge(i, check)))
        })
    }

    /// The verdict on the check of index `i`, if it has been asked for.
    pub fn known_verdict(&self, i: usize) -> Option<&Verdict> {
        self.verdicts[i].get()
    }

    fn judge(&self, i: usize, check: &Check<E>) -> Verdict {
        match check.ask {
            Ask::Refusals(inputs) => self.only_bad(check, self.refuses_all(i, inputs)),
            Ask::Values { tolerance, run, mistakes } => {
                let cases = self.golden.cases(check.id).unwrap_or_default();
                let Ok(inputs) = self.inputs(check) else {
                    return Verdict::new(Status::NoAnswer, "the cases of this check can't be made");
                };
                let all = self.answers(i, run, &inputs);
                let (known, new) = all.split_at(cases.len().min(all.len()));
                let answers = Answers { tolerance, cases, answers: known };
                let mut verdict = judge(&answers, mistakes, self.others_pass(check));
                if verdict.passed() {
                    return self.of_fresh(tolerance, run, &inputs[cases.len()..], new).unwrap_or(verdict);
                }
                if let Some(name) = self.idle_input(&verdict, &answers, run) {
                    verdict.message =
                        format!("Your answer stays the same whatever `{name}` is: is it used?\n{}", verdict.message);
                }
                verdict
            }
        }
    }

    /// What is wrong with the answers to fresh cases, if anything is. Nothing of the cases is said.
    fn of_fresh(&self, tolerance: f64, run: Run<E>, inputs: &[Values], answers: &[Answer]) -> Option<Verdict> {
        let right = self.fresh.as_ref()?.right;
        if let Some(last) = answers.last().filter(|_| answers.len() < inputs.len()) {
            let (status, words) = in_words(last);
            return Some(Verdict::new(
                status,
                format!("Right on the cases that come with the lab. On others: {words}"),
            ));
        }
        let cases = inputs.iter().zip(answers).filter_map(|(input, answer)| {
            // A case to which a right function has no answer is none.
            let Answer::Values(expected) = Answer::of(run, &right, input, DEADLINE) else { return None };
            Some((Case { input: input.clone(), expected, ..Case::default() }, answer.clone()))
        });
        let (cases, answers): (Vec<Case>, Vec<Answer>) = cases.unzip();
        let tolerance = tolerance * ROUNDING;
        let verdict = judge(&Answers { tolerance, cases: &cases, answers: &answers }, &[], true);
        let what = match verdict.status {
            Status::Pass => return None,
            Status::Fail => "wrong",
            _ => verdict.message.lines().next().unwrap_or_default(),
        };
        let message = format!(
            "Right on the cases that come with the lab. On others of the same kind: {what}. Does it hold for every input?"
        );
        Some(Verdict::new(verdict.status, message))
    }

    /// An input that a wrong answer does not depend on.
    fn idle_input(&self, verdict: &Verdict, answers: &Answers, run: Run<E>) -> Option<String> {
        let Asked::Functions(exercises) = &self.asked else { return None };
        let unexplained = verdict.status == Status::Fail && verdict.mistake.is_none();
        let again = |input: &Values| Answer::of(run, exercises, input, DEADLINE);
        (unexplained && answers.tolerance <= MOST_EXACT).then(|| idle::input(answers, again)).flatten()
    }

    /// Answers to the cases of the check of index `i`; after one that took too long there are no more.
    fn answers(&self, i: usize, run: Run<E>, inputs: &[Values]) -> Cow<'_, [Answer]> {
        match &self.asked {
            Asked::Recorded(answers) => Cow::Borrowed(&answers[i]),
            Asked::Functions(exercises) => {
                let mut answers = Vec::with_capacity(inputs.len());
                for input in inputs {
                    answers.push(Answer::of(run, exercises, input, DEADLINE));
                    if answers.last().is_some_and(Answer::is_last) {
                        break;
                    }
                }
                Cow::Owned(answers)
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

    /// A function that refuses whatever it is given has not understood what is bad.
    fn only_bad(&self, check: &Check<E>, verdict: Verdict) -> Verdict {
        let mut others =
            self.lab.checks_of(check.exercise).filter(|(_, other)| matches!(other.ask, Ask::Values { .. }));
        if !verdict.passed() || others.any(|(i, _)| self.verdict(i).passed()) {
            return verdict;
        }
        let message = "counts as soon as another check of this exercise passes: a function that refuses everything refuses these inputs, too";
        Verdict::new(Status::Blocked, message)
    }

    /// Whether every input is refused as the documentation promises.
    fn refuses_all(&self, i: usize, inputs: &'static [Bad<E>]) -> Verdict {
        for (place, &(what, call)) in inputs.iter().enumerate() {
            let answer = match &self.asked {
                Asked::Functions(exercises) => Answer::of_bad(call, exercises, DEADLINE),
                Asked::Recorded(answers) => answers[i][place].clone(),
            };
            let (status, words) = match answer {
                Answer::Failed(_) => continue,
                Answer::Unfinished => return Verdict::new(Status::Todo, "not written yet"),
                Answer::Values(values) => {
                    let words = if values.get(CHANGED).is_some() {
                        "there was an error, but something had changed before it: check everything first, or keep what is new until nothing can fail."
                    } else {
                        "accepted without a word. The documentation's `# Errors` promises an error."
                    };
                    (Status::Fail, words.to_string())
                }
                Answer::Panicked(message) => {
                    let words = format!(
                        "panicked ({message}), where `# Errors` promises an error: check first and `bail!`, or pass on with `?` what a call reports."
                    );
                    (Status::Panic, words)
                }
                other => in_words(&other),
            };
            return Verdict::new(status, format!("{what}: {words}"));
        }
        Verdict::new(Status::Pass, "")
    }

    fn refusal(&self, check: &Check<E>) -> Option<Verdict> {
        let exercise = self.lab.exercises.iter().find(|exercise| exercise.name == check.exercise)?;
        let others: Vec<&str> =
            self.lab.exercises.iter().map(|other| other.name).filter(|name| *name != exercise.name).collect();
        let name = source::uses(&self.source, exercise.refuses, &others)?;
        let message = format!(
            "`{name}` does what this exercise asks you to write: call it neither there nor in a helper at the top of the file"
        );
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
