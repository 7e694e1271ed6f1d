//! The graded checks of lab 10: `cargo test -p decorrelation`.

mod chance;
mod diagnoses;
mod refusals;

use std::process::ExitCode;

use candle_core::{Result, Tensor, Var};
use decorrelation::Weights;
use ssl_data::Rng;
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};

ssl_grading::exercises! {
    cross_correlation: fn(&Tensor, &Tensor) -> Result<Tensor> = decorrelation::cross_correlation,
    barlow_twins_loss: fn(&Tensor, f64) -> Result<Tensor> = decorrelation::barlow_twins_loss,
    variance_term: fn(&Tensor) -> Result<Tensor> = decorrelation::variance_term,
    covariance_term: fn(&Tensor) -> Result<Tensor> = decorrelation::covariance_term,
    vicreg_loss: fn(&Tensor, &Tensor, &Weights) -> Result<Tensor> = decorrelation::vicreg_loss,
    effective_rank: fn(&[f64]) -> Result<f64> = decorrelation::effective_rank,
    random_directions: fn(usize, usize, &mut Rng) -> Result<Tensor> = decorrelation::random_directions,
    sigreg: fn(&Tensor, &Tensor) -> Result<Tensor> = decorrelation::sigreg,
    sigreg_loss: fn(&[Tensor], &Tensor, f64) -> Result<Tensor> = decorrelation::sigreg_loss,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "10_decorrelation",
        exercises: vec![
            exercise("cross_correlation", &[], &[]),
            exercise("barlow_twins_loss", &[], &[]),
            exercise("variance_term", &[], &[]),
            exercise("covariance_term", &[], &[]),
            exercise("vicreg_loss", &[], &["variance_term", "covariance_term"]),
            exercise("effective_rank", &["ssl_eval"], &[]),
            exercise("random_directions", &["UnitSphere"], &[]),
            exercise("sigreg", &[], &[]),
            exercise("sigreg_loss", &[], &["sigreg"]),
        ],
        golden_only: &[],
        checks: [barlow(), vicreg(), spectra(), gaussian()].concat(),
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

fn barlow() -> Vec<Check<Exercises>> {
    let correlation = |exercises: &Exercises, case: &Values| {
        let (a, b) = (case.variable("z_a")?, case.variable("z_b")?);
        let c = (exercises.cross_correlation)(&a, &b)?;
        Values::new().with_gradients("C", &c, &[("z_a", &a), ("z_b", &b)])
    };
    let loss = |exercises: &Exercises, case: &Values| {
        let c = case.variable("c")?;
        let loss = (exercises.barlow_twins_loss)(&c, case.number("lambda")?)?;
        Values::new().with_gradients("loss", &loss, &[("c", &c)])
    };
    vec![
        check("correlation", "cross_correlation", (10, 1e-5), correlation, diagnoses::CORRELATION),
        check("views_far_from_0", "cross_correlation", (1, 1e-4), correlation, &[]),
        refused("refused_views", "cross_correlation", 1, refusals::CROSS_CORRELATION),
        check("barlow_loss", "barlow_twins_loss", (10, 1e-5), loss, diagnoses::BARLOW),
        refused("refused_matrices", "barlow_twins_loss", 1, refusals::BARLOW_TWINS_LOSS),
    ]
}

fn vicreg() -> Vec<Check<Exercises>> {
    let variance = |exercises: &Exercises, case: &Values| {
        let z = case.variable("z")?;
        Values::new().with_gradients("v", &(exercises.variance_term)(&z)?, &[("z", &z)])
    };
    let covariance = |exercises: &Exercises, case: &Values| {
        let z = case.variable("z")?;
        Values::new().with_gradients("c", &(exercises.covariance_term)(&z)?, &[("z", &z)])
    };
    let alone = |exercises: &Exercises, case: &Values| {
        Ok(Values::new().with("c", &(exercises.covariance_term)(case.tensor("z")?)?))
    };
    let loss = |exercises: &Exercises, case: &Values| {
        let (a, b) = (case.variable("z_a")?, case.variable("z_b")?);
        let weights: Vec<f64> = case.tensor("weights")?.to_vec1()?;
        let weights = Weights { invariance: weights[0], variance: weights[1], covariance: weights[2] };
        let loss = (exercises.vicreg_loss)(&a, &b, &weights)?;
        Values::new().with_gradients("loss", &loss, &[("z_a", &a), ("z_b", &b)])
    };
    vec![
        check("variance", "variance_term", (8, 4e-6), variance, diagnoses::VARIANCE),
        check("one_channel_varies", "variance_term", (1, 4e-6), variance, &[]),
        check("collapsed_channels", "variance_term", (2, 2e-5), variance, &[]),
        refused("refused_batches", "variance_term", 1, refusals::VARIANCE_TERM),
        check("covariance", "covariance_term", (9, 1e-5), covariance, diagnoses::COVARIANCE),
        check("one_channel_covaries", "covariance_term", (1, 1e-5), alone, &[]),
        check("channels_far_from_0", "covariance_term", (1, 1e-4), covariance, &[]),
        refused("refused_rows", "covariance_term", 1, refusals::COVARIANCE_TERM),
        check("vicreg", "vicreg_loss", (9, 2e-5), loss, diagnoses::VICREG),
        check("equal_embeddings", "vicreg_loss", (1, 2e-5), loss, &[]),
        refused("refused_pairs", "vicreg_loss", 1, refusals::VICREG_LOSS),
    ]
}

fn spectra() -> Vec<Check<Exercises>> {
    let rank = |exercises: &Exercises, case: &Values| {
        let spectrum: Vec<f64> = case.tensor("spectrum")?.to_vec1()?;
        Values::new().with_number("rank", (exercises.effective_rank)(&spectrum)?)
    };
    vec![
        check("rank", "effective_rank", (8, 1e-9), rank, diagnoses::RANK),
        refused("refused_spectra", "effective_rank", 1, refusals::EFFECTIVE_RANK),
        check("directions", "random_directions", (7, 0.0115), chance::directions, diagnoses::DIRECTIONS),
        check("few_directions", "random_directions", (2, 0.0115), chance::few_directions, &[]),
    ]
}

/// Variables `z0`, `z1`, … of a case.
fn views(case: &Values) -> Result<Vec<(String, Var)>> {
    let names = (0..).map(|v| format!("z{v}")).take_while(|name| case.get(name).is_some());
    names.map(|name| Ok((name.clone(), case.variable(&name)?))).collect()
}

fn total(exercises: &Exercises, case: &Values, views: &[(String, Var)]) -> Result<Tensor> {
    let views: Vec<Tensor> = views.iter().map(|(_, view)| view.as_tensor().clone()).collect();
    (exercises.sigreg_loss)(&views, case.tensor("directions")?, case.number("lambda")?)
}

fn gaussian() -> Vec<Check<Exercises>> {
    let statistic = |exercises: &Exercises, case: &Values| {
        let z = case.variable("z")?;
        let statistic = (exercises.sigreg)(&z, case.tensor("directions")?)?;
        Values::new().with_gradients("statistic", &statistic, &[("z", &z)])
    };
    let loss = |exercises: &Exercises, case: &Values| {
        let views = views(case)?;
        let loss = total(exercises, case, &views)?;
        let inputs: Vec<(&str, &Var)> = views.iter().map(|(name, view)| (name.as_str(), view)).collect();
        Values::new().with_gradients("loss", &loss, &inputs)
    };
    let value =
        |exercises: &Exercises, case: &Values| Ok(Values::new().with("loss", &total(exercises, case, &views(case)?)?));
    vec![
        check("sigreg", "sigreg", (13, 2e-5), statistic, diagnoses::SIGREG),
        refused("refused_directions", "sigreg", 1, refusals::SIGREG),
        check("sigreg_loss", "sigreg_loss", (6, 2e-5), loss, diagnoses::SIGREG_LOSS),
        check("views_2", "sigreg_loss", (1, 2e-5), loss, &[]),
        check("views_5", "sigreg_loss", (1, 2e-5), loss, &[]),
        check("one_term_only", "sigreg_loss", (1, 2e-5), value, &[]),
        refused("refused_numbers", "sigreg_loss", 1, refusals::SIGREG_LOSS),
    ]
}
