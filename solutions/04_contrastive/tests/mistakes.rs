//! Wrong answers that the checks of lab 04 must name, and right ones that they must accept.

extern crate contrastive_solution as contrastive;
#[path = "../../../labs/04_contrastive/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod mining;
mod nce;
mod pairs;

use std::process::ExitCode;

use candle_core::{D, Result, Tensor};
use contrastive::{
    alignment, contrastive_loss, cosine_similarity_matrix, info_nce, pairwise_distance, semi_hard_negatives,
    triplet_loss, uniformity,
};
use graded::{EXERCISES, Exercises, Mining};
use mining::{Pick, by_sorting, mine, own_class};
use nce::*;
use pairs::*;
use ssl_grading::mistakes::Cases;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn distance(pairwise_distance: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { pairwise_distance, ..EXERCISES }
}

const fn pairs(contrastive_loss: fn(&Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { contrastive_loss, ..EXERCISES }
}

const fn triplet(triplet_loss: fn(&Tensor, &Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { triplet_loss, ..EXERCISES }
}

const fn mining(semi_hard_negatives: Mining) -> Exercises {
    Exercises { semi_hard_negatives, ..EXERCISES }
}

const fn cosines(cosine_similarity_matrix: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { cosine_similarity_matrix, ..EXERCISES }
}

const fn nce(info_nce: fn(&Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { info_nce, ..EXERCISES }
}

const fn align(alignment: fn(&Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { alignment, ..EXERCISES }
}

const fn uniform(uniformity: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { uniformity, ..EXERCISES }
}

const MISTAKES: &[(&str, Exercises)] = &[
    ("squared", distance(|a, b| (a - b)?.sqr()?.sum(1))),
    ("manhattan", distance(|a, b| (a - b)?.abs()?.sum(1))),
    ("over_batch", distance(|a, b| (a - b)?.sqr()?.sum(0)?.sqrt())),
    ("mean_inside", distance(|a, b| (a - b)?.sqr()?.mean(1)?.sqrt())),
    ("added", distance(|a, b| pairwise_distance(a, &b.neg()?))),
    ("one_side_detached", distance(|a, b| pairwise_distance(a, &b.detach()))),
    ("epsilon_in_difference", distance(|a, b| ((a - b)? + 1e-6)?.sqr()?.sum(1)?.sqrt())),
    ("epsilon_outside", distance(|a, b| (a - b)?.sqr()?.sum(1)?.sqrt()? + 1e-12)),
    ("branches_swapped", pairs(|d, p, m| p.where_cond(&(m - d)?.relu()?, d)?.mean_all())),
    ("hadsell", pairs(|d, p, m| p.where_cond(&(d.sqr()? / 2.0)?, &((m - d)?.relu()?.sqr()? / 2.0)?)?.mean_all())),
    ("squares", pairs(|d, p, m| p.where_cond(&d.sqr()?, &(m - d)?.relu()?.sqr()?)?.mean_all())),
    ("pulled_beyond_margin", pairs(|d, p, m| p.where_cond(d, &(d - m)?.relu()?)?.mean_all())),
    ("no_hinge", pairs(|d, p, m| p.where_cond(d, &(m - d)?)?.mean_all())),
    ("margin_outside", pairs(|d, p, m| p.where_cond(d, &(d.neg()?.relu()? + m)?)?.mean_all())),
    ("negatives_left_out", pairs(|d, p, _| p.where_cond(d, &d.zeros_like()?)?.mean_all())),
    ("active_only", pairs(active_pairs)),
    ("negatives_squared", pairs(|d, p, m| p.where_cond(d, &(m - d)?.relu()?.sqr()?)?.mean_all())),
    ("neighbors", nce(beside)),
    ("temperature_twice", nce(|a, b, t| info_nce(a, b, t * t))),
    ("positive_twice", nce(positive_twice)),
    ("cosine_distance", align(|a, b, alpha| (between(&unit(a)?, &unit(b)?)? / 2.0)?.powf(alpha / 2.0)?.mean_all())),
    ("half_the_exponent", uniform(|z, t| uniformity(z, t / 2.0))),
    ("sum", pairs(|d, p, m| contrastive_loss(d, p, m)? * d.elem_count() as f64)),
    ("signs_swapped", triplet(|a, p, n, m| (gap(a, n, p)? + m)?.relu()?.mean_all())),
    ("active_only", triplet(active_only)),
    ("no_margin", triplet(|a, p, n, _| gap(a, p, n)?.relu()?.mean_all())),
    ("margin_subtracted", triplet(|a, p, n, m| (gap(a, p, n)? - m)?.relu()?.mean_all())),
    ("margin_outside", triplet(|a, p, n, m| (gap(a, p, n)?.relu()? + m)?.mean_all())),
    ("negative_of_positive", triplet(negative_of_positive)),
    ("squared", triplet(squared_distances)),
    ("no_hinge", triplet(|a, p, n, m| (gap(a, p, n)? + m)?.mean_all())),
    ("swapped_anchor", triplet(swapped_anchor)),
    ("sum", triplet(|a, p, n, m| (gap(a, p, n)? + m)?.relu()?.sum_all())),
    (
        "at_the_positive",
        mining(|d, y, p, m| mine(d, y, p, |near, far| near <= far && far < near + m, Pick::FirstClosest)),
    ),
    (
        "at_the_margin",
        mining(|d, y, p, m| mine(d, y, p, |near, far| near < far && far <= near + m, Pick::FirstClosest)),
    ),
    ("closest_then_checked", mining(closest_then_checked)),
    ("hardest", mining(|d, y, p, m| mine(d, y, p, |near, far| far < near + m, Pick::FirstClosest))),
    ("beyond_margin", mining(|d, y, p, _| mine(d, y, p, |near, far| near < far, Pick::FirstClosest))),
    ("own_class", mining(own_class)),
    ("last_at_tie", mining(|d, y, p, m| mine(d, y, p, |near, far| near < far && far < near + m, Pick::LastClosest))),
    ("farthest", mining(|d, y, p, m| mine(d, y, p, |near, far| near < far && far < near + m, Pick::FirstFarthest))),
    ("first", mining(|d, y, p, m| mine(d, y, p, |near, far| near < far && far < near + m, Pick::First))),
    ("absolute_margin", mining(|d, y, p, m| mine(d, y, p, |near, far| near < far && far < m, Pick::FirstClosest))),
    ("distance", cosines(|z| 1.0 - cosine_similarity_matrix(z)?)),
    ("batch_axis", cosines(|z| gram(&z.broadcast_div(&z.sqr()?.sum_keepdim(0)?.sqrt()?)?))),
    ("not_normalized", cosines(gram)),
    ("columns", cosines(|z| unit(z)?.t()?.matmul(&unit(z)?))),
    ("one_side", cosines(|z| unit(z)?.matmul(&z.t()?))),
    ("whole_matrix", cosines(|z| gram(z)?.broadcast_div(&z.sqr()?.sum_all()?))),
    ("no_root", cosines(|z| gram(&z.broadcast_div(&z.sqr()?.sum_keepdim(1)?)?))),
    ("length_detached", cosines(|z| gram(&z.broadcast_div(&z.sqr()?.sum_keepdim(1)?.sqrt()?.detach())?))),
    ("epsilon_outside", cosines(|z| gram(&z.broadcast_div(&(z.sqr()?.sum_keepdim(1)?.sqrt()? + 1e-12)?)?))),
    ("zero_vector", cosines(|z| gram(&by_length(z)?))),
    ("anchor_in_denominator", nce(|a, b, t| mean(&losses(&logits(a, b, 1.0 / t)?, None)?))),
    ("diagonal_zero", nce(|a, b, t| mean(&losses(&logits(a, b, 1.0 / t)?, Some(0.0))?))),
    ("positive_left_out", nce(positive_left_out)),
    ("temperature_multiplied", nce(|a, b, t| info_nce(a, b, 1.0 / t))),
    ("temperature_forgotten", nce(|a, b, _| info_nce(a, b, 1.0))),
    ("only_n_anchors", nce(|a, b, t| mean(&nt_xent(a, b, t)?.narrow(0, 0, a.dims()[0])?))),
    ("other_view_only", nce(|a, b, t| (one_direction(a, b, t)? + one_direction(b, a, t)?)? / 2.0)),
    ("one_direction", nce(one_direction)),
    ("sum", nce(|a, b, t| nt_xent(a, b, t)?.sum_all())),
    ("no_minus", nce(|a, b, t| info_nce(a, b, t)?.neg())),
    ("normalizer_detached", nce(normalizer_detached)),
    ("second_view_detached", nce(|a, b, t| info_nce(a, &b.detach(), t))),
    (
        "not_normalized",
        nce(|a, b, t| mean(&losses(&(gram(&Tensor::cat(&[a, b], 0)?)? / t)?, Some(f32::NEG_INFINITY))?)),
    ),
    ("overflow", nce(|a, b, t| overflow(a, b, t)?.mean_all())),
    ("overflow_of_a_ratio", nce(overflow_of_a_ratio)),
    ("overflow_of_a_ratio", nce(own_subtracted)),
    ("not_a_number", nce(|a, b, t| info_nce(&by_length(a)?, &by_length(b)?, t))),
    ("alpha_forgotten", align(|a, b, _| between(&unit(a)?, &unit(b)?)?.sqrt()?.mean_all())),
    ("alpha_two", align(|a, b, _| between(&unit(a)?, &unit(b)?)?.mean_all())),
    ("power_of_square", align(|a, b, alpha| between(&unit(a)?, &unit(b)?)?.powf(alpha)?.mean_all())),
    ("not_normalized", align(|a, b, alpha| between(a, b)?.powf(alpha / 2.0)?.mean_all())),
    ("root_of_zero", align(|a, b, alpha| between(&unit(a)?, &unit(b)?)?.sqrt()?.powf(alpha)?.mean_all())),
    ("power_of_mean", align(|a, b, alpha| between(&unit(a)?, &unit(b)?)?.sqrt()?.mean_all()?.powf(alpha))),
    ("sum", align(|a, b, alpha| between(&unit(a)?, &unit(b)?)?.powf(alpha / 2.0)?.sum_all())),
    ("self_pairs", uniform(|z, t| (all_squared(&unit(z)?)? * -t)?.exp()?.mean_all()?.log())),
    ("mean_of_logs", uniform(|z, t| (upper(&all_squared(&unit(z)?)?)? * -t)?.mean_all())),
    ("distance_not_squared", uniform(|z, t| (upper(&all_squared(&unit(z)?)?)?.sqrt()? * -t)?.exp()?.mean_all()?.log())),
    ("not_normalized", uniform(|z, t| (upper(&all_squared(z)?)? * -t)?.exp()?.mean_all()?.log())),
    ("sum", uniform(|z, t| (upper(&all_squared(&unit(z)?)?)? * -t)?.exp()?.sum_all()?.log())),
    ("no_log", uniform(|z, t| (upper(&all_squared(&unit(z)?)?)? * -t)?.exp()?.mean_all())),
    ("by_n_squared", uniform(by_n_squared)),
    ("t_forgotten", uniform(|z, _| uniformity(z, 1.0))),
    ("plus", uniform(|z, t| uniformity(z, -t))),
];

const NAMELESS: &[(&str, Exercises)] = &[
    ("exponent_rounded_down", align(|a, b, alpha| alignment(a, b, if alpha >= 2.0 { alpha.floor() } else { alpha }))),
    (
        "far_without_epsilon",
        triplet(|a, p, n, margin| {
            triplet_loss(a, p, n, margin)?;
            ((pairwise_distance(a, p)? - (a - n)?.sqr()?.sum(D::Minus1)?.sqrt()?)? + margin)?.relu()?.mean_all()
        }),
    ),
    ("within_ten", mining(|d, y, p, margin| semi_hard_negatives(&d.minimum(10.0)?, y, p, margin))),
    ("stretched_rows", distance(|a, b| (a.broadcast_sub(b)?.sqr()?.sum(D::Minus1)? + 1e-12)?.sqrt())),
    ("four_rows_only", distance(|a, b| pairwise_distance(a, b)? * if a.dims()[0] > 4 { 1.0001 } else { 1.0 })),
    ("twice_the_loss", pairs(|d, p, m| contrastive_loss(d, p, m)? * 2.0)),
    ("one_label_for_all", pairs(one_label_for_all)),
    ("anchors_detached", triplet(|a, p, n, m| triplet_loss(&a.detach(), p, n, m))),
    ("one_negative_for_all", triplet(one_negative_for_all)),
    ("any_positives", mining(any_positives)),
    ("four_by_four_mask", nce(four_by_four_mask)),
    ("partner_four_further", nce(partner_four_further)),
    ("any_rows", nce(any_rows)),
    ("one_row_for_all", align(one_row_for_all)),
    ("power_of_one_more", align(|a, b, alpha| alignment(a, b, alpha.floor()))),
    ("a_single_row", uniform(|z, t| if z.dims()[0] < 2 { z.sum_all() } else { uniformity(z, t) })),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("distance_by_products", distance(by_products)),
    ("contrastive_by_arithmetic", pairs(by_arithmetic)),
    ("triplet_by_maximum", triplet(|a, p, n, m| (gap(a, p, n)? + m)?.maximum(0f64)?.mean_all())),
    ("mining_by_sorting", mining(by_sorting)),
    ("cosines_of_lengths", cosines(of_lengths)),
    ("cross_entropy_of_columns", nce(of_columns)),
    (
        "alignment_of_cosines",
        align(|a, b, alpha| (2.0 - (2.0 * (unit(a)? * unit(b)?)?.sum(1)?)?)?.powf(alpha / 2.0)?.mean_all()),
    ),
    ("uniformity_pair_by_pair", uniform(pair_by_pair)),
];

fn mean(losses: &Tensor) -> Result<Tensor> {
    losses.mean_all()
}

/// Anchors without a positive have no negative either.
fn any_positives(distances: &Tensor, labels: &Tensor, positives: &[usize], margin: f64) -> Result<Vec<Option<usize>>> {
    semi_hard_negatives(distances, labels, positives, margin).or_else(|_| Ok(vec![None; labels.elem_count()]))
}

/// Rows of length 1.
fn unit(z: &Tensor) -> Result<Tensor> {
    z.broadcast_div(&(z.sqr()?.sum_keepdim(1)? + 1e-12)?.sqrt()?)
}

/// All inner products of rows.
fn gram(z: &Tensor) -> Result<Tensor> {
    z.matmul(&z.t()?)
}

fn of_lengths(z: &Tensor) -> Result<Tensor> {
    z.dims2()?;
    let length = (z.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    gram(z)? / length.matmul(&length.t()?)?
}

fn by_length(z: &Tensor) -> Result<Tensor> {
    z.broadcast_div(&z.sqr()?.sum_keepdim(1)?.sqrt()?)
}

fn one_row_for_all(z_a: &Tensor, z_b: &Tensor, alpha: f64) -> Result<Tensor> {
    alignment(z_a, &z_b.broadcast_as(z_a.shape())?.contiguous()?, alpha)
}

fn pair_by_pair(z: &Tensor, t: f64) -> Result<Tensor> {
    if z.dims2()?.0 < 2 {
        candle_core::bail!("a single row");
    }
    (upper(&all_squared(&unit(z)?)?)? * -t)?.exp()?.mean_all()?.log()
}

fn by_n_squared(z: &Tensor, t: f64) -> Result<Tensor> {
    let sum = (upper(&all_squared(&unit(z)?)?)? * -t)?.exp()?.sum_all()?;
    (sum / (z.dims()[0] * z.dims()[0]) as f64)?.log()
}

/// ‖aᵢ − bᵢ‖², row by row.
fn between(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (a - b)?.sqr()?.sum(1)
}

/// ‖zᵢ − zⱼ‖² of all rows, `[N, N]`.
fn all_squared(z: &Tensor) -> Result<Tensor> {
    z.unsqueeze(1)?.broadcast_sub(&z.unsqueeze(0)?)?.sqr()?.sum(2)
}

/// The entries above the diagonal, one after the other.
fn upper(matrix: &Tensor) -> Result<Tensor> {
    let count = matrix.dims()[0];
    let places = (0..count).flat_map(|i| (i + 1..count).map(move |j| (i * count + j) as u32));
    matrix.flatten_all()?.index_select(&Tensor::from_iter(places, matrix.device())?, 0)
}

/// The closest of all negatives, where it is semi-hard.
fn closest_then_checked(
    distances: &Tensor,
    labels: &Tensor,
    positives: &[usize],
    margin: f64,
) -> Result<Vec<Option<usize>>> {
    let closest = mine(distances, labels, positives, |_, _| true, Pick::FirstClosest)?;
    let rows: Vec<Vec<f32>> = distances.to_vec2()?;
    let semi_hard = |(i, found): (usize, Option<usize>)| {
        let near = f64::from(rows[i][positives[i]]);
        found.filter(|&n| near < f64::from(rows[i][n]) && f64::from(rows[i][n]) < near + margin)
    };
    Ok(closest.into_iter().enumerate().map(semi_hard).collect())
}
