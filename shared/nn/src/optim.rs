//! Optimisers.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's `torch.optim.SGD`:
///
/// g ← ∇w + λ·w, v ← μ·v + g, w ← w − η·v, with v = g at the first step.
///
/// Parameters of rank 1 (biases, and batch norm's γ and β) are not decayed, unless [`Sgd::decay_all`] is set.
pub struct Sgd {
    params: Vec<(String, Var)>,
    velocity: BTreeMap<String, Tensor>,
    /// μ
    pub momentum: f64,
    /// λ
    pub weight_decay: f64,
    /// Decays biases and batch norm too.
    pub decay_all: bool,
}

impl Sgd {
    /// An optimiser of the given parameters: see [`Params::trained`](crate::Params::trained).
    pub fn new(params: Vec<(String, Var)>, momentum: f64, weight_decay: f64) -> Self {
        Self { params, velocity: BTreeMap::new(), momentum, weight_decay, decay_all: false }
    }

    /// One update with learning rate η. Parameters that `loss` does not depend on stay as they are.
    ///
    /// # Errors
    /// Shapes that do not agree, which Candle reports.
    pub fn step(&mut self, grads: &GradStore, learning_rate: f64) -> Result<()> {
        for (name, var) in &self.params {
            let Some(grad) = grads.get(var) else { continue };
            let weight = var.as_detached_tensor();
            let mut grad = grad.detach();
            if self.weight_decay != 0.0 && (self.decay_all || var.rank() > 1) {
                grad = (grad + (&weight * self.weight_decay)?)?;
            }
            let velocity = match self.velocity.get(name) {
                Some(old) => ((old * self.momentum)? + grad)?,
                None => grad,
            };
            var.set(&(weight - (&velocity * learning_rate)?)?)?;
            self.velocity.insert(name.clone(), velocity);
        }
        Ok(())
    }

    /// Computes the gradients of `loss` and does one update.
    ///
    /// # Errors
    /// As [`Sgd::step`], or an operation without gradient.
    pub fn backward_step(&mut self, loss: &Tensor, learning_rate: f64) -> Result<()> {
        self.step(&loss.backward()?, learning_rate)
    }

    /// The velocities by parameter name, for a checkpoint.
    pub fn state(&self) -> &BTreeMap<String, Tensor> {
        &self.velocity
    }

    /// Puts velocities back.
    ///
    /// # Errors
    /// A name or shape that no parameter has; then nothing is changed.
    pub fn load_state(&mut self, velocity: BTreeMap<String, Tensor>) -> Result<()> {
        for (name, value) in &velocity {
            match self.params.iter().find(|(param, _)| param == name) {
                None => bail!("the optimiser has no parameter {name}"),
                Some((_, var)) if var.shape() != value.shape() => {
                    bail!("velocity of {name}: expected {:?}, got {:?}", var.dims(), value.dims())
                }
                Some(_) => {}
            }
        }
        self.velocity = velocity;
        Ok(())
    }
}
