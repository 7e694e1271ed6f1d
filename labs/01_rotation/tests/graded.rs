//! The graded checks of lab 01: `cargo test -p rotation`.

use std::process::ExitCode;

use candle_core::{Device, Result, Tensor, Var};
use ssl_grading::{Check, Exercise, Lab, Values};
use ssl_nn::Encode;
use ssl_nn::ops::{BatchNormMode, Moments, batch_norm};

/// What a student writes.
#[derive(Clone, Copy)]
pub struct Exercises {
    pub rotate90: fn(&Tensor, usize) -> Result<Tensor>,
    pub rotation_batch: fn(&Tensor) -> Result<(Tensor, Tensor)>,
    pub rotation_loss: fn(&Tensor, &Tensor) -> Result<Tensor>,
    pub rotation_accuracy: fn(&Tensor, &Tensor) -> Result<f64>,
    pub frozen_features: fn(&Encode, &Tensor, usize) -> Result<Tensor>,
}

pub const EXERCISES: Exercises = Exercises {
    rotate90: rotation::rotate90,
    rotation_batch: rotation::rotation_batch,
    rotation_loss: rotation::rotation_loss,
    rotation_accuracy: rotation::rotation_accuracy,
    frozen_features: rotation::frozen_features,
};

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
            exercise("rotation_loss", &["cross_entropy", "nll", "log_softmax", "softmax"], &[]),
            exercise("rotation_accuracy", &[], &[]),
            exercise("frozen_features", &["ssl_eval", "embed"], &[]),
        ],
        checks: [turns(), vec![four_blocks(), mean_cross_entropy(), stable_at_200(), a_fraction(), frozen()]].concat(),
    }
}

const TURN_MISTAKES: &[(&str, &str)] = &[
    (
        "clockwise",
        "The images are turned clockwise. Counter-clockwise, the upper right corner goes to the upper left: flip the other \
         axis (handout, equation 1).",
    ),
    (
        "mirrored",
        "This is a mirror image: the axes are swapped, but nothing is flipped. A reflection and a flip make a turn.",
    ),
    ("half_turn", "The images are turned twice as far as they should be: one quarter turn is 90°, not 180°."),
    (
        "wrong_axes",
        "The images themselves are mixed: the batch axis was turned. Height and width are axes 2 and 3 of [B, C, H, W].",
    ),
];

fn turns() -> Vec<Check<Exercises>> {
    let check = |id, points, mistakes| Check {
        id,
        exercise: "rotate90",
        points,
        tolerance: 0.0,
        run: |exercises: &Exercises, case: &Values| {
            let turned = (exercises.rotate90)(case.tensor("images")?, case.count("quarter_turns")?)?;
            Ok(Values::new().with("images", &turned))
        },
        mistakes,
    };
    vec![
        check("turned_by_0", 2, &[]),
        check("turned_by_90", 6, TURN_MISTAKES),
        check("turned_by_180", 3, &[]),
        check("turned_by_270", 6, TURN_MISTAKES),
        check("not_square", 3, &[]),
    ]
}

fn four_blocks() -> Check<Exercises> {
    Check {
        id: "four_blocks",
        exercise: "rotation_batch",
        points: 20,
        tolerance: 0.0,
        run: |exercises, case| {
            let (images, labels) = (exercises.rotation_batch)(case.tensor("images")?)?;
            Ok(Values::new().with("images", &images).with("labels", &labels))
        },
        mistakes: &[
            (
                "labels_interleaved",
                "The images come in blocks (all at 0°, all at 90°, …), but the labels run 0, 1, 2, 3, 0, 1, 2, 3, …: each block \
                 needs one label, as often as there are images.",
            ),
            (
                "images_interleaved",
                "The labels come in blocks, but the images do not: the four rotations of one image follow each other. Put all \
                 images at 0° first, then all at 90°, and so on.",
            ),
            (
                "both_interleaved",
                "Images and labels agree, but the four rotations of one image follow each other. This course wants blocks: all \
                 images at 0° first, then all at 90°, and so on.",
            ),
        ],
    }
}

fn mean_cross_entropy() -> Check<Exercises> {
    Check {
        id: "mean_cross_entropy",
        exercise: "rotation_loss",
        points: 15,
        tolerance: 1e-5,
        run: |exercises, case| {
            let logits = Var::from_tensor(case.tensor("logits")?)?;
            let loss = (exercises.rotation_loss)(&logits, case.tensor("labels")?)?;
            Values::new().with("loss", &loss).with_gradient("logits", &loss, &logits)
        },
        mistakes: &[
            ("sum", "This is the sum over the images: divide by their number (handout, equation 2)."),
            (
                "softmax_twice",
                "This is what you get when the softmax is taken twice. The loss expects logits, as the network gives them.",
            ),
            (
                "over_batch",
                "The probabilities are normalized over the images of the batch. They must add up to 1 over the classes of \
                     each image: the last axis.",
            ),
        ],
    }
}

fn stable_at_200() -> Check<Exercises> {
    Check {
        id: "stable_at_200",
        exercise: "rotation_loss",
        points: 10,
        tolerance: 1e-5,
        run: |exercises, case| {
            let loss = (exercises.rotation_loss)(case.tensor("logits")?, case.tensor("labels")?)?;
            Ok(Values::new().with("loss", &loss))
        },
        mistakes: &[
            (
                "underflow",
                "A probability was rounded to 0, and its logarithm is −∞. Do not take the logarithm of a softmax: \
                     simplify log(exp(a) / Σ exp(b)) first.",
            ),
            (
                "overflow",
                "exp(200) is larger than any f32, and ∞ / ∞ or ∞ − ∞ is not a number. Take each row's greatest logit \
                     away before exp.",
            ),
        ],
    }
}

fn a_fraction() -> Check<Exercises> {
    Check {
        id: "a_fraction",
        exercise: "rotation_accuracy",
        points: 10,
        tolerance: 1e-9,
        run: |exercises, case| {
            let accuracy = (exercises.rotation_accuracy)(case.tensor("logits")?, case.tensor("labels")?)?;
            Values::new().with_number("accuracy", accuracy)
        },
        mistakes: &[
            ("percent", "This is a percentage. Accuracies in this course are fractions between 0 and 1."),
            ("count", "This is the number of right predictions: divide by the number of images."),
            ("argmax_over_batch", "The greatest logit was sought over the images. Classes lie along the last axis."),
            ("error_rate", "This is the share of wrong predictions: you want that of right ones."),
        ],
    }
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

fn frozen() -> Check<Exercises> {
    Check {
        id: "frozen",
        exercise: "frozen_features",
        points: 25,
        tolerance: 1e-5,
        run: |exercises, case| {
            let weight = Var::from_tensor(case.tensor("weight")?)?;
            let encode = |images: &Tensor, train: bool| encode(&weight, case, images, train);
            let features = (exercises.frozen_features)(&encode, case.tensor("images")?, case.count("batch")?)?;
            Values::new().with("features", &features).with_leak("weight", &features, &weight)
        },
        mistakes: &[
            (
                "training_mode",
                "The backbone ran in training mode: batch norm used the batch's own statistics, so that an image's features \
                 depend on its neighbors. Pass `false` as `train`.",
            ),
            (
                "graph_kept",
                "The features are right, but they still hang on the backbone's graph: a probe would train the backbone, and \
                 memory would grow with every batch.",
            ),
            ("last_batch_dropped", "The last, smaller batch is missing: 8 images in batches of 3 are 3 + 3 + 2."),
        ],
    }
}
