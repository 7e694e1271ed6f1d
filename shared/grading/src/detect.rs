//! What is wrong with answers that no known mistake gives: patterns that know nothing of any lab.
//!
//! A pattern is named only where it explains every value of every case.

use candle_core::Tensor;

use crate::compare::{all_finite, derived, describe as difference, floats, near};
use crate::golden::Case;
use crate::judge::Answers;
use crate::values::GRADIENT;

/// The greatest tolerance of a check of exact values.
pub(crate) const MOST_EXACT: f64 = 1e-3;
/// Numbers below this are too small for their ratio to say anything.
const TINY: f64 = 5e-3;
/// Values whose greatest error is this share of the greatest expected one, and that are not right, are told to be nearly so.
const NEARLY: f64 = 1e-3;

/// The pattern in words, if there is one.
pub(crate) fn describe(answers: &Answers) -> Option<String> {
    let (wrong, right) = split(answers);
    let (gradients, values): (Vec<&str>, Vec<&str>) = wrong.iter().partition(|name| derived(name));
    // Where chance decides, values that are only near each other say nothing.
    let by_chance = answers.tolerance > MOST_EXACT;
    let Some(name) = values.first().copied() else {
        let gradient = gradients.first().filter(|name| name.starts_with(GRADIENT) && !by_chance)?;
        return wrong_gradient(answers, gradient);
    };
    let alone = values.len() == 1 && right.iter().any(|name| !derived(name));
    let found = if by_chance { None } else { pattern(answers, name) };
    let words = [alone.then(|| format!("Only `{name}` is wrong.")), found];
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// What to say of a gradient that is wrong where all values are right. One that is missing speaks for itself.
fn wrong_gradient(answers: &Answers, name: &str) -> Option<String> {
    let got = answers.values().map(|(_, got)| got.get(name)).collect::<Option<Vec<_>>>()?;
    Some(if !got.into_iter().all(all_finite) {
        format!(
            "The values are right, but the {name} is not a number somewhere: as of a root or a length at 0, or of ∞ · 0."
        )
    } else if let Some(pattern) = pattern(answers, name) {
        format!("The values are right, but the {name} is not. {pattern}")
    } else {
        format!("The values are right, but the {name} is not: part of the computation is cut off or counted wrongly.")
    })
}

/// The names of all values that are wrong in some case, and of those that are right in all.
fn split<'a>(answers: &'a Answers) -> (Vec<&'a str>, Vec<&'a str>) {
    let Some(first) = answers.cases.first() else { return Default::default() };
    first.expected.iter().map(|(name, _)| name).partition(|name| {
        answers.values().any(|(case, got)| match (got.get(name), case.expected.get(name)) {
            (Some(got), Some(expected)) => !matches!(difference(name, got, expected, answers.tolerance), Ok(None)),
            (got, expected) => got.is_some() != expected.is_some(),
        })
    })
}

/// One value of one case: what was got, and what was expected.
struct Pair<'a> {
    case: &'a Case,
    got: Vec<f64>,
    expected: Vec<f64>,
    dims: Vec<usize>,
}

/// How value `name` differs from the expected one, if it does so in the same way everywhere.
fn pattern(answers: &Answers, name: &str) -> Option<String> {
    let mut pairs = Vec::new();
    for (case, got) in answers.values() {
        let (got, expected) = (got.get(name)?, case.expected.get(name)?);
        if got.dims() != expected.dims() || got.dtype() != expected.dtype() {
            return shape_or_type(got, expected);
        }
        let (got, dims, expected) = (floats(got).ok()?, expected.dims().to_vec(), floats(expected).ok()?);
        if got.iter().chain(&expected).any(|x| !x.is_finite()) {
            return None;
        }
        pairs.push(Pair { case, got, expected, dims });
    }
    let whole = |pair: &Pair| pair.dims.is_empty() && pair.expected.iter().all(|x| x.fract() == 0.0);
    if pairs.iter().all(whole) {
        // A single count says nothing of how it came about.
        return None;
    }
    let tolerance = answers.tolerance.max(1e-6);
    [nearly, factor, shifted, offset, unchanged, transposed, rows_in_another_order]
        .iter()
        .find_map(|detector| detector(&pairs, tolerance))
}

fn shape_or_type(got: &Tensor, expected: &Tensor) -> Option<String> {
    let reversed: Vec<usize> = expected.dims().iter().rev().copied().collect();
    if got.rank() == 2 && got.dims() != expected.dims() && got.dims() == reversed {
        return Some(
            "This has the shape of the transpose: are rows and columns swapped, or should they be?".to_string(),
        );
    }
    None
}

/// Right but for rounding, or for a small constant. Whole numbers are counts, which are right or wrong.
fn nearly(pairs: &[Pair], _: f64) -> Option<String> {
    let all = || pairs.iter().flat_map(|pair| pair.got.iter().zip(&pair.expected));
    let near = pairs.iter().all(|pair| {
        let greatest = pair.expected.iter().fold(0.0, |greatest: f64, expected| greatest.max(expected.abs()));
        pair.got.iter().zip(&pair.expected).all(|(got, expected)| (got - expected).abs() <= NEARLY * greatest)
    });
    let counts = all().all(|(_, expected)| expected.fract() == 0.0);
    (near && !counts).then(|| {
        "It is nearly right everywhere: is a number rounded (f32 for f64, 3.14 for π), or a small constant such as ε another one?"
            .to_string()
    })
}

/// The one number that relates all elements that can be related, or none.
fn common(pairs: &[Pair], relate: impl Fn(f64, f64) -> Option<f64>, tolerance: f64) -> Option<f64> {
    let all = pairs.iter().flat_map(|pair| pair.got.iter().zip(&pair.expected));
    let mut relations = all.filter_map(|(got, expected)| relate(*got, *expected));
    let first = relations.next()?;
    relations.all(|relation| near(relation, first, 20.0 * tolerance)).then_some(first)
}

/// Factors that have a reason.
const FACTORS: [(f64, &str); 7] = [
    (2.0, "It is twice the expected value everywhere: is something counted twice, or a ½ missing?"),
    (0.5, "It is half the expected value everywhere: is a ½ too much?"),
    (-1.0, "It is the negative of the expected value everywhere: a minus is missing or too much."),
    (
        std::f64::consts::LOG2_E,
        "It is log₂ e times the expected value everywhere: a logarithm has base 2, where the natural one is asked for.",
    ),
    (
        std::f64::consts::LOG10_E,
        "It is log₁₀ e times the expected value everywhere: a logarithm has base 10, where the natural one is asked for.",
    ),
    (100.0, "It is 100 times the expected value everywhere: is it a percentage, where a fraction is asked for?"),
    (0.01, "It is a hundredth of the expected value everywhere."),
];

fn factor(pairs: &[Pair], tolerance: f64) -> Option<String> {
    let ratio = |got: f64, expected: f64| (expected.abs() > TINY).then(|| got / expected);
    let of = |pair: &Pair| {
        let factor = common(std::slice::from_ref(pair), ratio, tolerance)?;
        let mut all = pair.got.iter().zip(&pair.expected);
        all.all(|(got, expected)| near(*got, factor * expected, 20.0 * tolerance)).then_some(factor)
    };
    // Where everything is 0 as it should be, any factor fits.
    let zero = |pair: &Pair| pair.got.iter().chain(&pair.expected).all(|x| near(*x, 0.0, 20.0 * tolerance));
    let pairs: Vec<&Pair> = pairs.iter().filter(|pair| !zero(pair)).collect();
    let factors: Vec<f64> = pairs.iter().map(|pair| of(pair)).collect::<Option<_>>()?;
    let first = *factors.first()?;
    let single = pairs.iter().map(|pair| pair.got.len()).sum::<usize>() == 1;
    let says_nothing = near(first, 0.0, tolerance) || near(first, 1.0, 20.0 * tolerance);
    if factors.iter().all(|factor| near(*factor, first, 20.0 * tolerance)) && !says_nothing {
        let known = FACTORS.iter().find(|(factor, _)| near(first, *factor, 20.0 * tolerance));
        let plain = || (!single).then(|| format!("It is {first:.4} times the expected value everywhere."));
        return known.map_or_else(plain, |(_, words)| Some(words.to_string()));
    }
    (pairs.len() > 1).then(|| by_a_size(&pairs, &factors, tolerance)).flatten()
}

/// A factor that is a size of the inputs, or one over it: a mean taken for a sum, or a division by the wrong axis.
fn by_a_size(pairs: &[&Pair], factors: &[f64], tolerance: f64) -> Option<String> {
    let first = pairs.first()?;
    for (name, tensor) in first.case.input.iter() {
        for axis in 0..tensor.rank() {
            let sizes: Vec<f64> = pairs
                .iter()
                .map(|pair| Some(*pair.case.input.get(name)?.dims().get(axis)? as f64))
                .collect::<Option<_>>()?;
            let fits = |of: &dyn Fn(f64) -> f64| {
                factors.iter().zip(&sizes).all(|(factor, size)| near(*factor, of(*size), 20.0 * tolerance))
            };
            let size = format!("the length of axis {axis} of `{name}` ({} here)", sizes[0]);
            if fits(&|n| n) {
                return Some(format!("It is too large by {size}: divide by it, or take a mean where you take a sum."));
            }
            if fits(&|n| 1.0 / n) {
                return Some(format!("It is too small by {size}: you divide by it once too often."));
            }
            if fits(&|n| 2.0 * n) || fits(&|n| 0.5 / n) || fits(&|n| n * n) || fits(&|n| 1.0 / (n * n)) {
                return Some(format!("It is off by a factor made of {size}: what do you divide by?"));
            }
        }
    }
    None
}

/// Whole numbers below some count, all one further than they should be, the last of which has become the first.
fn shifted(pairs: &[Pair], _: f64) -> Option<String> {
    let all = || pairs.iter().flat_map(|pair| pair.got.iter().zip(&pair.expected));
    if all().any(|(got, expected)| got.fract() != 0.0 || expected.fract() != 0.0) {
        return None;
    }
    let count = 1.0 + all().map(|(_, expected)| *expected).fold(0.0, f64::max);
    let shift = |(got, expected): (&f64, &f64)| (got - expected).rem_euclid(count);
    let first = all().next().map(shift).filter(|shift| *shift != 0.0 && count > 2.0)?;
    let wraps = all().any(|(got, expected)| got < expected) && all().any(|(got, expected)| got > expected);
    (wraps && all().all(|pair| shift(pair) == first)).then(|| {
        format!(
            "These are the right numbers, all shifted by {} of {count}: which one comes first?",
            first.min(count - first)
        )
    })
}

fn offset(pairs: &[Pair], tolerance: f64) -> Option<String> {
    if pairs.iter().map(|pair| pair.got.len()).sum::<usize>() < 2 {
        return None;
    }
    let offset = common(pairs, |got, expected| Some(got - expected), tolerance)?;
    if offset.abs() <= tolerance {
        // So near the truth every difference is as good as the same.
        return None;
    }
    let (size, way) = (offset.abs(), if offset > 0.0 { "large" } else { "small" });
    Some(format!("It is {size:.4} too {way} everywhere: a constant is added."))
}

fn unchanged(pairs: &[Pair], tolerance: f64) -> Option<String> {
    let first = pairs.first()?;
    let same = |name: &str| {
        pairs.iter().all(|pair| {
            let input = pair.case.input.get(name).filter(|input| input.dims() == pair.dims);
            let input = input.and_then(|input| floats(input).ok());
            input.is_some_and(|input| input.iter().zip(&pair.got).all(|(a, b)| near(*a, *b, tolerance)))
        })
    };
    let (name, _) = first.case.input.iter().find(|(name, input)| input.rank() > 0 && same(name))?;
    Some(format!("This is `{name}` as it came in: nothing has been done to it."))
}

fn transposed(pairs: &[Pair], tolerance: f64) -> Option<String> {
    let is_transposed = |pair: &Pair| {
        let &[rows, columns] = pair.dims.as_slice() else { return false };
        rows == columns
            && (0..rows * columns)
                .all(|i| near(pair.got[i], pair.expected[i % columns * columns + i / columns], tolerance))
    };
    pairs.iter().all(is_transposed).then(|| "This is the transpose: rows and columns are swapped.".to_string())
}

fn rows_in_another_order(pairs: &[Pair], tolerance: f64) -> Option<String> {
    let reordered = |pair: &Pair| {
        let rows = *pair.dims.first()?;
        if rows < 2 || pair.got.is_empty() {
            return None;
        }
        let width = pair.got.len() / rows;
        let sorted = |values: &[f64]| {
            let mut rows: Vec<Vec<f64>> = values.chunks(width).map(<[f64]>::to_vec).collect();
            rows.sort_by(|a, b| {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| a.total_cmp(b))
                    .find(|order| order.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            rows.concat()
        };
        let (got, expected) = (sorted(&pair.got), sorted(&pair.expected));
        got.iter().zip(&expected).all(|(a, b)| near(*a, *b, tolerance)).then_some(())
    };
    pairs.iter().try_for_each(reordered)?;
    let what = if pairs.iter().all(|pair| pair.dims.len() == 1) { "numbers" } else { "rows" };
    Some(format!("These are the right {what} in another order."))
}
