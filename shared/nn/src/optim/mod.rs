//! Optimizers: gradients in, better weights out.

mod adamw;
mod sgd;

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};

use crate::checkpoint::{Part, expect_alike};
use crate::collective;

pub use adamw::AdamW;
pub use sgd::Sgd;

/// What training loops ask of an optimizer; a checkpoint keeps what it remembers between steps.
pub trait Optimizer: Part {
    /// One update with learning rate η. Parameters that have no gradient stay as they are; where several ranks train together, it goes
    /// by their mean gradient.
    ///
    /// # Errors
    /// Shapes that do not agree, which Candle reports.
    fn step(&mut self, grads: &GradStore, learning_rate: f64) -> Result<()>;

    /// Computes the gradients of `loss` and does one update.
    ///
    /// # Errors
    /// As [`Optimizer::step`], or an operation without gradient.
    fn backward_step(&mut self, loss: &Tensor, learning_rate: f64) -> Result<()> {
        self.step(&loss.backward()?, learning_rate)
    }
}

/// The parameters that have a gradient, with their names and gradients, averaged over all ranks.
fn with_gradients<'a>(params: &'a [(String, Var)], grads: &GradStore) -> Result<Vec<(&'a String, &'a Var, Tensor)>> {
    let found = params.iter().filter_map(|(name, var)| Some((name, var, grads.get(var)?.detach())));
    let mut found: Vec<_> = found.collect();
    let ranks = collective::world();
    if ranks.size() == 1 {
        return Ok(found);
    }
    let flat = found.iter().map(|(_, _, grad)| grad.flatten_all()?.to_vec1()).collect::<Result<Vec<Vec<f32>>>>()?;
    let mut flat = flat.concat();
    ranks.all_reduce_sum(&mut flat);
    flat.iter_mut().for_each(|sum| *sum /= ranks.size() as f32);
    let mut rest = flat.as_slice();
    for (_, var, grad) in &mut found {
        let (mine, others) = rest.split_at(var.elem_count());
        (*grad, rest) = (Tensor::from_slice(mine, var.shape(), var.device())?, others);
    }
    Ok(found)
}

/// Whether weight decay pulls at a parameter: at weights, not at biases nor at batch norm's γ and β.
fn decays(var: &Var) -> bool {
    var.rank() > 1
}

/// # Errors
/// What is left of a state, if anything is.
fn expect_nothing_left(state: &BTreeMap<String, Tensor>) -> Result<()> {
    match state.keys().next() {
        Some(name) => bail!("the optimizer has no {name}"),
        None => Ok(()),
    }
}

/// One number for every element of every parameter, such as a velocity; zero at first.
struct Memory(BTreeMap<String, Tensor>);

impl Memory {
    fn new() -> Self {
        Self(BTreeMap::new())
    }

    fn of(&mut self, name: &str, var: &Var) -> Result<&Tensor> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_string(), var.zeros_like()?);
        }
        Ok(&self.0[name])
    }

    /// Takes what `state` holds under `prefix` out of it; each entry must belong to one of `params`.
    fn load(state: &mut BTreeMap<String, Tensor>, prefix: &str, params: &[(String, Var)]) -> Result<Self> {
        let mut memory = Self::new();
        for (name, value) in &state.extract_if(.., |name, _| name.starts_with(prefix)).collect::<Vec<_>>() {
            let param = &name[prefix.len()..];
            let Some((_, var)) = params.iter().find(|(name, _)| name == param) else {
                bail!("the optimizer has no parameter {param}");
            };
            expect_alike(name, var, value)?;
            // Steps write in place: what the caller holds must stay as it is.
            memory.0.insert(param.to_string(), value.to_device(var.device())?.copy()?);
        }
        Ok(memory)
    }

    fn state(&self, prefix: &str) -> impl Iterator<Item = (String, Tensor)> {
        self.0.iter().map(move |(name, value)| (format!("{prefix}{name}"), value.clone()))
    }
}
