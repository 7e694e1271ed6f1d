//! Networks with a case's weights, small enough to be compared weight by weight after a training step.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Error, Result, Tensor, bail};
use ssl_nn::layers::BatchNorm;
use ssl_nn::{Linear, Optimizer, Params, Part};

use crate::Values;
use crate::answer::CHANGED;

/// Gives parameters and buffers the values that a case has under their names.
///
/// # Errors
/// A name that the case lacks, or a shape that differs.
pub fn fill(params: &mut Params, case: &Values) -> Result<()> {
    let state = params.state().into_keys().map(|name| Ok((name.clone(), case.tensor(&name)?.clone())));
    params.load_state(state.collect::<Result<_>>()?)
}

/// These values, and all parameters and buffers as they are now.
pub fn state(params: &Params, values: Values) -> Values {
    params.all().iter().fold(values, |values, (name, weight)| values.with(name, weight))
}

/// A linear layer and batch norm: images → embeddings.
pub struct Embedder {
    linear: Linear,
    norm: BatchNorm,
}

impl Embedder {
    /// An embedder whose parameters live in `params` under `name`, as wide as the case's weights of these names.
    ///
    /// # Errors
    /// A case without them; a name that is taken in `params`.
    pub fn new(case: &Values, params: &Params, name: &str) -> Result<Self> {
        let (width, inputs) = case.tensor(&format!("{name}.linear.weight"))?.dims2()?;
        let params = params.pp(name);
        let linear = Linear::new(inputs, width, &params.pp("linear"))?;
        Ok(Self { linear, norm: BatchNorm::new(width, false, &params.pp("norm"))? })
    }

    /// Embeddings of images.
    ///
    /// # Shapes
    /// `[B, …]` → `[B, D]`.
    ///
    /// # Errors
    /// Images of another size.
    pub fn forward(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.norm.forward(&self.linear.forward(&images.flatten_from(1)?)?, train)
    }
}

/// The result of a call that must leave these parameters and buffers as they were where it fails.
///
/// # Errors
/// What the call reports; an error of its own where something has changed before that.
pub fn unchanged(params: &Params, call: impl FnOnce() -> Result<()>) -> Result<()> {
    let before: Vec<Tensor> = params.all().values().map(|var| var.copy()).collect::<Result<_>>()?;
    let result = call();
    let after = params.all();
    let same =
        before.iter().zip(after.values()).map(|(before, after)| same(before, after)).collect::<Result<Vec<_>>>()?;
    if result.is_err() && same.contains(&false) { Err(Error::Msg(CHANGED.to_string())) } else { result }
}

/// Whether two tensors hold the same numbers.
fn same(a: &Tensor, b: &Tensor) -> Result<bool> {
    Ok(a.dims() == b.dims() && a.flatten_all()?.to_vec1::<f32>()? == b.flatten_all()?.to_vec1::<f32>()?)
}

/// An optimizer that never manages a step.
pub struct Failing;

impl Part for Failing {
    fn state(&self) -> BTreeMap<String, Tensor> {
        BTreeMap::new()
    }

    fn load_state(&mut self, _: BTreeMap<String, Tensor>) -> Result<()> {
        Ok(())
    }
}

impl Optimizer for Failing {
    fn step(&mut self, _: &GradStore, _: f64) -> Result<()> {
        bail!("the optimizer's own error")
    }
}
