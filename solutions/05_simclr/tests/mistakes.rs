//! Wrong answers that the checks of lab 05 must name, and right ones that they must accept.

extern crate simclr_solution as simclr;
mod chunks;
mod crops;
#[path = "../../../labs/05_simclr/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod heads;
mod losses;
mod sampling;
mod training;

use std::process::ExitCode;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor};
use chunks::*;
use crops::*;
use graded::{EXERCISES, Exercises};
use heads::Layers;
use losses::*;
use rand::SeedableRng;
use sampling::*;
use simclr::{
    Project, Step, Transform, augment, cached_step, crop_box, learning_rate, nt_xent, nt_xent_gradient, train_step,
    two_views,
};
use ssl_data::Rng;
use ssl_data::augment::CropBox;
use ssl_grading::Values;
use ssl_grading::mistakes::Cases;
use ssl_nn::{Encode, Optimizer, Params};
use training::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn crop(crop_box: fn(&mut Rng, usize, usize, Range, Range) -> CropBox) -> Exercises {
    Exercises { crop_box, ..EXERCISES }
}

const fn steps(augment: fn(&[(f64, &Transform)], &Tensor, &mut Rng) -> Result<Tensor>) -> Exercises {
    Exercises { augment, ..EXERCISES }
}

const fn views(two_views: fn(&Transform, &Tensor, &mut Rng) -> Result<(Tensor, Tensor)>) -> Exercises {
    Exercises { two_views, ..EXERCISES }
}

const fn head(project: fn(&Tensor, &mut Params, &Values) -> Result<Tensor>) -> Exercises {
    Exercises { project, ..EXERCISES }
}

const fn loss(nt_xent: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { nt_xent, ..EXERCISES }
}

const fn gradient(nt_xent_gradient: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { nt_xent_gradient, ..EXERCISES }
}

const fn step(train_step: fn(&Step, &mut dyn Optimizer) -> Result<f64>) -> Exercises {
    Exercises { train_step, ..EXERCISES }
}

const fn rate(learning_rate: fn(usize, usize, usize, f64, usize) -> f64) -> Exercises {
    Exercises { learning_rate, ..EXERCISES }
}

const fn features(representation: fn(&Encode, &Project, &Tensor) -> Result<(Tensor, Tensor)>) -> Exercises {
    Exercises { representation, ..EXERCISES }
}

const fn cached(cached_step: fn(&Step, usize, &mut dyn Optimizer) -> Result<f64>) -> Exercises {
    Exercises { cached_step, ..EXERCISES }
}

const MISTAKES: &[(&str, Exercises)] = &[
    ("aspect_uniform", crop(|rng, h, w, s, r| placed(rng, (h, w), s, r, |rng| draw(rng, r)))),
    (
        "scale_of_side",
        crop(|rng, h, w, s, r| {
            drawn(rng, (h, w), r, |rng| draw(rng, s).powi(2), |rng| log_uniform(rng, r), f64::round)
        }),
    ),
    ("ratio_inverted", crop(|rng, h, w, s, r| placed(rng, (h, w), s, r, |rng| 1.0 / log_uniform(rng, r)))),
    ("outside", crop(outside)),
    ("last_place_left_out", crop(last_place_left_out)),
    ("ratio_once", crop(ratio_once)),
    ("truncated", crop(truncated)),
    ("generator_untouched", crop(of_its_own)),
    ("generator_untouched", crop(of_a_clone)),
    ("random_elsewhere", crop(of_the_system)),
    ("corner", crop(|rng, h, w, s, r| CropBox { top: 0, left: 0, ..crop_box(rng, h, w, s, r) })),
    ("whole_image", crop(|rng, h, w, s, r| fallback(rng, h, w, s, r, CropBox::whole(h, w)))),
    ("not_centered", crop(not_centered)),
    ("reversed", steps(|steps, image, rng| augment(&steps.iter().rev().copied().collect::<Vec<_>>(), image, rng))),
    (
        "probability_ignored",
        steps(|steps, image, rng| steps.iter().try_fold(image.clone(), |x, (_, step)| step(&x, rng))),
    ),
    ("probability_inverted", steps(probability_inverted)),
    ("last_only", steps(last_only)),
    ("first_only", steps(|steps, image, rng| augment(&steps[..1], image, rng))),
    ("one_at_most", steps(one_at_most)),
    ("stops_when_skipped", steps(stops_when_skipped)),
    ("same_random_numbers", steps(|steps, image, rng| of_steps(steps, image, rng, |rng| rng.clone()))),
    ("same_random_numbers", steps(|steps, image, rng| of_steps(steps, image, rng, |_| Rng::seed_from_u64(0)))),
    ("random_elsewhere", steps(|steps, image, rng| of_steps(steps, image, rng, |_| Rng::from_os_rng()))),
    ("one_draw_for_all", steps(one_draw_for_all)),
    ("same_view_twice", views(|t, image, rng| t(image, rng).map(|view| (view.clone(), view)))),
    ("original", views(|t, image, rng| Ok((image.clone(), t(image, rng)?)))),
    ("original", views(|t, image, rng| Ok((t(image, rng)?, image.clone())))),
    ("same_random_numbers", views(|t, image, rng| Ok((t(image, &mut rng.clone())?, t(image, &mut rng.clone())?)))),
    ("generator_untouched", views(|t, image, rng| two_views(t, image, &mut rng.clone()))),
    ("generator_untouched", views(|t, image, _| two_views(t, image, &mut Rng::seed_from_u64(42)))),
    ("random_elsewhere", views(|t, image, _| two_views(t, image, &mut Rng::from_os_rng()))),
    ("view_of_a_view", views(|t, image, rng| t(image, rng).and_then(|a| Ok((a.clone(), t(&a, rng)?))))),
    ("silu", head(|h, p, w| Layers::new(p, w)?.of(h, candle_nn::ops::silu))),
    ("tanh", head(|h, p, w| Layers::new(p, w)?.of(h, Tensor::tanh))),
    ("leaky_relu", head(|h, p, w| Layers::new(p, w)?.of(h, |x| candle_nn::ops::leaky_relu(x, 0.01)))),
    ("gelu_exact", head(|h, p, w| Layers::new(p, w)?.of(h, Tensor::gelu_erf))),
    ("relu_before", head(|h, p, w| Layers::new(p, w)?.of(&h.relu()?, |x| Ok(x.clone())))),
    ("no_relu", head(|h, p, w| Layers::new(p, w)?.of(h, |x| Ok(x.clone())))),
    ("gelu", head(|h, p, w| Layers::new(p, w)?.of(h, Tensor::gelu))),
    ("relu_on_output", head(|h, p, w| Layers::new(p, w)?.of(h, Tensor::relu)?.relu())),
    ("relu_at_the_end_only", head(|h, p, w| Layers::new(p, w)?.of(h, |x| Ok(x.clone()))?.relu())),
    ("output_layer_missing", head(|h, p, w| Layers::new(p, w)?.hidden.forward(h)?.relu())),
    ("neighbors", loss(|z, t| nt_xent(&neighbors_apart(z)?, t))),
    ("anchor_in_denominator", loss(|z, t| losses(&logits(z, t)?, None)?.mean_all())),
    ("diagonal_zero", loss(|z, t| losses(&logits(z, t)?, Some(0.0))?.mean_all())),
    ("positive_left_out", loss(positive_left_out)),
    ("temperature_multiplied", loss(|z, t| nt_xent(z, 1.0 / t))),
    ("temperature_forgotten", loss(|z, _| nt_xent(z, 1.0))),
    ("only_n_anchors", loss(|z, t| losses(&logits(z, t)?, NOTHING)?.narrow(0, 0, z.dims()[0] / 2)?.mean_all())),
    ("other_view_only", loss(other_view_only)),
    ("temperature_twice", loss(|z, t| nt_xent(z, t * t))),
    ("length_detached", loss(|z, t| losses(&(length_detached(z)? / t)?, NOTHING)?.mean_all())),
    ("doubled", gradient(|z, t| ByHand { both: |x| x * 2.0, ..BY_HAND }.gradient(z, t))),
    ("columns_only", gradient(|z, t| ByHand { both: |x| x.t()?.contiguous(), ..BY_HAND }.gradient(z, t))),
    ("anchor_in_softmax", gradient(|z, t| ByHand { diagonal: None, ..BY_HAND }.gradient(z, t))),
    ("sum", loss(|z, t| losses(&logits(z, t)?, NOTHING)?.sum_all())),
    ("not_normalized", loss(|z, t| losses(&(z.matmul(&z.t()?)? / t)?, NOTHING)?.mean_all())),
    ("normalizer_detached", loss(normalizer_detached)),
    ("second_view_detached", loss(|z, t| nt_xent(&second_detached(z)?, t))),
    ("overflow", loss(|z, t| (exponentials(z, t)?.sum(1)?.log()? - partner(&logits(z, t)?)?)?.mean_all())),
    ("overflow_of_a_ratio", loss(overflow_of_a_ratio)),
    ("not_a_number", loss(|z, t| nt_xent(&z.broadcast_div(&z.sqr()?.sum_keepdim(1)?.sqrt()?)?, t))),
    ("anchors_only", gradient(|z, t| ByHand { both: |x| Ok(x.clone()), ..BY_HAND }.gradient(z, t))),
    ("temperature_forgotten", gradient(|z, t| nt_xent_gradient(z, t)? * t)),
    ("normalization_forgotten", gradient(|z, t| ByHand { projected: false, divided: false, ..BY_HAND }.gradient(z, t))),
    ("not_projected", gradient(|z, t| ByHand { projected: false, ..BY_HAND }.gradient(z, t))),
    ("length_forgotten", gradient(|z, t| ByHand { divided: false, ..BY_HAND }.gradient(z, t))),
    ("sum", gradient(|z, t| nt_xent_gradient(z, t)? * z.dims()[0] as f64)),
    ("positives_forgotten", gradient(|z, t| ByHand { positive: false, ..BY_HAND }.gradient(z, t))),
    ("overflow", gradient(|z, t| ByHand { safe: false, epsilon: 1e-12, ..BY_HAND }.gradient(z, t))),
    ("not_a_number", gradient(|z, t| BY_HAND.gradient(z, t))),
    ("downhill", gradient(|z, t| nt_xent_gradient(z, t)?.neg())),
    (
        "backbone_detached",
        step(|s, o| train_step(&Step { encode: &|x, train| Ok((s.encode)(x, train)?.detach()), ..*s }, o)),
    ),
    ("views_alternate", step(views_alternate)),
    ("two_passes", step(two_passes)),
    ("head_left_out", step(|s, o| train_step(&Step { project: &|h| Ok(h.clone()), ..*s }, o))),
    ("one_view_gradient", step(|s, o| train_step(&Step { project: &|h| second_detached(&(s.project)(h)?), ..*s }, o))),
    ("head_frozen", step(head_frozen)),
    ("evaluation_mode", step(|s, o| train_step(&Step { encode: &|x, _| (s.encode)(x, false), ..*s }, o))),
    ("no_update", step(|s, o| train_step(&Step { learning_rate: 0.0, ..*s }, o))),
    ("no_update", step(|s, o| train_step(&Step { project: &|h| Ok((s.project)(h)?.detach()), ..*s }, o))),
    ("two_updates", step(|s, o| train_step(s, o).and_then(|loss| train_step(s, o).map(|_| loss)))),
    ("temperature_ignored", step(|s, o| train_step(&Step { temperature: 1.0, ..*s }, o))),
    ("one_view_twice", step(|s, o| train_step(&Step { view_b: s.view_a, ..*s }, o))),
    ("batch_ignored", rate(|s, w, t, base, _| learning_rate(s, w, t, base, 256))),
    ("both_views_counted", rate(|s, w, t, base, batch| learning_rate(s, w, t, base, 2 * batch))),
    ("whole_batches", rate(|s, w, t, base, batch| learning_rate(s, w, t, base, batch / 256 * 256))),
    ("square_root", rate(|s, w, t, base, batch| learning_rate(s, w, t, base * (batch as f64 / 256.0).sqrt(), 256))),
    (
        "starts_at_zero",
        rate(
            |s, w, t, base, b| {
                if s < w { peak(base, b) * s as f64 / w as f64 } else { learning_rate(s, w, t, base, b) }
            },
        ),
    ),
    (
        "cosine_from_the_start",
        rate(|s, w, t, base, b| if s < w { learning_rate(s, w, t, base, b) } else { learning_rate(s, 0, t, base, b) }),
    ),
    ("cosine_not_halved", rate(|s, w, t, base, b| learning_rate(s, w, t, base, b) * if s < w { 1.0 } else { 2.0 })),
    ("warmup_unscaled", rate(|s, w, t, base, b| learning_rate(s, w, t, base, if s < w { 256 } else { b }))),
    ("progress_by_total", rate(progress_by_total)),
    ("no_warmup", rate(no_warmup)),
    (
        "linear_decay",
        rate(
            |s, w, t, base, b| {
                if s < w { learning_rate(s, w, t, base, b) } else { peak(base, b) * (t - s) as f64 / (t - w) as f64 }
            },
        ),
    ),
    ("swapped", features(|e, p, x| e(x, false).and_then(|h| Ok((p(&h)?.detach(), h.detach()))))),
    ("training_mode", features(|e, p, x| e(x, true).and_then(|h| Ok((h.detach(), p(&h)?.detach()))))),
    ("graph_kept", features(|e, p, x| e(x, false).and_then(|h| Ok((h.clone(), p(&h)?))))),
    ("chunks_alone", cached(chunks_alone)),
    ("chunks_alone_averaged", cached(chunks_alone_averaged)),
    ("chunks_alone_weighted", cached(chunks_alone_weighted)),
    ("last_chunk_dropped", cached(last_chunk_dropped)),
    ("rows_by_view", cached(|s, c, o| ByChunks { join: in_turn, ..BY_CHUNKS }.step(s, c, o))),
    (
        "last_chunk_only",
        cached(|s, c, o| {
            let add = |sum: &mut GradStore, grads| {
                *sum = grads;
                Ok(())
            };
            ByChunks { add, ..BY_CHUNKS }.step(s, c, o)
        }),
    ),
    ("averaged", cached(|s, c, o| ByChunks { divide: |chunks| chunks, ..BY_CHUNKS }.step(s, c, o))),
    ("update_after_each_chunk", cached(update_after_each_chunk)),
    ("views_apart", cached(|s, c, o| ByChunks { embed: apart, ..BY_CHUNKS }.step(s, c, o))),
    ("pairs_apart", cached(|s, c, o| ByChunks { join: in_turn, rows: rows_in_turn, ..BY_CHUNKS }.step(s, c, o))),
    ("gradients_in_chunk_order", cached(|s, c, o| ByChunks { rows: rows_in_turn, ..BY_CHUNKS }.step(s, c, o))),
    ("evaluation_first", cached(|s, c, o| ByChunks { first_training: false, ..BY_CHUNKS }.step(s, c, o))),
    ("evaluation_mode", cached(|s, c, o| cached_step(&Step { encode: &|x, _| (s.encode)(x, false), ..*s }, c, o))),
    ("undivided", cached(undivided)),
    ("one_view_gradient", cached(|s, c, o| ByChunks { rows: first_rows, ..BY_CHUNKS }.step(s, c, o))),
    ("temperature_ignored", cached(|s, c, o| cached_step(&Step { temperature: 1.0, ..*s }, c, o))),
    ("no_update", cached(|s, c, o| cached_step(&Step { learning_rate: 0.0, ..*s }, c, o))),
    ("one_pass", cached(one_pass)),
    ("graphs_kept", cached(gradients_of_g_kept)),
    ("graphs_kept", cached(detached_late)),
    ("mean_of_chunks", cached(mean_of_chunks)),
    ("z_attached", features(|e, p, x| e(x, false).and_then(|h| Ok((h.detach(), p(&h.detach())?))))),
];

const NAMELESS: &[(&str, Exercises)] = &[
    ("second_pass_in_evaluation_mode", cached(evaluation_second)),
    ("boxes_one_pixel_too_high", crop(one_pixel_too_high)),
    (
        "three_tries",
        crop(|rng, h, w, s, r| if h == w { fallback_often(rng, h, w, s, r) } else { crop_box(rng, h, w, s, r) }),
    ),
    ("errors_swallowed", steps(|steps, image, rng| augment(steps, image, rng).or_else(|_| Ok(image.clone())))),
    ("chance_in_bytes", steps(chance_in_bytes)),
    ("chance_in_percent", steps(chance_in_percent)),
    ("second_view_overlaps", views(second_view_overlaps)),
    ("second_view_seeded", views(|t, x, rng| Ok((t(x, rng)?, t(x, &mut Rng::seed_from_u64(42))?)))),
    ("view_errors_swallowed", views(|t, x, rng| two_views(t, x, rng).or_else(|_| Ok((x.clone(), x.clone()))))),
    ("features_detached", head(|h, p, w| Layers::new(p, w)?.of(&h.detach(), Tensor::relu))),
    ("odd_rows", loss(|z, t| nt_xent(&z.narrow(0, 0, z.dims()[0] / 2 * 2)?, t))),
    ("partner_four_further", loss(partner_four_further)),
    ("twice_the_gradient", gradient(|z, t| nt_xent_gradient(z, t)? * 2.0)),
    ("twice_the_rate", step(|s, o| train_step(&Step { learning_rate: 2.0 * s.learning_rate, ..*s }, o))),
    (
        "cosine_of_a_quarter",
        rate(|s, w, t, base, b| learning_rate(s, w, t, base, b) * if s > t / 2 { 0.5 } else { 1.0 }),
    ),
    ("undivided_where_it_fits", cached(undivided_where_it_fits)),
    ("even_chunks", cached(even_chunks)),
    ("chunks_of_one_more", cached(|s, c, o| cached_step(s, c + 1, o))),
    ("a_chunk_of_no_images", cached(|s, c, o| cached_step(s, c.max(1), o))),
    (
        "twice_the_rate_in_chunks",
        cached(|s, c, o| cached_step(&Step { learning_rate: 2.0 * s.learning_rate, ..*s }, c, o)),
    ),
    ("h_twice", features(|e, _, x| e(x, false).map(|h| (h.detach(), h.detach())))),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("boxes_of_the_loader", crop(boxes_of_the_loader)),
    ("augment_by_uniform_numbers", steps(by_uniform_numbers)),
    (
        "views_in_a_list",
        views(|t, image, rng| {
            Ok(match [t(image, rng)?, t(image, rng)?] {
                [a, b] => (a, b),
            })
        }),
    ),
    ("views_by_seeds", views(views_by_seeds)),
    ("second_view_first", views(|t, image, rng| two_views(t, image, rng).map(|(a, b)| (b, a)))),
    ("head_with_candle_s_relu", head(|h, p, w| Layers::new(p, w)?.of(h, |x| x.maximum(0f64)))),
    ("cross_entropy_with_partners", loss(with_partners)),
    ("gradient_with_eye", gradient(gradient_with_eye)),
    ("step_by_gradients", step(by_gradients)),
    ("rate_by_minimum", rate(by_minimum)),
    ("cached_with_a_variable", cached(with_a_variable)),
    ("representation_in_one", features(|e, p, x| Ok((e(x, false)?.detach(), p(&e(x, false)?)?.detach())))),
];
