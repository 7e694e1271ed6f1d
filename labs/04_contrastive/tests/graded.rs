//! The graded checks of lab 04: `cargo test -p contrastive`.

mod diagnoses;

use std::process::ExitCode;

use candle_core::{Device, Result, Tensor};
use ssl_grading::{Check, Exercise, Lab, Values};

/// From distances, labels, positives and a margin to a negative for each anchor.
pub type Mining = fn(&Tensor, &Tensor, &[usize], f64) -> Result<Vec<Option<usize>>>;

/// What a student writes.
#[derive(Clone, Copy)]
pub struct Exercises {
    pub pairwise_distance: fn(&Tensor, &Tensor) -> Result<Tensor>,
    pub contrastive_loss: fn(&Tensor, &Tensor, f64) -> Result<Tensor>,
    pub triplet_loss: fn(&Tensor, &Tensor, &Tensor, f64) -> Result<Tensor>,
    pub semi_hard_negatives: Mining,
    pub cosine_similarity_matrix: fn(&Tensor) -> Result<Tensor>,
    pub info_nce: fn(&Tensor, &Tensor, f64) -> Result<Tensor>,
    pub alignment: fn(&Tensor, &Tensor, f64) -> Result<Tensor>,
    pub uniformity: fn(&Tensor, f64) -> Result<Tensor>,
}

pub const EXERCISES: Exercises = Exercises {
    pairwise_distance: contrastive::pairwise_distance,
    contrastive_loss: contrastive::contrastive_loss,
    triplet_loss: contrastive::triplet_loss,
    semi_hard_negatives: contrastive::semi_hard_negatives,
    cosine_similarity_matrix: contrastive::cosine_similarity_matrix,
    info_nce: contrastive::info_nce,
    alignment: contrastive::alignment,
    uniformity: contrastive::uniformity,
};

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, needs| Exercise { name, refuses: &[], needs };
    Lab {
        name: "04_contrastive",
        exercises: vec![
            exercise("pairwise_distance", &[]),
            exercise("contrastive_loss", &[]),
            exercise("triplet_loss", &["pairwise_distance"]),
            exercise("semi_hard_negatives", &[]),
            exercise("cosine_similarity_matrix", &[]),
            exercise("info_nce", &["cosine_similarity_matrix"]),
            exercise("alignment", &[]),
            exercise("uniformity", &["cosine_similarity_matrix"]),
        ],
        checks: [distances(), vec![pairs(), triplets(), semi_hard()], cosines(), nt_xent(), vec![aligned(), uniform()]]
            .concat(),
    }
}

fn distances() -> Vec<Check<Exercises>> {
    vec![
        Check {
            id: "distance",
            exercise: "pairwise_distance",
            points: 5,
            tolerance: 1e-5,
            run: |exercises, case| {
                let (a, b) = (case.variable("a")?, case.variable("b")?);
                let distance = (exercises.pairwise_distance)(&a, &b)?;
                Values::new().with_gradients("distance", &distance, &[("a", &a), ("b", &b)])
            },
            mistakes: diagnoses::DISTANCE,
        },
        Check {
            id: "distance_of_equal_rows",
            exercise: "pairwise_distance",
            points: 5,
            tolerance: 1e-5,
            run: |exercises, case| {
                let a = case.variable("a")?;
                let distance = (exercises.pairwise_distance)(&a, case.tensor("b")?)?;
                Values::new().with_gradients("distance", &distance, &[("a", &a)])
            },
            mistakes: diagnoses::EQUAL_ROWS,
        },
    ]
}

fn pairs() -> Check<Exercises> {
    Check {
        id: "contrastive",
        exercise: "contrastive_loss",
        points: 10,
        tolerance: 1e-5,
        run: |exercises, case| {
            let distance = case.variable("distance")?;
            let loss = (exercises.contrastive_loss)(&distance, case.tensor("is_positive")?, case.number("margin")?)?;
            Values::new().with_gradients("loss", &loss, &[("distance", &distance)])
        },
        mistakes: diagnoses::PAIRS,
    }
}

fn triplets() -> Check<Exercises> {
    Check {
        id: "triplet",
        exercise: "triplet_loss",
        points: 15,
        tolerance: 1e-5,
        run: |exercises, case| {
            let [anchor, positive, negative] =
                [case.variable("anchor")?, case.variable("positive")?, case.variable("negative")?];
            let loss = (exercises.triplet_loss)(&anchor, &positive, &negative, case.number("margin")?)?;
            let inputs = [("anchor", &anchor), ("positive", &positive), ("negative", &negative)];
            Values::new().with_gradients("loss", &loss, &inputs)
        },
        mistakes: diagnoses::TRIPLETS,
    }
}

fn semi_hard() -> Check<Exercises> {
    Check {
        id: "semi_hard",
        exercise: "semi_hard_negatives",
        points: 15,
        tolerance: 1e-9,
        run: |exercises, case| {
            let positives: Vec<u32> = case.tensor("positives")?.to_vec1()?;
            let positives: Vec<usize> = positives.into_iter().map(|i| i as usize).collect();
            let (distances, labels) = (case.tensor("distances")?, case.tensor("labels")?);
            let found = (exercises.semi_hard_negatives)(distances, labels, &positives, case.number("margin")?)?;
            // −1 means none.
            let found: Vec<f64> = found.into_iter().map(|index| index.map_or(-1.0, |i| i as f64)).collect();
            Ok(Values::new().with("negatives", &Tensor::new(found, &Device::Cpu)?))
        },
        mistakes: diagnoses::SEMI_HARD,
    }
}

fn cosines() -> Vec<Check<Exercises>> {
    vec![
        Check {
            id: "cosines",
            exercise: "cosine_similarity_matrix",
            points: 7,
            tolerance: 1e-5,
            run: |exercises, case| {
                let z = case.variable("z")?;
                let similarity = (exercises.cosine_similarity_matrix)(&z)?;
                Values::new().with_gradients("similarity", &similarity, &[("z", &z)])
            },
            mistakes: diagnoses::COSINES,
        },
        Check {
            id: "cosine_of_zero",
            exercise: "cosine_similarity_matrix",
            points: 3,
            tolerance: 1e-5,
            run: |exercises, case| {
                let similarity = (exercises.cosine_similarity_matrix)(case.tensor("z")?)?;
                Ok(Values::new().with("similarity", &similarity))
            },
            mistakes: diagnoses::ZERO_VECTOR,
        },
    ]
}

fn nt_xent() -> Vec<Check<Exercises>> {
    let check = |id, points, mistakes| Check {
        id,
        exercise: "info_nce",
        points,
        tolerance: 1e-5,
        run: |exercises: &Exercises, case: &Values| {
            let (z_a, z_b) = (case.variable("z_a")?, case.variable("z_b")?);
            let loss = (exercises.info_nce)(&z_a, &z_b, case.number("temperature")?)?;
            Values::new().with_gradients("loss", &loss, &[("z_a", &z_a), ("z_b", &z_b)])
        },
        mistakes,
    };
    vec![
        check("info_nce_of_views", 15, diagnoses::INFO_NCE),
        check("info_nce_of_equal_embeddings", 5, &[]),
        check("info_nce_when_cold", 5, diagnoses::COLD),
    ]
}

fn aligned() -> Check<Exercises> {
    Check {
        id: "aligned",
        exercise: "alignment",
        points: 5,
        tolerance: 1e-5,
        run: |exercises, case| {
            let (z_a, z_b) = (case.variable("z_a")?, case.variable("z_b")?);
            let loss = (exercises.alignment)(&z_a, &z_b, case.number("alpha")?)?;
            Values::new().with_gradients("loss", &loss, &[("z_a", &z_a), ("z_b", &z_b)])
        },
        mistakes: diagnoses::ALIGNMENT,
    }
}

fn uniform() -> Check<Exercises> {
    Check {
        id: "uniform",
        exercise: "uniformity",
        points: 10,
        tolerance: 1e-5,
        run: |exercises, case| {
            let z = case.variable("z")?;
            let value = (exercises.uniformity)(&z, case.number("t")?)?;
            Values::new().with_gradients("uniformity", &value, &[("z", &z)])
        },
        mistakes: diagnoses::UNIFORMITY,
    }
}
