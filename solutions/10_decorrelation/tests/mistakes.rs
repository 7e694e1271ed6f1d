//! Wrong answers that the checks of lab 10 must name, and right ones that they must accept.

extern crate decorrelation_solution as decorrelation;
#[path = "../../../labs/10_decorrelation/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod terms;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use decorrelation::{
    Weights, barlow_twins_loss, covariance_term, cross_correlation, effective_rank, random_directions, sigreg,
    sigreg_loss, variance_term, vicreg_loss,
};
use graded::{EXERCISES, Exercises};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
use ssl_grading::mistakes::Cases;
use terms::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn correlate(cross_correlation: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { cross_correlation, ..EXERCISES }
}

const fn barlow(barlow_twins_loss: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { barlow_twins_loss, ..EXERCISES }
}

const fn variance(variance_term: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { variance_term, ..EXERCISES }
}

const fn covary(covariance_term: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { covariance_term, ..EXERCISES }
}

const fn sum(vicreg_loss: fn(&Tensor, &Tensor, &Weights) -> Result<Tensor>) -> Exercises {
    Exercises { vicreg_loss, ..EXERCISES }
}

const fn rank(effective_rank: fn(&[f64]) -> Result<f64>) -> Exercises {
    Exercises { effective_rank, ..EXERCISES }
}

const fn draw(random_directions: fn(usize, usize, &mut Rng) -> Result<Tensor>) -> Exercises {
    Exercises { random_directions, ..EXERCISES }
}

const fn gaussian(sigreg: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { sigreg, ..EXERCISES }
}

const fn total(sigreg_loss: fn(&[Tensor], &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { sigreg_loss, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("not_standardized", correlate(|a, b| product(a, b, a.dims()[0]))),
    ("not_divided_by_deviations", correlate(|a, b| product(&centered(a)?, &centered(b)?, a.dims()[0]))),
    ("not_centered", correlate(|a, b| correlation(a, b, &Norm { mean: false, ..NORM }))),
    ("sample_deviation", correlate(|a, b| correlation(a, b, &Norm { less: 1.0, ..NORM }))),
    ("divided_by_variances", correlate(|a, b| correlation(a, b, &Norm { root: false, ..NORM }))),
    ("not_averaged", correlate(|a, b| cross_correlation(a, b)? * a.dims()[0] as f64)),
    ("averaged_over_the_width", correlate(|a, b| product(&standardized(a, &NORM)?, &standardized(b, &NORM)?, a.dims()[1]))),
    ("one_less", correlate(|a, b| product(&standardized(a, &NORM)?, &standardized(b, &NORM)?, a.dims()[0] - 1))),
    ("rows_standardized", correlate(|a, b| product(&standardized(&a.t()?, &NORM)?.t()?, &standardized(&b.t()?, &NORM)?.t()?, a.dims()[0]))),
    ("transposed", correlate(|a, b| cross_correlation(b, a))),
    ("first_view_twice", correlate(|a, _| cross_correlation(a, a))),
    ("images_for_channels", correlate(|a, b| standardized(a, &NORM)?.matmul(&standardized(b, &NORM)?.t()?)? / a.dims()[0] as f64)),
    ("statistics_together", correlate(together)),
    ("epsilon_forgotten", correlate(|a, b| correlation(a, b, &Norm { epsilon: 0.0, ..NORM }))),

    ("lambda_on_the_diagonal", barlow(|c, w| { let (own, rest) = parts(c)?; (to_one(&own)? * w)? + sum_of_squares(&rest)? })),
    ("lambda_on_both", barlow(|c, w| barlow_twins_loss(c, 1.0)? * w)),
    ("lambda_forgotten", barlow(|c, _| barlow_twins_loss(c, 1.0))),
    ("lambda_squared", barlow(|c, w| barlow_twins_loss(c, w * w))),
    ("diagonal_to_zero", barlow(|c, w| weighed(c, w, sum_of_squares, sum_of_squares))),
    ("diagonal_not_squared", barlow(|c, w| weighed(c, w, |own| (1.0 - own)?.sum_all(), sum_of_squares))),
    ("others_not_squared", barlow(|c, w| weighed(c, w, to_one, |rest| rest.abs()?.sum_all()))),
    ("averaged", barlow(|c, w| weighed(c, w, |own| (1.0 - own)?.sqr()?.mean_all(), |rest| rest.sqr()?.mean_all()))),
    ("one_triangle", barlow(|c, w| weighed(c, w, to_one, |rest| sum_of_squares(&upper(rest)?)))),
    ("diagonal_among_the_others", barlow(|c, w| barlow_twins_loss(c, w)? + (sum_of_squares(&parts(c)?.0)? * w)?)),
    ("ones_everywhere", barlow(|c, w| weighed(c, w, to_one, |rest| (1.0 - rest)?.sqr()?.sum_all()? - rest.dims()[0] as f64))),

    ("population_variance", variance(|z| hinge(&((centered(z)?.sqr()?.mean(0)? + 1e-4)?.sqrt()?))?.mean_all())),
    ("variance_itself", variance(|z| hinge(&(z.var(0)? + 1e-4)?)?.mean_all())),
    ("epsilon_outside", variance(|z| hinge(&(z.var(0)?.sqrt()? + 1e-4)?)?.mean_all())),
    ("epsilon_forgotten", variance(|z| hinge(&z.var(0)?.sqrt()?)?.mean_all())),
    ("no_hinge", variance(|z| (1.0 - deviation(z)?)?.mean_all())),
    ("hinge_reversed", variance(|z| (deviation(z)? - 1.0)?.relu()?.mean_all())),
    ("hinge_squared", variance(|z| hinge(&deviation(z)?)?.sqr()?.mean_all())),
    ("summed", variance(|z| variance_term(z)? * z.dims()[1] as f64)),
    ("hinge_of_the_mean", variance(|z| hinge(&deviation(z)?.mean_all()?))),
    ("over_the_width", variance(|z| hinge(&deviation(&z.t()?.contiguous()?)?)?.mean_all())),
    ("mean_square", variance(|z| hinge(&((z.sqr()?.sum(0)? / (z.dims()[0] as f64 - 1.0))? + 1e-4)?.sqrt()?)?.mean_all())),

    ("diagonal_kept", covary(|z| sum_of_squares(&covariance(z, 1.0)?)? / z.dims()[1] as f64)),
    ("population_covariance", covary(|z| beside(&covariance(z, 0.0)?, z.dims()[1] as f64))),
    ("not_centered", covary(|z| beside(&product(z, z, z.dims()[0] - 1)?, z.dims()[1] as f64))),
    ("not_divided", covary(|z| beside(&covariance(z, 1.0)?, 1.0))),
    ("mean_of_all", covary(|z| beside(&covariance(z, 1.0)?, (z.dims()[1] as f64).powi(2)))),
    ("mean_of_the_others", covary(|z| { let width = z.dims()[1] as f64; beside(&covariance(z, 1.0)?, width * (width - 1.0)) })),
    ("divided_by_the_batch", covary(|z| beside(&covariance(z, 1.0)?, z.dims()[0] as f64))),
    ("not_squared", covary(|z| parts(&covariance(z, 1.0)?)?.1.abs()?.sum_all()? / z.dims()[1] as f64)),
    ("signs_kept", covary(|z| parts(&covariance(z, 1.0)?)?.1.sum_all()? / z.dims()[1] as f64)),
    ("one_triangle", covary(|z| sum_of_squares(&upper(&covariance(z, 1.0)?)?)? / z.dims()[1] as f64)),
    ("correlations", covary(|z| beside(&correlation(z, z, &Norm { epsilon: 0.0, ..NORM })?, z.dims()[1] as f64))),
    ("images_for_channels", covary(|z| { let z = z.t()?.contiguous()?; beside(&covariance(&z, 1.0)?, z.dims()[0] as f64) })),
    ("not_averaged", covary(|z| beside(&(covariance(z, 1.0)? * (z.dims()[0] as f64 - 1.0))?, z.dims()[1] as f64))),

    ("variance_not_halved", sum(|a, b, w| vicreg_loss(a, b, &Weights { variance: 2.0 * w.variance, ..*w }))),
    ("covariance_halved", sum(|a, b, w| vicreg_loss(a, b, &Weights { covariance: w.covariance / 2.0, ..*w }))),
    ("invariance_summed", sum(|a, b, w| vicreg_loss(a, b, &Weights { invariance: a.dims()[1] as f64 * w.invariance, ..*w }))),
    ("invariance_halved", sum(|a, b, w| vicreg_loss(a, b, &Weights { invariance: w.invariance / 2.0, ..*w }))),
    ("invariance_rooted", sum(|a, b, w| vicreg(a, b, w, &mean_square(a, b)?.sqrt()?, [[0.5, 0.5], [1.0, 1.0]]))),
    ("variance_of_one_view", sum(|a, b, w| vicreg(a, b, w, &mean_square(a, b)?, [[1.0, 0.0], [1.0, 1.0]]))),
    ("covariance_of_one_view", sum(|a, b, w| vicreg(a, b, w, &mean_square(a, b)?, [[0.5, 0.5], [1.0, 0.0]]))),
    ("weights_swapped", sum(|a, b, w| vicreg_loss(a, b, &Weights { invariance: w.variance, variance: w.invariance, ..*w }))),
    ("last_weights_swapped", sum(|a, b, w| vicreg_loss(a, b, &Weights { covariance: w.variance, variance: w.covariance, ..*w }))),
    ("weights_forgotten", sum(|a, b, _| vicreg_loss(a, b, &Weights { invariance: 1.0, variance: 1.0, covariance: 1.0 }))),
    ("second_view_constant", sum(|a, b, w| vicreg_loss(a, &b.detach(), w))),

    ("squares", rank(|s| effective_rank(&s.iter().map(|x| x * x).collect::<Vec<_>>()))),
    ("entropy_itself", rank(|s| Ok(entropy(&probabilities(s))))),
    ("two_to_the_entropy", rank(|s| Ok(entropy(&probabilities(s)).exp2()))),
    ("bits", rank(|s| Ok((entropy(&probabilities(s)) / 2f64.ln()).exp()))),
    ("counted", rank(|s| Ok(s.iter().filter(|x| **x > 0.0).count() as f64))),
    ("participation", rank(|s| Ok(1.0 / probabilities(s).iter().map(|p| p * p).sum::<f64>()))),
    ("divided_by_the_greatest", rank(|s| { let most = s.iter().copied().fold(0.0, f64::max); Ok(entropy(&s.iter().map(|x| x / most).collect::<Vec<_>>()).exp()) })),
    ("sign", rank(|s| Ok((-entropy(&probabilities(s))).exp()))),
    ("sum_over_greatest", rank(|s| Ok(s.iter().sum::<f64>() / s.iter().copied().fold(0.0, f64::max)))),

    ("uniform_numbers", draw(|width, count, rng| columns(width, count, || rng.random_range(-1.0f32..1.0)))),
    ("positive_numbers", draw(|width, count, rng| columns(width, count, || rng.random()))),
    ("lengths_forgotten", draw(|width, count, rng| random_directions(width, count, rng)? * 1.5)),
    ("one_direction", draw(|width, count, rng| random_directions(width, 1, rng)?.repeat((1, count)))),
    ("at_right_angles", draw(at_right_angles)),
    ("own_seed", draw(|width, count, _| random_directions(width, count, &mut Rng::seed_from_u64(3)))),
    ("transposed", draw(|width, count, rng| random_directions(width, count, rng)?.t()?.contiguous())),

    ("window_forgotten", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { window: |_| 1.0, ..TEST }))),
    ("not_times_the_batch", gaussian(|z, d| sigreg(z, d)? / z.dims()[0] as f64)),
    ("another_gaussian", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { target: |t| (-t * t).exp(), ..TEST }))),
    ("sines_forgotten", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { parts: [1.0, 0.0], ..TEST }))),
    ("cosines_forgotten", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { parts: [0.0, 1.0], ..TEST }))),
    ("ends_not_halved", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { end: TEST.inner, ..TEST }))),
    ("half_of_the_line", gaussian(|z, d| sigreg(z, d)? / 2.0)),
    ("weights_forgotten", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { end: 1.0, inner: 1.0, ..TEST }))),
    ("last_point_forgotten", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { points: 16, ..TEST }))),
    ("directions_summed", gaussian(|z, d| sigreg(z, d)? * d.dims()[1] as f64)),
    ("directions_together", gaussian(|z, d| test_of(&z.matmul(d)?, &Test { together: true, ..TEST }))),
    ("standardized", gaussian(|z, d| test_of(&standardized(&z.matmul(d)?, &Norm { epsilon: 0.0, ..NORM })?, &TEST))),

    ("lambda_reversed", total(|views, d, w| sigreg_loss(views, d, 1.0 - w))),
    ("lambda_on_one_side", total(|views, d, w| spread(views)? + (mean_of(views, |z| sigreg(z, d))? * w)?)),
    ("tests_summed", total(|views, d, w| (spread(views)? * (1.0 - w))? + (mean_of(views, |z| sigreg(z, d))? * (w * views.len() as f64))?)),
    ("first_view_tested", total(|views, d, w| (spread(views)? * (1.0 - w))? + (sigreg(&views[0], d)? * w)?)),
    ("mean_tested", total(|views, d, w| (spread(views)? * (1.0 - w))? + (sigreg(&Tensor::stack(views, 0)?.mean(0)?, d)? * w)?)),
    ("views_together", total(|views, d, w| (spread(views)? * (1.0 - w))? + (sigreg(&Tensor::cat(views, 0)?, d)? * w)?)),
    ("first_view_for_the_mean", total(|views, d, w| (mean_of(views, |z| mean_square(z, &views[0]))? * (1.0 - w))? + (mean_of(views, |z| sigreg(z, d))? * w)?)),
    ("distances_summed", total(|views, d, w| (spread(views)? * ((1.0 - w) * views[0].dims()[1] as f64))? + (mean_of(views, |z| sigreg(z, d))? * w)?)),
    ("pairs_of_views", total(|views, d, w| { let all = mean_of(views, |a| mean_of(views, |b| mean_square(a, b)))?; let pairs = views.len() as f64 / (views.len() as f64 - 1.0); (all * ((1.0 - w) * pairs))? + (mean_of(views, |z| sigreg(z, d))? * w)? })),
    ("views_summed", total(|views, d, w| (spread(views)? * ((1.0 - w) * views.len() as f64))? + (mean_of(views, |z| sigreg(z, d))? * w)?)),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("thirteenth_repeats_the_first", draw(|width, count, rng| { let x = random_directions(width, count, rng)?; if count < 13 { return Ok(x) } Tensor::cat(&[x.narrow(1, 0, 12)?, x.narrow(1, 0, 1)?, x.narrow(1, 13, count - 13)?], 1) })),
    ("one_value_is_one", rank(|s| if s.len() == 1 { Ok(1.0) } else { effective_rank(s) })),
    ("tiny_sums_refused", rank(|s| if s.iter().sum::<f64>() < 1e-10 { candle_core::bail!("zeros") } else { effective_rank(s) })),
    ("root_of_squares_squared", covary(|z| covariance_term(z)?.sqrt()?.sqr())),
    ("root_of_spread_squared", total(|views, directions, lambda| sigreg_loss(views, directions, lambda)? + (views[0].sub(&views[views.len() - 1])?.sqr()?.sum_all()?.sqrt()? * 1e-30)?)),
    ("no_tests_at_zero", total(|views, directions, lambda| { if lambda != 0.0 || views.len() < 2 { return sigreg_loss(views, directions, lambda) } let z = Tensor::stack(views, 0)?; z.broadcast_sub(&z.mean_keepdim(0)?)?.sqr()?.mean_all() })),
    ("last_repeats_the_first", draw(|width, count, rng| { let x = random_directions(width, count, rng)?; if count <= 4 { return Ok(x) } Tensor::cat(&[x.narrow(1, 0, count - 1)?, x.narrow(1, 0, 1)?], 1) })),
    ("every_other_three_opposite", draw(|width, count, rng| { let x = random_directions(width, count, rng)?; if count < 6 { return Ok(x) } let of = |i: usize| { let column = x.narrow(1, if i % 6 < 3 { i } else { i - 3 }, 1)?; if i % 6 < 3 { Ok(column) } else { column.neg() } }; Tensor::cat(&(0..count).map(of).collect::<Result<Vec<_>>>()?, 1) })),
    ("last_component_like_the_first", draw(|width, count, rng| { let x = random_directions(width, count, rng)?; if width < 6 { return Ok(x) } let x = Tensor::cat(&[x.narrow(0, 0, width - 1)?, x.narrow(0, 0, 1)?], 0)?; x.broadcast_div(&x.sqr()?.sum_keepdim(0)?.sqrt()?) })),
    ("second_view_detached", correlate(|a, b| cross_correlation(a, &b.detach()))),
    ("deviations_detached", correlate(|a, b| { let by = |z: &Tensor| centered(z)?.broadcast_div(&((centered(z)?.sqr()?.mean_keepdim(0)? + 1e-5)?.sqrt()?.detach())); product(&by(a)?, &by(b)?, a.dims()[0]) })),
    ("a_view_broadcast", correlate(|a, b| { a.dims2()?; cross_correlation(a, &b.broadcast_as(a.dims())?.contiguous()?) })),
    ("epsilon_of_its_own", correlate(|a, b| correlation(a, b, &Norm { epsilon: 1e-3, ..NORM }))),
    ("three_channels_only", barlow(|c, w| barlow_twins_loss(&c.narrow(0, 0, 3.min(c.dims()[0]))?.narrow(1, 0, 3.min(c.dims()[1]))?, w))),
    ("graph_cut", barlow(|c, w| Ok(barlow_twins_loss(c, w)?.detach()))),
    ("rectangles", barlow(|c, w| { let (rows, columns) = c.dims2()?; let side = rows.min(columns); barlow_twins_loss(&c.narrow(0, 0, side)?.narrow(1, 0, side)?, w) })),
    ("hinge_at_two", variance(|z| (2.0 - deviation(z)?)?.relu()?.mean_all())),
    ("one_embedding_varies_not", variance(|z| if z.dims2()?.0 < 2 { Tensor::new(1f32, z.device()) } else { variance_term(z) })),
    ("mean_detached", variance(|z| { several(z)?; let centered = z.broadcast_sub(&z.mean_keepdim(0)?)?; hinge(&((centered.sqr()?.sum(0)? / (z.dims()[0] as f64 - 1.0))? + 1e-4)?.sqrt()?.detach())?.mean_all() })),
    ("eight_channels_covary", covary(|z| { several(z)?; let width = z.dims()[1]; let kept = width.min(8); covariance_term(&z.narrow(1, 0, kept)?)? * (kept as f64 / width as f64) })),
    ("first_pair_of_channels", covary(|z| { several(z)?; covariance_term(&z.narrow(1, 0, 2.min(z.dims()[1]))?) })),
    ("one_embedding_covaries_not", covary(|z| if z.dims2()?.0 < 2 { Tensor::new(0f32, z.device()) } else { covariance_term(z) })),
    ("first_view_constant", sum(|a, b, w| vicreg_loss(&a.detach(), b, w))),
    ("default_weights", sum(|a, b, _| vicreg_loss(a, b, &Weights { invariance: 25.0, variance: 25.0, covariance: 1.0 }))),
    ("terms_without_gradient", sum(|a, b, w| vicreg(a, b, w, &mean_square(a, b)?, [[0.5, 0.5], [0.0, 0.0]])? + ((covariance_term(&a.detach())? + covariance_term(&b.detach())?)? * w.covariance)?)),
    ("no_zeros", rank(|s| { if s.is_empty() || s.iter().any(|x| x.is_nan() || *x < 0.0) { candle_core::bail!("{s:?}") } Ok(probabilities(s).iter().map(|p| -p * p.ln()).sum::<f64>().exp()) })),
    ("nothing_refused", rank(|s| Ok(entropy(&probabilities(s)).exp()))),
    ("single_precision", rank(|s| Ok(f64::from(effective_rank(s)? as f32)))),
    ("cube_but_in_the_plane", draw(|width, count, rng| if width == 2 { random_directions(width, count, rng) } else { columns(width, count, || rng.random_range(-1.0f32..1.0)) })),
    ("second_half_a_copy", draw(|width, count, rng| { let half = count.div_ceil(2); let d = random_directions(width, half, rng)?; Tensor::cat(&[&d, &d], 1)?.narrow(1, 0, count) })),
    ("one_more_direction", draw(|width, count, rng| random_directions(width, count + 1, rng))),
    ("sixteen_angles", draw(|width, count, rng| { if width != 2 { return random_directions(width, count, rng); } let angles: Vec<f32> = (0..count).map(|_| rng.random_range(0..16u8) as f32 * std::f32::consts::PI / 8.0 + 0.1).collect(); let angles = Tensor::from_vec(angles, (1, count), &candle_core::Device::Cpu)?; Tensor::cat(&[angles.cos()?, angles.sin()?], 0) })),
    ("views_beyond_two_constant", total(|views, d, w| { let views: Vec<Tensor> = views.iter().enumerate().map(|(i, view)| if i > 1 { view.detach() } else { view.clone() }).collect(); sigreg_loss(&views, d, w) })),
    ("bounds_refused", total(|views, d, w| if w > 0.0 && w < 1.0 { sigreg_loss(views, d, w) } else { candle_core::bail!("λ = {w}") })),
    ("directions_normalized", gaussian(|z, d| sigreg(z, &unit(d)?))),
    ("half_of_the_sphere", draw(|width, count, rng| { let d = random_directions(width, count, rng)?; let sign = d.narrow(0, 0, 1)?.ge(0.0)?.to_dtype(d.dtype())?.affine(2.0, -1.0)?; d.broadcast_mul(&sign) })),
    ("axes_only", draw(|width, count, rng| { let rows: Vec<f32> = (0..count).flat_map(|_| { let own = rng.random_range(0..width); (0..width).map(move |i| f32::from(u8::from(i == own))) }).collect(); Tensor::from_vec(rows, (count, width), &candle_core::Device::Cpu)?.t()?.contiguous() })),
    ("statistic_without_graph", gaussian(|z, d| Ok(sigreg(z, d)?.detach()))),
    ("first_direction", gaussian(|z, d| sigreg(z, &d.narrow(1, 0, 1)?))),
    ("absolute_errors", gaussian(|z, d| { let x = z.matmul(d)?; test_of(&x, &TEST)?.sqrt() })),
    ("two_views_only", total(|views, d, w| sigreg_loss(&views[..2.min(views.len())], d, w))),
    ("any_lambda", total(|views, d, w| { if views.len() < 2 { candle_core::bail!("one view") } (spread(views)? * (1.0 - w))? + (mean_of(views, |z| sigreg(z, d))? * w)? })),
    ("moments_about_0", correlate(moments_about_0)),
    ("root_before_epsilon", variance(|z| { several(z)?; hinge(&(z.var(0)?.sqrt()?.sqr()? + 1e-4)?.sqrt()?)?.mean_all() })),
    ("variance_about_0", variance(|z| { several(z)?; let n = z.dims()[0] as f64; let v = ((z.sqr()?.mean(0)? - z.mean(0)?.sqr()?)? * (n / (n - 1.0)))?; hinge(&(v + 1e-4)?.sqrt()?)?.mean_all() })),
    ("covariance_about_0", covary(|z| { several(z)?; let n = z.dims()[0] as f64; let mean = z.mean_keepdim(0)?; beside(&((z.t()?.matmul(z)? - (mean.t()?.matmul(&mean)? * n)?)? / (n - 1.0))?, z.dims()[1] as f64) })),
    ("length_squared", sum(|a, b, w| { if a.dims() != b.dims() { candle_core::bail!("shapes") } let invariance = ((a - b)?.sqr()?.sum(1)?.sqrt()?.sqr()?.mean_all()? / a.dims2()?.1 as f64)?; vicreg(a, b, w, &invariance, [[0.5, 0.5], [1.0, 1.0]]) })),
    ("thought_sorted", rank(|s| { if s.first().is_none_or(|first| *first <= 0.0) { candle_core::bail!("{s:?}") } effective_rank(s) })),
    ("small_values_are_0", rank(|s| effective_rank(&s.iter().map(|&x| if (0.0..1e-6).contains(&x) { 0.0 } else { x }).collect::<Vec<_>>()))),
    ("first_value_unseen", rank(|s| { if s.iter().skip(1).any(|x| *x < 0.0) { candle_core::bail!("{s:?}") } let p = probabilities(s); if p.is_empty() || p.iter().any(|p| !p.is_finite()) { candle_core::bail!("{s:?}") } Ok(entropy(&p).exp()) })),
    ("mean_of_the_columns_taken_away", draw(|width, count, rng| { let x = random_directions(width, count, rng)?; unit(&x.broadcast_sub(&x.mean_keepdim(1)?)?) })),
    ("few_at_right_angles", draw(|width, count, rng| if count > width { random_directions(width, count, rng) } else { orthonormal(&random_directions(width, count, rng)?) })),
    ("six_uniform_numbers", draw(|width, count, rng| columns(width, count, || (0..6).map(|_| rng.random::<f32>() - 0.5).sum()))),
    ("a_copy_of_rng", draw(|width, count, rng| { let drawn = random_directions(width, count, &mut rng.clone()); rng.random::<u64>(); drawn })),
    ("few_seeds", draw(|width, count, rng| random_directions(width, count, &mut Rng::seed_from_u64(rng.random::<u16>().into())))),
    ("forward_in_one_dimension", draw(|width, count, rng| if width == 1 { Tensor::ones((1, count), candle_core::DType::F32, &candle_core::Device::Cpu) } else { random_directions(width, count, rng) })),
    ("and_back_again", draw(|width, count, rng| { let (a, b) = (random_directions(width, count.div_ceil(4), rng)?, random_directions(width, count.div_ceil(4), rng)?); Tensor::stack(&[&a, &b, &a.neg()?, &b.neg()?], 2)?.flatten_from(1)?.narrow(1, 0, count) })),
    ("maps_as_embeddings", gaussian(|z, d| { d.dims2()?; if z.rank() == 2 { return sigreg(z, d); } sigreg(&z.flatten_to(1)?, d) })),
    ("third_view_broadcast", total(|views, d, w| { if views.len() < 2 || views[0].dims() != views[1].dims() { candle_core::bail!("views") } sigreg_loss(&views.iter().map(|z| z.broadcast_as(views[0].dims())?.contiguous()).collect::<Result<Vec<_>>>()?, d, w) })),
    ("views_unseen_at_one", total(|views, d, w| if w == 1.0 && views.len() > 1 { mean_of(views, |z| sigreg(z, d)) } else { sigreg_loss(views, d, w) })),
    ("tests_without_graph", total(|views, d, w| { if views.len() < 2 || !(0.0..=1.0).contains(&w) { candle_core::bail!("one view") } (spread(views)? * (1.0 - w))? + (mean_of(views, |z| sigreg(&z.detach(), d))? * w)? })),
];

#[rustfmt::skip]
const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("correlation_by_columns", correlate(correlation_by_columns)),
    ("correlation_by_norm", correlate(|a, b| { if a.dims() != b.dims() { candle_core::bail!("shapes") } correlation(a, b, &NORM) })),
    ("barlow_by_mask", barlow(by_mask)),
    ("barlow_by_parts", barlow(|c, w| weighed(c, w, to_one, sum_of_squares))),
    ("variance_by_sums", variance(variance_by_sums)),
    ("covariance_by_difference", covary(covariance_by_difference)),
    ("vicreg_by_factors", sum(|a, b, w| { if a.dims() != b.dims() { candle_core::bail!("shapes") } vicreg(a, b, w, &mean_square(a, b)?, [[0.5, 0.5], [1.0, 1.0]]) })),
    ("rank_by_products", rank(rank_by_products)),
    ("directions_by_box_and_muller", draw(|width, count, rng| columns(width, count, || normal(rng)))),
    ("directions_column_by_column", draw(|width, count, rng| Tensor::cat(&(0..count).map(|_| random_directions(width, 1, rng)).collect::<Result<Vec<_>>>()?, 1))),
    ("sigreg_at_once", gaussian(test_at_once)),
    ("sigreg_in_a_loop", gaussian(|z, d| { d.dims2()?; test_of(&z.matmul(d)?, &TEST) })),
    ("sigreg_loss_in_pieces", total(|views, d, w| { if views.len() < 2 || !(0.0..=1.0).contains(&w) { candle_core::bail!("views or λ") } let mean = Tensor::stack(views, 0)?.mean(0)?; (mean_of(views, |z| mean_square(z, &mean))? * (1.0 - w))? + (mean_of(views, |z| sigreg(z, d))? * w)? })),
];
