//! Training steps and learning rates written in other ways, most of them wrong.

use std::f64::consts::PI;

use candle_core::{Result, Tensor, Var};
use simclr::{Step, learning_rate, nt_xent, train_step};
use ssl_nn::Optimizer;

/// The head's weights are not in the graph: the same z, with the gradient of h alone.
pub fn head_frozen(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let h = (step.encode)(&Tensor::cat(&[step.view_a, step.view_b], 0)?, true)?;
    let at = Var::from_tensor(&h.detach().copy()?)?;
    let loss = nt_xent(&(step.project)(&at)?, step.temperature)?;
    let arriving = loss.backward()?.get(&at).map_or_else(|| at.zeros_like(), |grad| Ok(grad.detach()))?;
    optimizer.backward_step(&(h * arriving)?.sum_all()?, step.learning_rate)?;
    number(&loss)
}

pub fn number(loss: &Tensor) -> Result<f64> {
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

pub fn two_passes(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let z = |view: &Tensor| (step.project)(&(step.encode)(view, true)?);
    let loss = nt_xent(&Tensor::cat(&[z(step.view_a)?, z(step.view_b)?], 0)?, step.temperature)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    number(&loss)
}

pub fn by_gradients(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let views = Tensor::cat(&[step.view_a, step.view_b], 0)?;
    let loss = nt_xent(&(step.project)(&(step.encode)(&views, true)?)?, step.temperature)?;
    optimizer.step(&loss.backward()?, step.learning_rate)?;
    number(&loss)
}

pub fn peak(base: f64, batch: usize) -> f64 {
    base * batch as f64 / 256.0
}

pub fn no_warmup(step: usize, warmup: usize, total: usize, base: f64, batch: usize) -> f64 {
    let progress = (step as f64 - warmup as f64) / (total as f64 - warmup as f64);
    peak(base, batch) * 0.5 * (1.0 + (PI * progress).cos())
}

pub fn by_minimum(step: usize, warmup: usize, total: usize, base: f64, batch: usize) -> f64 {
    let progress = step.saturating_sub(warmup) as f64 / (total - warmup) as f64;
    let rising = (step + 1) as f64 / warmup.max(1) as f64;
    peak(base, batch) * rising.min(1.0) * (PI * progress / 2.0).cos().powi(2)
}

/// The views of each image side by side.
pub fn views_alternate(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let count = step.view_a.dims()[0];
    let views = Tensor::stack(&[step.view_a, step.view_b], 1)?.flatten_to(1)?;
    let (view_a, view_b) = (&views.narrow(0, 0, count)?, &views.narrow(0, count, count)?);
    train_step(&Step { view_a, view_b, ..*step }, optimizer)
}

pub fn progress_by_total(step: usize, warmup: usize, total: usize, base: f64, batch: usize) -> f64 {
    if step < warmup {
        return learning_rate(step, warmup, total, base, batch);
    }
    let progress = (step - warmup) as f64 / total as f64;
    0.5 * peak(base, batch) * (1.0 + (PI * progress).cos())
}
