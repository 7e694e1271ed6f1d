//! Wrong answers that the checks of lab 03 must name, and right ones that they must accept.

extern crate colorization_solution as colorization;
mod colors;
mod distributions;
#[path = "../../../labs/03_colorization/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;

use std::process::ExitCode;

use candle_core::{D, Result, Tensor};
use candle_nn::ops::softmax;
use colorization::{
    annealed_mean, colorization_loss, gamut_bins, lab_to_rgb, rebalancing_weights, rgb_to_lab, soft_encode,
};
use colors::*;
use distributions::*;
use graded::{EXERCISES, Exercises};
use ssl_grading::mistakes::Cases;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn forth(rgb_to_lab: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { rgb_to_lab, ..EXERCISES }
}

const fn back(lab_to_rgb: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { lab_to_rgb, ..EXERCISES }
}

const fn gamut(gamut_bins: fn(f64) -> Result<Tensor>) -> Exercises {
    Exercises { gamut_bins, ..EXERCISES }
}

const fn soft(soft_encode: fn(&Tensor, &Tensor, usize, f64) -> Result<Tensor>) -> Exercises {
    Exercises { soft_encode, ..EXERCISES }
}

const fn weigh(rebalancing_weights: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { rebalancing_weights, ..EXERCISES }
}

const fn lose(colorization_loss: fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { colorization_loss, ..EXERCISES }
}

const fn anneal(annealed_mean: fn(&Tensor, &Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { annealed_mean, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("no_gamma", forth(|x| to_lab(x, &Forth { gamma: |c| Ok(c.clone()), ..FORTH }))),
    ("power_of_2_2", forth(|x| to_lab(x, &Forth { gamma: |c| c.powf(2.2), ..FORTH }))),
    ("curve_everywhere", forth(|x| to_lab(x, &Forth { gamma: |c| ((c + 0.055)? / 1.055)?.powf(2.4), ..FORTH }))),
    ("gamma_backwards", forth(|x| to_lab(x, &Forth { gamma, ..FORTH }))),
    ("branches_inverted", forth(|x| to_lab(x, &Forth { gamma: |c| c.gt(0.04045)?.where_cond(&(c / 12.92)?, &((c + 0.055)? / 1.055)?.powf(2.4)?), ..FORTH }))),
    ("gamma_threshold_of_the_inverse", forth(|x| to_lab(x, &Forth { gamma: |c| c.le(0.0031308)?.where_cond(&(c / 12.92)?, &((c + 0.055)? / 1.055)?.powf(2.4)?), ..FORTH }))),
    ("white_d50", forth(|x| to_lab(x, &Forth { white: D50, ..FORTH }))),
    ("white_forgotten", forth(|x| to_lab(x, &Forth { white: [1.0; 3], ..FORTH }))),
    ("matrix_transposed", forth(|x| to_lab(x, &Forth { matrix: transposed(&colorization::XYZ_OF_RGB), ..FORTH }))),
    ("matrix_inverted", forth(|x| to_lab(x, &Forth { matrix: colorization::RGB_OF_XYZ, ..FORTH }))),
    ("root_everywhere", forth(|x| to_lab(x, &Forth { root: cube_root, ..FORTH }))),
    ("square_root", forth(|x| to_lab(x, &Forth { root: |t| straight_below(t, &t.sqrt()?, DELTA_CUBED, 1.0 / SLOPE), ..FORTH }))),
    ("slope_of_the_inverse", forth(|x| to_lab(x, &Forth { root: |t| straight_below(t, &cube_root(t)?, DELTA_CUBED, SLOPE), ..FORTH }))),
    ("threshold_of_the_inverse", forth(|x| to_lab(x, &Forth { root: |t| straight_below(t, &cube_root(t)?, colorization::DELTA, 1.0 / SLOPE), ..FORTH }))),
    ("lightness_from_0_to_1", forth(|x| scaled(&rgb_to_lab(x)?, [0.01, 1.0, 1.0]))),
    ("from_0_to_1", forth(|x| rgb_to_lab(x)? / 100.0)),
    ("green_and_red", forth(|x| scaled(&rgb_to_lab(x)?, [1.0, -1.0, 1.0]))),
    ("blue_and_yellow", forth(|x| scaled(&rgb_to_lab(x)?, [1.0, 1.0, -1.0]))),
    ("bgr", forth(|x| rgb_to_lab(&channels(x, [2, 1, 0])?))),

    ("not_clipped", back(|x| to_rgb(x, &Back { clip: false, ..BACK }))),
    ("negative_f_clipped", back(|x| to_rgb(x, &Back { cube: |f| cubed_above(&f.relu()?, colorization::DELTA), ..BACK }))),
    ("branches_inverted", back(|x| to_rgb(x, &Back { gamma: |u| u.gt(0.0031308)?.where_cond(&(u * 12.92)?, &u.powf(1.0 / 2.4)?.affine(1.055, -0.055)?), ..BACK }))),
    ("matrix_transposed", back(|x| to_rgb(x, &Back { matrix: transposed(&colorization::RGB_OF_XYZ), ..BACK }))),
    ("matrix_of_rgb_to_lab", back(|x| to_rgb(x, &Back { matrix: colorization::XYZ_OF_RGB, ..BACK }))),
    ("no_gamma", back(|x| to_rgb(x, &Back { gamma: |u| Ok(u.clone()), ..BACK }))),
    ("power_of_2_2", back(|x| to_rgb(x, &Back { gamma: |u| u.powf(1.0 / 2.2), ..BACK }))),
    ("curve_everywhere", back(|x| to_rgb(x, &Back { gamma: |u| u.powf(1.0 / 2.4)?.affine(1.055, -0.055), ..BACK }))),
    ("gamma_threshold_of_rgb_to_lab", back(|x| to_rgb(x, &Back { gamma: |u| u.le(0.04045)?.where_cond(&(u * 12.92)?, &u.powf(1.0 / 2.4)?.affine(1.055, -0.055)?), ..BACK }))),
    ("white_d50", back(|x| to_rgb(x, &Back { white: D50, ..BACK }))),
    ("white_forgotten", back(|x| to_rgb(x, &Back { white: [1.0; 3], ..BACK }))),
    ("cube_everywhere", back(|x| to_rgb(x, &Back { cube: |f| f.powf(3.0), ..BACK }))),
    ("threshold_of_rgb_to_lab", back(|x| to_rgb(x, &Back { cube: |f| cubed_above(f, DELTA_CUBED), ..BACK }))),
    ("lightness_from_0_to_1", back(|x| lab_to_rgb(&scaled(x, [100.0, 1.0, 1.0])?))),
    ("green_and_red", back(|x| lab_to_rgb(&scaled(x, [1.0, -1.0, 1.0])?))),
    ("blue_and_yellow", back(|x| lab_to_rgb(&scaled(x, [1.0, 1.0, -1.0])?))),
    ("a_and_b_swapped", back(|x| lab_to_rgb(&channels(x, [0, 2, 1])?))),
    ("bytes", back(|x| lab_to_rgb(x)? * 255.0)),

    ("whole_square", gamut(|step| bins_where(step, 110.0, |_, _| Ok(true)))),
    ("one_lightness", gamut(|step| bins_where(step, 110.0, |a, b| inside(50.0, a, b)))),
    ("every_lightness", gamut(|step| bins_where(step, 110.0, |a, b| all_of(1..100, a, b)))),
    ("b_first", gamut(|step| b_first(&gamut_bins(step)?))),
    ("a_and_b_swapped", gamut(|step| bins_where(step, 110.0, |a, b| some_of(0..101, b, a)))),
    ("not_negative", gamut(|step| bins_where(step, 110.0, |a, b| Ok(a >= 0.0 && b >= 0.0 && some_of(0..101, a, b)?)))),

    ("not_normalized", soft(|x, b, k, s| encoded(x, b, s, &Kernel { count: k, divide: Divide::Nothing, ..KERNEL }))),
    ("sigma_as_variance", soft(|x, b, k, s| soft_encode(x, b, k, s.sqrt()))),
    ("factor_2_forgotten", soft(|x, b, k, s| soft_encode(x, b, k, s / 2f64.sqrt()))),
    ("distance_not_squared", soft(|x, b, k, s| encoded(x, b, s, &Kernel { count: k, log: |d, s| d.sqrt()? / (-2.0 * s * s), ..KERNEL }))),
    ("all_bins", soft(|x, b, _, s| soft_encode(x, b, b.dims()[0], s))),
    ("nearest_only", soft(|x, b, _, s| soft_encode(x, b, 1, s))),
    ("unweighted", soft(|x, b, k, s| encoded(x, b, s, &Kernel { count: k, log: |d, _| d.zeros_like(), ..KERNEL }))),
    ("normalized_over_all_bins", soft(|x, b, k, s| encoded(x, b, s, &Kernel { count: k, divide: Divide::All, ..KERNEL }))),
    ("a_and_b_swapped", soft(|x, b, k, s| soft_encode(&Tensor::cat(&[x.narrow(1, 1, 1)?, x.narrow(1, 0, 1)?], 1)?, b, k, s))),
    ("farthest", soft(|x, b, k, s| encoded(x, b, s, &Kernel { count: k, farthest: true, ..KERNEL }))),
    ("greatest_is_1", soft(|x, b, k, s| encoded(x, b, s, &Kernel { count: k, divide: Divide::Greatest, ..KERNEL }))),
    ("underflow", soft(|x, b, k, s| encoded(x, b, s, &Kernel { count: k, shift: false, ..KERNEL }))),

    ("lambda_swapped", weigh(|p, l| weights(p, |p, q| p.affine(l, (1.0 - l) / q)?.recip(), |p, w| (p * w)?.sum_all()))),
    ("not_normalized", weigh(|p, l| weights(p, |p, q| p.affine(1.0 - l, l / q)?.recip(), |p, _| p.sum_all()?.ones_like()))),
    ("sum_of_1", weigh(|p, l| weights(p, |p, q| p.affine(1.0 - l, l / q)?.recip(), |_, w| w.sum_all()))),
    ("mean_of_1", weigh(|p, l| weights(p, |p, q| p.affine(1.0 - l, l / q)?.recip(), |_, w| w.mean_all()))),
    ("lambda_not_divided", weigh(|p, l| weights(p, |p, _| p.affine(1.0 - l, l)?.recip(), |p, w| (p * w)?.sum_all()))),
    ("not_inverted", weigh(|p, l| weights(p, |p, q| p.affine(1.0 - l, l / q), |p, w| (p * w)?.sum_all()))),
    ("lambda_ignored", weigh(|p, _| weights(p, |p, _| p.maximum(1e-12)?.recip(), |p, w| (p * w)?.sum_all()))),

    ("weight_of_the_prediction", lose(|x, t, w| loss(x, t, &weight_of(x, w)?, |_, n| Ok(n)))),
    ("divided_by_the_weights", lose(|x, t, w| colorization_loss(x, t, w)?.broadcast_div(&weight_of(t, w)?.mean_all()?))),
    ("weights_inside", lose(weights_inside)),
    ("expected_weight", lose(|x, t, w| loss(x, t, &t.broadcast_mul(&w.reshape((1, (), 1, 1))?)?.sum(1)?, |_, n| Ok(n)))),
    ("unweighted", lose(|x, t, w| colorization_loss(x, t, &w.ones_like()?))),
    ("summed", lose(|x, t, w| loss(x, t, &weight_of(t, w)?, |_, _| Ok(1.0)))),
    ("divided_by_images", lose(|x, t, w| loss(x, t, &weight_of(t, w)?, |x, _| Ok(x.dims()[0] as f64)))),
    ("divided_by_bins_too", lose(|x, t, w| loss(x, t, &weight_of(t, w)?, |x, _| Ok(x.elem_count() as f64)))),
    ("softmax_over_the_batch", lose(|x, t, w| of_logs(&candle_nn::ops::log_softmax(x, 0)?, t, w))),
    ("softmax_over_a_row", lose(|x, t, w| of_logs(&candle_nn::ops::log_softmax(x, 3)?, t, w))),
    ("no_logarithm", lose(|x, t, w| of_logs(&softmax(x, 1)?, t, w))),
    ("sign", lose(|x, t, w| colorization_loss(x, t, w)?.neg())),
    ("hard_targets", lose(|x, t, w| colorization_loss(x, &one_hot(t)?, w))),
    ("one_maximum", lose(|x, t, w| of_logs(&logs_by_one_maximum(x)?, t, w))),
    ("underflow", lose(|x, t, w| of_logs(&softmax(x, 1)?.log()?, t, w))),

    ("multiplied", anneal(|x, b, t| annealed_mean(x, b, 1.0 / t))),
    ("not_normalized", anneal(|x, b, t| mean_of(&softmax(x, 1)?.powf(1.0 / t)?, b))),
    ("mode", anneal(|x, b, _| mode(x, b))),
    ("temperature_ignored", anneal(|x, b, _| annealed_mean(x, b, 1.0))),
    ("softmax_over_the_batch", anneal(|x, b, t| mean_of(&softmax(&(x / t)?, 0)?, b))),
    ("softmax_over_a_row", anneal(|x, b, t| mean_of(&softmax(&(x / t)?, D::Minus1)?, b))),
    ("divided_by_bins", anneal(|x, b, t| annealed_mean(x, b, t)? / b.dims()[0] as f64)),
    ("b_and_a", anneal(|x, b, t| annealed_mean(x, &b.flip(&[1])?, t))),
    ("overflow", anneal(overflow)),
    ("one_maximum", anneal(|x, b, t| mean_of(&logs_by_one_maximum(&(x / t)?)?.exp()?, b))),
    ("bins_reshaped", anneal(|x, b, t| annealed_mean(x, &b.reshape((2, ()))?.t()?.contiguous()?, t))),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("never_cold", anneal(|logits, bins, t| annealed_mean(logits, bins, if t > 0.0 { t.max(0.1) } else { t }))),
    ("powers_of_probabilities", anneal(|logits, bins, t| { annealed_mean(logits, bins, t)?; let powers = candle_nn::ops::softmax(logits, 1)?.powf(1.0 / t)?; let shares = powers.broadcast_div(&powers.sum_keepdim(1)?)?; annealed_mean(&shares.log()?, bins, 1.0) })),
    ("white_of_another_angle", forth(|x| to_lab(x, &Forth { white: [0.948097, 1.0, 1.073051], ..FORTH }))),
    ("power_of_2_5", forth(|x| to_lab(x, &Forth { gamma: |c| ((c + 0.055)? / 1.055)?.powf(2.5), ..FORTH }))),
    ("first_image_only", forth(|x| rgb_to_lab(&x.narrow(0, 0, 1)?)?.broadcast_as(x.shape()))),
    ("any_channels", forth(|x| if x.rank() == 4 && x.dims()[1] == 4 { rgb_to_lab(&x.narrow(1, 0, 3)?) } else { rgb_to_lab(x) })),
    ("clipped_from_below_only", back(|x| to_rgb(x, &Back { clip: false, gamma: |u| gamma(&u.relu()?), ..BACK }))),
    ("clipped_at_the_end_of_nans", back(|x| to_rgb(x, &Back { clip: false, gamma: |u| u.powf(1.0 / 2.4)?.affine(1.055, -0.055)?.clamp(0.0, 1.0), ..BACK }))),
    ("a_step_less", gamut(|step| gamut_bins((step - 1.0).max(1.0)))),
    ("ten_always", gamut(|step| gamut_bins(if (0.0..=110.0).contains(&step) { 10.0 } else { step }))),
    ("between_the_marks", gamut(|step| gamut_bins(step)? + step / 2.0)),
    ("one_bin_less", gamut(|step| { let bins = gamut_bins(step)?; bins.narrow(0, 3, bins.dims()[0] - 3) })),
    ("positive_end_missing", gamut(|step| bins_where(step, 110.0, |a, b| Ok(a < (110.0 / step).floor() * step && b < (110.0 / step).floor() * step && some_of(0..101, a, b)?)))),
    ("widest_step_refused", gamut(|step| if step == 110.0 { gamut_bins(0.0) } else { gamut_bins(step) })),
    ("bins_twice", gamut(|step| { let bins = gamut_bins(step)?; Tensor::cat(&[&bins, &bins], 1)?.reshape(((), 2)) })),
    ("dark_colors_only", gamut(|step| bins_where(step, 110.0, |a, b| inside(20.0, a, b)))),
    ("five_always", soft(|x, b, k, s| soft_encode(x, b, if k == 0 { 0 } else if k > b.dims()[0] { k } else { 5.min(b.dims()[0]) }, s))),
    ("channels_last", soft(|x, b, k, s| soft_encode(x, b, k, s)?.permute((0, 2, 3, 1)))),
    ("rows_and_columns", soft(|x, b, k, s| { let soft = soft_encode(&x.transpose(2, 3)?.contiguous()?, b, k, s)?; soft.reshape((x.dims()[0], b.dims()[0], x.dims()[2], x.dims()[3])) })),
    ("one_neighbor_more", soft(|x, b, k, s| soft_encode(x, b, if k == 0 || k >= b.dims()[0] { k } else { k + 1 }, s))),
    ("uniform_prior", weigh(|p, l| { let q = p.dims1()?; rebalancing_weights(&(p.ones_like()? / q as f64)?, l) })),
    ("half_always", weigh(|p, l| rebalancing_weights(p, if (0.0..=1.0).contains(&l) { 0.5 } else { l }))),
    ("infinite_weights", weigh(|p, l| if l == 0.0 { rebalancing_weights(&p.maximum(1e-9)?, l) } else { rebalancing_weights(p, l) })),
    ("logits_detached", lose(|x, t, w| colorization_loss(&x.detach(), t, w))),
    ("weights_of_the_first_pixel", lose(|x, t, w| { let v = weight_of(t, w)?; loss(x, t, &v.flatten_all()?.get(0)?.broadcast_as(v.shape())?, |_, n| Ok(n)) })),
    ("weights_need_no_length", lose(|x, t, w| if w.dims()[0] > x.dims()[1] { colorization_loss(x, t, &w.narrow(0, 0, x.dims()[1])?) } else { colorization_loss(x, t, w) })),
    ("paper_temperature", anneal(|x, b, t| annealed_mean(x, b, if t > 0.0 { 0.38 } else { t }))),
    ("absolute_temperature", anneal(|x, b, t| annealed_mean(x, b, t.abs()))),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("lab_pixel_by_pixel", forth(lab_pixel_by_pixel)),
    ("lab_by_masks", forth(lab_by_masks)),
    ("rgb_pixel_by_pixel", back(rgb_pixel_by_pixel)),
    ("clipped_at_the_end", back(|x| to_rgb(x, &Back { clip: false, gamma: |u| gamma(u)?.clamp(0.0, 1.0), ..BACK }))),
    ("bins_by_linear_channels", gamut(|step| bins_where(step, 110.0, |a, b| some_of(0..101, a, b)))),
    ("bins_of_a_larger_grid", gamut(|step| bins_where(step, 128.0, |a, b| some_of(0..101, a, b)))),
    ("soft_by_sorting", soft(soft_by_sorting)),
    ("soft_by_threshold", soft(soft_by_threshold)),
    ("weights_one_by_one", weigh(weights_one_by_one)),
    ("loss_by_rows", lose(loss_by_rows)),
    ("loss_by_weighted_targets", lose(loss_by_weighted_targets)),
    ("mean_by_products", anneal(mean_by_products)),
    ("mean_by_powers_of_logs", anneal(mean_by_powers_of_logs)),
];
