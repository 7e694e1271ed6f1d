//! The graded checks of lab 07: `cargo test -p siamese`.

mod diagnoses;
mod network;
mod refusals;

use std::process::ExitCode;

use candle_core::{Device, Result, Tensor, Var};
use siamese::{Step, Target};
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};
use ssl_nn::{Optimizer, Params};

ssl_grading::exercises! {
    negative_cosine: fn(&Tensor, &Tensor) -> Result<Tensor> = siamese::negative_cosine,
    /// Predictions of embeddings z, in training mode or not, by a predictor that puts its parameters into an empty tree, with these values.
    predict: fn(&Tensor, bool, &mut Params, &Values) -> Result<Tensor> = network::predict,
    simsiam_loss: fn(&[Tensor], &[Tensor]) -> Result<Tensor> = siamese::simsiam_loss,
    byol_loss: fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<Tensor> = siamese::byol_loss,
    ema_update: fn(&Params, &Params, f64) -> Result<()> = siamese::ema_update,
    momentum_at: fn(usize, usize, f64) -> f64 = siamese::momentum_at,
    collapse_level: fn(&Tensor) -> Result<f64> = siamese::collapse_level,
    simsiam_step: fn(&Step, &mut dyn Optimizer) -> Result<f64> = siamese::simsiam_step,
    byol_step: fn(&Step, &Target, &mut dyn Optimizer) -> Result<f64> = siamese::byol_step,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "07_siamese",
        exercises: vec![
            exercise("negative_cosine", &[], &[]),
            exercise("forward", &["Mlp"], &[]),
            exercise("simsiam_loss", &[], &["negative_cosine"]),
            exercise("byol_loss", &[], &["negative_cosine"]),
            exercise("ema_update", &["trailing_average"], &[]),
            exercise("momentum_at", &[], &[]),
            exercise("collapse_level", &["ssl_eval"], &[]),
            exercise("simsiam_step", &[], &["simsiam_loss"]),
            exercise("byol_step", &[], &["byol_loss", "ema_update"]),
        ],
        golden_only: &[],
        checks: [losses(), networks(), steps()].concat(),
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

/// Variables `NAME0`, `NAME1`, … of a case.
fn numbered(case: &Values, name: &str) -> Result<Vec<(String, Var)>> {
    let names = (0..).map(|i| format!("{name}{i}")).take_while(|name| case.get(name).is_some());
    names.map(|name| Ok((name.clone(), case.variable(&name)?))).collect()
}

fn losses() -> Vec<Check<Exercises>> {
    let cosine = |exercises: &Exercises, case: &Values| {
        let (p, z) = (case.variable("p")?, case.variable("z")?);
        let loss = (exercises.negative_cosine)(&p, &z)?;
        Values::new().with_gradients("loss", &loss, &[("p", &p)])?.with_leaks(&[&loss], &[("z", &z)])
    };
    let simsiam = |exercises: &Exercises, case: &Values| {
        let (p, z) = (numbered(case, "p")?, numbered(case, "z")?);
        let tensors =
            |vars: &[(String, Var)]| vars.iter().map(|(_, var)| var.as_tensor().clone()).collect::<Vec<Tensor>>();
        let loss = (exercises.simsiam_loss)(&tensors(&p), &tensors(&z))?;
        let [p, z] = [&p, &z].map(|vars| vars.iter().map(|(name, var)| (name.as_str(), var)).collect::<Vec<_>>());
        Values::new().with_gradients("loss", &loss, &p)?.with_leaks(&[&loss], &z)
    };
    let byol = |exercises: &Exercises, case: &Values| {
        let [p_a, p_b, t_a, t_b] = ["p_a", "p_b", "t_a", "t_b"].map(|name| case.variable(name));
        let (p_a, p_b, t_a, t_b) = (p_a?, p_b?, t_a?, t_b?);
        let loss = (exercises.byol_loss)(&p_a, &p_b, &t_a, &t_b)?;
        let values = Values::new().with_gradients("loss", &loss, &[("p_a", &p_a), ("p_b", &p_b)])?;
        values.with_leaks(&[&loss], &[("t_a", &t_a), ("t_b", &t_b)])
    };
    let still_a_number = |exercises: &Exercises, case: &Values| {
        let [p_a, p_b, t_a, t_b] = ["p_a", "p_b", "t_a", "t_b"].map(|name| case.tensor(name));
        let loss: f32 = (exercises.byol_loss)(p_a?, p_b?, t_a?, t_b?)?.to_scalar()?;
        Values::new().with_number("the loss is a number (1 is yes)", f64::from(u8::from(loss.is_finite())))
    };
    vec![
        check("negative_cosine", "negative_cosine", (8, 1e-5), cosine, diagnoses::NEGATIVE_COSINE),
        check("zero_rows", "negative_cosine", (1, 1e-4), cosine, &[]),
        refused("refused_pairs", "negative_cosine", 1, refusals::NEGATIVE_COSINE),
        check("two_views", "simsiam_loss", (6, 1e-5), simsiam, diagnoses::TWO_VIEWS),
        check("three_views", "simsiam_loss", (3, 1e-5), simsiam, diagnoses::THREE_VIEWS),
        check("five_views", "simsiam_loss", (1, 1e-5), simsiam, &[]),
        check("seven_views", "simsiam_loss", (1, 1e-5), simsiam, &[]),
        refused("refused_views", "simsiam_loss", 1, refusals::SIMSIAM_LOSS),
        check("byol_loss", "byol_loss", (9, 1e-5), byol, diagnoses::BYOL_LOSS),
        check("rows_of_zeros", "byol_loss", (1, 0.0), still_a_number, &[]),
        refused("refused_targets", "byol_loss", 1, refusals::BYOL_LOSS),
    ]
}

fn networks() -> Vec<Check<Exercises>> {
    let predictor = |exercises: &Exercises, case: &Values| {
        let (z, mut params) = (case.variable("z")?, Params::new(0, &Device::Cpu));
        let p = (exercises.predict)(&z, case.number("train")? != 0.0, &mut params, case)?;
        let weights = params.trained();
        let inputs = weights.iter().map(|(name, var)| (name.as_str(), var)).chain([("z", &z)]);
        let values = Values::new().with_gradients("p", &p, &inputs.collect::<Vec<_>>())?;
        let afterwards =
            |values: Values, (name, buffer): &(String, Var)| values.with(&format!("{name} afterwards"), buffer);
        Ok(params.buffers().iter().fold(values, afterwards))
    };
    let momenta = |exercises: &Exercises, case: &Values| {
        let (total, base) = (case.count("total")?, case.number("base")?);
        let steps: Vec<u32> = case.tensor("steps")?.to_vec1()?;
        let momenta = steps.iter().map(|&step| (exercises.momentum_at)(step as usize, total, base));
        Ok(Values::new().with("momenta", &Tensor::from_iter(momenta, &Device::Cpu)?))
    };
    let level = |exercises: &Exercises, case: &Values| {
        Values::new().with_number("level", (exercises.collapse_level)(case.tensor("z")?)?)
    };
    vec![
        check("predictor", "forward", (9, 2e-5), predictor, diagnoses::PREDICTOR),
        refused("refused_embeddings", "forward", 1, refusals::FORWARD),
        check("followed", "ema_update", (12, 1e-6), network::followed, diagnoses::FOLLOWED),
        refused("refused_branches", "ema_update", 3, refusals::EMA_UPDATE),
        check("momenta", "momentum_at", (7, 1e-9), momenta, diagnoses::MOMENTA),
        check("level", "collapse_level", (8, 1e-4), level, diagnoses::LEVEL),
        check("collapsed", "collapse_level", (2, 1e-3), level, &[]),
        refused("refused_ranks", "collapse_level", 1, refusals::COLLAPSE_LEVEL),
    ]
}

fn steps() -> Vec<Check<Exercises>> {
    vec![
        check(
            "after_a_step_of_simsiam",
            "simsiam_step",
            (9, 2e-5),
            network::after_a_step_of_simsiam,
            diagnoses::STEP_OF_SIMSIAM,
        ),
        check("predictions_of_simsiam", "simsiam_step", (1, 0.0), network::predictions_of_simsiam, &[]),
        refused("errors_of_simsiam", "simsiam_step", 1, refusals::SIMSIAM_STEP),
        check("after_a_step_of_byol", "byol_step", (11, 2e-5), network::after_a_step_of_byol, diagnoses::STEP_OF_BYOL),
        check("predictions_of_byol", "byol_step", (1, 0.0), network::predictions_of_byol, &[]),
        refused("errors_of_byol", "byol_step", 1, refusals::BYOL_STEP),
    ]
}
