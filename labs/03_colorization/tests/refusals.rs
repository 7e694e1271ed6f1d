//! What the functions of lab 03 promise to refuse.

use candle_core::{DType, Device, Result, Tensor};
use ssl_grading::Bad;

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

pub const RGB_TO_LAB: &[Bad<Exercises>] = &[
    ("an image without a batch axis", |e| (e.rgb_to_lab)(&ones(&[3, 4, 5])?).map(drop)),
    ("an image of one channel", |e| (e.rgb_to_lab)(&ones(&[2, 1, 4, 5])?).map(drop)),
    ("an image of four channels", |e| (e.rgb_to_lab)(&ones(&[2, 4, 4, 5])?).map(drop)),
    ("channels last", |e| (e.rgb_to_lab)(&ones(&[2, 4, 5, 3])?).map(drop)),
];

pub const LAB_TO_RGB: &[Bad<Exercises>] = &[
    ("a color without a batch axis", |e| (e.lab_to_rgb)(&ones(&[3, 4, 5])?).map(drop)),
    ("a and b without lightness", |e| (e.lab_to_rgb)(&ones(&[2, 2, 4, 5])?).map(drop)),
    ("four channels", |e| (e.lab_to_rgb)(&ones(&[2, 4, 4, 5])?).map(drop)),
];

pub const GAMUT_BINS: &[Bad<Exercises>] = &[
    ("a step of 0", |e| (e.gamut_bins)(0.0).map(drop)),
    ("a negative step", |e| (e.gamut_bins)(-10.0).map(drop)),
    ("a step that is no number", |e| (e.gamut_bins)(f64::NAN).map(drop)),
    ("a step of 200", |e| (e.gamut_bins)(200.0).map(drop)),
];

/// Colors of 2 × 3 pixels and 7 bins.
fn encode(e: &Exercises, neighbors: usize, sigma: f64) -> Result<()> {
    (e.soft_encode)(&ones(&[1, 2, 2, 3])?, &ones(&[7, 2])?, neighbors, sigma).map(drop)
}

pub const SOFT_ENCODE: &[Bad<Exercises>] = &[
    ("colors with their lightness", |e| (e.soft_encode)(&ones(&[1, 3, 2, 3])?, &ones(&[7, 2])?, 5, 5.0).map(drop)),
    ("colors without a batch axis", |e| (e.soft_encode)(&ones(&[2, 2, 3])?, &ones(&[7, 2])?, 5, 5.0).map(drop)),
    ("bins with three numbers", |e| (e.soft_encode)(&ones(&[1, 2, 2, 3])?, &ones(&[7, 3])?, 5, 5.0).map(drop)),
    ("bins in a row", |e| (e.soft_encode)(&ones(&[1, 2, 2, 3])?, &ones(&[14])?, 5, 5.0).map(drop)),
    ("no neighbors", |e| encode(e, 0, 5.0)),
    ("8 neighbors of 7 bins", |e| encode(e, 8, 5.0)),
    ("σ = 0", |e| encode(e, 5, 0.0)),
    ("σ = −5", |e| encode(e, 5, -5.0)),
    ("a σ that is no number", |e| encode(e, 5, f64::NAN)),
];

/// Weights of four bins.
fn weigh(e: &Exercises, prior: &[f32], lambda: f64) -> Result<()> {
    (e.rebalancing_weights)(&Tensor::new(prior, &Device::Cpu)?, lambda).map(drop)
}

pub const REBALANCING_WEIGHTS: &[Bad<Exercises>] = &[
    ("a prior for each of two images", |e| (e.rebalancing_weights)(&(ones(&[2, 4])? / 4.0)?, 0.5).map(drop)),
    ("λ = −0.1", |e| weigh(e, &[0.25; 4], -0.1)),
    ("λ = 1.5", |e| weigh(e, &[0.25; 4], 1.5)),
    ("a λ that is no number", |e| weigh(e, &[0.25; 4], f64::NAN)),
    ("λ = 0 with a bin that never occurs", |e| weigh(e, &[0.5, 0.25, 0.0, 0.25], 0.0)),
];

/// The loss of logits of 2 images, 5 bins and 3 × 4 pixels.
fn lose(e: &Exercises, targets: &[usize], weights: &[usize]) -> Result<()> {
    (e.colorization_loss)(&ones(&[2, 5, 3, 4])?, &(ones(targets)? / 5.0)?, &ones(weights)?).map(drop)
}

pub const COLORIZATION_LOSS: &[Bad<Exercises>] = &[
    ("logits without a batch axis", |e| {
        (e.colorization_loss)(&ones(&[5, 3, 4])?, &(ones(&[5, 3, 4])? / 5.0)?, &ones(&[5])?).map(drop)
    }),
    ("targets of another size", |e| lose(e, &[2, 5, 4, 3], &[5])),
    ("targets of one image for two", |e| lose(e, &[1, 5, 3, 4], &[5])),
    ("targets with one number a pixel", |e| lose(e, &[2, 1, 3, 4], &[5])),
    ("a weight too many", |e| lose(e, &[2, 5, 3, 4], &[6])),
    ("a weight too few", |e| lose(e, &[2, 5, 3, 4], &[4])),
    ("one weight for all bins", |e| lose(e, &[2, 5, 3, 4], &[1])),
];

fn anneal(e: &Exercises, bins: &[usize], temperature: f64) -> Result<()> {
    (e.annealed_mean)(&ones(&[2, 5, 3, 4])?, &ones(bins)?, temperature).map(drop)
}

pub const ANNEALED_MEAN: &[Bad<Exercises>] = &[
    ("logits without a batch axis", |e| (e.annealed_mean)(&ones(&[5, 3, 4])?, &ones(&[5, 2])?, 0.38).map(drop)),
    ("4 bins for 5 logits", |e| anneal(e, &[4, 2], 0.38)),
    ("6 bins for 5 logits", |e| anneal(e, &[6, 2], 0.38)),
    ("bins with three numbers", |e| anneal(e, &[5, 3], 0.38)),
    ("T = 0", |e| anneal(e, &[5, 2], 0.0)),
    ("T = −1", |e| anneal(e, &[5, 2], -1.0)),
    ("a T that is no number", |e| anneal(e, &[5, 2], f64::NAN)),
];
