//! The graded checks of lab 01: `cargo test -p rotation`.

mod diagnoses;
mod refusals;

use std::cell::Cell;
use std::process::ExitCode;

use candle_core::{Device, Result, Tensor};
use ssl_grading::{Ask, Check, Exercise, Lab, Values, refused};
use ssl_nn::Encode;
use ssl_nn::ops::{BatchNormMode, Moments, batch_norm};

ssl_grading::exercises! {
    rotate90: fn(&Tensor, usize) -> Result<Tensor> = rotation::rotate90,
    rotation_batch: fn(&Tensor) -> Result<(Tensor, Tensor)> = rotation::rotation_batch,
    rotation_loss: fn(&Tensor, &Tensor) -> Result<Tensor> = rotation::rotation_loss,
    rotation_accuracy: fn(&Tensor, &Tensor) -> Result<f64> = rotation::rotation_accuracy,
    frozen_features: fn(&Encode, &Tensor, usize) -> Result<Tensor> = rotation::frozen_features,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "01_rotation",
        exercises: vec![
            exercise("rotate90", &[], &[]),
            exercise("rotation_batch", &[], &["rotate90"]),
            exercise(
                "rotation_loss",
                &["cross_entropy", "nll", "log_softmax", "softmax", "softmax_last_dim", "log_sum_exp"],
                &[],
            ),
            exercise("rotation_accuracy", &[], &[]),
            exercise("frozen_features", &["ssl_eval", "embed"], &[]),
        ],
        golden_only: &[],
        checks: [turns(), batches(), losses(), accuracies(), features()].concat(),
    }
}

fn turns() -> Vec<Check<Exercises>> {
    let check = |id, points, mistakes| Check {
        id,
        exercise: "rotate90",
        points,
        ask: Ask::Values {
            tolerance: 0.0,
            run: |exercises: &Exercises, case: &Values| {
                let turned = (exercises.rotate90)(case.tensor("images")?, case.count("quarter_turns")?)?;
                Ok(Values::new().with("images", &turned))
            },
            mistakes,
        },
    };
    vec![
        check("turns", 13, diagnoses::TURNS),
        check("more_turns", 4, &[]),
        refused("refused_ranks", "rotate90", 3, refusals::ROTATE90),
    ]
}

fn batches() -> Vec<Check<Exercises>> {
    vec![
        Check {
            id: "four_blocks",
            exercise: "rotation_batch",
            points: 17,
            ask: Ask::Values {
                tolerance: 0.0,
                run: |exercises, case| {
                    let (images, labels) = (exercises.rotation_batch)(case.tensor("images")?)?;
                    Ok(Values::new().with("images", &images).with("labels", &labels))
                },
                mistakes: diagnoses::BLOCKS,
            },
        },
        refused("refused_images", "rotation_batch", 3, refusals::ROTATION_BATCH),
    ]
}

fn losses() -> Vec<Check<Exercises>> {
    let check = |id, points, mistakes| Check {
        id,
        exercise: "rotation_loss",
        points,
        ask: Ask::Values {
            tolerance: 1e-5,
            run: |exercises: &Exercises, case: &Values| {
                let logits = case.variable("logits")?;
                let loss = (exercises.rotation_loss)(&logits, case.tensor("labels")?)?;
                Values::new().with_gradients("loss", &loss, &[("logits", &logits)])
            },
            mistakes,
        },
    };
    vec![
        check("mean_cross_entropy", 14, diagnoses::CROSS_ENTROPY),
        check("at_large_logits", 8, diagnoses::LARGE_LOGITS),
        refused("refused_logits", "rotation_loss", 3, refusals::ROTATION_LOSS),
    ]
}

fn accuracies() -> Vec<Check<Exercises>> {
    vec![
        Check {
            id: "a_fraction",
            exercise: "rotation_accuracy",
            points: 8,
            ask: Ask::Values {
                tolerance: 1e-6,
                run: |exercises, case| {
                    let accuracy = (exercises.rotation_accuracy)(case.tensor("logits")?, case.tensor("labels")?)?;
                    Values::new().with_number("accuracy", accuracy)
                },
                mistakes: diagnoses::ACCURACY,
            },
        },
        refused("refused_labels", "rotation_accuracy", 2, refusals::ROTATION_ACCURACY),
    ]
}

/// A linear map and batch norm, of the case's weights.
fn encode(weight: &Tensor, case: &Values, images: &Tensor, train: bool) -> Result<Tensor> {
    let features = images.flatten_from(1)?.matmul(&weight.t()?)?; // [B, D]
    let moments = Moments { mean: case.tensor("mean")?.clone(), variance: case.tensor("variance")?.clone() };
    let width = moments.mean.elem_count();
    let mode = if train { BatchNormMode::Train } else { BatchNormMode::Eval(moments) };
    let (ones, zeros) =
        (Tensor::ones(width, features.dtype(), &Device::Cpu)?, Tensor::zeros(width, features.dtype(), &Device::Cpu)?);
    let maps = features.unsqueeze(2)?.unsqueeze(3)?; // [B, D, 1, 1]
    let (normalized, _) = batch_norm(&maps, &ones, &zeros, &mode, 1e-5, false)?;
    normalized.flatten_from(1)
}

fn features() -> Vec<Check<Exercises>> {
    vec![
        Check {
            id: "frozen",
            exercise: "frozen_features",
            points: 22,
            ask: Ask::Values {
                tolerance: 1e-5,
                run: |exercises, case| {
                    let weight = case.variable("weight")?;
                    let (largest, in_training) = (Cell::new(0), Cell::new(0));
                    let encode = |images: &Tensor, train: bool| {
                        largest.set(largest.get().max(images.dims()[0]));
                        in_training.set(in_training.get() + if train { images.dims()[0] } else { 0 });
                        encode(&weight, case, images, train)
                    };
                    let features = (exercises.frozen_features)(&encode, case.tensor("images")?, case.count("batch")?)?;
                    // The last batch may be filled up, as long as no batch is larger than asked for.
                    let usual = case.count("batch")?.min(case.tensor("images")?.dims()[0]);
                    let largest = if largest.get() <= case.count("batch")? { usual } else { largest.get() };
                    Values::new()
                        .with("features", &features)
                        .with_number("largest batch", largest as f64)?
                        .with_number("images in training mode", in_training.get() as f64)?
                        .with_leaks(&[&features], &[("weight", &weight)])
                },
                mistakes: diagnoses::FROZEN,
            },
        },
        refused("refused_batches", "frozen_features", 3, refusals::FROZEN_FEATURES),
    ]
}
