//! Adam with decoupled weight decay.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var, bail};

use super::{Memory, Optimizer, decays, expect_nothing_left, with_gradients};
use crate::checkpoint::Part;
use crate::update::{Adaptive, Towards, TowardsSquare, update};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch's `torch.optim.AdamW`:
///
/// m ← β₁·m + (1 − β₁)·∇w, v ← β₂·v + (1 − β₂)·∇w², both 0 at first; at step t = 1, 2, …
///
/// w ← w − η·λ·w − η · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε).
///
/// Parameters of rank 1 (biases, and batch norm's γ and β) are not decayed.
pub struct AdamW {
    params: Vec<(String, Var)>,
    first: Memory,
    second: Memory,
    steps: u32,
    /// β₁ and β₂
    pub betas: (f64, f64),
    /// ε
    pub epsilon: f64,
    /// λ
    pub weight_decay: f64,
}

const FIRST: &str = "first moment/";
const SECOND: &str = "second moment/";
const STEPS: &str = "steps";

impl AdamW {
    /// An optimizer of the given parameters with PyTorch's β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.
    pub fn new(params: Vec<(String, Var)>, weight_decay: f64) -> Self {
        let (first, second) = (Memory::new(), Memory::new());
        Self { params, first, second, steps: 0, betas: (0.9, 0.999), epsilon: 1e-8, weight_decay }
    }
}

impl Optimizer for AdamW {
    fn step(&mut self, grads: &GradStore, learning_rate: f64) -> Result<()> {
        self.steps += 1;
        let (beta1, beta2) = self.betas;
        let correction = |beta: f64| 1.0 - beta.powf(f64::from(self.steps));
        let (rate, root) = (learning_rate / correction(beta1), correction(beta2).sqrt());
        for (name, var, grad) in with_gradients(&self.params, grads)? {
            let weight = var.as_detached_tensor();
            let (first, second) = (self.first.of(name, var)?, self.second.of(name, var)?);
            let keep = 1.0 - if decays(var) { learning_rate * self.weight_decay } else { 0.0 };
            // Taken from β as it is: 1 − 0.999 in `f32` is off by a hundred-thousandth.
            update(Towards, first, [&grad; 2], [beta1 as f32, (1.0 - beta1) as f32])?;
            update(TowardsSquare, second, [&grad; 2], [beta2 as f32, (1.0 - beta2) as f32])?;
            update(Adaptive, &weight, [first, second], [keep, rate, root, self.epsilon].map(|p| p as f32))?;
        }
        Ok(())
    }
}

impl Part for AdamW {
    fn state(&self) -> BTreeMap<String, Tensor> {
        let steps = Tensor::full(self.steps, (), &Device::Cpu).map(|steps| (STEPS.to_string(), steps));
        self.first.state(FIRST).chain(self.second.state(SECOND)).chain(steps).collect()
    }

    fn load_state(&mut self, mut state: BTreeMap<String, Tensor>) -> Result<()> {
        let first = Memory::load(&mut state, FIRST, &self.params)?;
        let second = Memory::load(&mut state, SECOND, &self.params)?;
        let Some(steps) = state.remove(STEPS) else { bail!("AdamW's state lacks {STEPS}") };
        expect_nothing_left(&state)?;
        (self.first, self.second, self.steps) = (first, second, steps.to_scalar()?);
        Ok(())
    }
}
