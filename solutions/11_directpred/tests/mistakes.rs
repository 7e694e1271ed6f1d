//! Wrong answers that the checks of lab 11 must name, and right ones that they must accept.

extern crate directpred_solution as directpred;
#[path = "../../../labs/11_directpred/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod ways;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use directpred::{
    LinearByol, Mode, Rates, Step, alignment, correlation_ema, direct_copy, directpred_step, eigen_flow,
    eigen_predictor, equilibria, linear_byol_step, symmetric_eigen,
};
use graded::{EXERCISES, Exercises};
use ssl_grading::mistakes::Cases;
use ssl_nn::{Optimizer, trailing_average};
use ways::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn remember(correlation_ema: fn(&Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { correlation_ema, ..EXERCISES }
}

const fn predictor(eigen_predictor: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { eigen_predictor, ..EXERCISES }
}

const fn copy(direct_copy: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { direct_copy, ..EXERCISES }
}

const fn align(alignment: fn(&Tensor, &Tensor) -> Result<f64>) -> Exercises {
    Exercises { alignment, ..EXERCISES }
}

const fn linear(linear_byol_step: fn(&LinearByol, &Tensor, &Tensor, &Rates, f64) -> Result<LinearByol>) -> Exercises {
    Exercises { linear_byol_step, ..EXERCISES }
}

const fn flow(eigen_flow: fn(&Mode, &Rates) -> Mode) -> Exercises {
    Exercises { eigen_flow, ..EXERCISES }
}

const fn rest(equilibria: fn(f64, f64, f64) -> Option<(f64, f64)>) -> Exercises {
    Exercises { equilibria, ..EXERCISES }
}

const fn step(directpred_step: fn(&Step, &mut Tensor, &mut dyn Optimizer) -> Result<f64>) -> Exercises {
    Exercises { directpred_step, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("rho_reversed", remember(|old, f, rho| correlation_ema(old, f, 1.0 - rho))),
    ("old_forgotten", remember(|old, f, _| correlation_ema(old, f, 0.0))),
    ("new_added_whole", remember(|old, f, rho| mixed(old, &outer(&f.detach(), f.dims()[0] as f64)?, [rho, 1.0]))),
    ("not_averaged", remember(|old, f, rho| mixed(old, &outer(&f.detach(), 1.0)?, [rho, 1.0 - rho]))),
    ("averaged_over_the_width", remember(|old, f, rho| mixed(old, &outer(&f.detach(), f.dims()[1] as f64)?, [rho, 1.0 - rho]))),
    ("centered", remember(|old, f, rho| correlation_ema(old, &f.broadcast_sub(&f.mean_keepdim(0)?)?, rho))),
    ("directions", remember(|old, f, rho| correlation_ema(old, &f.broadcast_div(&f.sqr()?.sum_keepdim(1)?.sqrt()?)?, rho))),
    ("mean_s_product", remember(|old, f, rho| correlation_ema(old, &f.mean_keepdim(0)?, rho))),
    ("gradient_into_features", remember(|old, f, rho| mixed(old, &outer(f, f.dims()[0] as f64)?, [rho, 1.0 - rho]))),

    ("root_forgotten", predictor(direct_copy)),
    ("epsilon_forgotten", predictor(|f, _| eigen_predictor(f, 0.0))),
    ("greater_of_root_and_epsilon", predictor(|f, e| along(f, |s, value| (value / greatest(s)).sqrt().max(e)))),
    ("negative_rooted", predictor(|f, e| along_raw(f, |s, value| (value / greatest(s)).sqrt() + e))),
    ("absolute", predictor(|f, e| along_raw(f, |s, value| (value.abs() / greatest(s)).sqrt() + e))),
    ("epsilon_inside", predictor(|f, e| along(f, |s, value| (value / greatest(s) + e).sqrt()))),
    ("epsilon_times_the_greatest", predictor(|f, e| along(f, |s, value| (value / greatest(s)).sqrt() + e * greatest(s)))),
    ("not_divided", predictor(|f, e| along(f, |_, value| value.sqrt() + e))),
    ("divided_after_the_root", predictor(|f, e| along(f, |s, value| value.sqrt() / greatest(s) + e))),
    ("divided_by_the_sum", predictor(|f, e| along(f, |s, value| (value / root_sum(s, 1)).sqrt() + e))),
    ("epsilon_everywhere", predictor(|f, e| eigen_predictor(f, 0.0)? + e)),
    ("squared", predictor(|f, e| along(f, |s, value| (value / greatest(s)).powi(2) + e))),
    ("values_alone", predictor(values_alone)),

    ("epsilon_forgotten", copy(|f, _| direct_copy(f, 0.0))),
    ("not_divided", copy(|f, e| f + (eye(f)? * e)?)),
    ("divided_by_the_sum", copy(|f, e| along(f, |s, value| value / root_sum(s, 1) + e))),
    ("divided_by_the_length", copy(|f, e| along(f, |s, value| value / root_sum(s, 2) + e))),
    ("divided_by_the_greatest_entry", copy(|f, e| f.broadcast_div(&f.flatten_all()?.max(0)?)? + (eye(f)? * e)?)),
    ("divided_as_a_whole", copy(|f, e| along(f, |s, value| (value + e) / greatest(s)))),
    ("epsilon_everywhere", copy(|f, e| direct_copy(f, 0.0)? + e)),
    ("root", copy(eigen_predictor)),

    ("not_weighed", align(|w, f| cosines(w, f).map(|(cosines, _)| weighed(&cosines, &vec![1.0; cosines.len()])))),
    ("not_divided", align(|w, f| Ok(alignment(w, f)? * cosines(w, f)?.1.iter().sum::<f64>()))),
    ("lengths_forgotten", align(|w, f| { let (_, u) = symmetric_eigen(f)?; Ok(weighed(&dots(w, &u)?, &cosines(w, f)?.1)) })),
    ("transposed", align(|w, f| alignment(&w.t()?.contiguous()?, f))),
    ("absolute", align(|w, f| cosines(w, f).map(|(cosines, s)| weighed(&cosines.iter().map(|c| c.abs()).collect::<Vec<_>>(), &s)))),
    ("squared", align(|w, f| cosines(w, f).map(|(cosines, s)| weighed(&cosines.iter().map(|c| c * c).collect::<Vec<_>>(), &s)))),
    ("roots_for_weights", align(|w, f| cosines(w, f).map(|(cosines, s)| weighed(&cosines, &s.iter().map(|s| s.sqrt()).collect::<Vec<_>>())))),
    ("best_direction", align(|w, f| cosines(w, f).map(|(cosines, s)| cosines[(0..s.len()).max_by(|&i, &j| s[i].total_cmp(&s[j])).unwrap_or(0)]))),

    ("views_forgotten", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { views_in_prediction: false, ..MOVES }))),
    ("views_on_both_sides", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { views_in_target: true, ..MOVES }))),
    ("predictor_forgotten", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { predicts: false, ..MOVES }))),
    ("target_forgotten", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { own_target: true, ..MOVES }))),
    ("not_transposed", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { transposed: false, ..MOVES }))),
    ("up_the_hill", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { sign: -1.0, ..MOVES }))),
    ("one_after_the_other", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { one_after_the_other: true, ..MOVES }))),
    ("rate_on_both", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { rates: [1.0, 1.0], ..MOVES }))),
    ("rate_forgotten", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { rates: [0.0, 0.0], ..MOVES }))),
    ("decay_of_the_target", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { decays: [1.0, 1.0, 1.0], ..MOVES }))),
    ("predictor_without_decay", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { decays: [1.0, 0.0, 0.0], ..MOVES }))),
    ("network_without_decay", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { decays: [0.0, 1.0, 0.0], ..MOVES }))),
    ("target_follows_the_new", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { target_after: true, ..MOVES }))),
    ("target_runs_away", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &Moves { target_sign: -1.0, ..MOVES }))),

    ("noise_forgotten", flow(|mode, rates| eigen_flow(mode, &Rates { noise: 0.0, ..*rates }))),
    ("noise_alone", flow(|mode, rates| eigen_flow(mode, &Rates { noise: rates.noise - 1.0, ..*rates }))),
    ("half_of_the_slope", flow(|mode, rates| { let right = eigen_flow(mode, rates); slopes(mode, rates, right.p, right.s / 2.0) })),
    ("decay_of_s_once", flow(|mode, rates| { let right = eigen_flow(mode, rates); slopes(mode, rates, right.p, right.s + rates.decay * mode.s) })),
    ("rate_on_both", flow(|mode, rates| slopes(mode, rates, eigen_flow(mode, rates).p, 2.0 * rates.predictor * mode.p * mode.s * lacking(mode, rates) - 2.0 * rates.decay * mode.s))),
    ("rate_forgotten", flow(|mode, rates| eigen_flow(mode, &Rates { predictor: 1.0, ..*rates }))),
    ("s_forgotten", flow(|mode, rates| slopes(mode, rates, rates.predictor * lacking(mode, rates) - rates.decay * mode.p, eigen_flow(mode, rates).s))),
    ("decay_forgotten", flow(|mode, rates| eigen_flow(mode, &Rates { decay: 0.0, ..*rates }))),
    ("decay_upwards", flow(|mode, rates| eigen_flow(mode, &Rates { decay: -rates.decay, ..*rates }))),
    ("tau_only_follows", flow(|mode, rates| Mode { tau: rates.target * (1.0 - mode.tau), ..eigen_flow(mode, rates) })),
    ("tau_not_halved", flow(|mode, rates| { let right = eigen_flow(mode, rates); Mode { tau: right.tau - mode.tau * right.s / (2.0 * mode.s), ..right } })),
    ("tau_of_the_slope", flow(|mode, rates| { let right = eigen_flow(mode, rates); Mode { tau: rates.target * (1.0 - mode.tau) - mode.tau * right.s / 2.0, ..right } })),

    ("noise_forgotten", rest(|tau, _, decay| equilibria(tau, 0.0, decay))),
    ("noise_forgotten_below", rest(|tau, noise, decay| roots(tau * tau - 4.0 * (1.0 + noise) * decay, tau, 2.0))),
    ("noise_forgotten_inside", rest(|tau, noise, decay| roots(tau * tau - 4.0 * decay, tau, 2.0 * (1.0 + noise)))),
    ("root_forgotten", rest(|tau, noise, decay| { let inside = tau * tau - 4.0 * (1.0 + noise) * decay; roots(if inside < 0.0 { inside } else { inside * inside }, tau, 2.0 * (1.0 + noise)) })),
    ("four_forgotten", rest(|tau, noise, decay| equilibria(tau, noise, decay / 4.0))),
    ("two_forgotten", rest(|tau, noise, decay| equilibria(tau, noise, decay).map(|(a, b)| (2.0 * a, 2.0 * b)))),
    ("order", rest(|tau, noise, decay| equilibria(tau, noise, decay).map(|(a, b)| (b, a)))),
    ("decay_with_another_sign", rest(|tau, noise, decay| equilibria(tau, noise, -decay))),

    ("evaluation_mode", step(|step, f, optimizer| directpred_step(&Step { online: &|x, _| (step.online)(x, false), target: &|x, _| (step.target)(x, false), ..*step }, f, optimizer))),
    ("correlation_of_one_view", step(|step, f, optimizer| stepped(step, f, optimizer, &How { one_view: true, ..RIGHT }))),
    ("correlation_of_the_target", step(|step, f, optimizer| stepped(step, f, optimizer, &How { of_the_target: true, ..RIGHT }))),
    ("old_correlation", step(|step, f, optimizer| stepped(step, f, optimizer, &How { old: true, ..RIGHT }))),
    ("transposed", step(|step, f, optimizer| stepped(step, f, optimizer, &How { transposed: true, ..RIGHT }))),
    ("predictor_forgotten", step(|step, f, optimizer| stepped(step, f, optimizer, &How { predicts: false, ..RIGHT }))),
    ("not_crossed", step(|step, f, optimizer| stepped(step, f, optimizer, &How { crossed: false, ..RIGHT }))),
    ("one_direction", step(|step, f, optimizer| stepped(step, f, optimizer, &How { one_direction: true, ..RIGHT }))),
    ("averaged", step(|step, f, optimizer| stepped(step, f, optimizer, &How { averaged: true, ..RIGHT }))),
    ("no_update", step(|step, f, _| directpred_step(step, f, &mut nobody()))),
    ("target_left_alone", step(|step, f, optimizer| stepped(step, f, optimizer, &How { follows: false, ..RIGHT }))),
    ("follows_before_the_update", step(|step, f, optimizer| stepped(step, f, optimizer, &How { follows_first: true, ..RIGHT }))),
    ("gradient_into_the_predictor", step(|step, f, optimizer| stepped(step, f, optimizer, &How { leaks: true, ..RIGHT }))),
    ("both_views_in_one_batch", step(|step, f, optimizer| stepped(step, f, optimizer, &How { joint: [true, false], ..RIGHT }))),
    ("one_batch_in_both_networks", step(|step, f, optimizer| stepped(step, f, optimizer, &How { joint: [true; 2], ..RIGHT }))),
    ("target_of_itself", step(|step, f, optimizer| stepped(step, f, optimizer, &How { itself: true, ..RIGHT }))),
    ("graph_kept", step(|step, f, optimizer| stepped(step, f, optimizer, &How { graph: true, ..RIGHT }))),
    ("correlation_not_kept", step(|step, f, optimizer| stepped(step, f, optimizer, &How { kept: false, ..RIGHT }))),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("nothing_to_see_at_one", remember(|old, f, rho| if rho == 1.0 { Ok(old.clone()) } else { correlation_ema(old, f, rho) })),
    ("nothing_to_keep_at_zero", remember(|old, f, rho| if rho == 0.0 { let n = f.dims2()?.0 as f64; f.detach().t()?.matmul(&f.detach())? / n } else { correlation_ema(old, f, rho) })),
    ("tiny_slopes", flow(|mode, rates| if mode.s < 1e-6 { Mode { tau: rates.target * (1.0 - mode.tau), ..eigen_flow(mode, rates) } } else { eigen_flow(mode, rates) })),
    ("nothing_without_a_target", rest(|tau, noise, decay| if tau <= 0.0 { None } else { equilibria(tau, noise, decay) })),
    ("any_rho", remember(|old, f, rho| { fitting(old, f, 0.5)?; mixed(old, &outer(&f.detach(), f.dims()[0] as f64)?, [rho, 1.0 - rho]) })),
    ("broadcast_correlation", remember(|old, f, rho| { f.dims2()?; if !(0.0..=1.0).contains(&rho) { candle_core::bail!("ρ = {rho}") } (old * rho)?.broadcast_add(&(outer(&f.detach(), f.dims()[0] as f64)? * (1.0 - rho))?) })),
    ("one_more_image", remember(|old, f, rho| mixed(old, &outer(&f.detach(), f.dims()[0] as f64 + 1.0)?, [rho, 1.0 - rho]))),
    ("eight_directions_predict", predictor(|f, e| along(f, |s, value| if s.iter().filter(|other| **other > value).count() < 8 { (value / greatest(s)).sqrt() + e } else { e }))),
    ("greatest_absolute", predictor(|f, e| along(f, |s, value| (value / s.iter().fold(0.0, |most: f64, s| s.abs().max(most))).sqrt() + e))),
    ("a_little_more", predictor(|f, e| along(f, |s, value| (value / (greatest(s) + 1e-5)).sqrt() + e))),
    ("positive_part_copied", copy(|f, e| along(f, |s, value| value / greatest(s) + e))),
    ("weights_with_their_signs", align(|w, f| { alignment(w, f)?; let (s, u) = symmetric_eigen(f)?; Ok(weighed(&of_columns(w, &u)?, &s)) })),
    ("nothing_beyond_the_aim", flow(|mode, rates| { let x = lacking(mode, rates).max(0.0); slopes(mode, rates, rates.predictor * mode.s * x - rates.decay * mode.p, 2.0 * mode.s * (mode.p * x - rates.decay)) })),
    ("bounds_refused", remember(|old, f, rho| if rho > 0.0 && rho < 1.0 { correlation_ema(old, f, rho) } else { candle_core::bail!("ρ = {rho}") })),
    ("first_batch_as_it_is", remember(|old, f, rho| { let empty = old.abs()?.sum_all()?.to_scalar::<f32>()? == 0.0; correlation_ema(old, f, if empty { 0.0 } else { rho }) })),
    ("limit_without_tau", rest(|tau, noise, decay| if decay <= 1.0 / (4.0 * (1.0 + noise)) { Some(equilibria(tau, noise, decay).unwrap_or((f64::NAN, f64::NAN))) } else { None })),
    ("target_s_error_swallowed", step(|step, f, optimizer| match step.target_params.pairs(step.online_params) { Ok(_) => directpred_step(step, f, optimizer), Err(_) => Ok(0.0) })),
    ("identity_where_there_is_nothing", predictor(|f, e| { let (s, _) = symmetric_eigen(f)?; if greatest(&s) > 0.0 { eigen_predictor(f, e) } else { eye(f) } })),
    ("eigenvectors_in_rows", predictor(|f, e| { let (s, u) = symmetric_eigen(f)?; let most = greatest(&s); if most <= 0.0 { candle_core::bail!("{s:?}") } let p: Vec<f64> = s.iter().map(|s| (s.max(0.0) / most).sqrt() + e).collect(); u.t()?.broadcast_mul(&Tensor::new(p, f.device())?.to_dtype(f.dtype())?)?.matmul(&u) })),
    ("zeros_copied", copy(|f, e| { let (s, _) = symmetric_eigen(f)?; if greatest(&s) > 0.0 { direct_copy(f, e) } else { eye(f)? * e } })),
    ("first_row_s_length", copy(|f, e| f.broadcast_div(&f.narrow(0, 0, 1)?.sqr()?.sum_all()?.sqrt()?)? + (eye(f)? * e)?)),
    ("nothing_is_no_number", align(|w, f| { let (s, u) = symmetric_eigen(f)?; let lengths: Vec<f64> = w.matmul(&u)?.sqr()?.sum(0)?.sqrt()?.to_dtype(candle_core::DType::F64)?.to_vec1()?; let cosines: Vec<f64> = dots(w, &u)?.iter().zip(lengths).map(|(x, y)| x / y).collect(); Ok(weighed(&cosines, &s)) })),
    ("always_aligned", align(|_, _| Ok(1.0))),
    ("rows_for_columns", align(|w, f| { let (_, u) = symmetric_eigen(f)?; Ok(weighed(&of_columns(w, &u.t()?.contiguous()?)?, &cosines(w, f)?.1)) })),
    ("predictor_moves_alone", linear(|byol, x, v, rates, dt| Ok(LinearByol { online: byol.online.clone(), ..linear_byol_step(byol, x, v, rates, dt)? }))),
    ("twice_as_far", linear(|byol, x, v, rates, dt| linear_byol_step(byol, x, v, rates, 2.0 * dt))),
    ("noise_read", linear(|byol, x, v, rates, dt| linear_byol_step(byol, x, &(v * rates.noise)?, rates, dt))),
    ("broadcast_target", linear(|byol, x, v, rates, dt| { let target = byol.target.broadcast_as(byol.online.dims())?.contiguous()?; linear_byol_step(&LinearByol { target, ..byol.clone() }, x, v, rates, dt) })),
    ("slopes_swapped", flow(|mode, rates| { let right = eigen_flow(mode, rates); Mode { p: right.s, s: right.p, ..right } })),
    ("s_at_its_absolute", flow(|mode, rates| eigen_flow(&Mode { p: mode.p.abs(), ..*mode }, rates))),
    ("never_none", rest(|tau, noise, decay| Some(equilibria(tau, noise, decay).unwrap_or((f64::NAN, f64::NAN))))),
    ("none_where_they_meet", rest(|tau, noise, decay| equilibria(tau, noise, decay).filter(|(a, b)| a < b))),
    ("zero_is_a_rest", rest(|tau, noise, decay| equilibria(tau, noise, decay).map(|(_, b)| (0.0, b)))),
    ("follows_twice", step(|step, f, optimizer| { let loss = directpred_step(step, f, optimizer)?; trailing_average(step.target_params, step.online_params, step.momentum)?; Ok(loss) })),
    ("target_on_one_batch", step(|step, f, optimizer| stepped(step, f, optimizer, &How { joint: [false, true], ..RIGHT }))),
    ("target_without_training", step(|step, f, optimizer| directpred_step(&Step { target: &|x, _| (step.target)(x, false), ..*step }, f, optimizer))),
    ("rho_of_its_own", step(|step, f, optimizer| directpred_step(&Step { rho: 0.5, ..*step }, f, optimizer))),
    ("half_the_rate", step(|step, f, optimizer| directpred_step(&Step { learning_rate: step.learning_rate / 2.0, ..*step }, f, optimizer))),
    ("one_view_twice", step(|step, f, optimizer| directpred_step(&Step { views: [step.views[0], step.views[0]], ..*step }, f, optimizer))),
    ("views_backwards", step(|step, f, optimizer| directpred_step(&Step { views: [step.views[1], step.views[0]], ..*step }, f, optimizer))),
    ("nothing_below_a_hundred_thousandth", predictor(|f, e| { if greatest(&symmetric_eigen(f)?.0) < 1e-5 { candle_core::bail!("nothing") } eigen_predictor(f, e) })),
    ("small_directions_dropped", predictor(|f, e| along(f, |s, value| if value > 1e-3 * greatest(s) { (value / greatest(s)).sqrt() + e } else { e }))),
    ("divisor_a_little_more", predictor(|f, e| along(f, |s, value| (value.max(0.0) / (greatest(s) + 1e-8)).sqrt() + e))),
    ("copied_by_a_little_more", copy(|f, e| (f / (greatest(&symmetric_eigen(f)?.0) + 1e-8))? + (eye(f)? * e)?)),
    ("greatest_by_power_iteration", copy(|f, e| { direct_copy(f, e)?; let mut x = Tensor::ones((f.dims()[0], 1), f.dtype(), f.device())?; let mut length = 1f32; for _ in 0..2000 { let y = f.matmul(&x)?; length = y.sqr()?.sum_all()?.sqrt()?.to_scalar()?; x = (y / f64::from(length))?; } (f / f64::from(length))? + (eye(f)? * e)? })),
    ("small_images_have_no_direction", align(|w, f| { let (c, s) = cosines(w, f)?; let lengths: Vec<f64> = w.matmul(&symmetric_eigen(f)?.1)?.sqr()?.sum(0)?.sqrt()?.to_dtype(candle_core::DType::F64)?.to_vec1()?; alignment(w, f)?; Ok(weighed(&c.iter().zip(lengths).map(|(c, length)| if length > 1e-3 { *c } else { 0.0 }).collect::<Vec<_>>(), &s)) })),
    ("s_at_least_a_thousandth", flow(|mode, rates| { let right = eigen_flow(mode, rates); Mode { tau: rates.target * (1.0 - mode.tau) - mode.tau * right.s / (2.0 * mode.s.max(1e-3)), ..right } })),
    ("a_little_beyond_the_limit", rest(|tau, noise, decay| { let inside = tau * tau - 4.0 * (1.0 + noise) * decay; if inside < -1e-4 { return None; } let (half, below) = (inside.max(0.0).sqrt(), 2.0 * (1.0 + noise)); Some(((tau - half) / below, (tau + half) / below)) })),
    ("small_decay_is_none", rest(|tau, noise, decay| equilibria(tau, noise, if decay < 1e-3 { 0.0 } else { decay }))),
    ("step_of_its_own", step(step_of_its_own)),
    ("first_correlation_whole", step(|step, f, optimizer| { let empty = f.sqr()?.sum_all()?.to_scalar::<f32>()? == 0.0; directpred_step(&Step { rho: if empty { 0.0 } else { step.rho }, ..*step }, f, optimizer) })),
    ("loss_after_the_step", step(|step, f, optimizer| { let before = f.copy()?; directpred_step(step, f, optimizer)?; *f = before; directpred_step(step, f, &mut nobody()) })),
];

#[rustfmt::skip]
const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("remembered_image_by_image", remember(image_by_image)),
    ("predictor_by_outer_products", predictor(by_outer_products)),
    ("copied_along_eigenvectors", copy(|f, e| along_raw(f, |s, value| value / greatest(s) + e))),
    ("aligned_one_by_one", align(aligned_one_by_one)),
    ("linear_in_pieces", linear(|byol, x, v, rates, dt| moved(byol, x, v, rates, dt, &MOVES))),
    ("flow_in_pieces", flow(|mode, rates| { let x = lacking(mode, rates); slopes(mode, rates, rates.predictor * mode.s * x - rates.decay * mode.p, 2.0 * mode.s * (mode.p * x - rates.decay)) })),
    ("rests_by_halves", rest(by_halves)),
    ("targets_first", step(|step, f, optimizer| stepped(step, f, optimizer, &RIGHT))),
];
