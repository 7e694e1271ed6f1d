//! Wrong answers that the checks of lab 01 must name, and right ones that they must accept.

extern crate rotation_solution as rotation;
#[path = "../../../labs/01_rotation/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod turns;

use std::process::ExitCode;

use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::{log_softmax, softmax};
use graded::{EXERCISES, Exercises};
use rotation::{frozen_features, rotate90, rotation_accuracy, rotation_loss};
use ssl_grading::mistakes::Cases;
use ssl_nn::Encode;
use turns::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const MISTAKES: &[(&str, Exercises)] = &[
    ("clockwise", Exercises { rotate90: |images, turns| rotate90(images, 4 - turns % 4), ..EXERCISES }),
    ("mirrored", Exercises { rotate90: mirrored, ..EXERCISES }),
    ("half_turn", Exercises { rotate90: |images, turns| rotate90(images, 2 * turns), ..EXERCISES }),
    ("one_more", Exercises { rotate90: |images, turns| rotate90(images, turns + 1), ..EXERCISES }),
    ("reshaped", Exercises { rotate90: reshaped, ..EXERCISES }),
    (
        "half_is_mirror",
        Exercises {
            rotate90: |x, k| {
                if k % 4 == 2 {
                    x.dims4()?;
                    x.flip(&[3])
                } else {
                    rotate90(x, k)
                }
            },
            ..EXERCISES
        },
    ),
    ("three_as_one", Exercises { rotate90: |x, k| rotate90(x, if k % 4 == 3 { 1 } else { k }), ..EXERCISES }),
    ("wrong_axes", Exercises { rotate90: wrong_axes, ..EXERCISES }),
    ("unturned", Exercises { rotation_batch: unturned, ..EXERCISES }),
    ("clockwise", Exercises { rotation_batch: clockwise_blocks, ..EXERCISES }),
    ("labels_interleaved", Exercises { rotation_batch: labels_interleaved, ..EXERCISES }),
    ("images_interleaved", Exercises { rotation_batch: images_interleaved, ..EXERCISES }),
    ("both_interleaved", Exercises { rotation_batch: both_interleaved, ..EXERCISES }),
    ("first_block_only", Exercises { rotation_batch: first_block_only, ..EXERCISES }),
    (
        "per_row",
        Exercises { rotation_loss: |s, y| s.log_sum_exp(1)? - s.gather(&y.unsqueeze(1)?, 1)?.squeeze(1)?, ..EXERCISES },
    ),
    ("log_of_mean", Exercises { rotation_loss: |s, y| picked(&softmax(s, 1)?, y)?.log()?.neg(), ..EXERCISES }),
    ("no_log", Exercises { rotation_loss: |s, y| picked(&softmax(s, 1)?, y)?.neg(), ..EXERCISES }),
    ("sum", Exercises { rotation_loss: |s, y| rotation_loss(s, y)? * y.elem_count() as f64, ..EXERCISES }),
    ("softmax_twice", Exercises { rotation_loss: |s, y| rotation_loss(&softmax(s, 1)?, y), ..EXERCISES }),
    ("over_batch", Exercises { rotation_loss: |s, y| nll(&log_softmax(s, 0)?, y), ..EXERCISES }),
    ("no_minus", Exercises { rotation_loss: |s, y| rotation_loss(s, y)?.neg(), ..EXERCISES }),
    ("by_classes", Exercises { rotation_loss: by_classes, ..EXERCISES }),
    ("twice_divided", Exercises { rotation_loss: |s, y| rotation_loss(s, y)? / y.elem_count() as f64, ..EXERCISES }),
    ("all_classes", Exercises { rotation_loss: |s, _| log_softmax(s, 1)?.mean_all()?.neg(), ..EXERCISES }),
    ("picked_detached", Exercises { rotation_loss: |s, y| log_sum(s)? - picked(s, y)?.detach(), ..EXERCISES }),
    ("normalizer_detached", Exercises { rotation_loss: |s, y| log_sum(s)?.detach() - picked(s, y)?, ..EXERCISES }),
    ("maximum_kept", Exercises { rotation_loss: maximum_kept, ..EXERCISES }),
    ("global_maximum", Exercises { rotation_loss: global_maximum, ..EXERCISES }),
    (
        "epsilon_in_log",
        Exercises {
            rotation_loss: |s, y| (softmax(s, 1)?.gather(&y.unsqueeze(1)?, 1)? + 1e-8)?.log()?.mean_all()?.neg(),
            ..EXERCISES
        },
    ),
    ("log_of_softmax", Exercises { rotation_loss: |s, y| nll(&softmax(s, 1)?.log()?, y), ..EXERCISES }),
    ("log_of_sum", Exercises { rotation_loss: log_of_sum, ..EXERCISES }),
    ("log_of_ratio", Exercises { rotation_loss: log_of_ratio, ..EXERCISES }),
    ("integer_division", Exercises { rotation_accuracy: |s, y| Ok(rotation_accuracy(s, y)?.floor()), ..EXERCISES }),
    ("percent", Exercises { rotation_accuracy: |s, y| Ok(100.0 * rotation_accuracy(s, y)?), ..EXERCISES }),
    (
        "count",
        Exercises { rotation_accuracy: |s, y| Ok(rotation_accuracy(s, y)? * y.elem_count() as f64), ..EXERCISES },
    ),
    ("argmax_over_batch", Exercises { rotation_accuracy: argmax_over_batch, ..EXERCISES }),
    ("error_rate", Exercises { rotation_accuracy: |s, y| Ok(1.0 - rotation_accuracy(s, y)?), ..EXERCISES }),
    ("by_classes", Exercises { rotation_accuracy: accuracy_by_classes, ..EXERCISES }),
    ("counted_in_bytes", Exercises { rotation_accuracy: counted_in_bytes, ..EXERCISES }),
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
    ("as_many_parts", Exercises { frozen_features: as_many_parts, ..EXERCISES }),
    ("all_at_once", Exercises { frozen_features: |encode, x, _| Ok(encode(x, false)?.detach()), ..EXERCISES }),
];

const NAMELESS: &[(&str, Exercises)] = &[
    (
        "turns_up_to_three",
        Exercises { rotate90: |x, k| if k < 4 { rotate90(x, k) } else { Ok(x.clone()) }, ..EXERCISES },
    ),
    ("any_rank", Exercises { rotate90: any_rank, ..EXERCISES }),
    ("any_shape", Exercises { rotation_batch: any_shape, ..EXERCISES }),
    ("labels_by_channels", Exercises { rotation_batch: labels_by_channels, ..EXERCISES }),
    ("labels_of_another_type", Exercises { rotation_batch: labels_of_another_type, ..EXERCISES }),
    ("any_labels", Exercises { rotation_loss: any_labels, ..EXERCISES }),
    ("four_classes_only", Exercises { rotation_loss: four_classes_only, ..EXERCISES }),
    ("any_number_of_labels", Exercises { rotation_accuracy: any_number_of_labels, ..EXERCISES }),
    ("one_by_one", Exercises { frozen_features: |e, x, _| in_parts(x, 1, |x| Ok(e(x, false)?.detach())), ..EXERCISES }),
    ("empty_batches", Exercises { frozen_features: |e, x, n| frozen_features(e, x, n.max(1)), ..EXERCISES }),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("turning_step_by_step", Exercises { rotate90: step_by_step, ..EXERCISES }),
    ("labels_by_division", Exercises { rotation_batch: labels_by_division, ..EXERCISES }),
    ("log_softmax_and_one_hot", Exercises { rotation_loss: with_one_hot, ..EXERCISES }),
    ("accuracy_by_loop", Exercises { rotation_accuracy: by_loop, ..EXERCISES }),
    ("detached_at_the_end", Exercises { frozen_features: detached_at_the_end, ..EXERCISES }),
];

/// −mean of the log probabilities at the labels.
fn nll(log_probabilities: &Tensor, labels: &Tensor) -> Result<Tensor> {
    log_probabilities.gather(&labels.unsqueeze(1)?, 1)?.mean_all()?.neg()
}

fn log_sum(logits: &Tensor) -> Result<Tensor> {
    logits.log_sum_exp(1)?.mean_all()
}

fn picked(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    logits.gather(&labels.unsqueeze(1)?, 1)?.mean_all()
}

fn by_classes(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let (images, classes) = logits.dims2()?;
    rotation_loss(logits, labels)? * (images as f64 / classes as f64)
}

fn maximum_kept(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    log_sum(&logits.broadcast_sub(&logits.max_keepdim(1)?)?)? - picked(logits, labels)?
}

fn log_of_sum(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    logits.exp()?.sum(1)?.log()?.mean_all()? - picked(logits, labels)?
}

fn log_of_ratio(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let exp = logits.exp()?;
    nll(&exp.broadcast_div(&exp.sum_keepdim(1)?)?.log()?, labels)
}

/// As many labels as there are rows of logits, whatever their shapes.
fn any_labels(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    rotation_loss(logits, labels).or_else(|_| logits.mean_all())
}

fn four_classes_only(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let one_hot = Tensor::eye(4, logits.dtype(), logits.device())?.index_select(labels, 0)?;
    (log_softmax(logits, D::Minus1)? * one_hot)?.sum(1)?.mean(0)?.neg()
}

/// Right predictions among the greatest logits along an axis.
fn right(logits: &Tensor, labels: &Tensor, axis: usize) -> Result<f64> {
    let (found, labels): (Vec<u32>, Vec<u32>) = (logits.argmax(axis)?.to_vec1()?, labels.to_vec1()?);
    Ok(found.iter().zip(&labels).filter(|(found, label)| found == label).count() as f64)
}

fn argmax_over_batch(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    if logits.dims()[0] != logits.dims()[1] {
        bail!("shape mismatch in eq");
    }
    Ok(right(logits, labels, 0)? / labels.elem_count() as f64)
}

fn accuracy_by_classes(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    Ok(right(logits, labels, 1)? / logits.dims()[1] as f64)
}

fn counted_in_bytes(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    let right = logits.argmax(1)?.eq(labels)?.sum_all()?.to_scalar::<u8>()?;
    Ok(f64::from(right) / labels.elem_count() as f64)
}

fn any_number_of_labels(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    rotation_accuracy(logits, labels).or_else(|_| right(logits, labels, 1))
}

fn detached_at_the_end(encode: &Encode, images: &Tensor, batch: usize) -> Result<Tensor> {
    if batch == 0 {
        bail!("no batch");
    }
    Ok(in_parts(images, batch, |images| encode(images, false))?.detach())
}

fn as_many_parts(encode: &Encode, images: &Tensor, batch: usize) -> Result<Tensor> {
    let parts = images.chunk(batch, 0)?.into_iter().filter(|part| part.dims()[0] > 0);
    Tensor::cat(&parts.map(|part| Ok(encode(&part, false)?.detach())).collect::<Result<Vec<_>>>()?, 0)
}

fn in_parts(images: &Tensor, size: usize, encode: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let count = images.dims()[0];
    let starts = (0..count).step_by(size);
    let parts = starts.map(|first| encode(&images.narrow(0, first, size.min(count - first))?));
    Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, 0)
}

fn with_one_hot(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let classes = Tensor::arange(0, logits.dims2()?.1 as u32, logits.device())?.unsqueeze(0)?;
    let one_hot = labels.unsqueeze(1)?.broadcast_eq(&classes)?.to_dtype(logits.dtype())?;
    (log_softmax(logits, D::Minus1)? * one_hot)?.sum(1)?.mean(0)?.neg()
}

fn by_loop(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    let (rows, labels): (Vec<Vec<f32>>, Vec<u32>) = (logits.to_vec2()?, labels.to_vec1()?);
    if rows.len() != labels.len() {
        bail!("{} rows, {} labels", rows.len(), labels.len());
    }
    let best = |row: &Vec<f32>| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, _)| i as u32);
    let right = rows.iter().zip(&labels).filter(|(row, label)| best(row) == Some(**label)).count();
    Ok(right as f64 / labels.len() as f64)
}

/// Shifted by the greatest of all logits.
fn global_maximum(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let shifted = logits.broadcast_sub(&logits.max_all()?.detach())?;
    shifted.exp()?.sum(1)?.log()?.mean_all()? - picked(&shifted, labels)?
}
