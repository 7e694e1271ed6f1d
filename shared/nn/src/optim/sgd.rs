//! Stochastic gradient descent.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use super::{Memory, Optimizer, decays, expect_nothing_left, with_gradients};
use crate::checkpoint::Part;
use crate::update::{Along, Velocity, update};

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's `torch.optim.SGD`:
///
/// g ← ∇w + λ·w, v ← μ·v + g, w ← w − η·v, with v = 0 before the first step.
///
/// Parameters of rank 1 (biases, and batch norm's γ and β) are not decayed.
pub struct Sgd {
    params: Vec<(String, Var)>,
    velocity: Memory,
    /// μ
    pub momentum: f64,
    /// λ
    pub weight_decay: f64,
}

const VELOCITY: &str = "velocity/";

impl Sgd {
    /// An optimizer of the given parameters: see [`Params::trained`](crate::Params::trained).
    pub fn new(params: Vec<(String, Var)>, momentum: f64, weight_decay: f64) -> Self {
        Self { params, velocity: Memory::new(), momentum, weight_decay }
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, grads: &GradStore, learning_rate: f64) -> Result<()> {
        for (name, var, grad) in with_gradients(&self.params, grads)? {
            let velocity = self.velocity.of(name, var)?;
            let weight = var.as_detached_tensor();
            let decay = if decays(var) { self.weight_decay } else { 0.0 };
            update(Velocity, velocity, [&weight, &grad], [self.momentum as f32, decay as f32])?;
            update(Along, &weight, [velocity; 2], [learning_rate as f32])?;
        }
        Ok(())
    }
}

impl Part for Sgd {
    fn state(&self) -> BTreeMap<String, Tensor> {
        self.velocity.state(VELOCITY).collect()
    }

    fn load_state(&mut self, mut state: BTreeMap<String, Tensor>) -> Result<()> {
        let velocity = Memory::load(&mut state, VELOCITY, &self.params)?;
        expect_nothing_left(&state)?;
        self.velocity = velocity;
        Ok(())
    }
}
