//! Lab 00: tensors in Candle, for who knows them from PyTorch or NumPy.
//!
//! Seven small functions, each about one thing that is different in Candle. The handout is this folder's README.md; its table
//! translates from PyTorch.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

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
    // BEGIN SOLUTION 1: scale, then shift
    (x * scale)? + offset
    // END SOLUTION
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
    // BEGIN SOLUTION 2: the mean of each row, stretched over it
    x.dims2()?;
    x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)
    // END SOLUTION
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
    // BEGIN SOLUTION 3: compare, convert, average
    a.eq(b)?.to_dtype(DType::F64)?.mean_all()?.to_scalar()
    // END SOLUTION
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
    // BEGIN SOLUTION 4: a column of indices, gathered along the last axis
    let (rows, _) = x.dims2()?;
    if indices.dims() != [rows] {
        bail!("expected {rows} indices, one for each row, got {:?}", indices.dims());
    }
    x.gather(&indices.unsqueeze(1)?, D::Minus1)?.squeeze(1)
    // END SOLUTION
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
    // BEGIN SOLUTION 5: transpose, then flip both axes
    x.dims2()?;
    x.t()?.contiguous()?.flip(&[0, 1])
    // END SOLUTION
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
    // BEGIN SOLUTION 6: predict, compare, go back
    if x.dims() != y.dims() {
        bail!("expected as many targets as inputs, got {:?} and {:?}", y.dims(), x.dims());
    }
    let predicted = x.broadcast_mul(slope)?.broadcast_add(offset)?; // [N]
    let loss = (predicted - y)?.sqr()?.mean_all()?; // []
    let gradients = loss.backward()?;
    let of = |var: &Var| match gradients.get(var) {
        Some(gradient) => Ok(gradient.detach()),
        None => bail!("no gradient arrives"),
    };
    Ok((loss.detach(), of(slope)?, of(offset)?))
    // END SOLUTION
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
    // BEGIN SOLUTION 7: against both gradients
    let (loss, of_slope, of_offset) = line_gradients(slope, offset, x, y)?;
    slope.set(&(slope.as_detached_tensor() - (of_slope * learning_rate)?)?)?;
    offset.set(&(offset.as_detached_tensor() - (of_offset * learning_rate)?)?)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
    // END SOLUTION
}
