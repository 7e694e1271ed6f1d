//! Wrong answers that the checks of lab 06 must name, and right ones that they must accept.

extern crate clustering_solution as clustering;
#[path = "../../../labs/06_clustering/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod kmeans;
mod labelings;
mod prototypes;

use std::process::ExitCode;

use candle_core::{D, Result, Tensor};
use candle_nn::ops::{log_softmax, softmax};
use clustering::{
    assign, balanced_indices, concentration, kmeans_plus_plus, normalized_mutual_information, proto_nce, sinkhorn,
    swapped_prediction_loss, update_centroids,
};
use graded::{EXERCISES, Exercises};
use kmeans::*;
use labelings::*;
use prototypes::*;
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use ssl_data::Rng;
use ssl_grading::mistakes::Cases;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn seeds(kmeans_plus_plus: fn(&Tensor, usize, &mut Rng) -> Result<Tensor>) -> Exercises {
    Exercises { kmeans_plus_plus, ..EXERCISES }
}

const fn nearest(assign: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { assign, ..EXERCISES }
}

const fn update(update_centroids: fn(&Tensor, &[u32], usize) -> Result<Tensor>) -> Exercises {
    Exercises { update_centroids, ..EXERCISES }
}

const fn balance(balanced_indices: fn(&[u32], usize, usize, &mut Rng) -> Result<Vec<usize>>) -> Exercises {
    Exercises { balanced_indices, ..EXERCISES }
}

const fn nmi(normalized_mutual_information: fn(&[u32], &[u32]) -> Result<f64>) -> Exercises {
    Exercises { normalized_mutual_information, ..EXERCISES }
}

const fn codes(sinkhorn: fn(&Tensor, f64, usize) -> Result<Tensor>) -> Exercises {
    Exercises { sinkhorn, ..EXERCISES }
}

const fn swap(swapped_prediction_loss: fn(&Tensor, &Tensor, &Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { swapped_prediction_loss, ..EXERCISES }
}

const fn tight(concentration: fn(&Tensor, &Tensor, &[u32], f64, f64) -> Result<Tensor>) -> Exercises {
    Exercises { concentration, ..EXERCISES }
}

const fn proto(proto_nce: fn(&Tensor, &Tensor, &[u32], &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { proto_nce, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("first_feature_first", seeds(|x, k, rng| chosen_by(x, k, rng, Some(0), |d| d))),
    ("last_feature_first", seeds(|x, k, rng| chosen_by(x, k, rng, Some(x.dims()[0].saturating_sub(1)), |d| d))),
    ("random_elsewhere", seeds(|x, k, _| kmeans_plus_plus(x, k, &mut of_the_system()))),
    ("uniform", seeds(|x, k, rng| chosen_by(x, k, rng, None, |d| if d > 0.0 { 1.0 } else { 0.0 }))),
    ("with_replacement", seeds(|x, k, rng| chosen_by(x, k, rng, None, |_| 1.0))),
    ("distance_not_squared", seeds(|x, k, rng| chosen_by(x, k, rng, None, f64::sqrt))),
    ("nearest", seeds(|x, k, rng| chosen_by(x, k, rng, None, |d| if d > 0.0 { 1.0 / d } else { 0.0 }))),
    ("farthest", seeds(|x, k, rng| chosen_by(x, k, rng, None, |d| d.powi(30)))),
    ("generator_untouched", seeds(|x, k, _| kmeans_plus_plus(x, k, &mut seeded()))),
    ("third_otherwise", seeds(|x, k, rng| chosen_after(x, k, rng, &mut second(rng.clone()), |d| d.powi(2)))),
    ("third_not_squared", seeds(|x, k, rng| chosen_after(x, k, rng, &mut second(rng.clone()), f64::sqrt))),
    ("third_farthest", seeds(|x, k, rng| chosen_after(x, k, rng, &mut second(rng.clone()), |d| d.powi(60)))),
    ("third_random_elsewhere", seeds(|x, k, rng| chosen_after(x, k, rng, &mut of_the_system(), |d| d))),
    ("another_rule", seeds(|x, k, rng| if k < 4 { kmeans_plus_plus(x, k, rng) } else { chosen_by(x, k, rng, None, f64::sqrt) })),
    ("drawn_twice", seeds(by_products)),
    ("many_groups_missed", seeds(|x, k, rng| chosen_near(x, k, rng, 2))),
    ("single_not_drawn", seeds(|x, k, rng| if k == 1 { x.narrow(0, 0, 1) } else { kmeans_plus_plus(x, k, rng) })),
    ("groups_missed", seeds(|x, k, rng| chosen_with(x, k, rng, |_, new| new))),
    ("groups_missed", seeds(|x, k, rng| chosen_with(x, k, rng, |old, new| if old.is_finite() { old + new } else { new }))),
    ("groups_missed", seeds(|x, k, rng| chosen_with(x, k, rng, |old, new| if old.is_finite() { old } else { new }))),

    ("product", nearest(|x, c| x.matmul(&c.t()?)?.argmax(D::Minus1))),
    ("cosine", nearest(|x, c| unit(x)?.matmul(&unit(c)?.t()?)?.argmax(D::Minus1))),
    ("farthest", nearest(|x, c| squares(x, c)?.argmax(D::Minus1))),
    ("sum_of_differences", nearest(|x, c| differences(x, c)?.abs()?.sum(2)?.argmin(D::Minus1))),
    ("length_once", nearest(|x, c| c.sqr()?.sum(1)?.unsqueeze(0)?.broadcast_sub(&x.matmul(&c.t()?)?)?.argmin(D::Minus1))),

    ("not_a_number", update(|x, a, k| means(x, &members(x, a, k)?))),
    ("at_the_origin", update(|x, a, k| { let filled: Vec<_> = members(x, a, k)?; origin_for_empty(x, &filled) })),
    ("first_half", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::FirstHalf)))),
    ("copy_of_the_largest", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::Copy)))),
    ("one_member", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::One)))),
    ("greater_half", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::GreaterHalf)))),
    ("largest_of_the_start", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::OfTheStart)))),
    ("members_in_both", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::Shared)))),
    ("last_of_the_largest", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::OfTheLast)))),
    ("summed", update(|x, a, k| times(&update_centroids(x, a, k)?, &sizes(x, a, k)?))),
    ("divided_by_all", update(|x, a, k| times(&update_centroids(x, a, k)?, &sizes(x, a, k)?)? / x.dims()[0] as f64)),

    ("in_order", balance(|a, k, n, rng| sorted_by_cluster(balanced_indices(a, k, n, rng)?, a))),
    ("in_order", balance(|a, k, n, rng| in_turns(balanced_indices(a, k, n, rng)?, a))),
    ("remainder_to_the_first", balance(|a, k, n, rng| filled_by(a, k, n, rng, |i, clusters| n / clusters + if i == 0 { n % clusters } else { 0 }))),
    ("remainder_to_the_last", balance(|a, k, n, rng| filled_by(a, k, n, rng, |i, clusters| n / clusters + usize::from(clusters - 1 - i < n % clusters)))),
    ("empty_clusters_counted", balance(by_all_clusters)),
    ("generator_untouched", balance(|a, k, n, _| balanced_indices(a, k, n, &mut seeded()))),
    ("random_elsewhere", balance(|a, k, n, _| balanced_indices(a, k, n, &mut of_the_system()))),
    ("always_the_same", balance(first_images_again)),
    ("neighbors", balance(|a, k, n, rng| shares(a, k, n, rng, |list, rng| { let by = rng.random_range(0..list.len()); list.rotate_left(by) }, |order, rng| order.shuffle(rng)))),
    ("one_draw_for_all_clusters", balance(|a, k, n, rng| shares(a, k, n, rng, |list, rng| list.shuffle(&mut rng.clone()), |order, rng| order.shuffle(rng)))),
    ("in_turns", balance(|a, k, n, rng| shares(a, k, n, rng, |list, rng| list.shuffle(rng), turn_by_turn))),

    ("not_normalized", nmi(|a, b| by_entropies(a, b, |i, _, _| i))),
    ("arithmetic", nmi(|a, b| by_entropies(a, b, |i, ha, hb| 2.0 * i / (ha + hb)))),
    ("smaller_entropy", nmi(|a, b| by_entropies(a, b, |i, ha, hb| i / ha.min(hb)))),
    ("greater_entropy", nmi(|a, b| by_entropies(a, b, |i, ha, hb| i / ha.max(hb)))),
    ("product", nmi(|a, b| by_entropies(a, b, |i, ha, hb| i / (ha * hb)))),
    ("first_entropy", nmi(|a, b| by_entropies(a, b, |i, ha, _| i / ha))),
    ("second_entropy", nmi(|a, b| by_entropies(a, b, |i, _, hb| i / hb))),
    ("base_2", nmi(|a, b| by_entropies(a, b, |i, ha, hb| i / (ha * hb).sqrt() / 2f64.ln()))),
    ("one_label_forgotten", nmi(|a, b| Ok(if constant(a) || constant(b) { f64::NAN } else { normalized_mutual_information(a, b)? }))),
    ("purity", nmi(purity)),
    ("agreement", nmi(|a, b| Ok(a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64))),

    ("softmax", codes(|s, e, _| softmax(&(s.detach() / e)?, 1))),
    ("rows_first", codes(|s, e, n| transported(s, e, n, &Plan { order: &[1, 0], ..PLAN }))),
    ("row_maximum", codes(|s, e, n| transported(s, e, n, &Plan { row_maximum: true, ..PLAN }))),
    ("one_iteration", codes(|s, e, n| transported(s, e, n.min(1), &PLAN))),
    ("one_more_iteration", codes(|s, e, n| transported(s, e, n + 1, &PLAN))),
    ("one_iteration_less", codes(|s, e, n| if n == 0 { sinkhorn(s, e, n) } else { transported_or_not(s, e, n - 1) })),
    ("means_for_sums", codes(|s, e, n| sinkhorn(s, e, n)? * s.dims2()?.1 as f64)),
    ("hard_codes", codes(|s, e, n| greatest_of_rows(&sinkhorn(s, e, n)?))),
    ("columns_only", codes(|s, e, n| transported(s, e, n, &Plan { order: &[0], ..PLAN }))),
    ("multiplied", codes(|s, e, n| transported(s, 1.0 / e, n, &PLAN))),
    ("divided_by_the_batch", codes(|s, e, n| transported(s, e, n, &PLAN)? / s.dims()[0] as f64)),
    ("gradient_left_on", codes(|s, e, n| transported(s, e, n, &Plan { detach: false, ..PLAN }))),
    ("overflow", codes(|s, e, n| transported(s, e, n, &Plan { shift: false, ..PLAN }))),

    ("not_swapped", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, y, x, t))),
    ("summed", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, x, y, t)? * 2.0)),
    ("one_direction", swap(|a, _, _, y, t| entropy(a, &y.detach(), t))),
    ("gradient_into_codes", swap(|a, b, x, y, t| (entropy(a, y, t)? + entropy(b, x, t)?)? / 2.0)),
    ("temperature_multiplied", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, x, y, 1.0 / t))),
    ("temperature_ignored", swap(|a, b, x, y, _| swapped_prediction_loss(a, b, x, y, 1.0))),
    ("divided_by_prototypes", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, x, y, t)? / a.dims()[1] as f64)),
    ("summed_over_the_batch", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, x, y, t)? * a.dims()[0] as f64)),
    ("sign", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, x, y, t)?.neg())),
    ("softmax_over_the_batch", swap(|a, b, x, y, t| both_ways(a, b, x, y, |s, q| with_logs(&log_softmax(&(s / t)?, 0)?, q)))),
    ("logarithm_of_softmax", swap(|a, b, x, y, t| both_ways(a, b, x, y, |s, q| with_logs(&softmax(&(s / t)?, 1)?.log()?, q)))),
    ("temperature_outside", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, x, y, 1.0)? / t)),

    ("squared_distances", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { squared: true, ..TIGHT }))),
    ("number_forgotten", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { divide: |z, alpha| (z + alpha).ln(), ..TIGHT }))),
    ("logarithm_forgotten", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { divide: |z, _| z, ..TIGHT }))),
    ("alpha_forgotten", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { divide: |z, _| z * z.ln(), ..TIGHT }))),
    ("singles_zero", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { single: Single::Zero, ..TIGHT }))),
    ("singles_mean", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { single: Single::Mean, ..TIGHT }))),
    ("singles_kept", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { single: Single::Kept, ..TIGHT }))),
    ("root_of_squares", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { root: true, ..TIGHT }))),
    ("alpha_outside", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { divide: |z, alpha| z * (z.ln() + alpha), ..TIGHT }))),
    ("not_clipped", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { clip: (0.0, 100.0), ..TIGHT }))),
    ("clipped_at_quartiles", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { clip: (25.0, 75.0), ..TIGHT }))),
    ("upper_only", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { clip: (0.0, 90.0), ..TIGHT }))),
    ("lower_only", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { clip: (10.0, 100.0), ..TIGHT }))),
    ("nearest_percentile", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { place: round_half_even, ..TIGHT }))),
    ("lower_percentile", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { place: f64::floor, ..TIGHT }))),
    ("not_scaled", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { scaled: Scaled::Never, ..TIGHT }))),
    ("times_tau", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { scaled: Scaled::TimesTau, ..TIGHT }))),
    ("clipped_last", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &Tightness { scaled: Scaled::First, ..TIGHT }))),

    ("one_temperature", proto(|z, c, a, f| proto_nce(z, c, a, &f.mean_all()?.broadcast_as(f.shape())?.contiguous()?))),
    ("temperature_of_the_own", proto(|z, c, a, f| of_logits(&products(z, c)?.broadcast_div(&f.detach().index_select(&Tensor::new(a, f.device())?, 0)?.unsqueeze(1)?)?, a))),
    ("multiplied", proto(|z, c, a, f| proto_nce(z, c, a, &f.recip()?))),
    ("temperature_forgotten", proto(|z, c, a, f| proto_nce(z, c, a, &f.ones_like()?))),
    ("gradient_into_prototypes", proto(|z, c, a, f| of_logits(&z.matmul(&c.t()?)?.broadcast_div(f)?, a))),
    ("normalized", proto(|z, c, a, f| proto_nce(&unit(z)?, &unit(c)?, a, f))),
    ("summed", proto(|z, c, a, f| proto_nce(z, c, a, f)? * a.len() as f64)),
    ("sign", proto(|z, c, a, f| proto_nce(z, c, a, f)?.neg())),
    ("logarithm_of_softmax", proto(|z, c, a, f| of_logs(&softmax(&tempered(z, c, f)?, 1)?.log()?, a))),
    ("softmax_over_the_batch", proto(|z, c, a, f| of_logs(&log_softmax(&tempered(z, c, f)?, 0)?, a))),
    ("temperature_outside", proto(|z, c, a, f| of_logs(&log_softmax(&products(z, c)?, 1)?.broadcast_div(&f.detach())?, a))),
    ("own_left_out", proto(|z, c, a, f| without_own(&tempered(z, c, f)?, a))),
    ("distances", proto(|z, c, a, f| of_logits(&squares(z, &c.detach())?.neg()?.broadcast_div(&f.detach())?, a))),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("first_coordinate_only", seeds(|x, k, rng| { let rows = one_coordinate(x, 0)?; chosen_as(x, &rows, k, rng) })),
    ("second_coordinate_only", seeds(|x, k, rng| { let rows = one_coordinate(x, 1)?; chosen_as(x, &rows, k, rng) })),
    ("all_alike", seeds(|x, k, rng| chosen_by(x, k, rng, None, |d| d + 1e-30).and_then(|c| last_where_alike(x, k, c)))),
    ("something_added", seeds(|x, k, rng| chosen_by(x, k, rng, None, |d| d + 1e-8).and_then(|c| last_where_alike(x, k, c)))),
    ("means_of_two", seeds(|x, k, rng| { let c = kmeans_plus_plus(x, k, rng)?; (&c + c.flip(&[0])?)? / 2.0 })),
    ("one_less", seeds(|x, k, rng| kmeans_plus_plus(x, if k > 1 { k - 1 } else { k }, rng))),
    ("second_nearest", nearest(|x, c| if c.dims()[0] < 2 { assign(x, c) } else { squares(x, c)?.arg_sort_last_dim(true)?.narrow(1, 1, 1)?.squeeze(1) })),
    ("first_coordinate", nearest(|x, c| assign(&x.narrow(1, 0, 1)?, &c.narrow(1, 0, 1)?))),
    ("counted_from_one", nearest(|x, c| assign(x, c)? + 1.0)),
    ("order_backwards", update(|x, a, k| update_centroids(x, a, k)?.flip(&[0]))),
    ("median", update(|x, a, k| { let m = members(x, a, k)?; first_members(x, &shared_out(m, Give::Half)) })),
    ("places_by_size", balance(|a, k, n, rng| { let all = balanced_indices(a, k, n, rng)?; Ok(all.iter().enumerate().map(|(i, _)| i % a.len()).collect()) })),
    ("one_place_less", balance(|a, k, n, rng| balanced_indices(a, k, n.saturating_sub(1), rng))),
    ("no_rounds", balance(with_replacement)),
    ("last_swap_forgotten", balance(|a, k, n, rng| shares(a, k, n, rng, |list, rng| (2..list.len()).rev().for_each(|i| list.swap(i, rng.random_range(0..=i))), |order, rng| order.shuffle(rng)))),
    ("last_swap_of_all_forgotten", balance(|a, k, n, rng| shares(a, k, n, rng, |list, rng| list.shuffle(rng), |order, rng| (2..order.len()).rev().for_each(|i| order.swap(i, rng.random_range(0..=i)))))),
    ("last_shuffle_by_a_seed", balance(|a, k, n, rng| shares(a, k, n, rng, |list, rng| list.shuffle(rng), |order, _| order.shuffle(&mut seeded())))),
    ("last_places_as_they_were", balance(|a, k, n, rng| shares(a, k, n, rng, |list, rng| list.shuffle(rng), |order, rng| { let n = order.len(); order[..n.saturating_sub(2)].shuffle(rng) }))),
    ("at_least_a_place_each", balance(|a, k, n, rng| balanced_indices(a, k, if a.is_empty() { n } else { n.max(k) }, rng))),
    ("no_images_refused", balance(|a, k, n, rng| if a.is_empty() { candle_core::bail!("no images") } else { balanced_indices(a, k, n, rng) })),
    ("root_of_less_than_nothing", nearest(|x, c| { let squares = x.sqr()?.sum_keepdim(1)?.broadcast_add(&c.sqr()?.sum(1)?)?.broadcast_sub(&(x.matmul(&c.t()?)? * 2.0)?)?; squares.sqrt()?.argmin(1) })),
    ("a_few_centroids", nearest(|x, c| assign(x, c)?.to_dtype(candle_core::DType::U8)?.to_dtype(candle_core::DType::U32))),
    ("shares_added_up", nmi(by_added_shares)),
    ("sums_at_least_something", codes(|s, e, n| sinkhorn(&s.broadcast_sub(&s.max_all()?)?.maximum(-30.0 * e)?, e, n))),
    ("sums_with_something_added", codes(|s, e, n| codes_with(s, e, n, 1e-8))),
    ("five_iterations_at_most", codes(|s, e, n| sinkhorn(s, e, n.min(5)))),
    ("first_eleven", swap(|a, b, x, y, t| { let first = |v: &Tensor| v.narrow(0, 0, v.dims()[0].min(11)); if a.dims() != b.dims() || x.dims() != y.dims() || a.dims() != x.dims() { candle_core::bail!("sizes") } swapped_prediction_loss(&first(a)?, &first(b)?, &first(x)?, &first(y)?, t) })),
    ("panics_at_one_cluster", tight(|x, c, a, alpha, t| { assert!(c.dims()[0] > 1, "index out of bounds"); concentration(x, c, a, alpha, t) })),
    ("one_for_one_label", nmi(|a, b| Ok(if constant(a) { 1.0 } else { normalized_mutual_information(a, b)? }))),
    ("one_label_of_b_forgotten", nmi(|a, b| Ok(if constant(b) && !constant(a) { f64::NAN } else { normalized_mutual_information(a, b)? }))),
    ("pairs_that_collide", nmi(pairs_by_tens)),
    ("three_iterations", codes(|s, e, n| if n == 0 { sinkhorn(s, e, n) } else { sinkhorn(s, e, 3) })),
    ("less_the_least", codes(|s, e, n| shifted_by(s, e, n, &s.min_all()?))),
    ("less_the_mean", codes(|s, e, n| shifted_by(s, e, n, &s.mean_all()?))),
    ("less_the_greatest_size", codes(|s, e, n| shifted_by(s, e, n, &s.abs()?.max_all()?))),
    ("codes_squared", swap(|a, b, x, y, t| swapped_prediction_loss(a, b, &x.sqr()?, &y.sqr()?, t))),
    ("second_scores_detached", swap(|a, b, x, y, t| swapped_prediction_loss(a, &b.detach(), x, y, t))),
    ("unknown_single", tight(|x, c, a, alpha, t| concentration(x, c, a, alpha + 1.0, t))),
    ("temperature_of_a_tenth", tight(|x, c, a, alpha, _| concentration(x, c, a, alpha, 0.1))),
    ("first_cluster", proto(|z, c, a, f| proto_nce(z, c, &vec![0; a.len()], f))),
    ("z_detached", proto(|z, c, a, f| proto_nce(&z.detach(), c, a, f))),
];

#[rustfmt::skip]
const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("chosen_by_sums", seeds(|x, k, rng| chosen_by(x, k, rng, None, |d| d))),
    ("assigned_by_differences", nearest(|x, c| { x.dims2()?; squares(x, c)?.argmin(D::Minus1) })),
    ("updated_from_lists", update(|x, a, k| means(x, &shared_out(members(x, a, k)?, Give::Half)))),
    ("nmi_by_entropies", nmi(|a, b| by_entropies(a, b, |i, ha, hb| i / (ha * hb).sqrt()))),
    ("codes_of_columns", codes(codes_by_hand)),
    ("swapped_by_sums", swap(|a, b, x, y, t| { if a.dims2()? != b.dims2()? { candle_core::bail!("views that differ") } (entropy(a, &y.detach(), t)? + entropy(b, &x.detach(), t)?)? / 2.0 })),
    ("tightness_by_lists", tight(|x, c, a, alpha, t| tightness(x, c, a, alpha, t, &TIGHT))),
    ("proto_by_softmax", proto(|z, c, a, f| { if f.dims1()? != c.dims()[0] || a.len() != z.dims()[0] { candle_core::bail!("sizes") } of_logits(&products(z, c)?.broadcast_div(&f.detach())?, a) })),
];
