//! The three losses, with the lab's functions.

use candle_core::{Result, Tensor};
use clap::Args;
use decorrelation::{Weights, barlow_twins_loss, cross_correlation, random_directions, sigreg_loss, vicreg_loss};
use serde::Serialize;
use ssl_data::Rng;
use ssl_experiment::range;

use super::Method;

/// What the losses leave open.
#[derive(Args, Clone, Debug, Serialize)]
pub struct LossFlags {
    /// Barlow Twins' λ (0 to 1): how much the pairs of channels count beside the channels; about 1/width
    #[arg(long, default_value_t = 0.0078, value_parser = range::fraction)]
    pub lambda: f64,
    /// VICReg's λ, of the views' distance (0 to 1000)
    #[arg(long, default_value_t = 25.0, value_parser = range::weight)]
    pub invariance: f64,
    /// VICReg's μ, of the variance term (0 to 1000)
    #[arg(long, default_value_t = 25.0, value_parser = range::weight)]
    pub variance: f64,
    /// VICReg's ν, of the covariance term (0 to 1000)
    #[arg(long, default_value_t = 1.0, value_parser = range::weight)]
    pub covariance: f64,
    /// SIGReg's λ (0 to 1): how much the test against a Gaussian counts beside the views' distance
    #[arg(long, default_value_t = 0.05, value_parser = range::fraction)]
    pub sigreg_lambda: f64,
    /// Directions along which SIGReg looks at a batch (1 to 8192), drawn anew in each step
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = range::width)]
    pub directions: usize,
}

impl LossFlags {
    /// The loss of two views' embeddings `[B, D]`; `rng` draws SIGReg's directions.
    pub fn of(&self, method: Method, views: &[Tensor; 2], rng: &mut Rng) -> Result<Tensor> {
        let [a, b] = views;
        match method {
            Method::Barlow => barlow_twins_loss(&cross_correlation(a, b)?, self.lambda),
            Method::Vicreg => {
                let Self { invariance, variance, covariance, .. } = *self;
                vicreg_loss(a, b, &Weights { invariance, variance, covariance })
            }
            Method::Sigreg => {
                let directions = random_directions(a.dims2()?.1, self.directions, rng)?;
                sigreg_loss(views, &directions.to_device(a.device())?, self.sigreg_lambda)
            }
        }
    }
}
