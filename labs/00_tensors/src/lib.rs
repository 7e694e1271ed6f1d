//! Lab 00: tensors in Candle, for who knows them from PyTorch or NumPy.
//!
//! Seven small functions, each about one thing that is different in Candle. The handout is this folder's README.md; its table
//! translates from PyTorch.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use candle_core::{D, DType, Result, Tensor, Var, bail};

/// Exercise 1: scales and shifts every element.
///
/// ```text
/// y[i] = scale · x[i] + offset
/// ```
///
/// # Shapes
/// Any shape, which stays.
///
/// # Errors
/// What Candle reports.
///
/// # Hint
/// Every operation on a tensor may fail, so it gives a `Result`: a `?` after each takes the tensor out of it.
pub fn affine(x: &Tensor, scale: f64, offset: f64) -> Result<Tensor> {
    todo!("exercise 1: scale, then shift")
}

/// Exercise 2: subtracts from every row its own mean.
///
/// ```text
/// y[n, d] = x[n, d] − 1/D · Σₖ x[n, k]
/// ```
///
/// # Shapes
/// `[N, D]` → `[N, D]`.
///
/// # Errors
/// A rank other than 2.
///
/// # Hint
/// `D::Minus1` is the last axis. A mean that keeps its axis has shape `[N, 1]`; the minus sign wants equal shapes, `broadcast_sub`
/// does not.
pub fn center_rows(x: &Tensor) -> Result<Tensor> {
    todo!("exercise 2: the mean of each row, stretched over it")
}

/// Exercise 3: how often two lists of class numbers agree.
///
/// ```text
/// share = 1/N · #{ n : a[n] = b[n] }
/// ```
///
/// # Shapes
/// `[N]` and `[N]`, both of type `u32`.
///
/// # Units
/// A fraction in [0, 1].
///
/// # Errors
/// Shapes that differ.
///
/// # Hint
/// A comparison gives bytes (`u8`), and a sum of bytes starts again at 256: convert with `to_dtype` before you add up.
pub fn share_equal(a: &Tensor, b: &Tensor) -> Result<f64> {
    todo!("exercise 3: compare, convert, average")
}

/// Exercise 4: one element of each row, as cross-entropy picks the logit of the label.
///
/// ```text
/// y[n] = x[n, indices[n]]
/// ```
///
/// # Shapes
/// `x` `[N, K]`, `indices` `[N]` of type `u32` → `[N]`.
///
/// # Errors
/// Other ranks; another number of indices than rows.
///
/// # Hint
/// `gather` wants indices of the tensor's own rank and gives the same: `unsqueeze` before, `squeeze` after.
pub fn pick(x: &Tensor, indices: &Tensor) -> Result<Tensor> {
    todo!("exercise 4: a column of indices, gathered along the last axis")
}

/// Exercise 5: a picture reflected across the diagonal from its lower left to its upper right corner.
///
/// ```text
/// y[i, j] = x[H − 1 − j, W − 1 − i]        a b c        f c
///                                          d e f   →    e b
///                                                       d a
/// ```
///
/// # Shapes
/// `[H, W]` → `[W, H]`.
///
/// # Errors
/// A rank other than 2.
///
/// # Hint
/// `t()` reflects across the other diagonal without moving anything in memory. `flip` wants its input in order: `contiguous()`.
pub fn reflect(x: &Tensor) -> Result<Tensor> {
    todo!("exercise 5: transpose, then flip both axes")
}

/// Exercise 6: the mean squared error of a line, and its gradients.
///
/// ```text
/// L = 1/N · Σₙ (slope · x[n] + offset − y[n])²
/// ```
///
/// # Shapes
/// `slope` and `offset` are numbers `[]`, `x` and `y` are `[N]` → L, ∂L/∂slope and ∂L/∂offset, `[]` each, none of them with a
/// graph.
///
/// # Errors
/// `x` and `y` of different shapes.
///
/// # Hint
/// `loss.backward()?` gives all gradients at once, `get` the one of a variable, if one arrived. `detach` cuts a tensor off its graph.
pub fn line_gradients(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    todo!("exercise 6: predict, compare, go back")
}

/// Exercise 7: one step of gradient descent on a line, in place; returns the loss before it, as a number of type `f64`.
///
/// ```text
/// slope ← slope − η · ∂L/∂slope,   offset ← offset − η · ∂L/∂offset
/// ```
///
/// with both gradients taken before either has moved.
///
/// # Shapes
/// As exercise 6.
///
/// # Errors
/// As exercise 6.
///
/// # Hint
/// `set` gives a variable a new value. `as_detached_tensor` is its value without a graph, which must not go into the new one.
pub fn descend(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor, learning_rate: f64) -> Result<f64> {
    todo!("exercise 7: against both gradients")
}
