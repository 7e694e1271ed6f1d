//! What the functions of lab 10 promise to refuse.

use candle_core::{DType, Device, Result, Tensor};
use decorrelation::Weights;
use ssl_grading::Bad;

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

fn correlate(e: &Exercises, a: &[usize], b: &[usize]) -> Result<()> {
    (e.cross_correlation)(&ones(a)?, &ones(b)?).map(drop)
}

pub const CROSS_CORRELATION: &[Bad<Exercises>] = &[
    ("one embedding for three", |e| correlate(e, &[3, 4], &[1, 4])),
    ("three embeddings for one", |e| correlate(e, &[1, 4], &[3, 4])),
    ("a narrower view", |e| correlate(e, &[3, 4], &[3, 2])),
    ("a view of one channel", |e| correlate(e, &[3, 4], &[3, 1])),
    ("maps", |e| correlate(e, &[3, 4, 2], &[3, 4, 2])),
    ("embeddings without a batch axis", |e| correlate(e, &[4], &[4])),
];

pub const BARLOW_TWINS_LOSS: &[Bad<Exercises>] = &[
    ("a matrix of 3 rows and 4 columns", |e| (e.barlow_twins_loss)(&ones(&[3, 4])?, 0.1).map(drop)),
    ("a matrix of 4 rows and 3 columns", |e| (e.barlow_twins_loss)(&ones(&[4, 3])?, 0.1).map(drop)),
    ("a row", |e| (e.barlow_twins_loss)(&ones(&[1, 4])?, 0.1).map(drop)),
    ("a diagonal alone", |e| (e.barlow_twins_loss)(&ones(&[4])?, 0.1).map(drop)),
    ("several matrices", |e| (e.barlow_twins_loss)(&ones(&[3, 3, 3])?, 0.1).map(drop)),
];

pub const VARIANCE_TERM: &[Bad<Exercises>] = &[
    ("one embedding", |e| (e.variance_term)(&ones(&[1, 4])?).map(drop)),
    ("no embeddings", |e| (e.variance_term)(&ones(&[0, 4])?).map(drop)),
    ("an embedding without a batch axis", |e| (e.variance_term)(&ones(&[4])?).map(drop)),
    ("maps", |e| (e.variance_term)(&ones(&[3, 4, 2])?).map(drop)),
];

pub const COVARIANCE_TERM: &[Bad<Exercises>] = &[
    ("one embedding", |e| (e.covariance_term)(&ones(&[1, 4])?).map(drop)),
    ("no embeddings", |e| (e.covariance_term)(&ones(&[0, 4])?).map(drop)),
    ("an embedding without a batch axis", |e| (e.covariance_term)(&ones(&[4])?).map(drop)),
    ("maps", |e| (e.covariance_term)(&ones(&[3, 4, 2])?).map(drop)),
];

fn vicreg(e: &Exercises, a: &[usize], b: &[usize]) -> Result<()> {
    let weights = Weights { invariance: 25.0, variance: 25.0, covariance: 1.0 };
    (e.vicreg_loss)(&ones(a)?, &ones(b)?, &weights).map(drop)
}

pub const VICREG_LOSS: &[Bad<Exercises>] = &[
    ("two embeddings for three", |e| vicreg(e, &[3, 4], &[2, 4])),
    ("a narrower view", |e| vicreg(e, &[3, 4], &[3, 2])),
    ("a view of one channel", |e| vicreg(e, &[3, 4], &[3, 1])),
    ("one embedding", |e| vicreg(e, &[1, 4], &[1, 4])),
    ("maps", |e| vicreg(e, &[3, 4, 2], &[3, 4, 2])),
    ("one embedding, whose variance does not count", |e| {
        let weights = Weights { invariance: 1.0, variance: 0.0, covariance: 0.0 };
        (e.vicreg_loss)(&ones(&[1, 4])?, &ones(&[1, 4])?, &weights).map(drop)
    }),
];

fn rank(e: &Exercises, spectrum: &[f64]) -> Result<()> {
    (e.effective_rank)(spectrum).map(drop)
}

pub const EFFECTIVE_RANK: &[Bad<Exercises>] = &[
    ("no values", |e| rank(e, &[])),
    ("a negative value", |e| rank(e, &[3.0, -1.0, 0.5])),
    ("a negative first value", |e| rank(e, &[-1.0, 3.0, 0.5])),
    ("a value that is hardly negative", |e| rank(e, &[3.0, 0.5, -1e-6])),
    ("a single negative value", |e| rank(e, &[-1.0])),
    ("a single value that is no number", |e| rank(e, &[f64::NAN])),
    ("a zero alone", |e| rank(e, &[0.0])),
    ("a value below zero among small ones", |e| rank(e, &[3e-9, -1e-12])),
    ("zeros alone", |e| rank(e, &[0.0, 0.0])),
    ("a value that is no number", |e| rank(e, &[1.0, f64::NAN])),
    ("a value that is infinite", |e| rank(e, &[1.0, f64::INFINITY])),
];

fn test(e: &Exercises, z: &[usize], directions: &[usize]) -> Result<()> {
    (e.sigreg)(&ones(z)?, &ones(directions)?).map(drop)
}

pub const SIGREG: &[Bad<Exercises>] = &[
    ("directions of another width", |e| test(e, &[3, 4], &[5, 2])),
    ("directions in rows", |e| test(e, &[3, 4], &[2, 4])),
    ("an embedding without a batch axis", |e| test(e, &[4], &[4, 2])),
    ("one direction without an axis", |e| test(e, &[3, 4], &[4])),
    ("several sets of directions", |e| test(e, &[3, 4], &[2, 4, 5])),
    ("maps", |e| test(e, &[2, 3, 4], &[2, 4, 5])),
    ("maps, and directions for embeddings", |e| test(e, &[2, 3, 4], &[4, 5])),
];

fn loss(e: &Exercises, views: &[&[usize]], directions: &[usize], lambda: f64) -> Result<()> {
    let views = views.iter().map(|shape| ones(shape)).collect::<Result<Vec<_>>>()?;
    (e.sigreg_loss)(&views, &ones(directions)?, lambda).map(drop)
}

pub const SIGREG_LOSS: &[Bad<Exercises>] = &[
    ("no views", |e| loss(e, &[], &[4, 2], 0.5)),
    ("one view", |e| loss(e, &[&[3, 4]], &[4, 2], 0.5)),
    ("a view of other images", |e| loss(e, &[&[3, 4], &[2, 4]], &[4, 2], 0.5)),
    ("a view of one image", |e| loss(e, &[&[3, 4], &[1, 4]], &[4, 2], 0.5)),
    ("a first view of one image", |e| loss(e, &[&[1, 4], &[3, 4]], &[4, 2], 0.5)),
    ("a narrower view", |e| loss(e, &[&[3, 4], &[3, 1]], &[4, 2], 0.5)),
    ("a third view of one image", |e| loss(e, &[&[3, 4], &[3, 4], &[1, 4]], &[4, 2], 0.5)),
    ("a third view of one channel", |e| loss(e, &[&[3, 4], &[3, 4], &[3, 1]], &[4, 2], 0.5)),
    ("a view of other images, and λ = 1", |e| loss(e, &[&[3, 4], &[2, 4]], &[4, 2], 1.0)),
    ("directions of another width", |e| loss(e, &[&[3, 4], &[3, 4]], &[5, 2], 0.5)),
    ("directions of another width, and λ = 0", |e| loss(e, &[&[3, 4], &[3, 4]], &[5, 2], 0.0)),
    ("maps, and λ = 0", |e| loss(e, &[&[3, 4, 2], &[3, 4, 2]], &[4, 2], 0.0)),
    ("λ = 1.1", |e| loss(e, &[&[3, 4], &[3, 4]], &[4, 2], 1.1)),
    ("λ = −0.1", |e| loss(e, &[&[3, 4], &[3, 4]], &[4, 2], -0.1)),
    ("a λ that is no number", |e| loss(e, &[&[3, 4], &[3, 4]], &[4, 2], f64::NAN)),
];
