//! The three losses on a batch of pairs of views.

use candle_core::{D, Result, Tensor};
use clap::ValueEnum;
use contrastive::{contrastive_loss, info_nce, pairwise_distance, semi_hard_negatives, triplet_loss};
use serde::Serialize;

use super::Settings;

/// What `--loss` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Loss {
    /// Pairs: the two views of an image, and views of two images
    Contrastive,
    /// Triplets: two views of an image and a semi-hard view of another
    Triplet,
    /// One against all others
    InfoNce,
}

impl Loss {
    pub const ALL: [Self; 3] = [Self::Contrastive, Self::Triplet, Self::InfoNce];

    pub fn name(self) -> &'static str {
        match self {
            Self::Contrastive => "contrastive",
            Self::Triplet => "triplet",
            Self::InfoNce => "info-nce",
        }
    }

    /// The loss of embeddings `[B, D]` of two views. Distances are taken on the unit sphere, as InfoNCE's cosines are.
    pub fn of(self, z_a: &Tensor, z_b: &Tensor, settings: &Settings) -> Result<Tensor> {
        match self {
            Self::Contrastive => pairs(&on_sphere(z_a)?, &on_sphere(z_b)?, settings.margin),
            Self::Triplet => triplets(&on_sphere(&Tensor::cat(&[z_a, z_b], 0)?)?, settings.margin),
            Self::InfoNce => info_nce(z_a, z_b, settings.temperature),
        }
    }
}

/// Rows of length 1.
pub fn on_sphere(z: &Tensor) -> Result<Tensor> {
    z.broadcast_div(&(z.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?)
}

/// As many negative pairs as positive ones: each image with itself, and with the next of the batch.
fn pairs(z_a: &Tensor, z_b: &Tensor, margin: f64) -> Result<Tensor> {
    let count = z_a.dims()[0];
    let next: Vec<u32> = (0..count).map(|i| ((i + 1) % count) as u32).collect();
    let others = z_b.index_select(&Tensor::from_vec(next, count, z_b.device())?, 0)?;
    let distance = pairwise_distance(&Tensor::cat(&[z_a, z_a], 0)?, &Tensor::cat(&[z_b, &others], 0)?)?; // [2B]
    let is_positive = Tensor::from_iter((0..2 * count).map(|i| u8::from(i < count)), z_a.device())?;
    contrastive_loss(&distance, &is_positive, margin)
}

/// Each view with its partner and the semi-hard view of another image, where there is one.
fn triplets(z: &Tensor, margin: f64) -> Result<Tensor> {
    let count = z.dims()[0];
    let frozen = z.detach();
    // On the sphere ‖x − y‖² = 2 − 2·cos; rounding must not make it negative.
    let squared = (2.0 - (2.0 * frozen.matmul(&frozen.t()?)?)?)?;
    let distances = squared.maximum(0f64)?.sqrt()?; // [2B, 2B]
    let labels = Tensor::from_iter((0..count).map(|i| (i % (count / 2)) as u32), z.device())?;
    let positives: Vec<usize> = (0..count).map(|i| (i + count / 2) % count).collect();
    let negatives = semi_hard_negatives(&distances, &labels, &positives, margin)?;
    let found = negatives.iter().enumerate().filter_map(|(anchor, negative)| Some((anchor, (*negative)?)));
    let (anchors, negatives): (Vec<usize>, Vec<usize>) = found.unzip();
    if anchors.is_empty() {
        // Nothing is between positive and margin: a loss of 0 that leaves all weights as they are.
        return z.sum_all()? * 0.0;
    }
    let rows =
        |numbers: Vec<usize>| z.index_select(&Tensor::from_iter(numbers.into_iter().map(|i| i as u32), z.device())?, 0);
    let partners = anchors.iter().map(|&anchor| positives[anchor]).collect();
    triplet_loss(&rows(anchors)?, &rows(partners)?, &rows(negatives)?, margin)
}
