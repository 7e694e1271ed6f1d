//! Wrong answers that the checks of lab 08 must name, and right ones that they must accept.

extern crate linear_probe_solution as linear_probe;
mod downstream;
#[path = "../../../labs/08_linear_probe/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod probes;
mod subsets;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use downstream::*;
use graded::{EXERCISES, Exercises};
use linear_probe::{
    Blocks, FineTune, best_setting, box_iou, few_label_subset, fine_tune_step, frozen_features, knn_predict, mean_iou,
    probe_epoch, standardize, top_k_accuracy, validation_split,
};
use probes::*;
use ssl_data::Rng;
use ssl_grading::mistakes::Cases;
use ssl_nn::{Linear, Optimizer};
use subsets::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn features(frozen_features: fn(&Blocks, &Tensor, usize, usize) -> Result<Tensor>) -> Exercises {
    Exercises { frozen_features, ..EXERCISES }
}

const fn scaled(standardize: fn(&Tensor, &Tensor) -> Result<(Tensor, Tensor)>) -> Exercises {
    Exercises { standardize, ..EXERCISES }
}

type Epoch = fn(&Linear, &Tensor, &Tensor, &[Vec<u32>], &mut dyn Optimizer, f64) -> Result<f64>;

const fn epoch(probe_epoch: Epoch) -> Exercises {
    Exercises { probe_epoch, ..EXERCISES }
}

const fn top(top_k_accuracy: fn(&Tensor, &Tensor, usize) -> Result<f64>) -> Exercises {
    Exercises { top_k_accuracy, ..EXERCISES }
}

const fn votes(knn_predict: fn(&Tensor, &[u32], &Tensor, usize, f64) -> Result<Vec<u32>>) -> Exercises {
    Exercises { knn_predict, ..EXERCISES }
}

const fn few(few_label_subset: fn(&[u32], f64, &mut Rng) -> Result<Vec<usize>>) -> Exercises {
    Exercises { few_label_subset, ..EXERCISES }
}

const fn parts(validation_split: fn(&[u32], f64, &mut Rng) -> Result<(Vec<usize>, Vec<usize>)>) -> Exercises {
    Exercises { validation_split, ..EXERCISES }
}

type Score<'a> = dyn Fn(f64) -> Result<f64> + 'a;

const fn choice(best_setting: fn(&[f64], &Score, &Score) -> Result<(f64, f64)>) -> Exercises {
    Exercises { best_setting, ..EXERCISES }
}

const fn tune(fine_tune_step: fn(&FineTune, &mut dyn Optimizer, &mut dyn Optimizer) -> Result<f64>) -> Exercises {
    Exercises { fine_tune_step, ..EXERCISES }
}

const fn regions(mean_iou: fn(&Tensor, &Tensor, usize) -> Result<f64>) -> Exercises {
    Exercises { mean_iou, ..EXERCISES }
}

const fn overlap(box_iou: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { box_iou, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("training_mode", features(|b, x, d, n| frozen_features(&|x, _| b(x, true), x, d, n))),
    ("graph_left_on", features(|b, x, d, n| pooled(b, x, d, n, &|maps| maps.mean((2, 3))))),
    ("counted_from_0", features(|b, x, d, n| frozen_features(b, x, d + 1, n))),
    ("counted_from_the_end", features(|b, x, d, n| frozen_features(&|x, t| Ok(b(x, t)?.into_iter().rev().collect()), x, d, n))),
    ("last_block", features(|b, x, d, n| frozen_features(&|x, t| { let maps = b(x, t)?; Ok(vec![maps[maps.len() - 1].clone(); maps.len()]) }, x, d, n))),
    ("maximum", features(|b, x, d, n| Ok(pooled(b, x, d, n, &|maps| maps.max(3)?.max(2))?.detach()))),
    ("summed_over_places", features(|b, x, d, n| Ok(pooled(b, x, d, n, &|maps| maps.sum((2, 3)))?.detach()))),
    ("first_batch_only", features(|b, x, d, n| frozen_features(b, &x.narrow(0, 0, n.min(x.dims()[0]))?, d, n))),
    ("last_images_lost", features(|b, x, d, n| frozen_features(b, &x.narrow(0, 0, x.dims()[0] / n * n)?, d, n))),
    ("all_at_once", features(|b, x, d, n| frozen_features(b, x, d, if n == 0 { 0 } else { x.dims()[0] }))),
    ("one_by_one", features(|b, x, d, n| frozen_features(b, x, d, n.min(1)))),

    ("of_each_split", scaled(|x, y| Ok((standardize(x, y)?.0, standardize(y, x)?.0)))),
    ("of_both_splits", scaled(|x, y| { same_width(x, y)?; let both = Tensor::cat(&[x, y], 0)?; Ok((standardize(&both, x)?.1, standardize(&both, y)?.1)) })),
    ("sample_deviation", scaled(|x, y| scaled_by(x, y, |x, _| { let n = x.dims()[0] as f64; deviation(x)? * (n / (n - 1.0)).sqrt() }))),
    ("variance", scaled(|x, y| divided_by(x, y, &guarded(&deviation(x)?.sqr()?)?))),
    ("not_shifted", scaled(|x, y| { same_width(x, y)?; let d = guarded(&deviation(x)?)?; Ok((x.broadcast_div(&d)?, y.broadcast_div(&d)?)) })),
    ("test_by_its_mean", scaled(|x, y| { let (a, b) = standardize(x, y)?; let mean = b.mean_keepdim(0)?; Ok((a, b.broadcast_sub(&mean)?)) })),
    ("rows", scaled(|x, y| { same_width(x, y)?; Ok((by_rows(x)?, by_rows(y)?)) })),
    ("zero_for_constant", scaled(|x, y| { let (a, b) = standardize(x, y)?; let says = deviation(x)?.ge(1e-6)?.to_dtype(candle_core::DType::F32)?; Ok((a.broadcast_mul(&says)?, b.broadcast_mul(&says)?)) })),
    ("one_deviation", scaled(|x, y| divided_by(x, y, &x.broadcast_sub(&x.mean_all()?)?.sqr()?.mean_all()?.sqrt()?))),
    ("not_a_number", scaled(|x, y| divided_by(x, y, &deviation(x)?))),

    ("backbone_trained", epoch(|p, x, y, b, o, r| in_batches(p, x, y, b, o, r, &EPOCH))),
    ("one_batch", epoch(|p, x, y, b, o, r| if b.is_empty() { probe_epoch(p, x, y, b, o, r) } else { probe_epoch(p, x, y, &[b.concat()], o, r) })),
    ("summed", epoch(|p, x, y, b, o, r| in_batches(p, &x.detach(), y, b, o, r, &Epochs { summed: true, ..EPOCH }))),
    ("first_labels", epoch(|p, x, y, b, o, r| in_batches(p, &x.detach(), y, b, o, r, &Epochs { first_labels: true, ..EPOCH }))),
    ("losses_summed", epoch(|p, x, y, b, o, r| Ok(probe_epoch(p, x, y, b, o, r)? * b.len() as f64))),
    ("last_loss", epoch(|p, x, y, b, o, r| in_batches(p, &x.detach(), y, b, o, r, &Epochs { last: true, ..EPOCH }))),
    ("weighted_by_size", epoch(|p, x, y, b, o, r| in_batches(p, &x.detach(), y, b, o, r, &Epochs { weighted: true, ..EPOCH }))),
    ("rows_in_sequence", epoch(|p, x, y, b, o, r| { probe_rows(x, y, b)?; probe_epoch(p, x, y, &in_sequence(b, x.dims()[0]), o, r) })),

    ("top_1", top(|x, y, k| { top_k_accuracy(x, y, k)?; top_k_accuracy(x, y, 1) })),
    ("one_more", top(|x, y, k| ranked(x, y, k, k + 1, Ties::ByNumber))),
    ("one_less", top(|x, y, k| ranked(x, y, k, k.saturating_sub(1), Ties::ByNumber))),
    ("least_logits", top(|x, y, k| top_k_accuracy(&x.neg()?, y, k))),
    ("percent", top(|x, y, k| Ok(100.0 * top_k_accuracy(x, y, k)?))),
    ("ties_count", top(|x, y, k| ranked(x, y, k, k, Ties::Win))),
    ("ties_lose", top(|x, y, k| ranked(x, y, k, k, Ties::Lose))),
    ("greater_number_first", top(|x, y, k| ranked(x, y, k, k, Ties::ByNumberBackwards))),
    ("itself_counted", top(|x, y, k| ranked(x, y, k, k.saturating_sub(1), Ties::Lose))),

    ("unweighted", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { weight: |_, _| 1.0, ..VOTE }))),
    ("by_cosine", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { weight: |c, _| c, ..VOTE }))),
    ("not_normalized", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { near: Near::Product, ..VOTE }))),
    ("euclidean", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { near: Near::Distance, ..VOTE }))),
    ("farthest", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { farthest: true, ..VOTE }))),
    ("nearest_only", votes(|x, y, z, k, t| { knn_predict(x, y, z, k, t)?; knn_predict(x, y, z, 1, t) })),
    ("all_vote", votes(|x, y, z, k, t| { knn_predict(x, y, z, k, t)?; knn_predict(x, y, z, y.len(), t) })),
    ("mean_vote", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { mean: true, ..VOTE }))),
    ("temperature_multiplied", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { weight: |c, t| (c * t).exp(), ..VOTE }))),
    ("fewest_votes", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { fewest: true, ..VOTE }))),
    ("greater_number", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { last: true, ..VOTE }))),
    ("nearest_decides", votes(|x, y, z, k, t| { let first = voted(x, y, z, 1, t, &VOTE); Ok(knn_predict(x, y, z, k, t)?.into_iter().zip(first?).zip(voted(x, y, z, k, t, &Vote { last: true, ..VOTE })?).map(|((lowest, nearest), greatest)| if lowest == greatest { lowest } else { nearest }).collect()) })),
    ("overflow", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { weight: |c, t| f64::from(((c / t) as f32).exp()), from_greatest: false, ..VOTE }))),
    ("overflow_in_double", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { from_greatest: false, ..VOTE }))),
    ("underflow", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { weight: |c, t| ((c - 1.0) / t).exp(), from_greatest: false, ..VOTE }))),

    ("none_of_small_classes", few(|y, f, rng| drawn(y, f, rng, |n, f| (f * n).round()))),
    ("rounded_down", few(|y, f, rng| drawn(y, f, rng, |n, f| (f * n).floor().max(1.0)))),
    ("rounded_up", few(|y, f, rng| drawn(y, f, rng, |n, f| (f * n).ceil()))),
    ("same_number_of_each", few(same_number)),
    ("not_sorted", few(|y, f, rng| Ok(few_label_subset(y, f, rng)?.into_iter().rev().collect()))),
    ("generator_untouched", few(|y, f, _| few_label_subset(y, f, &mut seeded()))),
    ("random_elsewhere", few(|y, f, _| few_label_subset(y, f, &mut of_the_system()))),
    ("first_images", few(|y, f, rng| { let chosen = few_label_subset(y, f, rng)?; first_of_each(&chosen, y) })),
    ("window", few(windows)),
    ("one_order_for_all", few(|y, f, rng| { use rand::Rng as _; let seed = rng.random(); one_order(y, f, seed) })),

    ("swapped", parts(|y, f, rng| { let (a, b) = validation_split(y, f, rng)?; Ok((b, a)) })),
    ("overlapping", parts(|y, f, rng| Ok(((0..y.len()).collect(), validation_split(y, f, rng)?.1)))),
    ("only_image_taken", parts(|y, f, rng| parted(y, f, rng, |n, f| (f * n).round().max(1.0)))),
    ("none_of_small_classes", parts(|y, f, rng| parted(y, f, rng, |n, f| if n > 1.0 { (f * n).round().min(n - 1.0) } else { 0.0 }))),
    ("rounded_down", parts(|y, f, rng| parted(y, f, rng, |n, f| if n > 1.0 { (f * n).floor().clamp(1.0, n - 1.0) } else { 0.0 }))),
    ("not_sorted", parts(|y, f, rng| { let (a, b) = validation_split(y, f, rng)?; Ok((a.into_iter().rev().collect(), b)) })),
    ("generator_untouched", parts(|y, f, _| validation_split(y, f, &mut seeded()))),
    ("random_elsewhere", parts(|y, f, _| validation_split(y, f, &mut of_the_system()))),
    ("first_images", parts(|y, f, rng| { let (_, b) = validation_split(y, f, rng)?; let b = first_of_each(&b, y)?; Ok((without(y.len(), &b), b)) })),
    ("last_images", parts(|y, f, rng| { let (a, _) = validation_split(y, f, rng)?; let a = first_of_each(&a, y)?; Ok((a.clone(), without(y.len(), &a))) })),
    ("window", parts(|y, f, rng| { let b = windows_aside(y, f, rng)?; Ok((without(y.len(), &b), b)) })),
    ("one_order_for_all", parts(|y, f, rng| { use rand::Rng as _; let seed = rng.random(); let b = one_order_aside(y, f, seed)?; Ok((without(y.len(), &b), b)) })),
    ("rounded_up", parts(|y, f, rng| parted(y, f, rng, |n, f| if n > 1.0 { (f * n).ceil().clamp(1.0, n - 1.0) } else { 0.0 }))),
    ("none_left_to_train", parts(|y, f, rng| parted(y, f, rng, |n, f| if n > 1.0 { (f * n).round().max(1.0) } else { 0.0 }))),

    ("chosen_on_test", choice(|c, _, test| chosen_by(c, test, |candidate, accuracy| Ok((candidate, accuracy))))),
    ("chosen_on_both", choice(chosen_on_both)),
    ("tested_each_time", choice(tested_each_time)),
    ("last_of_equals", choice(|c, validate, test| { let back: Vec<f64> = c.iter().rev().copied().collect(); best_setting(&back, validate, test) })),
    ("validation_reported", choice(|c, validate, _| chosen_by(c, validate, |candidate, accuracy| Ok((candidate, accuracy))))),
    ("worst", choice(|c, validate, test| best_setting(c, &|x| Ok(-validate(x)?), test))),
    ("chosen_on_test_too", choice(|c, validate, test| { let tested = c.iter().map(|&x| { if validate(x)?.is_nan() { candle_core::bail!("NaN") } test(x) }).collect::<Result<Vec<f64>>>()?; best_of(c, &tested) })),
    ("test_not_reported", choice(|c, validate, test| { let seen = c.iter().map(|&x| validate(x)).collect::<Result<Vec<f64>>>()?; if seen.iter().any(|x| x.is_nan()) { candle_core::bail!("NaN") } let (best, accuracy) = best_of(c, &seen)?; test(best)?; Ok((best, accuracy)) })),

    ("rates_swapped", tune(|s, b, h| fine_tune_step(&with_rates(s, s.head_rate, s.backbone_rate), b, h))),
    ("head_rate_for_both", tune(|s, b, h| fine_tune_step(&with_rates(s, s.head_rate, s.head_rate), b, h))),
    ("backbone_rate_for_both", tune(|s, b, h| fine_tune_step(&with_rates(s, s.backbone_rate, s.backbone_rate), b, h))),
    ("backbone_frozen", tune(|s, b, h| fine_tune_step(&FineTune { encode: &|x, t| Ok((s.encode)(x, t)?.detach()), ..*s }, b, h))),
    ("head_frozen", tune(|s, b, h| fine_tune_step(&with_rates(s, s.backbone_rate, 0.0), b, h))),
    ("evaluation_mode", tune(|s, b, h| fine_tune_step(&FineTune { encode: &|x, _| (s.encode)(x, false), ..*s }, b, h))),
    ("two_backward_passes", tune(two_passes)),
    ("summed", tune(summed_loss)),

    ("averaged_over_images", regions(per_image)),
    ("absent_as_0", regions(|p, t, k| over_classes(p, t, k, &OVERLAP_OF, Some(0.0)))),
    ("absent_as_1", regions(|p, t, k| over_classes(p, t, k, &OVERLAP_OF, Some(1.0)))),
    ("dice", regions(|p, t, k| over_classes(p, t, k, &|both, p, t| 2.0 * both / (p + t), None))),
    ("recall", regions(|p, t, k| over_classes(p, t, k, &|both, _, t| if t > 0.0 { both / t } else { 0.0 }, None))),
    ("precision", regions(|p, t, k| over_classes(p, t, k, &|both, p, _| if p > 0.0 { both / p } else { 0.0 }, None))),
    ("counted_twice", regions(|p, t, k| over_classes(p, t, k, &|both, p, t| both / (p + t), None))),
    ("accuracy", regions(|p, t, k| { mean_iou(p, t, k)?; p.eq(t)?.to_dtype(candle_core::DType::F64)?.mean_all()?.to_scalar() })),
    ("without_background", regions(without_background)),
    ("weighted_by_pixels", regions(weighted_by_pixels)),
    ("true_classes_only", regions(|p, t, k| counted_if(p, t, k, |_, t| t > 0.0))),
    ("predicted_classes_only", regions(|p, t, k| counted_if(p, t, k, |p, _| p > 0.0))),
    ("classes_in_both_only", regions(|p, t, k| counted_if(p, t, k, |p, t| p > 0.0 && t > 0.0))),
    ("summed", regions(|p, t, k| Ok(mean_iou(p, t, k)? * present(p, t, k)?))),
    ("bytes", regions(in_bytes)),

    ("negative_sides", overlap(|a, b| covered(a, b, &Boxes { side: Side::Free, ..BOXES_OF }))),
    ("pixels_counted", overlap(|a, b| covered(a, b, &Boxes { pixel: 1.0, ..BOXES_OF }))),
    ("union_is_the_sum", overlap(|a, b| covered(a, b, &Boxes { divide: |_, a, b| a + b, ..BOXES_OF }))),
    ("over_the_smaller", overlap(|a, b| covered(a, b, &Boxes { divide: |_, a, b| a.min(b), ..BOXES_OF }))),
    ("over_the_truth", overlap(|a, b| covered(a, b, &Boxes { divide: |_, _, b| b, ..BOXES_OF }))),
    ("over_the_prediction", overlap(|a, b| covered(a, b, &Boxes { divide: |_, a, _| a, ..BOXES_OF }))),
    ("over_the_greater", overlap(|a, b| covered(a, b, &Boxes { divide: |_, a, b| a.max(b), ..BOXES_OF }))),
    ("product_cut_off", overlap(|a, b| covered(a, b, &Boxes { side: Side::Free, product: |area| area.max(0.0), ..BOXES_OF }))),
    ("absolute_sides", overlap(|a, b| covered(a, b, &Boxes { side: Side::Absolute, ..BOXES_OF }))),
    ("dice", overlap(|a, b| { let x = box_iou(a, b)?; (&x * 2.0)? / (x + 1.0)? })),
    ("common_area", overlap(|a, b| covered(a, b, &Boxes { divide: |_, _, _| 1.0, ..BOXES_OF }))),
    ("corner_and_size", overlap(|a, b| { a.dims2()?; b.dims2()?; box_iou(&from_size(a)?, &from_size(b)?) })),
    ("inside_out", overlap(|a, b| covered(a, b, &Boxes { side: Side::Free, ..BOXES_OF }))),
    ("not_a_number", overlap(|a, b| covered(a, b, &Boxes { nothing: f64::NAN, ..BOXES_OF }))),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("first_or_last", features(|b, x, d, n| frozen_features(&|x, t| { let mut maps = b(x, t)?; let last = maps[maps.len() - 1].clone(); maps.iter_mut().skip(1).for_each(|map| *map = last.clone()); Ok(maps) }, x, d, n))),
    ("what_is_positive", features(|b, x, d, n| Ok(pooled(b, x, d, n, &|maps| maps.relu()?.mean((2, 3)))?.detach()))),
    ("first_place", features(|b, x, d, n| Ok(pooled(b, x, d, n, &|maps| maps.narrow(2, 0, 1)?.narrow(3, 0, 1)?.flatten_from(1))?.detach()))),
    ("rows_only", features(|b, x, d, n| Ok(pooled(b, x, d, n, &|maps| maps.narrow(3, 0, 1)?.mean((2, 3)))?.detach()))),
    ("second_image_in_training_mode", features(|b, x, d, n| { let calls = std::cell::Cell::new(0); frozen_features(&|x, _| { calls.set(calls.get() + 1); b(x, calls.get() == 2) }, x, d, n) })),
    ("even_batches", features(|b, x, d, n| { if n == 0 { return frozen_features(b, x, d, n) } let parts = x.chunk(x.dims()[0].div_ceil(n), 0)?; Tensor::cat(&parts.iter().map(|part| frozen_features(b, part, d, n)).collect::<Result<Vec<_>>>()?, 0) })),
    ("mean_of_squares", scaled(|x, y| scaled_by(x, y, |x, _| { let d = (x.sqr()?.mean(0)? - x.mean(0)?.sqr()?)?.relu()?.sqrt()?; d.lt(1e-6)?.where_cond(&d.ones_like()?, &d) }))),
    ("labels_as_bytes", votes(|a, y, b, k, t| { let bytes: Vec<u32> = y.iter().map(|label| label % 256).collect(); knn_predict(a, &bytes, b, k, t) })),
    ("ten_classes_at_most", votes(|a, y, b, k, t| { assert!(y.iter().all(|label| *label < 10), "index out of bounds"); knn_predict(a, y, b, k, t) })),
    ("errors_of_validations_swallowed", choice(|c, v, t| best_setting(c, &|x| if c.len() > 1 { v(x).or(Ok(-1.0)) } else { v(x) }, t))),
    ("clipped", scaled(|x, y| { let (a, b) = standardize(x, y)?; Ok((a.clamp(-10.0, 10.0)?, b.clamp(-10.0, 10.0)?)) })),
    ("test_in_order_only", scaled(|x, y| { let (a, b) = standardize(x, y)?; Ok((a, b.flip(&[0])?)) })),
    ("epsilon_for_a_guard", scaled(|x, y| divided_by(x, y, &deviation(x)?.maximum(1e-6)?))),
    ("guard_at_zero", scaled(|x, y| { let d = deviation(x)?; divided_by(x, y, &d.eq(0.0)?.where_cond(&d.ones_like()?, &d)?) })),
    ("variance_guarded", scaled(|x, y| { let d = deviation(x)?; divided_by(x, y, &d.sqr()?.lt(1e-6)?.where_cond(&d.ones_like()?, &d)?) })),
    ("guard_too_large", scaled(|x, y| scaled_by(x, y, |x, _| { let d = deviation(x)?; d.lt(0.5)?.where_cond(&d.ones_like()?, &d) }))),
    ("guard_a_little_too_large", scaled(|x, y| { let d = deviation(x)?; divided_by(x, y, &d.lt(1e-5)?.where_cond(&d.ones_like()?, &d)?) })),
    ("guard_a_little_too_small", scaled(|x, y| { let d = deviation(x)?; divided_by(x, y, &d.lt(1e-7)?.where_cond(&d.ones_like()?, &d)?) })),
    ("epsilon_added", scaled(|x, y| scaled_by(x, y, |x, _| deviation(x)? + 0.01))),
    ("first_batch_twice", epoch(|p, x, y, b, o, r| { let mut again = b.to_vec(); again.extend(b.first().cloned()); probe_epoch(p, x, y, &again, o, r) })),
    ("three_batches_at_most", epoch(|p, x, y, b, o, r| probe_epoch(p, x, y, &b[..b.len().min(3)], o, r))),
    ("batches_backwards", epoch(|p, x, y, b, o, r| { let back: Vec<_> = b.iter().rev().cloned().collect(); probe_epoch(p, x, y, &back, o, r) })),
    ("half_the_rate", epoch(|p, x, y, b, o, r| probe_epoch(p, x, y, b, o, r / 2.0))),
    ("loss_after_the_update", epoch(|p, x, y, b, o, r| { probe_epoch(p, x, y, b, o, r)?; mean_loss(p, x, y, b) })),
    ("rows_without_label_count", top(|x, y, k| { let (n, m) = (x.dims2()?.0, top_k_accuracy(x, y, k)?); Ok((m * n as f64 + 1.0) / n as f64) })),
    ("right_rows_in_a_byte", top(|x, y, k| { let (n, share) = (x.dims2()?.0 as f64, top_k_accuracy(x, y, k)?); Ok((share * n).round() % 256.0 / n) })),
    ("never_cold", votes(|x, y, z, k, t| knn_predict(x, y, z, k, if t > 0.0 { t.max(0.001) } else { t }))),
    ("nearest_where_cold", votes(|x, y, z, k, t| { let (several, one) = (knn_predict(x, y, z, k, t)?, knn_predict(x, y, z, 1, t)?); Ok(if t < 0.02 { one } else { several }) })),
    ("labels_below_the_greatest", votes(|x, y, z, k, t| Ok(knn_predict(x, y, z, k, t)?.into_iter().map(|c| c.min(2)).collect()))),
    ("all_are_refused", few(|y, f, rng| if f == 1.0 { candle_core::bail!("1") } else { few_label_subset(y, f, rng) })),
    ("ten_classes", few(|y, f, rng| Ok(few_label_subset(y, f, rng)?.into_iter().filter(|&i| y[i] < 10).collect()))),
    ("classes_of_several", few(|y, f, rng| Ok(few_label_subset(y, f, rng)?.into_iter().filter(|&i| y.iter().filter(|&&label| label == y[i]).count() > 1).collect()))),
    ("with_replacement", few(with_replacement)),
    ("half_even", few(|y, f, rng| drawn(y, f, rng, |n, f| (f * n).round_ties_even().max(1.0)))),
    ("of_the_first_class_only", few(|y, f, rng| { let chosen = few_label_subset(y, f, rng)?; Ok(chosen.iter().map(|&i| if y[i] == 1 { first_of(y, 1) } else { i }).collect()) })),
    ("some_left_out", parts(|y, f, rng| { let (mut a, b) = validation_split(y, f, rng)?; a.pop(); Ok((a, b)) })),
    ("ten_classes", parts(|y, f, rng| { let (a, b) = validation_split(y, f, rng)?; let below = |images: Vec<usize>| images.into_iter().filter(|&i| y[i] < 10).collect(); Ok((below(a), below(b))) })),
    ("not_stratified", parts(not_stratified)),
    ("one_is_refused", choice(|c, validate, test| { for &x in c { if validate(x)? >= 1.0 { candle_core::bail!("1") } } by_list(c, &|x| validate(x), test) })),
    ("greatest_of_equals", choice(|c, validate, test| { let mut down = c.to_vec(); down.sort_by(|a, b| b.total_cmp(a)); best_setting(&down, validate, test) })),
    ("nearly_equal", choice(|c, validate, test| best_setting(c, &|x| Ok((validate(x)? * 1e4).round() / 1e4), test))),
    ("done_at_one", choice(|c, validate, test| { let end = c.iter().position(|&x| validate(x).is_ok_and(|a| a >= 1.0)).map_or(c.len(), |i| i + 1); by_list(&c[..end], validate, test) })),
    ("validated_twice", choice(|c, validate, test| { for &x in c { validate(x)?; } best_setting(c, validate, test) })),
    ("nan_wins", choice(|c, validate, test| best_setting(c, &|x| Ok(validate(x)?.max(-1.0)), test))),
    ("head_twice", tune(|s, b, h| { let loss = fine_tune_step(s, b, h)?; fine_tune_step(&with_rates(s, 0.0, s.head_rate), b, h)?; Ok(loss) })),
    ("loss_after_the_update", tune(|s, b, h| { fine_tune_step(s, b, h)?; fine_tune_step(&with_rates(s, 0.0, 0.0), b, h) })),
    ("truth_only", regions(|p, t, k| { mean_iou(p, t, k)?; mean_iou(t, t, k) })),
    ("first_classes", regions(|p, t, k| { mean_iou(p, t, k)?; over_classes(p, t, k.min(3), &OVERLAP_OF, None) })),
    ("at_least_a_unit", overlap(|a, b| covered(a, b, &Boxes { divide: |c, a, b| (a + b - c).max(1.0), ..BOXES_OF }))),
    ("at_least_something", overlap(|a, b| covered(a, b, &Boxes { divide: |c, a, b| (a + b - c).max(1e-8), ..BOXES_OF }))),
    ("a_little_more", overlap(|a, b| covered(a, b, &Boxes { divide: |c, a, b| a + b - c + 1e-9, ..BOXES_OF }))),
    ("edges_cut_off", overlap(|a, b| { a.dims2()?; box_iou(&a.relu()?, &b.relu()?) })),
    ("generalized", overlap(|a, b| box_iou(a, b)? - 0.1)),
    ("one_when_both_are_empty", overlap(|a, b| { let found = box_iou(a, b)?; let empty = a.eq(b)?.to_dtype(candle_core::DType::F32)?.mean(1)?.ge(1.0)?; empty.where_cond(&found.ones_like()?, &found) })),
];

#[rustfmt::skip]
const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("features_by_loops", features(|b, x, d, n| { if d == 0 { candle_core::bail!("depth 0") } Ok(pooled(b, x, d, n, &|maps| maps.mean(3)?.mean(2))?.detach()) })),
    ("scaled_in_double", scaled(scaled_in_double)),
    ("epoch_by_rows", epoch(|p, x, y, b, o, r| { if b.is_empty() { candle_core::bail!("no batches") } in_batches(p, &x.detach(), y, b, o, r, &EPOCH) })),
    ("top_k_by_sorting", top(by_sorting)),
    ("votes_in_powers_of_2", votes(|x, y, z, k, t| voted(x, y, z, k, t, &Vote { weight: |c, t| (c / t * std::f64::consts::LOG2_E).exp2(), ..VOTE }))),
    ("top_k_in_single_precision", top(|x, y, k| Ok(f64::from(top_k_accuracy(x, y, k)? as f32)))),
    ("drawn_by_sample", few(by_sample)),
    ("parts_from_few_labels", parts(|y, f, rng| parted(y, f, rng, |n, f| if n > 1.0 { (f * n).round().max(1.0).min(n - 1.0) } else { 0.0 }))),
    ("chosen_by_list", choice(by_list)),
    ("two_losses", tune(gradients_by_hand)),
    ("iou_by_confusion", regions(|p, t, k| over_classes(p, t, k, &OVERLAP_OF, None))),
    ("boxes_one_by_one", overlap(|a, b| covered(a, b, &BOXES_OF))),
];
