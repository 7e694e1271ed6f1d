//! Lab 11: guessing how bright an image is (paper, year).
//!
//! Two or three sentences on what the lab is about. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use candle_core::{Result, Tensor, bail};

/// Exercise 1: the mean squared error of predictions (equation 1).
///
/// ```text
/// L = 1/N · Σₙ (pₙ − tₙ)²
/// ```
///
/// # Shapes
/// `predictions` and `targets` `[N]` → a single number, `[]`.
///
/// # Units
/// The square of the targets'.
///
/// # Errors
/// Predictions and targets of different shapes.
///
/// # Hint
/// What is the error of a prediction that is right?
pub fn mean_squared_error(predictions: &Tensor, targets: &Tensor) -> Result<Tensor> {
    todo!("exercise 1: the mean of squared differences")
}
