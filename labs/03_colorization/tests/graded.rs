//! The graded checks of lab 03: `cargo test -p colorization`.

mod diagnoses;
mod gamut;
mod refusals;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};

ssl_grading::exercises! {
    rgb_to_lab: fn(&Tensor) -> Result<Tensor> = colorization::rgb_to_lab,
    lab_to_rgb: fn(&Tensor) -> Result<Tensor> = colorization::lab_to_rgb,
    gamut_bins: fn(f64) -> Result<Tensor> = colorization::gamut_bins,
    soft_encode: fn(&Tensor, &Tensor, usize, f64) -> Result<Tensor> = colorization::soft_encode,
    rebalancing_weights: fn(&Tensor, f64) -> Result<Tensor> = colorization::rebalancing_weights,
    colorization_loss: fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> = colorization::colorization_loss,
    annealed_mean: fn(&Tensor, &Tensor, f64) -> Result<Tensor> = colorization::annealed_mean,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "03_colorization",
        exercises: vec![
            exercise("rgb_to_lab", &[], &[]),
            exercise("lab_to_rgb", &[], &[]),
            exercise("gamut_bins", &[], &["rgb_to_lab", "lab_to_rgb"]),
            exercise("soft_encode", &[], &[]),
            exercise("rebalancing_weights", &[], &[]),
            exercise("colorization_loss", &[], &[]),
            exercise("annealed_mean", &[], &[]),
        ],
        golden_only: &["bins"], // bins at the edge of the gamut are left out step by step
        checks: [colors(), distributions(), answers()].concat(),
    }
}

fn check(
    id: &'static str,
    exercise: &'static str,
    (points, tolerance): (u32, f64),
    run: fn(&Exercises, &Values) -> Result<Values>,
    mistakes: &'static [Mistake],
) -> Check<Exercises> {
    Check { id, exercise, points, ask: Ask::Values { tolerance, run, mistakes } }
}

fn colors() -> Vec<Check<Exercises>> {
    let lab = |exercises: &Exercises, case: &Values| {
        Ok(Values::new().with("lab", &(exercises.rgb_to_lab)(case.tensor("images")?)?))
    };
    let rgb = |exercises: &Exercises, case: &Values| {
        Ok(Values::new().with("images", &(exercises.lab_to_rgb)(case.tensor("lab")?)?))
    };
    vec![
        check("lab", "rgb_to_lab", (16, 3e-4), lab, diagnoses::LAB),
        refused("refused_images", "rgb_to_lab", 1, refusals::RGB_TO_LAB),
        check("rgb", "lab_to_rgb", (13, 3e-4), rgb, diagnoses::RGB),
        refused("refused_colors", "lab_to_rgb", 1, refusals::LAB_TO_RGB),
        check("bins", "gamut_bins", (13, 0.0), gamut::bins, diagnoses::BINS),
        refused("refused_steps", "gamut_bins", 1, refusals::GAMUT_BINS),
    ]
}

fn distributions() -> Vec<Check<Exercises>> {
    let soft = |exercises: &Exercises, case: &Values| {
        let (neighbors, sigma) = (case.count("neighbors")?, case.number("sigma")?);
        let soft = (exercises.soft_encode)(case.tensor("ab")?, case.tensor("bins")?, neighbors, sigma)?;
        Ok(Values::new().with("soft", &soft))
    };
    let weights = |exercises: &Exercises, case: &Values| {
        let weights = (exercises.rebalancing_weights)(case.tensor("prior")?, case.number("lambda")?)?;
        Ok(Values::new().with("weights", &weights))
    };
    vec![
        check("soft", "soft_encode", (13, 1e-4), soft, diagnoses::SOFT),
        check("far_colors", "soft_encode", (3, 1e-3), soft, diagnoses::FAR_COLORS),
        refused("refused_neighbors", "soft_encode", 2, refusals::SOFT_ENCODE),
        check("weights", "rebalancing_weights", (9, 1e-4), weights, diagnoses::WEIGHTS),
        refused("refused_priors", "rebalancing_weights", 2, refusals::REBALANCING_WEIGHTS),
    ]
}

fn answers() -> Vec<Check<Exercises>> {
    let loss = |exercises: &Exercises, case: &Values| {
        let logits = case.variable("logits")?;
        let loss = (exercises.colorization_loss)(&logits, case.tensor("soft_targets")?, case.tensor("weights")?)?;
        Values::new().with_gradients("loss", &loss, &[("logits", &logits)])
    };
    let annealed = |exercises: &Exercises, case: &Values| {
        let temperature = case.number("temperature")?;
        let ab = (exercises.annealed_mean)(case.tensor("logits")?, case.tensor("bins")?, temperature)?;
        Ok(Values::new().with("ab", &ab))
    };
    vec![
        check("loss", "colorization_loss", (13, 1e-5), loss, diagnoses::LOSS),
        check("cold_logits", "colorization_loss", (3, 1e-5), loss, diagnoses::COLD_LOGITS),
        refused("refused_targets", "colorization_loss", 1, refusals::COLORIZATION_LOSS),
        check("annealed", "annealed_mean", (6, 1e-4), annealed, diagnoses::ANNEALED),
        check("large_logits", "annealed_mean", (2, 1e-4), annealed, diagnoses::LARGE_LOGITS),
        refused("refused_temperatures", "annealed_mean", 1, refusals::ANNEALED_MEAN),
    ]
}
