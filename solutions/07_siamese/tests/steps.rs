//! Training steps in other ways, most of them wrong.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor};
use siamese::{Step, Target, byol_loss, ema_update, simsiam_loss};
use ssl_nn::{Optimizer, Part, Sgd};

use super::losses::leaking;

/// An optimizer of no weights.
pub fn nobody() -> Sgd {
    Sgd::new(Vec::new(), 0.0, 0.0)
}

pub fn backwards(views: &[Tensor]) -> Vec<Tensor> {
    views.iter().rev().cloned().collect()
}

/// An optimizer whose errors nobody hears of.
pub struct Quiet<'a>(pub &'a mut dyn Optimizer);

impl Part for Quiet<'_> {
    fn state(&self) -> BTreeMap<String, Tensor> {
        self.0.state()
    }

    fn load_state(&mut self, state: BTreeMap<String, Tensor>) -> Result<()> {
        self.0.load_state(state)
    }
}

impl Optimizer for Quiet<'_> {
    fn step(&mut self, grads: &GradStore, learning_rate: f64) -> Result<()> {
        let _ = self.0.step(grads, learning_rate);
        Ok(())
    }
}

fn number(loss: &Tensor) -> Result<f64> {
    loss.to_scalar::<f32>().map(f64::from)
}

/// How a step of SimSiam goes.
pub struct Steps {
    pub leaks: bool,
    pub joint: bool,
    pub embeds_twice: bool,
}

pub const STEPS: Steps = Steps { leaks: false, joint: false, embeds_twice: false };

/// Each view by itself, or all in one batch.
fn embedded(embed: &ssl_nn::Encode, views: &[Tensor], joint: bool) -> Result<Vec<Tensor>> {
    if joint {
        return embed(&Tensor::cat(views, 0)?, true)?.chunk(views.len(), 0);
    }
    views.iter().map(|view| embed(view, true)).collect()
}

/// All views are embedded before the first is predicted.
pub fn simsiam_with(step: &Step, optimizer: &mut dyn Optimizer, how: &Steps) -> Result<f64> {
    let z = embedded(step.embed, step.views, how.joint)?;
    let p = z.iter().map(|z| (step.predict)(z, true)).collect::<Result<Vec<_>>>()?;
    let z = if how.embeds_twice { embedded(step.embed, step.views, false)? } else { z };
    let loss = if how.leaks { leaking(&p, &z)? } else { simsiam_loss(&p, &z)? };
    optimizer.step(&loss.backward()?, step.learning_rate)?;
    number(&loss)
}

/// How a step of BYOL goes.
pub struct Twins {
    pub crossed: bool,
    pub joint: bool,
    pub target_predicts: bool,
    pub itself: bool,
    pub follows: bool,
    pub follows_first: bool,
    pub factor: f64,
}

pub const TWINS: Twins = Twins {
    crossed: true,
    joint: false,
    target_predicts: false,
    itself: false,
    follows: true,
    follows_first: false,
    factor: 1.0,
};

/// The target's embeddings come first.
pub fn byol_with(step: &Step, target: &Target, optimizer: &mut dyn Optimizer, how: &Twins) -> Result<f64> {
    let [_, _] = step.views else { candle_core::bail!("expected two views") };
    let mut t = if how.itself { Vec::new() } else { embedded(target.embed, step.views, how.joint)? };
    let z = embedded(step.embed, step.views, how.joint)?;
    if how.itself {
        t = z.clone();
    }
    if how.target_predicts {
        t = t.iter().map(|t| (step.predict)(t, true)).collect::<Result<Vec<_>>>()?;
    }
    let p = z.iter().map(|z| (step.predict)(z, true)).collect::<Result<Vec<_>>>()?;
    let (t_a, t_b) = if how.crossed { (&t[0], &t[1]) } else { (&t[1], &t[0]) };
    let loss = (byol_loss(&p[0], &p[1], t_a, t_b)? * how.factor)?;
    let gradients = loss.backward()?;
    if how.follows && how.follows_first {
        ema_update(target.params, target.online, target.momentum)?;
    }
    optimizer.step(&gradients, step.learning_rate)?;
    if how.follows && !how.follows_first {
        ema_update(target.params, target.online, target.momentum)?;
    }
    number(&loss)
}
