//! Wrong answers that the checks of lab 01 must name, and right ones that they must accept.

extern crate rotation_solution as rotation;
#[path = "../../../labs/01_rotation/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;

use std::process::ExitCode;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::ops::{log_softmax, softmax};
use graded::{EXERCISES, Exercises};
use rotation::{rotate90, rotation_batch, rotation_loss};
use ssl_grading::mistakes::Cases;

fn main() -> ExitCode {
    let cases = Cases { mistakes: MISTAKES, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const MISTAKES: &[(&str, Exercises)] = &[
    ("clockwise", Exercises { rotate90: |images, turns| rotate90(images, 4 - turns % 4), ..EXERCISES }),
    ("mirrored", Exercises { rotate90: mirrored, ..EXERCISES }),
    ("half_turn", Exercises { rotate90: |images, turns| rotate90(images, 2 * turns), ..EXERCISES }),
    ("wrong_axes", Exercises { rotate90: wrong_axes, ..EXERCISES }),
    ("labels_interleaved", Exercises { rotation_batch: labels_interleaved, ..EXERCISES }),
    ("images_interleaved", Exercises { rotation_batch: images_interleaved, ..EXERCISES }),
    ("both_interleaved", Exercises { rotation_batch: both_interleaved, ..EXERCISES }),
    ("sum", Exercises { rotation_loss: summed, ..EXERCISES }),
    ("softmax_twice", Exercises { rotation_loss: softmax_twice, ..EXERCISES }),
    ("over_batch", Exercises { rotation_loss: over_batch, ..EXERCISES }),
    ("underflow", Exercises { rotation_loss: underflow, ..EXERCISES }),
    ("overflow", Exercises { rotation_loss: overflow, ..EXERCISES }),
    (
        "percent",
        Exercises { rotation_accuracy: |s, y| Ok(100.0 * right(s, y, 1)? / y.elem_count() as f64), ..EXERCISES },
    ),
    ("count", Exercises { rotation_accuracy: |s, y| right(s, y, 1), ..EXERCISES }),
    (
        "argmax_over_batch",
        Exercises { rotation_accuracy: |s, y| Ok(right(s, y, 0)? / y.elem_count() as f64), ..EXERCISES },
    ),
    (
        "error_rate",
        Exercises { rotation_accuracy: |s, y| Ok(1.0 - right(s, y, 1)? / y.elem_count() as f64), ..EXERCISES },
    ),
    (
        "training_mode",
        Exercises { frozen_features: |encode, x, n| in_parts(x, n, |x| Ok(encode(x, true)?.detach())), ..EXERCISES },
    ),
    ("graph_kept", Exercises { frozen_features: |encode, x, n| in_parts(x, n, |x| encode(x, false)), ..EXERCISES }),
    (
        "last_batch_dropped",
        Exercises {
            frozen_features: |encode, x, n| {
                let whole = x.narrow(0, 0, x.dims()[0] / n * n)?;
                in_parts(&whole, n, |x| Ok(encode(x, false)?.detach()))
            },
            ..EXERCISES
        },
    ),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("turning_step_by_step", Exercises { rotate90: step_by_step, ..EXERCISES }),
    ("labels_by_division", Exercises { rotation_batch: labels_by_division, ..EXERCISES }),
    ("log_softmax_and_one_hot", Exercises { rotation_loss: with_one_hot, ..EXERCISES }),
    ("accuracy_by_loop", Exercises { rotation_accuracy: by_loop, ..EXERCISES }),
    ("all_at_once", Exercises { frozen_features: |encode, x, _| Ok(encode(x, false)?.detach()), ..EXERCISES }),
];

fn mirrored(images: &Tensor, turns: usize) -> Result<Tensor> {
    if turns % 2 == 1 { images.transpose(2, 3)?.contiguous() } else { rotate90(images, turns) }
}

/// Turns axes 0 and 3.
fn wrong_axes(images: &Tensor, turns: usize) -> Result<Tensor> {
    let swapped = images.transpose(0, 2)?.contiguous()?;
    rotate90(&swapped, turns)?.transpose(0, 2)?.contiguous()
}

fn labels_in_turn(labels: &Tensor) -> Result<Tensor> {
    Tensor::from_iter((0..labels.elem_count() as u32).map(|i| i % 4), &Device::Cpu)
}

fn images_in_turn(blocks: &Tensor) -> Result<Tensor> {
    let (count, channels, height, width) = blocks.dims4()?;
    let blocks = blocks.reshape((4, count / 4, channels, height, width))?;
    blocks.transpose(0, 1)?.contiguous()?.reshape((count, channels, height, width))
}

fn labels_interleaved(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images, labels_in_turn(&labels)?))
}

fn images_interleaved(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images_in_turn(&images)?, labels))
}

fn both_interleaved(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images_in_turn(&images)?, labels_in_turn(&labels)?))
}

/// −mean of the log probabilities at the labels.
fn nll(log_probabilities: &Tensor, labels: &Tensor) -> Result<Tensor> {
    log_probabilities.gather(&labels.unsqueeze(1)?, 1)?.mean_all()?.neg()
}

fn summed(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    rotation_loss(logits, labels)? * labels.elem_count() as f64
}

fn softmax_twice(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    rotation_loss(&softmax(logits, 1)?, labels)
}

fn over_batch(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    nll(&log_softmax(logits, 0)?, labels)
}

fn underflow(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    nll(&softmax(logits, 1)?.log()?, labels)
}

fn overflow(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let exp = logits.exp()?;
    nll(&exp.broadcast_div(&exp.sum_keepdim(1)?)?.log()?, labels)
}

/// Right predictions among the greatest logits along an axis.
fn right(logits: &Tensor, labels: &Tensor, axis: usize) -> Result<f64> {
    logits.argmax(axis)?.eq(labels)?.to_dtype(DType::F64)?.sum_all()?.to_scalar()
}

fn in_parts(images: &Tensor, size: usize, encode: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let count = images.dims()[0];
    let starts = (0..count).step_by(size);
    let parts = starts.map(|first| encode(&images.narrow(0, first, size.min(count - first))?));
    Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, 0)
}

fn step_by_step(images: &Tensor, turns: usize) -> Result<Tensor> {
    (0..turns % 4).try_fold(images.clone(), |images, _| images.flip(&[3])?.t()?.contiguous())
}

fn labels_by_division(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let batch = images.dims()[0] as u32;
    let turned = Tensor::cat(&[0, 1, 2, 3].map(|k| rotate90(images, k)).into_iter().collect::<Result<Vec<_>>>()?, 0)?;
    Ok((turned, Tensor::from_iter((0..4 * batch).map(|i| i / batch), &Device::Cpu)?))
}

fn with_one_hot(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let classes = Tensor::arange(0, logits.dims()[1] as u32, logits.device())?.unsqueeze(0)?;
    let one_hot = labels.unsqueeze(1)?.broadcast_eq(&classes)?.to_dtype(logits.dtype())?;
    (log_softmax(logits, D::Minus1)? * one_hot)?.sum(1)?.mean(0)?.neg()
}

fn by_loop(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    let (rows, labels): (Vec<Vec<f32>>, Vec<u32>) = (logits.to_vec2()?, labels.to_vec1()?);
    let best = |row: &Vec<f32>| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, _)| i as u32);
    let right = rows.iter().zip(&labels).filter(|(row, label)| best(row) == Some(**label)).count();
    Ok(right as f64 / labels.len() as f64)
}
