//! The graded checks of lab 11: `cargo test -p directpred`.

mod diagnoses;
mod refusals;
mod step;

use std::process::ExitCode;

use candle_core::{DType, Device, Result, Tensor};
use directpred::{LinearByol, Mode, Rates, Step};
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};
use ssl_nn::Optimizer;

ssl_grading::exercises! {
    correlation_ema: fn(&Tensor, &Tensor, f64) -> Result<Tensor> = directpred::correlation_ema,
    eigen_predictor: fn(&Tensor, f64) -> Result<Tensor> = directpred::eigen_predictor,
    direct_copy: fn(&Tensor, f64) -> Result<Tensor> = directpred::direct_copy,
    alignment: fn(&Tensor, &Tensor) -> Result<f64> = directpred::alignment,
    linear_byol_step: fn(&LinearByol, &Tensor, &Tensor, &Rates, f64) -> Result<LinearByol> = directpred::linear_byol_step,
    eigen_flow: fn(&Mode, &Rates) -> Mode = directpred::eigen_flow,
    equilibria: fn(f64, f64, f64) -> Option<(f64, f64)> = directpred::equilibria,
    directpred_step: fn(&Step, &mut Tensor, &mut dyn Optimizer) -> Result<f64> = directpred::directpred_step,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "11_directpred",
        exercises: vec![
            exercise("correlation_ema", &[], &[]),
            exercise("eigen_predictor", &[], &[]),
            exercise("direct_copy", &[], &[]),
            exercise("alignment", &[], &[]),
            exercise("linear_byol_step", &["backward"], &[]),
            exercise("eigen_flow", &[], &[]),
            exercise("equilibria", &[], &[]),
            exercise("directpred_step", &[], &["correlation_ema"]),
        ],
        // Other numbers of a matrix may bring an eigenvalue near 0, whose root is rounding, or the first one below it.
        golden_only: &["below_zero", "copied_as_given", "aligned_as_given"],
        checks: [predictors(), alignments(), theory(), step::checks()].concat(),
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

/// A Aᵀ of a case's A: whatever its numbers are, eigenvalues are not below 0.
fn correlation(case: &Values) -> Result<Tensor> {
    let factor = case.tensor("factor")?.to_dtype(DType::F64)?;
    factor.matmul(&factor.t()?)?.to_dtype(DType::F32)
}

fn predictors() -> Vec<Check<Exercises>> {
    let remembered = |exercises: &Exercises, case: &Values| {
        let f = case.variable("f")?;
        let next = (exercises.correlation_ema)(case.tensor("correlation")?, &f, case.number("rho")?)?;
        Values::new().with("F", &next).with_leaks(&[&next], &[("f", &f)])
    };
    let bounds = |exercises: &Exercises, case: &Values| {
        let (old, f) = (case.tensor("correlation")?, case.tensor("f")?);
        Ok(Values::new().with("F", &(exercises.correlation_ema)(old, f, case.number("rho")?)?))
    };
    let predictor = |exercises: &Exercises, case: &Values| {
        Ok(Values::new().with("W", &(exercises.eigen_predictor)(&correlation(case)?, case.number("epsilon")?)?))
    };
    let below_zero = |exercises: &Exercises, case: &Values| {
        let w = (exercises.eigen_predictor)(case.tensor("correlation")?, case.number("epsilon")?)?;
        Ok(Values::new().with("W", &w))
    };
    let copied = |exercises: &Exercises, case: &Values| {
        Ok(Values::new().with("W", &(exercises.direct_copy)(&correlation(case)?, case.number("epsilon")?)?))
    };
    let copied_as_given = |exercises: &Exercises, case: &Values| {
        let w = (exercises.direct_copy)(case.tensor("correlation")?, case.number("epsilon")?)?;
        Ok(Values::new().with("W", &w))
    };
    vec![
        check("remembered", "correlation_ema", (8, 1e-5), remembered, diagnoses::REMEMBERED),
        check("at_the_bounds", "correlation_ema", (1, 1e-5), bounds, &[]),
        refused("refused_features", "correlation_ema", 1, refusals::CORRELATION_EMA),
        check("predictor", "eigen_predictor", (10, 2e-5), predictor, diagnoses::PREDICTOR),
        check("below_zero", "eigen_predictor", (2, 2e-5), below_zero, diagnoses::BELOW_ZERO),
        refused("refused_correlations", "eigen_predictor", 1, refusals::EIGEN_PREDICTOR),
        check("copied", "direct_copy", (8, 2e-5), copied, diagnoses::COPIED),
        check("copied_as_given", "direct_copy", (1, 2e-5), copied_as_given, &[]),
        refused("refused_matrices", "direct_copy", 1, refusals::DIRECT_COPY),
    ]
}

fn alignments() -> Vec<Check<Exercises>> {
    let alignment = |exercises: &Exercises, case: &Values| {
        let alignment = (exercises.alignment)(case.tensor("w")?, &correlation(case)?)?;
        Values::new().with_number("alignment", alignment)
    };
    let aligned_as_given = |exercises: &Exercises, case: &Values| {
        let alignment = (exercises.alignment)(case.tensor("w")?, case.tensor("correlation")?)?;
        Values::new().with_number("alignment", alignment)
    };
    vec![
        check("alignment", "alignment", (9, 1e-4), alignment, diagnoses::ALIGNMENT),
        check("no_predictor", "alignment", (1, 1e-4), alignment, &[]),
        check("aligned_as_given", "alignment", (2, 1e-4), aligned_as_given, &[]),
        refused("refused_pairs", "alignment", 1, refusals::ALIGNMENT),
    ]
}

/// The rates that a case names.
fn rates(case: &Values, noise: f64) -> Result<Rates> {
    let number = |name: &str| case.number(name);
    Ok(Rates { predictor: number("rate")?, decay: number("decay")?, target: number("follow")?, noise })
}

fn theory() -> Vec<Check<Exercises>> {
    let linear = |exercises: &Exercises, case: &Values| {
        let tensor = |name: &str| case.tensor(name).cloned();
        let byol = LinearByol { online: tensor("online")?, predictor: tensor("predictor")?, target: tensor("target")? };
        let (x, x_views, dt) = (case.tensor("x")?, case.tensor("x_views")?, case.number("dt")?);
        // What views add is in X': this is not to be read.
        let rates = rates(case, f64::NAN)?;
        let after = (exercises.linear_byol_step)(&byol, x, x_views, &rates, dt)?;
        let values = Values::new().with("online", &after.online).with("predictor", &after.predictor);
        Ok(values.with("target", &after.target))
    };
    let flow = |exercises: &Exercises, case: &Values| {
        let mode = Mode { p: case.number("p")?, s: case.number("s")?, tau: case.number("tau")? };
        let slopes = (exercises.eigen_flow)(&mode, &rates(case, case.number("noise")?)?);
        Values::new().with_number("p", slopes.p)?.with_number("s", slopes.s)?.with_number("tau", slopes.tau)
    };
    let rests = |exercises: &Exercises, case: &Values| {
        let rests = (exercises.equilibria)(case.number("tau")?, case.number("noise")?, case.number("decay")?);
        let (lower, upper) = rests.unwrap_or((-1.0, -1.0));
        Ok(Values::new().with("rests", &Tensor::new(&[lower, upper], &Device::Cpu)?))
    };
    vec![
        check("linear", "linear_byol_step", (14, 1e-9), linear, diagnoses::LINEAR),
        refused("refused_shapes", "linear_byol_step", 1, refusals::LINEAR_BYOL_STEP),
        check("flow", "eigen_flow", (12, 1e-9), flow, diagnoses::FLOW),
        check("rests", "equilibria", (10, 1e-9), rests, diagnoses::RESTS),
    ]
}
