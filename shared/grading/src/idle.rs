//! Inputs that change nothing: a function is asked once more, with one of its inputs altered.

use candle_core::{Device, Result, Tensor};

use crate::compare::{derived, floats};
use crate::golden::Case;
use crate::judge::Answers;
use crate::{Answer, Values};

/// The input, if there is one, that could be altered in several cases and never changed the answer.
pub(crate) fn input(answers: &Answers, again: impl Fn(&Values) -> Answer) -> Option<String> {
    let names = answers.cases.first()?.input.iter().map(|(name, _)| name);
    let is_idle = |name: &&str| {
        let mut tried = 0;
        for (case, got) in answers.values() {
            let Some(altered) = altered(case, answers.cases, name) else { continue };
            match again(&altered) {
                Answer::Values(values) if equal(got, &values) => tried += 1,
                _ => return false,
            }
        }
        tried >= 2
    };
    names.into_iter().find(is_idle).map(str::to_string)
}

/// A case with one input altered: a number becomes that of another case, a tensor of floats gets a ramp on top.
fn altered(case: &Case, cases: &[Case], name: &str) -> Option<Values> {
    let input = case.input.get(name)?;
    let other = if input.rank() == 0 {
        let other = |other: &Case| {
            let (mine, theirs) = (case.input.number(name).ok()?, other.input.number(name).ok()?);
            (mine != theirs).then(|| other.input.get(name).cloned()).flatten()
        };
        cases.iter().find_map(other)?
    } else if input.dtype().is_float() && differs(name, cases) {
        ramp(input).ok()?
    } else {
        return None;
    };
    Some(case.input.clone().with(name, &other))
}

/// Whether an input is not the same in all cases: one that is may well be meant to change nothing.
fn differs(name: &str, cases: &[Case]) -> bool {
    let mut inputs =
        cases.iter().filter_map(|case| Some((case.input.get(name)?.dims(), floats(case.input.get(name)?).ok()?)));
    let first = inputs.next();
    inputs.any(|input| Some(input) != first)
}

fn ramp(tensor: &Tensor) -> Result<Tensor> {
    let steps = (0..tensor.elem_count()).map(|i| 0.1 * (i % 5) as f32);
    tensor + Tensor::from_iter(steps, &Device::Cpu)?.reshape(tensor.shape())?.to_dtype(tensor.dtype())?
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
            let x = (Tensor::arange(0, size, &Device::Cpu)?.to_dtype(candle_core::DType::F32)? + 1.0)?;
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
        assert_eq!(idle(|x, _| x * 2.0)?, Some("rate".to_string()));
        assert_eq!(idle(|x, rate| x.ones_like()? * rate)?, Some("x".to_string()));
        assert_eq!(idle(|x, rate| x / rate)?, None);
        Ok(())
    }
}
