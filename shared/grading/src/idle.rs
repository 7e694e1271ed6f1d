//! Inputs that change nothing: a function is asked once more, with one of its inputs altered.

use candle_core::{DType, Device, Result, Tensor};

use crate::compare::{derived, floats};
use crate::golden::Case;
use crate::judge::Answers;
use crate::{Answer, Values};

/// The input, if there is one, that could be altered in several cases and never changed the answer.
pub(crate) fn input(answers: &Answers, again: impl Fn(&Values) -> Answer) -> Option<String> {
    let first = answers.cases.first()?;
    // What comes back under its own name is state, which a right answer may well replace.
    let is_state = |name: &&str| first.expected.get(name).is_some();
    let mut names = first.input.iter().map(|(name, _)| name).filter(|name| !is_state(name));
    let is_idle = |name: &&str| {
        let mut tried = 0;
        for (case, got) in answers.values().filter(|(_, got)| tells(got)) {
            for altered in altered(case, answers.cases, name) {
                match again(&altered) {
                    Answer::Values(values) if equal(got, &values) => tried += 1,
                    _ => return false,
                }
            }
        }
        tried >= 2
    };
    names.find(is_idle).map(str::to_string)
}

/// Whether an answer is one that nearly every change of an input changes: floats that are finite, not counts or choices.
fn tells(answer: &Values) -> bool {
    let plain =
        || answer.iter().filter(|(name, _)| !derived(name)).filter_map(|(_, value)| Some((value, floats(value).ok()?)));
    plain().all(|(_, floats)| floats.iter().all(|x| x.is_finite()))
        && plain().any(|(value, floats)| value.dtype() == DType::F32 && floats.iter().any(|x| x.fract() != 0.0))
}

/// A case with one input altered, in every way that makes sense: a number becomes that of each other case, a tensor of floats gets a ramp
/// on top.
fn altered(case: &Case, cases: &[Case], name: &str) -> Vec<Values> {
    let Some(input) = case.input.get(name) else { return Vec::new() };
    let others: Vec<Tensor> = if input.rank() == 0 {
        let number = |case: &Case| case.input.number(name).ok();
        let others = cases.iter().filter(|other| number(other) != number(case));
        others.filter_map(|other| other.input.get(name).cloned()).collect()
    } else if input.dtype() == DType::F32 && differs(name, cases) {
        ramp(input).into_iter().collect()
    } else {
        Vec::new()
    };
    others.into_iter().map(|other| case.input.clone().with(name, &other)).collect()
}

/// Whether an input is not the same in all cases: one that is may well be meant to change nothing.
fn differs(name: &str, cases: &[Case]) -> bool {
    let mut inputs =
        cases.iter().filter_map(|case| Some((case.input.get(name)?.dims(), floats(case.input.get(name)?).ok()?)));
    let first = inputs.next();
    inputs.any(|input| Some(input) != first)
}

fn ramp(tensor: &Tensor) -> Result<Tensor> {
    let steps = (0..tensor.elem_count()).map(|i| 0.1 * (1 + i % 5) as f32);
    tensor + Tensor::from_iter(steps, &Device::Cpu)?.reshape(tensor.shape())?
}

/// Whether two answers are the same, gradients left aside.
fn equal(a: &Values, b: &Values) -> bool {
    a.iter().filter(|(name, _)| !derived(name)).all(|(name, value)| {
        let other = b.get(name).filter(|other| other.dims() == value.dims());
        let floats = |tensor: &Tensor| floats(tensor).ok();
        other.is_some_and(|other| floats(other).is_some() && floats(other) == floats(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    type Function = fn(&Tensor, f64) -> Result<Tensor>;

    fn run(function: Function, case: &Values) -> Answer {
        let result = case.tensor("x").and_then(|x| function(x, case.number("rate")?));
        result.map_or_else(|error| Answer::Failed(error.to_string()), |y| Answer::Values(Values::new().with("y", &y)))
    }

    /// What is found idle of x and a rate, by two cases of other sizes and rates.
    fn idle(function: Function) -> Result<Option<String>> {
        let case = |size: u32, rate: f64| -> Result<Case> {
            let x = (Tensor::arange(0, size, &Device::Cpu)?.to_dtype(DType::F32)? + 1.0)?;
            let input = Values::new().with("x", &x).with_number("rate", rate)?;
            Ok(Case { input, expected: Values::new().with("y", &(x * rate)?), mistakes: BTreeMap::new() })
        };
        let cases = [case(3, 0.5)?, case(4, 0.7)?];
        let answers: Vec<Answer> = cases.iter().map(|case| run(function, &case.input)).collect();
        let answers = Answers { tolerance: 1e-6, cases: &cases, answers: &answers };
        Ok(input(&answers, |altered| run(function, altered)))
    }

    #[test]
    fn what_is_never_used_is_found_and_what_is_used_is_not() -> Result<()> {
        assert_eq!(idle(|x, _| x * 2.3)?, Some("rate".to_string()));
        assert_eq!(idle(|x, rate| x.ones_like()? * rate)?, Some("x".to_string()));
        assert_eq!(idle(|x, rate| x / rate)?, None);
        // What is rounded or infinite may well stay the same.
        assert_eq!(idle(|x, _| (x * 2.0)?.round())?, None);
        assert_eq!(idle(|x, rate| x * (f64::INFINITY * rate))?, None);
        Ok(())
    }
}
