//! The graded checks of lab 04: `cargo test -p contrastive`.

mod diagnoses;
mod refusals;

use std::process::ExitCode;

use candle_core::{Device, Result, Tensor, Var};
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};

/// From distances, labels, positives and a margin to a negative for each anchor.
pub type Mining = fn(&Tensor, &Tensor, &[usize], f64) -> Result<Vec<Option<usize>>>;

ssl_grading::exercises! {
    pairwise_distance: fn(&Tensor, &Tensor) -> Result<Tensor> = contrastive::pairwise_distance,
    contrastive_loss: fn(&Tensor, &Tensor, f64) -> Result<Tensor> = contrastive::contrastive_loss,
    triplet_loss: fn(&Tensor, &Tensor, &Tensor, f64) -> Result<Tensor> = contrastive::triplet_loss,
    semi_hard_negatives: Mining = contrastive::semi_hard_negatives,
    cosine_similarity_matrix: fn(&Tensor) -> Result<Tensor> = contrastive::cosine_similarity_matrix,
    info_nce: fn(&Tensor, &Tensor, f64) -> Result<Tensor> = contrastive::info_nce,
    alignment: fn(&Tensor, &Tensor, f64) -> Result<Tensor> = contrastive::alignment,
    uniformity: fn(&Tensor, f64) -> Result<Tensor> = contrastive::uniformity,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "04_contrastive",
        exercises: vec![
            exercise("pairwise_distance", &[], &[]),
            exercise("contrastive_loss", &[], &[]),
            exercise("triplet_loss", &[], &["pairwise_distance"]),
            exercise("semi_hard_negatives", &[], &[]),
            exercise("cosine_similarity_matrix", &["normalize"], &[]),
            exercise("info_nce", &["softmax_last_dim"], &["cosine_similarity_matrix"]),
            exercise("alignment", &[], &[]),
            exercise("uniformity", &[], &["cosine_similarity_matrix"]),
        ],
        golden_only: &["coinciding"], // a right gradient of nearly equal rows is lost in rounding
        checks: [losses_of_pairs(), mining(), cosines(), info_nce(), on_the_sphere()].concat(),
    }
}

/// The inputs of these names as variables.
fn variables<const N: usize>(case: &Values, names: [&str; N]) -> Result<[Var; N]> {
    let vars: Vec<Var> = names.iter().map(|name| case.variable(name)).collect::<Result<_>>()?;
    vars.try_into().map_err(|_| candle_core::Error::Msg("as many variables as names".to_string()))
}

fn check(
    id: &'static str,
    exercise: &'static str,
    points: u32,
    run: fn(&Exercises, &Values) -> Result<Values>,
    mistakes: &'static [Mistake],
) -> Check<Exercises> {
    Check { id, exercise, points, ask: Ask::Values { tolerance: 2e-5, run, mistakes } }
}

/// As the check, with a tolerance at which another ε is found.
fn finer(check: Check<Exercises>) -> Check<Exercises> {
    let Ask::Values { run, mistakes, .. } = check.ask else { return check };
    Check { ask: Ask::Values { tolerance: 2e-6, run, mistakes }, ..check }
}

fn losses_of_pairs() -> Vec<Check<Exercises>> {
    let distance = |exercises: &Exercises, case: &Values| {
        let [a, b] = variables(case, ["a", "b"])?;
        let distance = (exercises.pairwise_distance)(&a, &b)?;
        Values::new().with_gradients("distance", &distance, &[("a", &a), ("b", &b)])
    };
    let pairs = |exercises: &Exercises, case: &Values| {
        let distance = case.variable("distance")?;
        let loss = (exercises.contrastive_loss)(&distance, case.tensor("is_positive")?, case.number("margin")?)?;
        Values::new().with_gradients("loss", &loss, &[("distance", &distance)])
    };
    let triplets = |exercises: &Exercises, case: &Values| {
        let [anchor, positive, negative] = variables(case, ["anchor", "positive", "negative"])?;
        let loss = (exercises.triplet_loss)(&anchor, &positive, &negative, case.number("margin")?)?;
        let inputs = [("anchor", &anchor), ("positive", &positive), ("negative", &negative)];
        Values::new().with_gradients("loss", &loss, &inputs)
    };
    vec![
        check("distances", "pairwise_distance", 5, distance, diagnoses::DISTANCE),
        finer(check("equal_rows", "pairwise_distance", 4, distance, diagnoses::EQUAL_ROWS)),
        refused("refused_rows", "pairwise_distance", 1, refusals::PAIRWISE_DISTANCE),
        check("pairs", "contrastive_loss", 8, pairs, diagnoses::PAIRS),
        refused("refused_pairs", "contrastive_loss", 2, refusals::CONTRASTIVE_LOSS),
        check("triplets", "triplet_loss", 13, triplets, diagnoses::TRIPLETS),
        refused("refused_triplets", "triplet_loss", 2, refusals::TRIPLET_LOSS),
    ]
}

fn mining() -> Vec<Check<Exercises>> {
    let semi_hard = |exercises: &Exercises, case: &Values| {
        let positives: Vec<u32> = case.tensor("positives")?.to_vec1()?;
        let positives: Vec<usize> = positives.into_iter().map(|i| i as usize).collect();
        let (distances, labels) = (case.tensor("distances")?, case.tensor("labels")?);
        let found = (exercises.semi_hard_negatives)(distances, labels, &positives, case.number("margin")?)?;
        // −1 means none.
        let found: Vec<f64> = found.into_iter().map(|index| index.map_or(-1.0, |i| i as f64)).collect();
        Ok(Values::new().with("negatives", &Tensor::new(found, &Device::Cpu)?))
    };
    vec![
        check("semi_hard", "semi_hard_negatives", 13, semi_hard, diagnoses::SEMI_HARD),
        refused("refused_anchors", "semi_hard_negatives", 2, refusals::SEMI_HARD_NEGATIVES),
    ]
}

fn cosines() -> Vec<Check<Exercises>> {
    let cosines = |exercises: &Exercises, case: &Values| {
        let z = case.variable("z")?;
        let similarity = (exercises.cosine_similarity_matrix)(&z)?;
        Values::new().with_gradients("similarity", &similarity, &[("z", &z)])
    };
    vec![
        check("cosines", "cosine_similarity_matrix", 6, cosines, diagnoses::COSINES),
        check("rows_of_zeros", "cosine_similarity_matrix", 3, cosines, diagnoses::ZERO_VECTOR),
        refused("refused_matrices", "cosine_similarity_matrix", 1, refusals::COSINE_SIMILARITY_MATRIX),
    ]
}

fn info_nce() -> Vec<Check<Exercises>> {
    let loss = |exercises: &Exercises, case: &Values| {
        let [z_a, z_b] = variables(case, ["z_a", "z_b"])?;
        let loss = (exercises.info_nce)(&z_a, &z_b, case.number("temperature")?)?;
        Values::new().with_gradients("loss", &loss, &[("z_a", &z_a), ("z_b", &z_b)])
    };
    let value = |exercises: &Exercises, case: &Values| {
        let loss = (exercises.info_nce)(case.tensor("z_a")?, case.tensor("z_b")?, case.number("temperature")?)?;
        Ok(Values::new().with("loss", &loss))
    };
    vec![
        check("views", "info_nce", 16, loss, diagnoses::INFO_NCE),
        check("cold", "info_nce", 4, loss, diagnoses::COLD),
        check("opposites", "info_nce", 2, loss, &[]),
        check("zero_row", "info_nce", 1, value, diagnoses::ZERO_ROW),
        refused("refused_views", "info_nce", 2, refusals::INFO_NCE),
    ]
}

fn on_the_sphere() -> Vec<Check<Exercises>> {
    let alignment = |exercises: &Exercises, case: &Values| {
        let [z_a, z_b] = variables(case, ["z_a", "z_b"])?;
        let value = (exercises.alignment)(&z_a, &z_b, case.number("alpha")?)?;
        Values::new().with_gradients("alignment", &value, &[("z_a", &z_a), ("z_b", &z_b)])
    };
    let uniformity = |exercises: &Exercises, case: &Values| {
        let z = case.variable("z")?;
        let value = (exercises.uniformity)(&z, case.number("t")?)?;
        Values::new().with_gradients("uniformity", &value, &[("z", &z)])
    };
    vec![
        check("aligned", "alignment", 3, alignment, diagnoses::ALIGNMENT),
        check("coinciding", "alignment", 1, alignment, diagnoses::COINCIDING),
        refused("refused_alignment", "alignment", 1, refusals::ALIGNMENT),
        check("uniform", "uniformity", 9, uniformity, diagnoses::UNIFORMITY),
        refused("refused_uniformity", "uniformity", 1, refusals::UNIFORMITY),
    ]
}
