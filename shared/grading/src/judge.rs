//! From an answer to a verdict: is it right, and if not, which mistake was it?

use candle_core::{DType, Tensor};
use serde::Serialize;

use crate::golden::Case;
use crate::lab::Check;
use crate::values::{GRADIENT, LEAK};
use crate::{Answer, Values};

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
    /// The id of the known mistake that gives just this answer.
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

/// Judges an answer by a case's expected values and by what known mistakes give.
pub fn judge<E>(check: &Check<E>, case: &Case, answer: &Answer) -> Verdict {
    let values = match answer {
        Answer::Values(values) => values,
        Answer::Unfinished => return Verdict::new(Status::Todo, "not written yet"),
        Answer::Failed(error) => {
            return Verdict::new(Status::Error, format!("returned an error: {error}"));
        }
        Answer::Panicked(message) => {
            return Verdict::new(Status::Panic, format!("panicked: {message}"));
        }
        Answer::TimedOut => {
            let seconds = crate::answer::DEADLINE.as_secs();
            return Verdict::new(Status::Timeout, format!("not done after {seconds} s"));
        }
    };
    let Some(difference) = first_difference(values, &case.expected, check.tolerance) else {
        return Verdict::new(Status::Pass, "");
    };
    let made = |(id, _): &&(&'static str, &str)| {
        let given = case.mistakes.get(*id);
        given.is_some_and(|given| first_difference(values, given, check.tolerance).is_none())
    };
    match check.mistakes.iter().find(made) {
        Some((id, advice)) => {
            Verdict { status: Status::Fail, message: format!("{difference}\n{advice}"), mistake: Some(id) }
        }
        None => Verdict::new(Status::Fail, difference),
    }
}

/// The first way in which the values differ from the expected ones, in words.
fn first_difference(got: &Values, expected: &Values, tolerance: f64) -> Option<String> {
    expected.iter().find_map(|(name, expected)| match got.get(name) {
        None if name.starts_with(GRADIENT) => Some(format!(
            "{name}: none arrives. The graph is cut on the way: work on tensors throughout, without `detach`, `to_vec` \
             or `to_scalar`."
        )),
        None => Some(format!("{name}: missing")),
        Some(got) => describe(name, got, expected, tolerance).unwrap_or_else(|error| Some(error.to_string())),
    })
}

fn describe(name: &str, got: &Tensor, expected: &Tensor, tolerance: f64) -> candle_core::Result<Option<String>> {
    if got.dims() != expected.dims() {
        return Ok(Some(format!("{name}: got shape {:?}, expected {:?}", got.dims(), expected.dims())));
    }
    if got.dtype() != expected.dtype() {
        return Ok(Some(format!("{name}: got {:?}, expected {:?}", got.dtype(), expected.dtype())));
    }
    let (g, e) = (floats(got)?, floats(expected)?);
    let near = |(g, e): (&f64, &f64)| {
        let close = e.is_finite() && (g - e).abs() <= tolerance * (1.0 + e.abs());
        close || g == e || (g.is_nan() && e.is_nan())
    };
    let Some(i) = g.iter().zip(&e).position(|pair| !near(pair)) else { return Ok(None) };
    if name.starts_with(LEAK) {
        return Ok(Some(format!("{name}: {} arrives where none may: cut the graph with `detach`", g[i])));
    }
    let place = if g.len() > 1 { format!(" at {:?}", index(i, got.dims())) } else { String::new() };
    let odd = if g[i].is_finite() { "" } else { " (not a finite number)" };
    let within = if tolerance > 0.0 { format!(" (± {tolerance:.0e})") } else { String::new() };
    Ok(Some(format!("{name}{place}: got {}{odd}, expected {}{within}", short(g[i]), short(e[i]))))
}

fn floats(tensor: &Tensor) -> candle_core::Result<Vec<f64>> {
    tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}

/// Position in a row-major tensor.
fn index(mut flat: usize, dims: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = dims
        .iter()
        .rev()
        .map(|dim| {
            let digit = flat % dim;
            flat /= dim;
            digit
        })
        .collect();
    index.reverse();
    index
}

/// Whole numbers as they are, others with five significant decimals.
fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 { format!("{value}") } else { format!("{value:.5}") }
}
