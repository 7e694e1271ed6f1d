//! From answers to a verdict: are they right, and if not, which mistake was it?

use serde::Serialize;

use crate::compare::{first_difference, is_finite, same, short};
use crate::golden::Case;
use crate::lab::Mistake;
use crate::{Answer, Values, detect};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Right.
    Pass,
    /// Wrong values, shape, type or gradient.
    Fail,
    /// Not written yet.
    Todo,
    /// The function returned an error.
    Error,
    /// The function panicked.
    Panic,
    /// The function took longer than the deadline.
    Timeout,
    /// The function wanted more memory than there was.
    OutOfMemory,
    /// The function's process died.
    Crash,
    /// The function's process ended without an answer.
    NoAnswer,
    /// An exercise that it builds on is not right yet.
    Blocked,
    /// The answer uses what the exercise is not about.
    Refused,
}

/// What is said of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// How it ended.
    pub status: Status,
    /// Why, for the student; empty for a pass.
    pub message: String,
    /// The id of the known mistake that gives just these answers.
    pub mistake: Option<&'static str>,
}

impl Verdict {
    /// A verdict without a known mistake.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), mistake: None }
    }

    /// Whether the check's points are won.
    pub fn passed(&self) -> bool {
        self.status == Status::Pass
    }
}

/// Cases, and the answer to each of them; answers may end early, after a timeout.
pub struct Answers<'a> {
    /// How far a right answer may be off.
    pub tolerance: f64,
    /// The golden cases.
    pub cases: &'a [Case],
    /// One for each case.
    pub answers: &'a [Answer],
}

/// Judges answers by the cases' expected values and by what known mistakes give. `ordinary` says whether the exercise's other
/// checks pass: only then is a mistake named by nothing but values that are not finite, for many mistakes end in those.
pub fn judge(answers: &Answers, mistakes: &[Mistake], ordinary: bool) -> Verdict {
    if answers.answers.iter().any(|answer| matches!(answer, Answer::Unfinished)) {
        return Verdict::new(Status::Todo, "not written yet");
    }
    let Some((i, problem)) = answers.first_problem() else { return Verdict::new(Status::Pass, "") };
    let place = answers.place(i);
    if let Some(mistake) = mistakes.iter().find(|mistake| answers.is_made(mistake.id, ordinary)) {
        let numbers = problem.message.map_or(String::new(), |message| format!("\n{message}{place}"));
        let message = format!("{}{numbers}", mistake.advice);
        return Verdict { status: Status::Fail, message, mistake: Some(mistake.id) };
    }
    let message = problem.message.unwrap_or_default();
    if problem.status != Status::Fail {
        return Verdict::new(problem.status, format!("{message}{place}"));
    }
    match detect::describe(answers) {
        Some(diagnosis) => Verdict::new(Status::Fail, format!("{diagnosis}\n{message}{place}")),
        None => Verdict::new(Status::Fail, format!("{message}{place}")),
    }
}

/// What is wrong with one answer.
struct Problem {
    status: Status,
    message: Option<String>,
}

impl Answers<'_> {
    /// Each case with the values that were given for it.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&Case, &Values)> {
        self.cases.iter().zip(self.answers).filter_map(|(case, answer)| match answer {
            Answer::Values(values) => Some((case, values)),
            _ => None,
        })
    }

    /// The first case whose answer is not right.
    fn first_problem(&self) -> Option<(usize, Problem)> {
        let problem = |(i, (case, answer)): (usize, (&Case, &Answer))| {
            let (status, message) = match answer {
                Answer::Values(values) => (Status::Fail, first_difference(values, &case.expected, self.tolerance)?),
                other => in_words(other),
            };
            Some((i, Problem { status, message: Some(message) }))
        };
        self.cases.iter().zip(self.answers).enumerate().find_map(problem)
    }

    /// Which of several cases this is, and what goes in.
    fn place(&self, i: usize) -> String {
        let inputs = self.cases[i].input.iter().map(|(name, value)| describe_input(name, value));
        let inputs: Vec<String> = inputs.take(MOST_INPUTS).collect();
        if self.cases.len() == 1 {
            return String::new();
        }
        format!("\n(case {} of {}: {})", i + 1, self.cases.len(), inputs.join(", "))
    }

    /// Whether the answers are those of a known mistake: wherever it gives values, they are the same, and at least once they are
    /// not the right ones.
    fn is_made(&self, id: &str, ordinary: bool) -> bool {
        let mut decided = false;
        for (case, answer) in self.cases.iter().zip(self.answers) {
            let made = match (case.mistakes.get(id), answer) {
                (Some(given), Answer::Values(values)) => {
                    let right = first_difference(values, &case.expected, self.tolerance).is_none();
                    let telling = ordinary || is_finite(values);
                    decided |= !right && telling;
                    same(values, given, self.tolerance)
                }
                (Some(_), _) => false,
                // The mistake gives no values here: an error is what one expects.
                (None, Answer::Values(_)) => false,
                (None, _) => true,
            };
            if !made {
                return false;
            }
        }
        decided
    }
}

/// What to say where there are no values.
pub(crate) fn in_words(answer: &Answer) -> (Status, String) {
    match answer {
        Answer::Values(_) => (Status::Fail, "returned".to_string()),
        Answer::Unfinished => (Status::Todo, "not written yet".to_string()),
        Answer::Failed(error) => (Status::Error, format!("returned an error: {error}")),
        Answer::Panicked(message) => (Status::Panic, format!("panicked: {message}")),
        Answer::TimedOut => {
            (Status::Timeout, "not done when its time was over: does the variable of every loop advance?".to_string())
        }
        Answer::OutOfMemory => {
            (Status::OutOfMemory, "wanted more memory than there is: does a vector grow in a loop?".to_string())
        }
        Answer::Crashed(how) => (Status::Crash, format!("the process died: {how}")),
        Answer::Missing(what) => (Status::NoAnswer, format!("no answer: {what}")),
    }
}

/// Inputs of a case that are named.
const MOST_INPUTS: usize = 6;

/// An input in a few letters: a number, or a tensor's shape.
fn describe_input(name: &str, value: &candle_core::Tensor) -> String {
    let number = value.rank() == 0;
    let scalar =
        number.then(|| value.to_dtype(candle_core::DType::F64).and_then(|value| value.to_scalar::<f64>()).ok());
    match scalar.flatten() {
        Some(number) => format!("{name} = {}", short(number)),
        None => format!("{name} {:?}", value.dims()),
    }
}
