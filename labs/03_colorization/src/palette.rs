//! From colors to what the network is to answer, with the lab's functions.

use candle_core::{Result, Tensor};
use clap::ValueEnum;
use colorization::{colorization_loss, gamut_bins, rebalancing_weights, rgb_to_lab, soft_encode};
use serde::Serialize;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Run};
use ssl_nn::ops::avg_pool2d;

/// What the network answers for every pixel, and how that is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Loss {
    /// One color a pixel, judged by its squared distance
    Regression,
    /// A distribution over bins, judged by cross-entropy
    Classification,
    /// The same, rare colors counting more
    Rebalanced,
}

impl Loss {
    pub const ALL: [Self; 3] = [Self::Regression, Self::Classification, Self::Rebalanced];

    pub fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Classification => "classification",
            Self::Rebalanced => "rebalanced",
        }
    }
}

/// Distance of neighboring bins, bins that share a color, and the width of their Gaussian: the paper's.
const STEP: f64 = 10.0;
const NEIGHBORS: usize = 5;
const SIGMA: f64 = 5.0;

/// Colors are painted, and judged, for squares of so many pixels.
const SQUARE: usize = 4;

/// A regression's answers times this are a and b.
pub const SPREAD: f64 = 50.0;

/// What the backbone sees of images.
pub const INPUT: Input = Input { name: "lightness", channels: 1, prepare: &|images| lightness(&rgb_to_lab(images)?) };

/// L of colors `[B, 3, H, W]` as the network sees it, in [−1, 1].
pub fn lightness(lab: &Tensor) -> Result<Tensor> {
    lab.narrow(1, 0, 1)?.affine(1.0 / 50.0, -1.0)
}

/// Height and width in squares.
pub fn small(images: &Tensor) -> Result<(usize, usize)> {
    let (_, _, height, width) = images.dims4()?;
    Ok((height / SQUARE, width / SQUARE))
}

/// a and b of colors `[B, 3, H, W]`, averaged over squares: `[B, 2, ⌊H/4⌋, ⌊W/4⌋]`.
pub fn mean_ab(lab: &Tensor) -> Result<Tensor> {
    avg_pool2d(&lab.narrow(1, 1, 2)?, SQUARE, SQUARE)
}

/// The bins, and how much each counts.
pub struct Palette {
    /// `[Q, 2]`
    pub bins: Tensor,
    /// How often each bin occurs, `[Q]`.
    pub prior: Tensor,
    /// Weight of each bin with rare colors rebalanced, `[Q]`.
    weights: Tensor,
    /// Some of the training images, in CIELAB.
    sample: Tensor,
}

/// Training images by which it is told how often a bin occurs.
const SAMPLE: usize = 1000;

impl Palette {
    /// Counts the colors of some of the run's training images.
    pub fn new(run: &Run, lambda: f64) -> anyhow::Result<Self> {
        let train = &run.data.train;
        let sample = rgb_to_lab(&train.sample(SAMPLE.min(train.len()), 0).images().to_tensor(&run.device)?)?;
        let bins = gamut_bins(STEP)?.to_device(&run.device)?;
        let prior = soft_encode(&mean_ab(&sample)?, &bins, NEIGHBORS, SIGMA)?.mean((0, 2, 3))?;
        let weights = rebalancing_weights(&prior, lambda)?;
        Ok(Self { bins, prior, weights, sample })
    }

    /// Numbers that the network answers for every square.
    pub fn answers(&self, loss: Loss) -> usize {
        if loss == Loss::Regression { 2 } else { self.bins.dims()[0] }
    }

    /// Distributions over bins `[B, Q, H/4, W/4]` of colors `[B, 3, H, W]`.
    pub fn targets(&self, lab: &Tensor) -> Result<Tensor> {
        soft_encode(&mean_ab(lab)?, &self.bins, NEIGHBORS, SIGMA)
    }

    /// The bin that is nearest to each of a and b `[B, 2, H, W]`: `[B, H, W]`.
    pub fn nearest(&self, ab: &Tensor) -> Result<Tensor> {
        soft_encode(ab, &self.bins, 1, SIGMA)?.argmax(1)
    }

    /// The loss of answers for colors `[B, 3, H, W]`.
    pub fn loss(&self, loss: Loss, answers: &Tensor, lab: &Tensor) -> Result<Tensor> {
        match loss {
            Loss::Regression => (answers - (mean_ab(lab)? / SPREAD)?)?.sqr()?.mean_all(),
            Loss::Classification => colorization_loss(answers, &self.targets(lab)?, &self.weights.ones_like()?),
            Loss::Rebalanced => colorization_loss(answers, &self.targets(lab)?, &self.weights),
        }
    }

    /// The loss of networks that look at nothing: one that gives the mean or the prior for all pixels, and one that guesses.
    pub fn landmarks(&self, loss: Loss) -> Result<Landmarks> {
        let ab = mean_ab(&self.sample)?;
        let everywhere = |answer: &Tensor| {
            let (batch, _, height, width) = ab.dims4()?;
            let answers = answer.reshape((1, (), 1, 1))?.broadcast_as((batch, answer.elem_count(), height, width))?;
            Ok::<_, candle_core::Error>(f64::from(self.loss(loss, &answers, &self.sample)?.to_scalar::<f32>()?))
        };
        let known = match loss {
            Loss::Regression => (ab.mean((0, 2, 3))? / SPREAD)?,
            Loss::Classification => (&self.prior + 1e-9)?.log()?,
            Loss::Rebalanced => ((&self.prior * &self.weights)? + 1e-9)?.log()?,
        };
        Ok(Landmarks { collapsed: everywhere(&known)?, random: everywhere(&known.zeros_like()?)? })
    }
}
