//! Twins, orders and training steps in other ways, most of them wrong.

use candle_core::{Result, Tensor, Var, bail};
use moco::{Step, moco_logits, moco_loss, momentum_update, shuffle_batch, unshuffle_batch};
use rand::seq::SliceRandom;
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
use ssl_nn::{Optimizer, Params, Sgd};

/// Old values of the first `momenta[0]` (weights) and `momenta[1]` (buffers) stay.
pub fn followed(key: &Params, query: &Params, momenta: [f64; 2]) -> Result<()> {
    averaged(key.pairs(query)?, momenta[0], 1.0 - momenta[0])?;
    averaged(key.buffer_pairs(query)?, momenta[1], 1.0 - momenta[1])
}

pub fn averaged(pairs: Vec<(Var, Var)>, old: f64, new: f64) -> Result<()> {
    for (key, query) in pairs {
        key.set(&((key.as_detached_tensor() * old)? + (query.as_detached_tensor() * new)?)?)?;
    }
    Ok(())
}

/// Weights and buffers with factors of one's own.
pub fn weighed(key: &Params, query: &Params, old: f64, new: f64) -> Result<()> {
    averaged(key.pairs(query)?, old, new)?;
    averaged(key.buffer_pairs(query)?, old, new)
}

/// query + m · (key − query)
pub fn by_difference(key: &Params, query: &Params, momentum: f64) -> Result<()> {
    if !(0.0..=1.0).contains(&momentum) {
        bail!("a momentum of {momentum}");
    }
    let pairs = [key.pairs(query)?, key.buffer_pairs(query)?].concat();
    for (key, query) in &pairs {
        let (old, new) = (key.as_detached_tensor(), query.as_detached_tensor());
        key.set(&(&new + ((old - &new)? * momentum)?)?)?;
    }
    Ok(())
}

pub fn rows(x: &Tensor, order: Vec<u32>) -> Result<(Tensor, Vec<u32>)> {
    Ok((x.index_select(&Tensor::new(order.as_slice(), x.device())?, 0)?, order))
}

pub fn in_order(x: &Tensor) -> Result<Vec<u32>> {
    Ok((0..x.dim(0)? as u32).collect())
}

/// Every place changes with any place: not all orders are alike likely.
pub fn naive(x: &Tensor, rng: &mut Rng) -> Result<(Tensor, Vec<u32>)> {
    let mut order = in_order(x)?;
    for i in 0..order.len() {
        order.swap(i, rng.random_range(0..x.dim(0)?));
    }
    rows(x, order)
}

/// Sorted by random numbers.
pub fn by_keys(x: &Tensor, rng: &mut Rng) -> Result<(Tensor, Vec<u32>)> {
    let mut keyed: Vec<(u64, u32)> = in_order(x)?.into_iter().map(|i| (rng.random(), i)).collect();
    keyed.sort_unstable();
    rows(x, keyed.into_iter().map(|(_, i)| i).collect())
}

pub fn turned(x: &Tensor, by: usize) -> Result<(Tensor, Vec<u32>)> {
    let mut order = in_order(x)?;
    let count = order.len().max(1);
    order.rotate_left(by % count);
    rows(x, order)
}

pub fn inverse(order: &[u32]) -> Vec<u32> {
    let mut places: Vec<(u32, u32)> = order.iter().copied().zip(0..).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, i)| i).collect()
}

pub fn permutation(x: &Tensor, order: &[u32]) -> Result<()> {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if sorted != in_order(x)? { bail!("{order:?} of {:?}", x.dims()) } else { Ok(()) }
}

/// An optimizer of no weights.
pub fn nobody() -> Sgd {
    Sgd::new(Vec::new(), 0.0, 0.0)
}

/// How a step goes.
pub struct How {
    pub shuffles: bool,
    pub restores: bool,
    pub shuffles_queries: bool,
    pub own_seed: bool,
    pub queue_first: bool,
    pub follows: bool,
    pub follows_first: bool,
    pub follows_before_keys: bool,
    pub fills: bool,
    pub new_keys: bool,
    pub remembers_queries: bool,
    pub key_of_itself: bool,
}

pub const RIGHT: How = How {
    shuffles: true,
    restores: true,
    shuffles_queries: false,
    own_seed: false,
    queue_first: false,
    follows: true,
    follows_first: false,
    follows_before_keys: false,
    fills: true,
    new_keys: false,
    remembers_queries: false,
    key_of_itself: false,
};

/// Keys come before queries, and the gradients by `backward`.
pub fn stepped(step: &Step, optimizer: &mut dyn Optimizer, rng: &mut Rng, how: &How) -> Result<f64> {
    let follow = || momentum_update(step.key_params, step.query_params, step.momentum);
    if how.follows_before_keys {
        follow()?;
    }
    let mut own = Rng::seed_from_u64(99);
    let (mut x, order) = shuffle_batch(step.views[1], if how.own_seed { &mut own } else { rng })?;
    if !how.shuffles {
        x = step.views[1].clone();
    }
    let encode = if how.key_of_itself { step.query } else { step.key };
    let first =
        if how.shuffles_queries { unshuffle_batch(step.views[0], &inverse(&order))? } else { step.views[0].clone() };
    // As exercise 7 has it, so that running statistics of one encoder would move in the same order.
    let q = if how.key_of_itself { Some((step.query)(&first, true)?) } else { None };
    let k = encode(&x, true)?.detach();
    let k = if how.restores && how.shuffles && !how.shuffles_queries { unshuffle_batch(&k, &order)? } else { k };
    let q = if let Some(q) = q { q } else { (step.query)(&first, true)? };
    if how.queue_first {
        step.queue.enqueue(&k)?;
    }
    let loss = moco_loss(&moco_logits(&q, &k, &step.queue.keys()?, step.temperature)?)?;
    let gradients = loss.backward()?;
    if how.follows && how.follows_first {
        follow()?;
    }
    optimizer.step(&gradients, step.learning_rate)?;
    if how.follows && !how.follows_first && !how.follows_before_keys {
        follow()?;
    }
    if how.fills && !how.queue_first {
        let again = if how.new_keys { (step.key)(step.views[1], true)? } else { k };
        step.queue.enqueue(&if how.remembers_queries { q } else { again })?;
    }
    loss.to_scalar::<f32>().map(f64::from)
}

pub fn any_order(x: &Tensor, rng: &mut Rng) -> Result<Vec<u32>> {
    let mut order = in_order(x)?;
    order.shuffle(rng);
    Ok(order)
}

/// A step whose keys come in an order of its own.
pub fn stepped_in(
    step: &Step,
    optimizer: &mut dyn Optimizer,
    rng: &mut Rng,
    shuffle: impl Fn(&Tensor, &mut Rng) -> Result<(Tensor, Vec<u32>)>,
) -> Result<f64> {
    let q = (step.query)(step.views[0], true)?;
    let (shuffled, order) = shuffle(step.views[1], rng)?;
    let k = unshuffle_batch(&(step.key)(&shuffled, true)?, &order)?.detach();
    let loss = moco_loss(&moco_logits(&q, &k, &step.queue.keys()?, step.temperature)?)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    momentum_update(step.key_params, step.query_params, step.momentum)?;
    step.queue.enqueue(&k)?;
    loss.to_scalar::<f32>().map(f64::from)
}
