//! Which values a flag takes; others are refused before anything is loaded.

use std::fmt::Display;
use std::str::FromStr;

/// A number in [0, 1], such as a probability.
///
/// # Errors
/// Any other text.
pub fn fraction(text: &str) -> Result<f64, String> {
    within(text, |x| (0.0..=1.0).contains(&x), "a number from 0 to 1")
}

/// A number in (0, 1], such as the part of an image that is shown.
///
/// # Errors
/// Any other text.
pub fn share(text: &str) -> Result<f64, String> {
    within(text, |x| x > 0.0 && x <= 1.0, "a number above 0 and at most 1")
}

/// A number in [0, 1), such as the momentum of SGD or of a moving average.
///
/// # Errors
/// Any other text.
pub fn momentum(text: &str) -> Result<f64, String> {
    within(text, |x| (0.0..1.0).contains(&x), "a number from 0 to below 1")
}

/// A number in (0, 10]: a learning rate.
///
/// # Errors
/// Any other text.
pub fn learning_rate(text: &str) -> Result<f64, String> {
    within(text, |x| x > 0.0 && x <= 10.0, "a number above 0 and at most 10")
}

/// A number in (0, 100]: a temperature.
///
/// # Errors
/// Any other text.
pub fn temperature(text: &str) -> Result<f64, String> {
    within(text, |x| x > 0.0 && x <= 100.0, "a number above 0 and at most 100")
}

/// A number in [0, 2.5]: the strength of color jitter, whose hue goes around half of the color circle at 2.5.
///
/// # Errors
/// Any other text.
pub fn strength(text: &str) -> Result<f64, String> {
    within(text, |x| (0.0..=2.5).contains(&x), "a number from 0 to 2.5")
}

/// A number in [0, 10]: a margin.
///
/// # Errors
/// Any other text.
pub fn margin(text: &str) -> Result<f64, String> {
    within(text, |x| (0.0..=10.0).contains(&x), "a number from 0 to 10")
}

/// From 0 to 1000: how much a term of a loss counts.
///
/// # Errors
/// Any other text.
pub fn weight(text: &str) -> Result<f64, String> {
    within(text, |x| (0.0..=1000.0).contains(&x), "a number from 0 to 1000")
}

/// A whole number from 1 to 8192: channels of an embedding.
///
/// # Errors
/// Any other text.
pub fn width(text: &str) -> Result<usize, String> {
    within(text, |x| (1..=8192).contains(&x), "a whole number from 1 to 8192")
}

/// A number from 1 to a million, such as epochs or images.
///
/// # Errors
/// Any other text.
pub fn count(text: &str) -> Result<usize, String> {
    within(text, |x| (1..=1_000_000).contains(&x), "a whole number from 1 to 1000000")
}

/// A whole number from 0 to 32: a few pixels.
///
/// # Errors
/// Any other text.
pub fn pixels(text: &str) -> Result<usize, String> {
    within(text, |x| (0..=32).contains(&x), "a whole number from 0 to 32")
}

/// 2 or 3: cells along each side of a grid.
///
/// # Errors
/// Any other text.
pub fn grid(text: &str) -> Result<usize, String> {
    within(text, |x| (2..=3).contains(&x), "2 or 3")
}

/// From 2 to 8: views of an image.
///
/// # Errors
/// Any other text.
pub fn views(text: &str) -> Result<usize, String> {
    within(text, |x| (2..=8).contains(&x), "a whole number from 2 to 8")
}

/// A seed.
///
/// # Errors
/// Any other text.
pub fn seed(text: &str) -> Result<u64, String> {
    within(text, |_| true, "a whole number from 0 to 18446744073709551615")
}

fn within<T: FromStr + Copy + Display>(text: &str, accepts: impl Fn(T) -> bool, expected: &str) -> Result<T, String> {
    match text.parse() {
        Ok(value) if accepts(value) => Ok(value),
        _ => Err(format!("expected {expected}")),
    }
}
