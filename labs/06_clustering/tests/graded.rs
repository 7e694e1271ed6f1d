//! The graded checks of lab 06: `cargo test -p clustering`.

mod chance;
mod diagnoses;
mod refusals;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use ssl_data::Rng;
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};

ssl_grading::exercises! {
    kmeans_plus_plus: fn(&Tensor, usize, &mut Rng) -> Result<Tensor> = clustering::kmeans_plus_plus,
    assign: fn(&Tensor, &Tensor) -> Result<Tensor> = clustering::assign,
    update_centroids: fn(&Tensor, &[u32], usize) -> Result<Tensor> = clustering::update_centroids,
    balanced_indices: fn(&[u32], usize, usize, &mut Rng) -> Result<Vec<usize>> = clustering::balanced_indices,
    normalized_mutual_information: fn(&[u32], &[u32]) -> Result<f64> = clustering::normalized_mutual_information,
    sinkhorn: fn(&Tensor, f64, usize) -> Result<Tensor> = clustering::sinkhorn,
    swapped_prediction_loss: fn(&Tensor, &Tensor, &Tensor, &Tensor, f64) -> Result<Tensor> = clustering::swapped_prediction_loss,
    concentration: fn(&Tensor, &Tensor, &[u32], f64, f64) -> Result<Tensor> = clustering::concentration,
    proto_nce: fn(&Tensor, &Tensor, &[u32], &Tensor) -> Result<Tensor> = clustering::proto_nce,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name| Exercise { name, refuses: &["softmax_last_dim"], needs: &[] };
    Lab {
        name: "06_clustering",
        exercises: vec![
            exercise("kmeans_plus_plus"),
            exercise("assign"),
            exercise("update_centroids"),
            exercise("balanced_indices"),
            exercise("normalized_mutual_information"),
            exercise("sinkhorn"),
            exercise("swapped_prediction_loss"),
            exercise("concentration"),
            exercise("proto_nce"),
        ],
        golden_only: &[],
        checks: [chance::seeds(), kmeans(), chance::orders(), labelings(), codes(), prototypes()].concat(),
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

fn labels(case: &Values, name: &str) -> Result<Vec<u32>> {
    case.tensor(name)?.to_vec1()
}

fn kmeans() -> Vec<Check<Exercises>> {
    let assigned = |exercises: &Exercises, case: &Values| {
        let assignments = (exercises.assign)(case.tensor("features")?, case.tensor("centroids")?)?;
        Ok(Values::new().with("assignments", &assignments))
    };
    let updated = |exercises: &Exercises, case: &Values| {
        let (features, assignments) = (case.tensor("features")?, labels(case, "assignments")?);
        let centroids = (exercises.update_centroids)(features, &assignments, case.count("k")?)?;
        Ok(Values::new().with("centroids", &centroids))
    };
    vec![
        check("assigned", "assign", (9, 0.0), assigned, diagnoses::ASSIGNED),
        refused("refused_widths", "assign", 1, refusals::ASSIGN),
        check("updated", "update_centroids", (10, 1e-5), updated, diagnoses::UPDATED),
        refused("refused_numbers", "update_centroids", 2, refusals::UPDATE_CENTROIDS),
    ]
}

fn labelings() -> Vec<Check<Exercises>> {
    let nmi = |exercises: &Exercises, case: &Values| {
        let nmi = (exercises.normalized_mutual_information)(&labels(case, "a")?, &labels(case, "b")?)?;
        Values::new().with_number("NMI", nmi)
    };
    vec![
        check("nmi", "normalized_mutual_information", (9, 1e-6), nmi, diagnoses::NMI),
        refused("refused_labels", "normalized_mutual_information", 1, refusals::NORMALIZED_MUTUAL_INFORMATION),
    ]
}

fn codes() -> Vec<Check<Exercises>> {
    let codes = |exercises: &Exercises, case: &Values| {
        let scores = case.variable("scores")?;
        let codes = (exercises.sinkhorn)(&scores, case.number("epsilon")?, case.count("iterations")?)?;
        Values::new().with("codes", &codes).with_leaks(&[&codes], &[("scores", &scores)])
    };
    let large = |exercises: &Exercises, case: &Values| {
        let (epsilon, iterations) = (case.number("epsilon")?, case.count("iterations")?);
        Ok(Values::new().with("codes", &(exercises.sinkhorn)(case.tensor("scores")?, epsilon, iterations)?))
    };
    let swapped = |exercises: &Exercises, case: &Values| {
        let names = ["scores_a", "scores_b", "codes_a", "codes_b"];
        let [a, b, x, y] = names.map(|name| case.variable(name));
        let (a, b, x, y) = (a?, b?, x?, y?);
        let loss = (exercises.swapped_prediction_loss)(&a, &b, &x, &y, case.number("temperature")?)?;
        let values = Values::new().with_gradients("loss", &loss, &[(names[0], &a), (names[1], &b)])?;
        values.with_leaks(&[&loss], &[(names[2], &x), (names[3], &y)])
    };
    vec![
        check("codes", "sinkhorn", (10, 1e-5), codes, diagnoses::CODES),
        check("large_scores", "sinkhorn", (2, 1e-4), large, diagnoses::LARGE_SCORES),
        refused("refused_scores", "sinkhorn", 1, refusals::SINKHORN),
        check("swapped", "swapped_prediction_loss", (10, 1e-5), swapped, diagnoses::SWAPPED),
        refused("refused_codes", "swapped_prediction_loss", 1, refusals::SWAPPED_PREDICTION_LOSS),
    ]
}

fn prototypes() -> Vec<Check<Exercises>> {
    let concentrations = |exercises: &Exercises, case: &Values| {
        let (features, centroids) = (case.tensor("features")?, case.tensor("centroids")?);
        let (assignments, alpha) = (labels(case, "assignments")?, case.number("alpha")?);
        let phi = (exercises.concentration)(features, centroids, &assignments, alpha, case.number("temperature")?)?;
        Ok(Values::new().with("φ", &phi))
    };
    let proto = |exercises: &Exercises, case: &Values| {
        let (z, prototypes, phi) = (case.variable("z")?, case.variable("prototypes")?, case.variable("φ")?);
        let loss = (exercises.proto_nce)(&z, &prototypes, &labels(case, "assignments")?, &phi)?;
        let values = Values::new().with_gradients("loss", &loss, &[("z", &z)])?;
        values.with_leaks(&[&loss], &[("prototypes", &prototypes), ("φ", &phi)])
    };
    vec![
        check("concentrations", "concentration", (10, 2e-5), concentrations, diagnoses::CONCENTRATIONS),
        refused("refused_clusters", "concentration", 1, refusals::CONCENTRATION),
        check("proto_nce", "proto_nce", (9, 1e-5), proto, diagnoses::PROTO_NCE),
        refused("refused_prototypes", "proto_nce", 1, refusals::PROTO_NCE),
    ]
}
