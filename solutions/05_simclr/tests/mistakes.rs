//! Wrong answers that the checks of lab 05 must name, and right ones that they must accept.

extern crate simclr_solution as simclr;
mod crops;
#[path = "../../../labs/05_simclr/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod losses;

use std::f64::consts::PI;
use std::process::ExitCode;

use candle_core::{Result, Tensor};
use candle_nn::loss::cross_entropy;
use crops::*;
use graded::{EXERCISES, Exercises, Weights};
use losses::*;
use rand::Rng as _;
use simclr::{Project, Transform, augment, crop_box, learning_rate, nt_xent, train_step};
use ssl_data::Rng;
use ssl_data::augment::CropBox;
use ssl_grading::mistakes::Cases;
use ssl_nn::{Encode, Optimizer};

fn main() -> ExitCode {
    let cases = Cases { mistakes: MISTAKES, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

type Step = fn(&Encode, &Project, &mut dyn Optimizer, &Tensor, &Tensor, f64, f64) -> Result<f64>;

const fn crop(crop_box: fn(&mut Rng, usize, usize, Range, Range) -> CropBox) -> Exercises {
    Exercises { crop_box, ..EXERCISES }
}

const fn steps(augment: fn(&[(f64, &Transform)], &Tensor, &mut Rng) -> Result<Tensor>) -> Exercises {
    Exercises { augment, ..EXERCISES }
}

const fn views(two_views: fn(&Transform, &Tensor, &mut Rng) -> Result<(Tensor, Tensor)>) -> Exercises {
    Exercises { two_views, ..EXERCISES }
}

const fn head(project: fn(&Tensor, &Weights) -> Result<Tensor>) -> Exercises {
    Exercises { project, ..EXERCISES }
}

const fn loss(nt_xent: fn(&Tensor, f64) -> Result<Tensor>) -> Exercises {
    Exercises { nt_xent, ..EXERCISES }
}

const fn step(train_step: Step) -> Exercises {
    Exercises { train_step, ..EXERCISES }
}

const fn rate(learning_rate: fn(usize, usize, usize, f64, usize) -> f64) -> Exercises {
    Exercises { learning_rate, ..EXERCISES }
}

const fn features(representation: fn(&Encode, &Project, &Tensor) -> Result<(Tensor, Tensor)>) -> Exercises {
    Exercises { representation, ..EXERCISES }
}

const MISTAKES: &[(&str, Exercises)] = &[
    ("aspect_uniform", crop(|rng, h, w, s, r| placed(rng, h, w, s, |rng| rng.random_range(r.0..=r.1)))),
    ("scale_of_side", crop(|rng, h, w, s, r| drawn(rng, h, w, |rng| draw(rng, s).powi(2), |rng| log_uniform(rng, r)))),
    ("ratio_inverted", crop(|rng, h, w, s, r| placed(rng, h, w, s, |rng| 1.0 / log_uniform(rng, r)))),
    ("outside", crop(outside)),
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
    ("one_draw_for_all", steps(one_draw_for_all)),
    ("same_view_twice", views(|t, image, rng| t(image, rng).map(|view| (view.clone(), view)))),
    ("original_first", views(|t, image, rng| Ok((image.clone(), t(image, rng)?)))),
    ("original_second", views(|t, image, rng| Ok((t(image, rng)?, image.clone())))),
    ("same_random_numbers", views(|t, image, rng| Ok((t(image, &mut rng.clone())?, t(image, &mut rng.clone())?)))),
    ("view_of_a_view", views(|t, image, rng| t(image, rng).and_then(|a| Ok((a.clone(), t(&a, rng)?))))),
    ("no_relu", head(|h, w| linear(&linear(h, w, "hidden")?, w, "output"))),
    ("relu_on_output", head(|h, w| linear(&linear(h, w, "hidden")?.relu()?, w, "output")?.relu())),
    ("relu_at_the_end_only", head(|h, w| linear(&linear(h, w, "hidden")?, w, "output")?.relu())),
    ("output_layer_missing", head(|h, w| linear(h, w, "hidden")?.relu())),
    ("neighbors", loss(|z, t| nt_xent(&neighbors_apart(z)?, t))),
    ("anchor_in_denominator", loss(|z, t| losses(&logits(z, t)?, None)?.mean_all())),
    ("diagonal_zero", loss(|z, t| losses(&logits(z, t)?, Some(0.0))?.mean_all())),
    ("positive_left_out", loss(positive_left_out)),
    ("temperature_multiplied", loss(|z, t| nt_xent(z, 1.0 / t))),
    ("temperature_forgotten", loss(|z, _| nt_xent(z, 1.0))),
    ("only_n_anchors", loss(|z, t| losses(&logits(z, t)?, NOTHING)?.narrow(0, 0, z.dims()[0] / 2)?.mean_all())),
    ("other_view_only", loss(other_view_only)),
    ("sum", loss(|z, t| losses(&logits(z, t)?, NOTHING)?.sum_all())),
    ("not_normalized", loss(|z, t| losses(&(z.matmul(&z.t()?)? / t)?, NOTHING)?.mean_all())),
    ("overflow", loss(|z, t| (exponentials(z, t)?.sum(1)?.log()? - partner(&logits(z, t)?)?)?.mean_all())),
    ("overflow_of_a_ratio", loss(overflow_of_a_ratio)),
    ("two_passes", step(two_passes)),
    ("head_left_out", step(|e, _, o, a, b, t, r| train_step(e, &|h| Ok(h.clone()), o, a, b, t, r))),
    ("one_view_gradient", step(|e, p, o, a, b, t, r| train_step(e, &|h| second_detached(&p(h)?), o, a, b, t, r))),
    ("evaluation_mode", step(|e, p, o, a, b, t, r| train_step(&|x, _| e(x, false), p, o, a, b, t, r))),
    ("no_update", step(|e, p, _, a, b, t, _| number(&nt_xent(&p(&e(&Tensor::cat(&[a, b], 0)?, true)?)?, t)?))),
    (
        "two_updates",
        step(|e, p, o, a, b, t, r| {
            train_step(e, p, o, a, b, t, r).and_then(|l| train_step(e, p, o, a, b, t, r).map(|_| l))
        }),
    ),
    ("temperature_ignored", step(|e, p, o, a, b, _, r| train_step(e, p, o, a, b, 1.0, r))),
    ("batch_ignored", rate(|s, w, t, base, _| learning_rate(s, w, t, base, 256))),
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
    ("head_by_matrices", head(|h, w| linear(&linear(h, w, "hidden")?.maximum(0f64)?, w, "output"))),
    (
        "cross_entropy_with_partners",
        loss(|z, t| cross_entropy(&with_diagonal(&logits(z, t)?, NOTHING)?, &partners(z.dims()[0])?)),
    ),
    ("step_by_gradients", step(by_gradients)),
    ("rate_by_minimum", rate(by_minimum)),
    ("representation_in_one", features(|e, p, x| Ok((e(x, false)?.detach(), p(&e(x, false)?)?.detach())))),
];

fn probability_inverted(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let steps: Vec<(f64, &Transform)> = steps.iter().map(|&(p, step)| (1.0 - p, step)).collect();
    augment(&steps, image, rng)
}

fn last_only(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let mut view = image.clone();
    for (p, step) in steps {
        if rng.random_bool(*p) {
            view = step(image, rng)?;
        }
    }
    Ok(view)
}

fn one_draw_for_all(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let draw: f64 = rng.random();
    let mut taken = steps.iter().filter(|(p, _)| draw < *p);
    taken.try_fold(image.clone(), |view, (_, step)| step(&view, rng))
}

fn by_uniform_numbers(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let mut view = image.clone();
    for (p, step) in steps {
        let draw: f32 = rng.random();
        view = if f64::from(draw) < *p { step(&view, rng)? } else { view };
    }
    Ok(view)
}

fn linear(x: &Tensor, weights: &Weights, name: &str) -> Result<Tensor> {
    let (weight, bias) = (&weights[&format!("{name}.weight")], &weights[&format!("{name}.bias")]);
    x.matmul(&weight.t()?)?.broadcast_add(bias)
}

fn number(loss: &Tensor) -> Result<f64> {
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

fn two_passes(
    encode: &Encode,
    project: &Project,
    optimizer: &mut dyn Optimizer,
    view_a: &Tensor,
    view_b: &Tensor,
    temperature: f64,
    rate: f64,
) -> Result<f64> {
    let (z_a, z_b) = (project(&encode(view_a, true)?)?, project(&encode(view_b, true)?)?);
    let loss = nt_xent(&Tensor::cat(&[z_a, z_b], 0)?, temperature)?;
    optimizer.backward_step(&loss, rate)?;
    number(&loss)
}

fn second_detached(z: &Tensor) -> Result<Tensor> {
    let count = z.dims()[0] / 2;
    Tensor::cat(&[z.narrow(0, 0, count)?, z.narrow(0, count, count)?.detach()], 0)
}

fn by_gradients(
    encode: &Encode,
    project: &Project,
    optimizer: &mut dyn Optimizer,
    view_a: &Tensor,
    view_b: &Tensor,
    temperature: f64,
    rate: f64,
) -> Result<f64> {
    let loss = nt_xent(&project(&encode(&Tensor::cat(&[view_a, view_b], 0)?, true)?)?, temperature)?;
    optimizer.step(&loss.backward()?, rate)?;
    number(&loss)
}

fn peak(base: f64, batch: usize) -> f64 {
    base * batch as f64 / 256.0
}

fn no_warmup(step: usize, warmup: usize, total: usize, base: f64, batch: usize) -> f64 {
    let progress = (step as f64 - warmup as f64) / (total as f64 - warmup as f64);
    peak(base, batch) * 0.5 * (1.0 + (PI * progress).cos())
}

fn by_minimum(step: usize, warmup: usize, total: usize, base: f64, batch: usize) -> f64 {
    let progress = step.saturating_sub(warmup) as f64 / (total - warmup) as f64;
    let rising = (step + 1) as f64 / warmup as f64;
    peak(base, batch) * rising.min(1.0) * (PI * progress / 2.0).cos().powi(2)
}
