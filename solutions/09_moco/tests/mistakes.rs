//! Wrong answers that the checks of lab 09 must name, and right ones that they must accept.

extern crate moco_solution as moco;
#[path = "../../../labs/09_moco/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod losses;
mod memory;
mod steps;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use candle_nn::ops::softmax;
use graded::{EXERCISES, Exercises};
use losses::*;
use memory::*;
use moco::{
    MemoryBank, Queue, Step, invariance, moco_logits, moco_loss, moco_step, momentum_update, pirl_loss,
    sample_negatives, shuffle_batch, unit_rows,
};
use rand::seq::SliceRandom;
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
use ssl_grading::mistakes::Cases;
use ssl_nn::{Optimizer, Params};
use steps::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn follow(momentum_update: fn(&Params, &Params, f64) -> Result<()>) -> Exercises {
    Exercises { momentum_update, ..EXERCISES }
}

const fn queue(enqueue: fn(&Queue, &Tensor) -> Result<()>) -> Exercises {
    Exercises { enqueue, ..EXERCISES }
}

const fn score(moco_logits: fn(&Tensor, &Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { moco_logits, ..EXERCISES }
}

const fn loss(moco_loss: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { moco_loss, ..EXERCISES }
}

const fn shuffle(shuffle_batch: fn(&Tensor, &mut Rng) -> Result<(Tensor, Vec<u32>)>) -> Exercises {
    Exercises { shuffle_batch, ..EXERCISES }
}

const fn restore(unshuffle_batch: fn(&Tensor, &[u32]) -> Result<Tensor>) -> Exercises {
    Exercises { unshuffle_batch, ..EXERCISES }
}

const fn step(moco_step: fn(&Step, &mut dyn Optimizer, &mut Rng) -> Result<f64>) -> Exercises {
    Exercises { moco_step, ..EXERCISES }
}

const fn bank(update: fn(&MemoryBank, &[usize], &Tensor, f64) -> Result<()>) -> Exercises {
    Exercises { update, ..EXERCISES }
}

const fn negatives(sample_negatives: fn(&[usize], usize, usize, &mut Rng) -> Result<Vec<usize>>) -> Exercises {
    Exercises { sample_negatives, ..EXERCISES }
}

const fn pirl(pirl_loss: fn(&Tensor, &Tensor, &Tensor, &Tensor, f64, f64) -> Result<Tensor>) -> Exercises {
    Exercises { pirl_loss, ..EXERCISES }
}

const fn alike(invariance: fn(&Tensor, &Tensor) -> Result<f64>) -> Exercises {
    Exercises { invariance, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("momentum_reversed", follow(|key, query, m| momentum_update(key, query, 1.0 - m))),
    ("copied", follow(|key, query, _| momentum_update(key, query, 0.0))),
    ("left_alone", follow(|_, _, _| Ok(()))),
    ("buffers_left_alone", follow(|key, query, m| followed(key, query, [m, 1.0]))),
    ("buffers_copied", follow(|key, query, m| followed(key, query, [m, 0.0]))),
    ("weights_left_alone", follow(|key, query, m| followed(key, query, [1.0, m]))),
    ("old_forgotten", follow(|key, query, m| weighed(key, query, 0.0, 1.0 - m))),
    ("new_added_whole", follow(|key, query, m| weighed(key, query, m, 1.0))),

    ("place_not_moved", queue(|queue, keys| written(queue, keys, around, own_row, |next, _, _| next))),
    ("place_from_the_start", queue(|queue, keys| written(queue, keys, |_, i, _| i, own_row, on))),
    ("cut_at_the_end", queue(cut_at_the_end)),
    ("begins_again", queue(begins_again)),
    ("backwards", queue(|queue, keys| written(queue, keys, around, |i, batch| batch - 1 - i, on))),
    ("newest_replaced", queue(|queue, keys| written(queue, keys, |next, i, size| (next + size - 1 - i) % size, own_row, |next, batch, size| (next + size - batch) % size))),
    ("shifted", queue(|queue, keys| moved_up(queue, keys, false))),
    ("in_front", queue(|queue, keys| moved_up(queue, keys, true))),
    ("one_further", queue(|queue, keys| written(queue, keys, around, own_row, |next, _, size| (next + 1) % size))),
    ("normalized_again", queue(|queue, keys| queue.enqueue(&unit_rows(keys)?))),

    ("own_key_last", score(|q, k, queue, t| { let (own, others) = parts(q, &k.detach(), &queue.detach())?; Tensor::cat(&[others, own], 1)? / t })),
    ("own_key_forgotten", score(|q, k, queue, t| parts(q, k, &queue.detach())?.1 / t)),
    ("temperature_forgotten", score(|q, k, queue, _| moco_logits(q, k, queue, 1.0))),
    ("times_temperature", score(|q, k, queue, t| moco_logits(q, k, queue, 1.0 / t))),
    ("temperature_on_the_own_key_only", score(|q, k, queue, t| scores(q, &k.detach(), &queue.detach(), [t, 1.0]))),
    ("temperature_on_the_queue_only", score(|q, k, queue, t| scores(q, &k.detach(), &queue.detach(), [1.0, t]))),
    ("normalized_again", score(|q, k, queue, t| moco_logits(&unit_rows(q)?, &unit_rows(k)?, &unit_rows(queue)?, t))),
    ("gradient_into_keys", score(|q, k, queue, t| scores(q, k, &queue.detach(), [t, t]))),
    ("gradient_into_the_queue", score(|q, k, queue, t| scores(q, &k.detach(), queue, [t, t]))),
    ("gradient_into_both", score(|q, k, queue, t| scores(q, k, queue, [t, t]))),
    ("query_detached", score(|q, k, queue, t| scores(&q.detach(), &k.detach(), &queue.detach(), [t, t]))),
    ("all_keys_of_the_batch", score(|q, k, queue, t| Tensor::cat(&[q.matmul(&k.detach().t()?)?, q.matmul(&queue.detach().t()?)?], 1)? / t)),
    ("queue_scored_by_keys", score(|q, k, queue, t| Tensor::cat(&[parts(q, &k.detach(), queue)?.0, parts(&k.detach(), q, &queue.detach())?.1], 1)? / t)),

    ("summed", loss(|x| moco_loss(x)? * x.dims()[0] as f64)),
    ("sign", loss(|x| moco_loss(x)?.neg())),
    ("last_column", loss(|x| of_class(x, x.dims()[1] - 1))),
    ("diagonal", loss(of_diagonal)),
    ("own_key_not_in_the_sum", loss(|x| (log_sum_exp(&x.narrow(1, 1, x.dims()[1] - 1)?)? - column(x, 0)?)?.mean_all())),
    ("over_the_batch", loss(|x| column(&candle_nn::ops::log_softmax(x, 0)?, 0)?.mean_all()?.neg())),
    ("mean_over_all", loss(|x| moco_loss(x)? / x.dims()[1] as f64)),
    ("probability", loss(|x| column(&softmax(x, 1)?, 0)?.mean_all()?.neg())),
    ("log_of_the_mean", loss(|x| column(&softmax(x, 1)?, 0)?.mean_all()?.log()?.neg())),
    ("score_alone", loss(|x| column(x, 0)?.mean_all()?.neg())),

    ("not_shuffled", shuffle(|x, _| rows(x, in_order(x)?))),
    ("rotated", shuffle(|x, rng| turned(x, any_order(x, rng)?[0] as usize))),
    ("rotated_by_something", shuffle(|x, rng| turned(x, 1 + any_order(x, rng)?.into_iter().find(|&i| i > 0).unwrap_or(1) as usize - 1))),
    ("reversed", shuffle(|x, _| rows(x, in_order(x)?.into_iter().rev().collect()))),
    ("inverse_order", shuffle(|x, rng| shuffle_batch(x, rng).map(|(x, order)| (x, inverse(&order))))),
    ("with_replacement", shuffle(|x, rng| { let order = (0..x.dim(0)?).map(|_| Ok(any_order(x, rng)?[0])).collect::<Result<_>>()?; rows(x, order) })),
    ("own_seed", shuffle(|x, _| shuffle_batch(x, &mut Rng::seed_from_u64(5)))),

    ("shuffled_again", restore(|x, order| Ok(rows(x, order.to_vec())?.0))),
    ("left_alone", restore(|x, _| Ok(x.clone()))),
    ("reversed", restore(|x, _| Ok(rows(x, in_order(x)?.into_iter().rev().collect())?.0))),
    ("inverse_reversed", restore(|x, order| Ok(rows(x, inverse(order).into_iter().rev().collect())?.0))),

    ("views_swapped", step(|step, optimizer, rng| moco_step(&Step { views: [step.views[1], step.views[0]], ..*step }, optimizer, rng))),
    ("keys_by_the_query_encoder", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { key_of_itself: true, ..RIGHT }))),
    ("keys_in_evaluation_mode", step(|step, optimizer, rng| moco_step(&Step { key: &|x, _| (step.key)(x, false), ..*step }, optimizer, rng))),
    ("queries_in_evaluation_mode", step(|step, optimizer, rng| moco_step(&Step { query: &|x, _| (step.query)(x, false), ..*step }, optimizer, rng))),
    ("both_in_evaluation_mode", step(|step, optimizer, rng| moco_step(&Step { query: &|x, _| (step.query)(x, false), key: &|x, _| (step.key)(x, false), ..*step }, optimizer, rng))),
    ("no_update", step(|step, _, rng| moco_step(step, &mut nobody(), rng))),
    ("key_encoder_left_alone", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { follows: false, ..RIGHT }))),
    ("follows_before_the_update", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { follows_first: true, ..RIGHT }))),
    ("follows_before_the_keys", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { follows_before_keys: true, ..RIGHT }))),
    ("queue_before_the_loss", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { queue_first: true, ..RIGHT }))),
    ("queue_left_alone", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { fills: false, ..RIGHT }))),
    ("other_keys_remembered", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { new_keys: true, ..RIGHT }))),
    ("queries_remembered", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { remembers_queries: true, ..RIGHT }))),
    ("keys_not_shuffled", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { shuffles: false, ..RIGHT }))),
    ("keys_not_put_back", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { restores: false, ..RIGHT }))),
    ("queries_shuffled_too", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { shuffles_queries: true, ..RIGHT }))),
    ("one_order_for_all_steps", step(|step, optimizer, rng| stepped(step, optimizer, rng, &How { own_seed: true, ..RIGHT }))),

    ("not_normalized", bank(|bank, images, v, m| remembered(bank, images, v, |old, v| average(old, v, m)))),
    ("momentum_reversed", bank(|bank, images, v, m| bank.update(images, v, 1.0 - m))),
    ("replaced", bank(|bank, images, v, _| bank.update(images, v, 0.0))),
    ("left_alone", bank(|_, _, _, _| Ok(()))),
    ("v_normalized_first", bank(|bank, images, v, m| bank.update(images, &unit_rows(v)?, m))),
    ("first_rows", bank(|bank, images, v, m| bank.update(&(0..images.len()).collect::<Vec<_>>(), v, m))),
    ("sorted_images", bank(|bank, images, v, m| bank.update(&sorted(images), v, m))),
    ("all_rows", bank(all_rows)),
    ("old_forgotten", bank(|bank, images, v, _| remembered(bank, images, v, |old, v| unit_rows(&(old + v)?)))),

    ("own_images_too", negatives(|_, images, count, rng| sample_negatives(&[], images, count, rng))),
    ("first_images", negatives(|batch, images, count, _| Ok(others(batch, images)[..count].to_vec()))),
    ("places_for_images", negatives(|batch, images, count, rng| sample_negatives(&[], others(batch, images).len(), count, rng))),
    ("first_places_left_out", negatives(|batch, images, count, rng| sample_negatives(&(0..images - others(batch, images).len()).collect::<Vec<_>>(), images, count, rng))),
    ("with_replacement", negatives(|batch, images, count, rng| (0..count).map(|_| Ok(sample_negatives(batch, images, 1, rng)?[0])).collect())),
    ("own_seed", negatives(|batch, images, count, _| sample_negatives(batch, images, count, &mut Rng::seed_from_u64(3)))),

    ("lambda_reversed", pirl(|m, p, i, n, t, w| pirl_loss(m, p, i, n, t, 1.0 - w))),
    ("summed", pirl(|m, p, i, n, t, _| terms(m, p, i, n, t, [1.0, 1.0]))),
    ("halves", pirl(|m, p, i, n, t, _| terms(m, p, i, n, t, [0.5, 0.5]))),
    ("patches_only", pirl(|m, p, i, n, t, _| terms(m, p, i, n, t, [1.0, 0.0]))),
    ("image_only", pirl(|m, p, i, n, t, _| terms(m, p, i, n, t, [0.0, 1.0]))),
    ("image_instead_of_memory", pirl(|m, p, i, n, t, w| (moco_loss(&moco_logits(p, i, n, t)?)? * w)? + (moco_loss(&moco_logits(i, m, n, t)?)? * (1.0 - w))?)),
    ("gradient_into_memory", pirl(|m, p, i, n, t, w| (leaking(p, m, n, t)? * w)? + (leaking(i, m, n, t)? * (1.0 - w))?)),
    ("memory_is_the_query", pirl(|m, p, i, n, t, w| (leaking(m, p, n, t)? * w)? + (leaking(m, i, n, t)? * (1.0 - w))?)),

    ("not_centered", alike(|a, b| number(&cosines(a, b)?))),
    ("one_side_centered", alike(|a, b| number(&cosines(&centered(a)?, b)?))),
    ("centered_together", alike(|a, b| { let mean = ((a.mean_keepdim(0)? + b.mean_keepdim(0)?)? / 2.0)?; number(&cosines(&a.broadcast_sub(&mean)?, &b.broadcast_sub(&mean)?)?) })),
    ("centered_within_rows", alike(|a, b| number(&cosines(&centered(&a.t()?)?.t()?, &centered(&b.t()?)?.t()?)?))),
    ("one_mean_for_all", alike(|a, b| number(&cosines(&a.broadcast_sub(&a.mean_all()?)?, &b.broadcast_sub(&b.mean_all()?)?)?))),
    ("not_normalized", alike(|a, b| number(&(centered(a)? * centered(b)?)?.sum(1)?))),
    ("summed", alike(|a, b| Ok(invariance(a, b)? * a.dims()[0] as f64))),
    ("columns", alike(|a, b| number(&cosines(&centered(a)?.t()?, &centered(b)?.t()?)?))),
    ("all_pairs", alike(|a, b| number(&unit_rows(&centered(a)?)?.matmul(&unit_rows(&centered(b)?)?.t()?)?))),
    ("mean_over_dimensions", alike(|a, b| Ok(invariance(a, b)? / a.dims()[1] as f64))),
    ("absolute", alike(|a, b| number(&cosines(&centered(a)?, &centered(b)?)?.abs()?))),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("weights_by_number", follow(|key, query, m| { let (k, q) = (key.trained(), query.trained()); if k.len() != q.len() || !(0.0..=1.0).contains(&m) { candle_core::bail!("other encoders") } averaged(k.into_iter().zip(q).map(|((_, a), (_, b))| (a, b)).collect(), m, 1.0 - m)?; averaged(key.buffer_pairs(query)?, m, 1.0 - m) })),
    ("query_follows_the_key", follow(|key, query, m| momentum_update(query, key, m))),
    ("anything_between", follow(|key, query, m| momentum_update(key, query, m.clamp(0.0, 1.0)))),
    ("weights_before_buffers_are_paired", follow(|key, query, m| { if !(0.0..=1.0).contains(&m) { candle_core::bail!("m = {m}") } averaged(key.pairs(query)?, m, 1.0 - m)?; averaged(key.buffer_pairs(query)?, m, 1.0 - m) })),
    ("twin_by_the_last_dot", follow(|key, query, m| { let last = |p: &Params| p.all().keys().map(|name| name.rsplit('.').next().unwrap_or_default().to_string()).collect::<Vec<_>>(); if last(key) != last(query) || !(0.0..=1.0).contains(&m) { candle_core::bail!("other names") } averaged(key.all().into_values().zip(query.all().into_values()).collect(), m, 1.0 - m) })),
    ("order_longer_than_the_batch", restore(|x, order| (EXERCISES.unshuffle_batch)(x, &order[..order.len().min(x.dim(0)?)]))),
    ("one_order_more", step(|step, optimizer, rng| { let loss = moco_step(step, optimizer, rng)?; shuffle_batch(step.views[0], rng)?; Ok(loss) })),
    ("a_number_before", step(|step, optimizer, rng| { rng.random::<u64>(); moco_step(step, optimizer, rng) })),
    ("first_key_only", queue(|queue, keys| { queue.enqueue(&keys.narrow(0, 0, 1)?)?; let rest = keys.dims()[0] - 1; queue.next.set(&Tensor::new(&[on(queue.place()?, rest, queue.ring.dims()[0]) as f32], keys.device())?) })),
    ("place_grows", queue(|queue, keys| written(queue, keys, around, own_row, |next, batch, _| next + batch))),
    ("place_stops", queue(|queue, keys| written(queue, keys, around, own_row, |next, batch, size| (next + batch).min(size - 1)))),
    ("anything_fits", queue(|queue, keys| { let fits = keys.dims()[0].min(queue.ring.dims()[0]); queue.enqueue(&keys.narrow(0, 0, fits)?) })),
    ("forty_negatives_count", score(|q, k, queue, t| { let logits = moco_logits(q, k, queue, t)?; let columns = logits.dims()[1]; if columns <= 41 { return Ok(logits); } logits.narrow(1, 0, 41)?.pad_with_zeros(1, 0, columns - 41) })),
    ("sixteen_images_remembered", bank(|bank, images, v, m| { if images.len() <= 16 { return bank.update(images, v, m); } bank.update(&images[..16], &v.narrow(0, 0, 16)?, m) })),
    ("softmax_at_once", score(|q, k, queue, t| softmax(&moco_logits(q, k, queue, t)?, 1))),
    ("own_key_broadcast", score(|q, k, queue, t| { fitting(q, q, queue, t)?; let (own, others) = (q.broadcast_mul(&k.detach())?.sum_keepdim(1)?, q.matmul(&queue.detach().t()?)?); Tensor::cat(&[own, others], 1)? / t })),
    ("overflows", loss(|x| { x.dims2()?; (x.exp()?.sum_keepdim(1)?.log()? - column(x, 0)?)?.mean_all() })),
    ("maximum_detached_only_above", loss(|x| (log_sum_exp(x)? - column(x, 0)?.detach())?.mean_all())),
    ("rows_of_a_vector", loss(|x| moco_loss(&if x.rank() == 1 { x.unsqueeze(0)? } else { x.clone() }))),
    ("naive_shuffle", shuffle(naive)),
    ("small_batches_only", shuffle(|x, rng| if x.dim(0)? <= 4 { shuffle_batch(x, rng) } else { rows(x, in_order(x)?) })),
    ("optimizer_ignored", step(|step, _, rng| moco_step(step, &mut ssl_nn::Sgd::new(step.query_params.trained(), 0.0, 0.0), rng))),
    ("place_beyond_the_end", queue(|queue, keys| written(queue, keys, around, own_row, |next, batch, size| if next + batch > size { next + batch - size } else { next + batch }))),
    ("never_negative", alike(|a, b| Ok(invariance(a, b)?.max(0.0)))),
    ("memory_of_length_one", bank(|bank, images, v, m| { between(m)?; remembered(bank, images, v, |old, v| unit_rows(&average(&unit_rows(old)?, v, m)?)) })),
    ("one_swap", shuffle(|x, rng| { let mut order = in_order(x)?; let drawn = any_order(x, rng)?; if drawn.len() > 1 { order.swap(drawn[0] as usize, drawn[1] as usize); } rows(x, order) })),
    ("ends_stay", shuffle(|x, rng| { let mut order = in_order(x)?; let last = order.len().saturating_sub(1); if last > 0 { use rand::seq::SliceRandom; order[..last].shuffle(rng); } rows(x, order) })),
    ("no_look_at_the_order", restore(|x, order| Ok(rows(x, inverse(order))?.0))),
    ("loss_after_the_step", step(|step, optimizer, rng| { moco_step(step, optimizer, &mut rng.clone())?; moco_step(step, &mut nobody(), rng) })),
    ("follows_twice", step(|step, optimizer, rng| { let loss = moco_step(step, optimizer, rng)?; momentum_update(step.key_params, step.query_params, step.momentum)?; Ok(loss) })),
    ("momentum_of_its_own", step(|step, optimizer, rng| moco_step(&Step { momentum: 0.999, ..*step }, optimizer, rng))),
    ("half_the_rate", step(|step, optimizer, rng| moco_step(&Step { learning_rate: step.learning_rate / 2.0, ..*step }, optimizer, rng))),
    ("temperature_of_its_own", step(|step, optimizer, rng| moco_step(&Step { temperature: 0.2, ..*step }, optimizer, rng))),
    ("one_view_twice", step(|step, optimizer, rng| moco_step(&Step { views: [step.views[0], step.views[0]], ..*step }, optimizer, rng))),
    ("keys_encoded_twice", step(|step, optimizer, rng| moco_step(&Step { key: &|x, train| { (step.key)(x, train)?; (step.key)(x, train) }, ..*step }, optimizer, rng))),
    ("momentum_of_its_own_bank", bank(|bank, images, v, _| bank.update(images, v, 0.6))),
    ("later_wins", bank(|bank, images, v, m| { let rows = unit_rows(&average(&bank.rows(images)?, v, m)?)?; images.iter().enumerate().try_for_each(|(i, &image)| bank.memory.slice_set(&rows.narrow(0, i, 1)?, 0, image)) })),
    ("one_window", negatives(|batch, images, count, rng| { let others = others(batch, images); if count > others.len() { candle_core::bail!("too many") } let start = sample_negatives(&[], others.len(), 1, rng)?[0]; Ok((0..count).map(|i| others[(start + i) % others.len()]).collect()) })),
    ("fewer_where_there_are_fewer", negatives(|batch, images, count, rng| sample_negatives(batch, images, count.min(images - batch.len()), rng))),
    ("any_lambda", pirl(|m, p, i, n, t, w| terms(m, p, i, n, t, [w, 1.0 - w]))),
    ("image_detached", pirl(|m, p, i, n, t, w| pirl_loss(m, p, &i.detach(), n, t, w))),
    ("negatives_with_gradient", pirl(|m, p, i, n, t, w| { let term = |v: &Tensor| moco_loss(&scores(v, &m.detach(), n, [t, t])?); (term(p)? * w)? + (term(i)? * (1.0 - w))? })),
    ("always_one", alike(|_, _| Ok(1.0))),
    ("twin_by_the_first_dot", follow(|key, query, m| { let names = |p: &Params| p.all().keys().map(|name| name.split_once('.').map_or("", |x| x.1).to_string()).collect::<Vec<_>>(); if names(key) != names(query) { candle_core::bail!("names") } momentum_update(key, query, m) })),
    ("matrices_follow", follow(|key, query, m| { momentum_update(key, query, 1.0)?; if !(0.0..=1.0).contains(&m) { candle_core::bail!("m = {m}") } averaged([key.pairs(query)?, key.buffer_pairs(query)?].concat().into_iter().filter(|(k, _)| k.rank() <= 2).collect(), m, 1.0 - m) })),
    ("names_unseen_at_one", follow(|key, query, m| if m == 1.0 { Ok(()) } else { momentum_update(key, query, m) })),
    ("temperature_at_least_a_hundredth", score(|q, k, queue, t| moco_logits(q, k, queue, if t > 0.0 { t.max(0.01) } else { t }))),
    ("negatives_needed", loss(|x| if x.dims2()?.1 < 2 { candle_core::bail!("no negatives") } else { moco_loss(x) })),
    ("few_orders", shuffle(|x, rng| shuffle_batch(x, &mut Rng::seed_from_u64(rng.random::<u16>().into())))),
    ("a_copy_of_rng", shuffle(|x, rng| { let shuffled = shuffle_batch(x, &mut rng.clone()); rng.random::<u32>(); shuffled })),
    ("maps_only", shuffle(|x, rng| { if x.rank() > 0 { x.dims3()?; } shuffle_batch(x, rng) })),
    ("sixteen_at_a_time", shuffle(|x, rng| { let mut order = in_order(x)?; order.chunks_mut(16).for_each(|rows| rows.shuffle(rng)); rows(x, order) })),
    ("shuffled_every_other_step", step(|step, optimizer, rng| stepped_in(step, optimizer, rng, |x, rng| if rng.random() { shuffle_batch(x, rng) } else { rows(x, in_order(x)?) }))),
    ("first_two_swapped", step(|step, optimizer, rng| stepped_in(step, optimizer, rng, |x, rng| { let mut order = in_order(x)?; if rng.random() && order.len() > 1 { order.swap(0, 1) } rows(x, order) }))),
    ("few_orders_of_keys", step(|step, optimizer, rng| stepped_in(step, optimizer, rng, |x, rng| shuffle_batch(x, &mut Rng::seed_from_u64(rng.random::<u8>().into()))))),
    ("momentum_clamped", step(|step, optimizer, rng| moco_step(&Step { momentum: step.momentum.clamp(0.0, 1.0), ..*step }, optimizer, rng))),
    ("nothing_to_do_at_one", bank(|bank, images, v, m| { sound(bank, images, v)?; between(m)?; if m == 1.0 { Ok(()) } else { bank.update(images, v, m) } })),
    ("greater_epsilon", bank(|bank, images, v, m| { between(m)?; remembered(bank, images, v, |old, v| { let x = average(old, v, m)?; x.broadcast_div(&(x.sqr()?.sum_keepdim(1)? + 1e-8)?.sqrt()?) }) })),
    ("doubles_counted_twice", negatives(|batch, images, count, rng| if count + batch.len() > images { candle_core::bail!("too many") } else { sample_negatives(batch, images, count, rng) })),
    ("few_draws", negatives(|batch, images, count, rng| sample_negatives(batch, images, count, &mut Rng::seed_from_u64(rng.random::<u16>().into())))),
    ("first_sixty_four", negatives(|batch, images, count, rng| sample_negatives(batch, if count < 64 { images.min(64 + batch.len()) } else { images }, count, rng))),
    ("overflows", pirl(|m, p, i, n, t, w| { if !(0.0..=1.0).contains(&w) { candle_core::bail!("λ = {w}") } let term = |v: &Tensor| { let x = moco_logits(v, m, n, t)?; (x.exp()?.sum_keepdim(1)?.log()? - column(&x, 0)?)?.mean_all() }; (term(p)? * w)? + (term(i)? * (1.0 - w))? })),
    ("hundred_thousandth", alike(|a, b| { a.dims2()?; if a.dims() != b.dims() { candle_core::bail!("shapes") } let unit = |x: &Tensor| x.broadcast_div(&(x.sqr()?.sum_keepdim(1)? + 1e-5)?.sqrt()?); number(&(unit(&centered(a)?)? * unit(&centered(b)?)?)?.sum(1)?) })),
    ("one_picture_refused", alike(|a, b| if a.dims2()?.0 < 2 { candle_core::bail!("one picture") } else { invariance(a, b) })),
    ("broadcasts", alike(|a, b| { a.dims2()?; number(&unit_rows(&centered(a)?)?.broadcast_mul(&unit_rows(&centered(b)?)?)?.sum(1)?) })),
];

#[rustfmt::skip]
const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("follows_by_difference", follow(by_difference)),
    ("ring_key_by_key", queue(|queue, keys| written(queue, keys, around, own_row, on))),
    ("ring_selected", queue(selected)),
    ("scores_by_diagonal", score(|q, k, queue, t| { fitting(q, k, queue, t)?; let (q, k) = ((q / t)?, k.detach()); let own = q.matmul(&k.t()?)?; let own = (own * Tensor::eye(q.dims()[0], q.dtype(), q.device())?)?.sum_keepdim(1)?; Tensor::cat(&[own, q.matmul(&queue.detach().t()?)?], 1) })),
    ("loss_by_class", loss(|x| of_class(x, 0))),
    ("loss_by_log_sum_exp", loss(|x| { x.dims2()?; (log_sum_exp(x)? - column(x, 0)?)?.mean_all() })),
    ("shuffled_by_keys", shuffle(by_keys)),
    ("restored_by_sorting", restore(|x, order| { permutation(x, order)?; Ok(rows(x, inverse(order))?.0) })),
    ("restored_row_by_row", restore(|x, order| { permutation(x, order)?; let back = inverse(order); Tensor::stack(&back.iter().map(|&i| x.get(i as usize)).collect::<Result<Vec<_>>>()?, 0) })),
    ("keys_first", step(|s, optimizer, rng| stepped(s, optimizer, rng, &RIGHT))),
    ("bank_as_a_whole", bank(whole_bank)),
    ("negatives_one_by_one", negatives(drawn_one_by_one)),
    ("negatives_of_a_set", negatives(|batch, images, count, rng| Ok(sample_negatives(batch, images, count, rng)?.into_iter().collect::<std::collections::HashSet<_>>().into_iter().collect()))),
    ("negatives_by_shuffling", negatives(by_shuffling)),
    ("pirl_by_classes", pirl(|m, p, i, n, t, w| { if !(0.0..=1.0).contains(&w) { candle_core::bail!("λ = {w}") } let term = |v: &Tensor| of_class(&moco_logits(v, m, n, t)?, 0); (term(i)? * (1.0 - w))? + (term(p)? * w)? })),
    ("invariance_in_numbers", alike(invariance_in_numbers)),
];
