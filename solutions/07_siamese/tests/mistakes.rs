//! Wrong answers that the checks of lab 07 must name, and right ones that they must accept.

extern crate siamese_solution as siamese;
#[path = "../../../labs/07_siamese/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod losses;
mod networks;
mod steps;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use graded::{EXERCISES, Exercises};
use losses::*;
use networks::*;
use siamese::{
    Step, Target, byol_loss, byol_step, collapse_level, ema_update, momentum_at, negative_cosine, simsiam_loss,
    simsiam_step,
};
use ssl_grading::Values;
use ssl_grading::mistakes::Cases;
use ssl_nn::{Optimizer, Params};
use steps::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn cosine(negative_cosine: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { negative_cosine, ..EXERCISES }
}

const fn predict(predict: fn(&Tensor, bool, &mut Params, &Values) -> Result<Tensor>) -> Exercises {
    Exercises { predict, ..EXERCISES }
}

const fn simsiam(simsiam_loss: fn(&[Tensor], &[Tensor]) -> Result<Tensor>) -> Exercises {
    Exercises { simsiam_loss, ..EXERCISES }
}

const fn byol(byol_loss: fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { byol_loss, ..EXERCISES }
}

const fn follow(ema_update: fn(&Params, &Params, f64) -> Result<()>) -> Exercises {
    Exercises { ema_update, ..EXERCISES }
}

const fn momentum(momentum_at: fn(usize, usize, f64) -> f64) -> Exercises {
    Exercises { momentum_at, ..EXERCISES }
}

const fn level(collapse_level: fn(&Tensor) -> Result<f64>) -> Exercises {
    Exercises { collapse_level, ..EXERCISES }
}

const fn one(simsiam_step: fn(&Step, &mut dyn Optimizer) -> Result<f64>) -> Exercises {
    Exercises { simsiam_step, ..EXERCISES }
}

const fn two(byol_step: fn(&Step, &Target, &mut dyn Optimizer) -> Result<f64>) -> Exercises {
    Exercises { byol_step, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("gradient_to_both", cosine(|p, z| mean_cosine(p, z)?.neg())),
    ("gradient_to_z", cosine(|p, z| mean_cosine(&p.detach(), z)?.neg())),
    ("not_normalized", cosine(|p, z| products(p, &z.detach())?.mean_all()?.neg())),
    ("z_not_normalized", cosine(|p, z| products(&unit(p)?, &z.detach())?.mean_all()?.neg())),
    ("p_not_normalized", cosine(|p, z| products(p, &unit(&z.detach())?)?.mean_all()?.neg())),
    ("normalized_over_the_batch", cosine(|p, z| mean_cosine(&p.t()?, &z.detach().t()?)?.neg())),
    ("sign", cosine(|p, z| negative_cosine(p, z)?.neg())),
    ("summed", cosine(|p, z| negative_cosine(p, z)? * p.dims()[0] as f64)),
    ("mean_over_all", cosine(|p, z| negative_cosine(p, z)? / p.dims()[1] as f64)),
    ("squared_distance", cosine(|p, z| negative_cosine(p, z)?.affine(2.0, 2.0))),
    ("length_detached", cosine(|p, z| products(&p.broadcast_div(&length(&p.detach())?)?, &unit(&z.detach())?)?.mean_all()?.neg())),
    ("all_pairs", cosine(|p, z| unit(p)?.matmul(&unit(&z.detach())?.t()?)?.mean_all()?.neg())),

    ("no_relu", predict(|z, train, params, w| predicted(z, train, params, w, &Shape { relu: false, ..RIGHT }))),
    ("no_batch_norm", predict(|z, train, params, w| predicted(z, train, params, w, &Shape { norm: false, ..RIGHT }))),
    ("relu_before_batch_norm", predict(|z, train, params, w| predicted(z, train, params, w, &Shape { relu_first: true, ..RIGHT }))),
    ("relu_at_the_end", predict(|z, train, params, w| predicted(z, train, params, w, &RIGHT)?.relu())),
    ("residual", predict(|z, train, params, w| predicted(z, train, params, w, &RIGHT)? + z)),
    ("normalized", predict(|z, train, params, w| unit(&predicted(z, train, params, w, &RIGHT)?))),
    ("evaluation_mode", predict(|z, _, params, w| predicted(z, false, params, w, &RIGHT))),
    ("training_mode", predict(|z, _, params, w| predicted(z, true, params, w, &RIGHT))),

    ("own_embedding", simsiam(|p, z| each(p, z, |z, v| Ok(z[v].clone())))),
    ("all_views", simsiam(|p, z| each(p, z, |z, _| Tensor::stack(z, 0)?.mean(0)))),
    ("next_view", simsiam(|p, z| each(p, z, |z, v| Ok(z[(v + 1) % z.len()].clone())))),
    ("mean_of_distances", simsiam(|p, z| mean((0..p.len()).flat_map(|v| (0..z.len()).filter(move |u| *u != v).map(move |u| negative_cosine(&p[v], &z[u])))))),
    ("mean_of_directions", simsiam(|p, z| each(p, z, |z, v| others(&z.iter().map(unit).collect::<Result<Vec<_>>>()?, v)))),
    ("summed", simsiam(|p, z| simsiam_loss(p, z)? * p.len() as f64)),
    ("half", simsiam(|p, z| simsiam_loss(p, z)? * (p.len() as f64 / 2.0))),
    ("gradient_into_z", simsiam(leaking)),
    ("not_normalized", simsiam(|p, z| mean((0..p.len()).map(|v| products(&p[v], &others(z, v)?.detach())?.mean_all()?.neg())))),

    ("averaged", byol(|a, b, x, y| byol_loss(a, b, x, y)? / 2.0)),
    ("one_direction", byol(|a, _, _, y| squares(a, &y.detach(), unit))),
    ("not_crossed", byol(|a, b, x, y| byol_loss(a, b, y, x))),
    ("not_normalized", byol(|a, b, x, y| squares(a, &y.detach(), |x| Ok(x.clone()))? + squares(b, &x.detach(), |x| Ok(x.clone()))?)),
    ("constant_forgotten", byol(|a, b, x, y| byol_loss(a, b, x, y)? - 4.0)),
    ("cosines_once", byol(|a, b, x, y| negative_cosine(a, y)? + negative_cosine(b, x)?)),
    ("mean_over_dimensions", byol(|a, b, x, y| byol_loss(a, b, x, y)? / a.dims()[1] as f64)),
    ("summed_over_the_batch", byol(|a, b, x, y| byol_loss(a, b, x, y)? * a.dims()[0] as f64)),
    ("not_squared", byol(|a, b, x, y| distances(a, y)?.mean_all()? + distances(b, x)?.mean_all()?)),
    ("gradient_into_the_target", byol(|a, b, x, y| squares(a, y, unit)? + squares(b, x, unit)?)),
    ("predictions_detached", byol(|a, b, x, y| squares(&a.detach(), y, unit)? + squares(&b.detach(), x, unit)?)),

    ("momentum_reversed", follow(|target, online, m| ema_update(target, online, 1.0 - m))),
    ("copied", follow(|target, online, _| ema_update(target, online, 0.0))),
    ("left_alone", follow(|_, _, _| Ok(()))),
    ("buffers_left_alone", follow(|target, online, m| averaged(target.pairs(online)?, m))),
    ("buffers_averaged", follow(|target, online, m| { averaged(target.pairs(online)?, m)?; averaged(target.buffer_pairs(online)?, m) })),
    ("old_forgotten", follow(|target, online, m| { ema_update(target, online, 0.0)?; scaled(&target.trained(), 1.0 - m) })),

    ("constant", momentum(|_, _, base| base)),
    ("whole_numbers", momentum(|step, total, base| momentum_at(step / total, 1, base))),
    ("line", momentum(|step, total, base| base + (1.0 - base) * step as f64 / total as f64)),
    ("falling", momentum(|step, total, base| 1.0 + base - momentum_at(step, total, base))),
    ("whole_period", momentum(|step, total, base| momentum_at(2 * step, total, base))),
    ("quarter_period", momentum(|step, total, base| 1.0 - (1.0 - base) * cos(step as f64 / total as f64 / 2.0))),
    ("not_halved", momentum(|step, total, base| 2.0 * momentum_at(step, total, base) - 1.0)),
    ("from_one", momentum(|step, total, base| momentum_at(step + 1, total, base))),
    ("degrees", momentum(|step, total, base| 1.0 - (1.0 - base) * ((180.0 * step as f64 / total as f64).cos() + 1.0) / 2.0)),

    ("not_normalized", level(|z| Ok(deviations(z, 0, 0.0)?.0 * root(z.dims()[1])))),
    ("not_centered", level(|z| Ok(f64::from(unit(z)?.sqr()?.mean(0)?.sqrt()?.mean_all()?.to_scalar::<f32>()?) * root(z.dims2()?.1)))),
    ("sample_deviation", level(|z| Ok(deviations(&unit(z)?, 0, 1.0)?.0 * root(z.dims()[1])))),
    ("not_scaled", level(|z| Ok(collapse_level(z)? / root(z.dims()[1])))),
    ("scaled_by_the_width", level(|z| Ok(collapse_level(z)? * root(z.dims()[1])))),
    ("scaled_by_the_batch", level(|z| Ok(collapse_level(z)? / root(z.dims()[1]) * root(z.dims()[0])))),
    ("over_the_width", level(|z| Ok(deviations(&unit(z)?, 1, 0.0)?.0 * root(z.dims()[1])))),
    ("variance", level(|z| Ok(deviations(&unit(z)?, 0, 0.0)?.1 * root(z.dims()[1])))),
    ("root_of_the_mean_variance", level(|z| Ok(deviations(&unit(z)?, 0, 0.0)?.1.sqrt() * root(z.dims()[1])))),
    ("normalized_over_the_batch", level(|z| Ok(deviations(&unit(&z.t()?)?.t()?, 0, 0.0)?.0 * root(z.dims()[1])))),
    ("everything_together", level(|z| Ok(deviations(&unit(z)?.reshape(((), 1))?, 0, 0.0)?.0 * root(z.dims()[1])))),

    ("gradient_into_z", one(|step, optimizer| simsiam_with(step, optimizer, &Steps { leaks: true, ..STEPS }))),
    ("one_batch", one(|step, optimizer| simsiam_with(step, optimizer, &Steps { joint: true, ..STEPS }))),
    ("embedded_twice", one(|step, optimizer| simsiam_with(step, optimizer, &Steps { embeds_twice: true, ..STEPS }))),
    ("without_predictor", one(|step, optimizer| simsiam_step(&Step { predict: &|z, _| Ok(z.clone()), ..*step }, optimizer))),
    ("predicts_in_evaluation_mode", one(|step, optimizer| simsiam_step(&Step { predict: &|z, _| (step.predict)(z, false), ..*step }, optimizer))),
    ("views_backwards", one(|step, optimizer| simsiam_step(&Step { views: &backwards(step.views), ..*step }, optimizer))),
    ("two_views_only", one(|step, optimizer| simsiam_step(&Step { views: &step.views[..2.min(step.views.len())], ..*step }, optimizer))),
    ("one_view_twice", one(|step, optimizer| simsiam_step(&Step { views: &vec![step.views[0].clone(); step.views.len()], ..*step }, optimizer))),
    ("evaluation_mode", one(|step, optimizer| simsiam_step(&Step { embed: &|x, _| (step.embed)(x, false), ..*step }, optimizer))),
    ("no_update", one(|step, _| simsiam_step(step, &mut nobody()))),
    ("two_updates", one(|step, optimizer| { let loss = simsiam_step(step, optimizer)?; simsiam_step(step, optimizer)?; Ok(loss) })),

    ("not_crossed", two(|step, target, optimizer| byol_with(step, target, optimizer, &Twins { crossed: false, ..TWINS }))),
    ("one_batch", two(|step, target, optimizer| byol_with(step, target, optimizer, &Twins { joint: true, ..TWINS }))),
    ("target_predicts_too", two(|step, target, optimizer| byol_with(step, target, optimizer, &Twins { target_predicts: true, ..TWINS }))),
    ("without_predictor", two(|step, target, optimizer| byol_step(&Step { predict: &|z, _| Ok(z.clone()), ..*step }, target, optimizer))),
    ("predicts_in_evaluation_mode", two(|step, target, optimizer| byol_step(&Step { predict: &|z, _| (step.predict)(z, false), ..*step }, target, optimizer))),
    ("averaged", two(|step, target, optimizer| byol_with(step, target, optimizer, &Twins { factor: 0.5, ..TWINS }))),
    ("target_of_itself", two(|step, target, optimizer| byol_with(step, target, optimizer, &Twins { itself: true, ..TWINS }))),
    ("target_in_evaluation_mode", two(|step, target, optimizer| byol_step(step, &Target { embed: &|x, _| (target.embed)(x, false), ..*target }, optimizer))),
    ("follows_before_the_step", two(|step, target, optimizer| byol_with(step, target, optimizer, &Twins { follows_first: true, ..TWINS }))),
    ("target_left_alone", two(|step, target, optimizer| byol_with(step, target, optimizer, &Twins { follows: false, ..TWINS }))),
    ("evaluation_mode", two(|step, target, optimizer| byol_step(&Step { embed: &|x, _| (step.embed)(x, false), ..*step }, &Target { embed: &|x, _| (target.embed)(x, false), ..*target }, optimizer))),
    ("no_update", two(|step, target, _| byol_step(step, target, &mut nobody()))),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("no_epsilon_in_distances", byol(|a, b, x, y| { byol_loss(a, b, x, y)?; let unit = |x: &Tensor| x.broadcast_div(&x.sqr()?.sum_keepdim(1)?.sqrt()?); let apart = |p: &Tensor, t: &Tensor| (unit(p)? - unit(&t.detach())?)?.sqr()?.sum(1)?.mean_all(); apart(a, y)? + apart(b, x)? })),
    ("another_epsilon", level(|z| { z.dims2()?; let unit = z.broadcast_div(&(z.sqr()?.sum_keepdim(1)? + 1e-4)?.sqrt()?)?; let n = z.dims()[1] as f64; Ok(n.sqrt() * f64::from(unit.broadcast_sub(&unit.mean_keepdim(0)?)?.sqr()?.mean(0)?.sqrt()?.mean_all()?.to_scalar::<f32>()?)) })),
    ("graph_cut", cosine(|p, z| Ok(negative_cosine(p, z)?.detach()))),
    ("broadcasts", cosine(|p, z| products(&unit(p)?.broadcast_add(&z.zeros_like()?)?, &unit(&z.detach())?)?.mean_all()?.neg())),
    ("no_epsilon", cosine(|p, z| products(&p.broadcast_div(&p.sqr()?.sum_keepdim(1)?.sqrt()?)?, &unit(&z.detach())?)?.mean_all()?.neg())),
    ("first_pair_only", cosine(|p, z| negative_cosine(&p.narrow(0, 0, 1)?, &z.narrow(0, 0, 1)?))),
    ("bias_forgotten", predict(|z, train, params, w| predicted(z, train, params, w, &Shape { bias: false, ..RIGHT }))),
    ("normalized_twice", predict(normalized_twice)),
    ("z_detached", predict(|z, train, params, w| predicted(&z.detach(), train, params, w, &RIGHT))),
    ("first_two_views", simsiam(|p, z| simsiam_loss(&p[..p.len().min(2)], &z[..z.len().min(2)]))),
    ("zip_of_what_there_is", simsiam(|p, z| { let n = p.len().min(z.len()); simsiam_loss(&p[..n], &z[..n]) })),
    ("views_that_predict_less", simsiam(|p, z| each(p, z, |z, v| Ok(z[if v + 1 < z.len() { v + 1 } else { v - 1 }].clone())))),
    ("second_prediction_detached", byol(|a, b, x, y| byol_loss(a, &b.detach(), x, y))),
    ("aliased_buffers_and_weights", follow(|target, online, m| ema_update(online, target, m))),
    ("first_weight_only", follow(|target, online, m| { averaged(target.pairs(online)?.into_iter().take(1).collect(), m)?; averaged(target.buffer_pairs(online)?, 0.0) })),
    ("anything_between", follow(|target, online, m| ema_update(target, online, m.clamp(0.0, 1.0)))),
    ("pairs_what_fits", follow(paired_by_order)),
    ("buffers_if_they_fit", follow(|target, online, m| { if !(0.0..=1.0).contains(&m) { candle_core::bail!("m = {m}") } averaged(target.pairs(online)?, m)?; averaged(target.buffer_pairs(online).unwrap_or_default(), 0.0) })),
    ("buffers_too_late", follow(|target, online, m| { if !(0.0..=1.0).contains(&m) { candle_core::bail!("m = {m}") } averaged(target.pairs(online)?, m)?; averaged(target.buffer_pairs(online)?, 0.0) })),
    ("squared_step", momentum(|step, total, base| momentum_at(step * step, total * total, base))),
    ("rounded", momentum(|step, total, base| f64::from(momentum_at(step, total, base) as f32))),
    ("always_one", level(|_| Ok(1.0))),
    ("any_rank", level(|z| collapse_level(&if z.rank() == 2 { z.clone() } else { z.reshape(((), 1))? }))),
    ("update_forgotten_where_it_fails", one(|step, optimizer| { let mut kept = Quiet(optimizer); simsiam_step(step, &mut kept) })),
    ("predicts_twice", one(|step, optimizer| simsiam_step(&Step { predict: &|z, train| { (step.predict)(z, train)?; (step.predict)(z, train) }, ..*step }, optimizer))),
    ("byol_predicts_twice", two(|step, target, optimizer| byol_step(&Step { predict: &|z, train| { (step.predict)(z, train)?; (step.predict)(z, train) }, ..*step }, target, optimizer))),
    ("byol_update_forgotten_where_it_fails", two(|step, target, optimizer| { let mut kept = Quiet(optimizer); byol_step(step, target, &mut kept) })),
    ("four_views_at_most", one(|step, optimizer| simsiam_step(&Step { views: &step.views[..4.min(step.views.len())], ..*step }, optimizer))),
    ("loss_after_the_step", one(|step, optimizer| { simsiam_step(step, optimizer)?; simsiam_step(step, &mut nobody()) })),
    ("half_the_rate", one(|step, optimizer| simsiam_step(&Step { learning_rate: step.learning_rate / 2.0, ..*step }, optimizer))),
    ("follows_twice", two(|step, target, optimizer| { let loss = byol_step(step, target, optimizer)?; ema_update(target.params, target.online, target.momentum)?; Ok(loss) })),
    ("momentum_of_its_own", two(|step, target, optimizer| byol_step(step, &Target { momentum: 0.99, ..*target }, optimizer))),
    ("first_view_twice", two(|step, target, optimizer| byol_step(&Step { views: &[step.views[0].clone(), step.views[0].clone()], ..*step }, target, optimizer))),
];

#[rustfmt::skip]
const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("cosine_by_products", cosine(|p, z| { same(p, z)?; let z = z.detach(); (products(p, &z)? / (length(p)? * length(&z)?)?.squeeze(1)?)?.mean_all()?.neg() })),
    ("cosine_by_a_matrix", cosine(|p, z| { same(p, z)?; let all = unit(p)?.matmul(&unit(&z.detach())?.t()?)?; let eye = Tensor::eye(p.dims()[0], p.dtype(), p.device())?; ((all * eye)?.sum_all()? / -(p.dims()[0] as f64))? + 0.0 })),
    ("predictor_by_hand", predict(|z, train, params, w| predicted(z, train, params, w, &RIGHT))),
    ("targets_one_by_one", simsiam(|p, z| each(p, z, others))),
    ("loss_by_all_pairs", simsiam(|p, z| each(p, z, |z, v| { let rest: Vec<Tensor> = z.iter().enumerate().filter(|(u, _)| *u != v).map(|(_, z)| z.clone()).collect(); Tensor::stack(&rest, 0)?.mean(0) }))),
    ("byol_by_squares", byol(|a, b, x, y| { same(a, b)?; same(a, y)?; same(b, x)?; squares(a, &y.detach(), unit)? + squares(b, &x.detach(), unit)? })),
    ("follows_by_difference", follow(by_difference)),
    ("momentum_by_sine", momentum(|step, total, base| { let half = cos(step as f64 / total as f64 / 2.0); 1.0 - (1.0 - base) * half * half })),
    ("level_by_moments", level(level_by_moments)),
    ("embeds_all_first", one(|step, optimizer| simsiam_with(step, optimizer, &STEPS))),
    ("target_first", two(|step, target, optimizer| byol_with(step, target, optimizer, &TWINS))),
];
