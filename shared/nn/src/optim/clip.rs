//! Gradient clipping.

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Var};

/// Scales all gradients down together where their norm ‖g‖ = √(Σ g²), over all parameters, exceeds `max_norm`, as
/// PyTorch's `clip_grad_norm_`: g ← g · min(1, max_norm / (‖g‖ + 1e-6)). Returns the norm before.
///
/// # Errors
/// What Candle reports.
pub fn clip_gradient_norm(grads: &mut GradStore, params: &[(String, Var)], max_norm: f64) -> Result<f64> {
    let mut squares = 0.0;
    for (_, var) in params {
        if let Some(grad) = grads.get(var) {
            squares += grad.detach().to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>()?;
        }
    }
    let norm = squares.sqrt();
    let scale = max_norm / (norm + 1e-6);
    if scale < 1.0 {
        for (_, var) in params {
            if let Some(grad) = grads.remove(var) {
                grads.insert(var, (grad.detach() * scale)?);
            }
        }
    }
    Ok(norm)
}
