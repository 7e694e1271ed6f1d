//! Values beside expected ones.

use candle_core::{DType, Tensor};

use crate::Values;
use crate::values::{GRADIENT, LEAK};

/// Whether values are what a known mistake gives. A gradient that the mistake cuts must be missing here, too; those of a value that is
/// not finite say nothing.
pub(crate) fn same(got: &Values, given: &Values, tolerance: f64) -> bool {
    let plain = |values: &Values| {
        values.iter().filter(|(name, _)| !derived(name)).map(|(n, t)| (n.to_string(), t.clone())).collect()
    };
    let (got_plain, given_plain): (Values, Values) = (plain(got), plain(given));
    if !is_finite(&given_plain) {
        return first_difference(&got_plain, &given_plain, tolerance).is_none();
    }
    let gradients = |values: &Values| values.iter().filter(|(name, _)| name.starts_with(GRADIENT)).count();
    first_difference(got, given, tolerance).is_none() && gradients(got) == gradients(given)
}

/// Whether this is the name of a gradient.
pub(crate) fn derived(name: &str) -> bool {
    name.starts_with(GRADIENT) || name.starts_with(LEAK)
}

/// Whether no value is infinite or not a number.
pub(crate) fn is_finite(values: &Values) -> bool {
    values.iter().all(|(_, value)| all_finite(value))
}

/// Whether no element is infinite or not a number.
pub(crate) fn all_finite(value: &Tensor) -> bool {
    floats(value).is_ok_and(|floats| floats.iter().all(|x| x.is_finite()))
}

/// The first way in which values differ from expected ones, in words: shape, type and value before gradients.
pub(crate) fn first_difference(got: &Values, expected: &Values, tolerance: f64) -> Option<String> {
    let mut names: Vec<(&str, &Tensor)> = expected.iter().collect();
    names.sort_by_key(|(name, _)| derived(name));
    names.into_iter().find_map(|(name, expected)| match got.get(name) {
        None if name.starts_with(GRADIENT) => Some(format!(
            "The values are right, but no {name} arrives: the graph is cut on the way. Work on tensors throughout, without `detach`, \
             `to_vec` or `to_scalar`."
        )),
        None => Some(format!("{name}: missing")),
        Some(got) => describe(name, got, expected, tolerance).unwrap_or_else(|error| Some(error.to_string())),
    })
}

/// How one value differs from the expected one, in words; none where it is near enough.
pub(crate) fn describe(
    name: &str,
    got: &Tensor,
    expected: &Tensor,
    tolerance: f64,
) -> candle_core::Result<Option<String>> {
    if got.dims() != expected.dims() {
        return Ok(Some(format!("{name}: got shape {:?}, expected {:?}", got.dims(), expected.dims())));
    }
    if got.dtype() != expected.dtype() {
        return Ok(Some(format!("{name}: got type {:?}, expected {:?}", got.dtype(), expected.dtype())));
    }
    let (g, e) = (floats(got)?, floats(expected)?);
    let Some(i) = g.iter().zip(&e).position(|(g, e)| !near(*g, *e, tolerance)) else { return Ok(None) };
    if let Some(input) = name.strip_prefix(LEAK) {
        return Ok(Some(format!("A gradient flows into {input}, where none may: cut the graph with `detach`.")));
    }
    if let Some(letters) = lettered(&g, &e, got.dims()) {
        return Ok(Some(format!("{name}:\n{letters}")));
    }
    let place = if g.len() > 1 { format!(" at {:?}", index(i, got.dims())) } else { String::new() };
    let odd = if g[i].is_finite() { "" } else { " (not a finite number)" };
    let within = if tolerance > 0.0 { format!(" (± {tolerance:.0e})") } else { String::new() };
    Ok(Some(format!("{name}{place}: got {}{odd}, expected {}{within}", short(g[i]), short(e[i]))))
}

/// Whether a value is near enough to the expected one.
pub(crate) fn near(got: f64, expected: f64, tolerance: f64) -> bool {
    let close = expected.is_finite() && (got - expected).abs() <= tolerance * (1.0 + expected.abs());
    close || got == expected || (got.is_nan() && expected.is_nan())
}

pub(crate) fn floats(tensor: &Tensor) -> candle_core::Result<Vec<f64>> {
    tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}

/// Small pictures of the numbers 1, 2, 3, … as letters, got beside expected.
fn lettered(got: &[f64], expected: &[f64], dims: &[usize]) -> Option<String> {
    let (&[height, width] | &[1, 1, height, width]) = dims else { return None };
    let letter = |x: &f64| (x.fract() == 0.0 && (1.0..=26.0).contains(x)).then(|| (b'a' + *x as u8 - 1) as char);
    let letters = |numbers: &[f64]| numbers.iter().map(letter).collect::<Option<Vec<char>>>();
    let (got, expected) = (letters(got)?, letters(expected)?);
    let row = |picture: &[char], i: usize| {
        picture[i * width..(i + 1) * width].iter().map(char::to_string).collect::<Vec<_>>().join(" ")
    };
    let rows = (0..height).map(|i| {
        let (left, right) = if i == 0 { ("got  ", "expected  ") } else { ("     ", "          ") };
        format!("    {left}{}    {right}{}", row(&got, i), row(&expected, i))
    });
    Some(rows.collect::<Vec<_>>().join("\n"))
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

/// Whole numbers as they are, others with five decimals.
pub(crate) fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 { format!("{value}") } else { format!("{value:.5}") }
}
