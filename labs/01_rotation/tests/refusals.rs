//! What the functions of lab 01 promise to refuse.

use std::cell::Cell;

use candle_core::{DType, Device, Result, Tensor, bail};
use ssl_grading::Bad;

use super::Exercises;

fn zeros(shape: &[usize], dtype: DType) -> Result<Tensor> {
    Tensor::zeros(shape, dtype, &Device::Cpu)
}

pub const ROTATE90: &[Bad<Exercises>] = &[
    ("an image without a batch axis, [3, 4, 5]", |exercises| {
        (exercises.rotate90)(&zeros(&[3, 4, 5], DType::F32)?, 1).map(drop)
    }),
    ("an image without a batch axis, turned by 180°", |exercises| {
        (exercises.rotate90)(&zeros(&[3, 4, 5], DType::F32)?, 2).map(drop)
    }),
    ("an image without a batch axis, left as it is", |exercises| {
        (exercises.rotate90)(&zeros(&[3, 4, 5], DType::F32)?, 0).map(drop)
    }),
    ("a rank of 5, turned by 0°", |exercises| {
        (exercises.rotate90)(&zeros(&[1, 2, 3, 4, 5], DType::F32)?, 0).map(drop)
    }),
    ("a rank of 5, turned by 90°", |exercises| {
        (exercises.rotate90)(&zeros(&[1, 2, 3, 4, 5], DType::F32)?, 1).map(drop)
    }),
    ("a rank of 5, turned by 180°", |exercises| {
        (exercises.rotate90)(&zeros(&[1, 2, 3, 4, 5], DType::F32)?, 2).map(drop)
    }),
    ("a rank of 5, turned by 270°", |exercises| {
        (exercises.rotate90)(&zeros(&[1, 2, 3, 4, 5], DType::F32)?, 3).map(drop)
    }),
];

pub const ROTATION_BATCH: &[Bad<Exercises>] = &[
    ("images that are not square, [2, 3, 4, 5]", |exercises| {
        (exercises.rotation_batch)(&zeros(&[2, 3, 4, 5], DType::F32)?).map(drop)
    }),
    ("images that are taller than wide, [2, 3, 5, 4]", |exercises| {
        (exercises.rotation_batch)(&zeros(&[2, 3, 5, 4], DType::F32)?).map(drop)
    }),
    ("an image without a batch axis, [3, 4, 4]", |exercises| {
        (exercises.rotation_batch)(&zeros(&[3, 4, 4], DType::F32)?).map(drop)
    }),
];

pub const ROTATION_LOSS: &[Bad<Exercises>] = &[
    ("logits without a batch axis and four labels", |exercises| {
        (exercises.rotation_loss)(&zeros(&[4], DType::F32)?, &zeros(&[4], DType::U32)?).map(drop)
    }),
    ("five rows of logits and one label", |exercises| {
        (exercises.rotation_loss)(&zeros(&[5, 4], DType::F32)?, &zeros(&[1], DType::U32)?).map(drop)
    }),
    ("one row of logits and four labels", |exercises| {
        (exercises.rotation_loss)(&zeros(&[1, 4], DType::F32)?, &zeros(&[4], DType::U32)?).map(drop)
    }),
    ("five rows of logits and four labels", |exercises| {
        (exercises.rotation_loss)(&zeros(&[5, 4], DType::F32)?, &zeros(&[4], DType::U32)?).map(drop)
    }),
    ("four rows of logits and five labels", |exercises| {
        (exercises.rotation_loss)(&zeros(&[4, 4], DType::F32)?, &zeros(&[5], DType::U32)?).map(drop)
    }),
    ("logits of rank 3", |exercises| {
        (exercises.rotation_loss)(&zeros(&[2, 4, 4], DType::F32)?, &zeros(&[2], DType::U32)?).map(drop)
    }),
    ("logits of rank 3 and labels of rank 2", |exercises| {
        (exercises.rotation_loss)(&zeros(&[2, 3, 4], DType::F32)?, &zeros(&[2, 3], DType::U32)?).map(drop)
    }),
    ("labels as a column, [5, 1]", |exercises| {
        (exercises.rotation_loss)(&zeros(&[5, 4], DType::F32)?, &zeros(&[5, 1], DType::U32)?).map(drop)
    }),
];

pub const ROTATION_ACCURACY: &[Bad<Exercises>] = &[
    ("five rows of logits and one label", |exercises| {
        (exercises.rotation_accuracy)(&zeros(&[5, 4], DType::F32)?, &zeros(&[1], DType::U32)?).map(drop)
    }),
    ("one row of logits and four labels", |exercises| {
        (exercises.rotation_accuracy)(&zeros(&[1, 4], DType::F32)?, &zeros(&[4], DType::U32)?).map(drop)
    }),
    ("five rows of logits and four labels", |exercises| {
        (exercises.rotation_accuracy)(&zeros(&[5, 4], DType::F32)?, &zeros(&[4], DType::U32)?).map(drop)
    }),
    ("logits of rank 3 and labels of rank 2", |exercises| {
        (exercises.rotation_accuracy)(&zeros(&[2, 3, 4], DType::F32)?, &zeros(&[2, 3], DType::U32)?).map(drop)
    }),
    ("labels as a column, [5, 1]", |exercises| {
        (exercises.rotation_accuracy)(&zeros(&[5, 4], DType::F32)?, &zeros(&[5, 1], DType::U32)?).map(drop)
    }),
    ("logits of rank 1", |exercises| {
        (exercises.rotation_accuracy)(&zeros(&[4], DType::F32)?, &zeros(&[4], DType::U32)?).map(drop)
    }),
];

/// Three batches of two images, at one of which the encoder breaks.
fn breaks_at(exercises: &Exercises, batch: usize) -> Result<()> {
    let calls = Cell::new(0);
    let encode = |images: &Tensor, _: bool| {
        calls.set(calls.get() + 1);
        if calls.get() == batch { bail!("no features any more") } else { images.flatten_from(1) }
    };
    (exercises.frozen_features)(&encode, &zeros(&[6, 3, 2, 2], DType::F32)?, 2).map(drop)
}

pub const FROZEN_FEATURES: &[Bad<Exercises>] = &[
    ("a batch of 0", |exercises| {
        let encode = |images: &Tensor, _: bool| images.flatten_from(1);
        (exercises.frozen_features)(&encode, &zeros(&[4, 3, 2, 2], DType::F32)?, 0).map(drop)
    }),
    ("an error that `encode` reports", |exercises| {
        let encode = |_: &Tensor, _: bool| bail!("no features today");
        (exercises.frozen_features)(&encode, &zeros(&[4, 3, 2, 2], DType::F32)?, 2).map(drop)
    }),
    ("an error that `encode` reports at the second batch", |exercises| breaks_at(exercises, 2)),
    ("an error that `encode` reports at the last batch", |exercises| breaks_at(exercises, 3)),
];
