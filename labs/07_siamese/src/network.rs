//! The networks of both methods, and what can be taken away from them.

use std::cell::RefCell;

use candle_core::{Result, Tensor};
use siamese::{Predictor, collapse_level};
use ssl_eval::normalize;
use ssl_experiment::{Input, Network, Run};
use ssl_nn::{Output, Params};

use super::Method;

/// Widths of the projector's hidden layer and of z, and of each method's predictor.
const HIDDEN: usize = 256;
const EMBEDDING: usize = 128;
const BYOL_HIDDEN: usize = 256;
const SIMSIAM_HIDDEN: usize = 32;

/// What an ablation changes.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Without, gradients go through SimSiam's targets.
    pub stop_gradient: bool,
    /// Batch norm on SimSiam's z.
    pub norm: bool,
    pub predictor: bool,
    /// Momentum of BYOL's target throughout; the settings' schedule where there is none.
    pub momentum: Option<f64>,
}

impl Variant {
    pub const USUAL: Self = Self { stop_gradient: true, norm: true, predictor: true, momentum: None };
}

/// Backbone and projector of a method.
pub fn network(run: &Run, method: Method, variant: &Variant, params: &Params) -> Result<Network> {
    let output = match method {
        Method::Simsiam if variant.norm => Output::NormalizedWithoutAffine,
        _ => Output::Linear,
    };
    Network::new(run, &Input::RGB, [HIDDEN, EMBEDDING], output, params)
}

/// The network that is trained, with its predictor.
pub struct Online {
    pub network: Network,
    predictor: Option<Predictor>,
    /// The last embeddings of a training step.
    seen: RefCell<Option<Tensor>>,
}

impl Online {
    /// The network under `params`, the predictor beside it: only the network has a twin.
    pub fn new(run: &Run, method: Method, variant: &Variant, params: &Params, beside: &Params) -> Result<Self> {
        let hidden = if method == Method::Byol { BYOL_HIDDEN } else { SIMSIAM_HIDDEN };
        let predictor = variant.predictor.then(|| Predictor::new(EMBEDDING, hidden, beside)).transpose()?;
        Ok(Self { network: network(run, method, variant, params)?, predictor, seen: RefCell::default() })
    }

    pub fn embed(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        let z = self.network.embed(images, train)?;
        self.seen.replace(Some(z.detach()));
        Ok(z)
    }

    pub fn predict(&self, z: &Tensor, train: bool) -> Result<Tensor> {
        self.predictor.as_ref().map_or_else(|| Ok(z.clone()), |predictor| predictor.forward(z, train))
    }

    /// Collapse level of the last embeddings of a training step.
    pub fn level(&self) -> Result<f64> {
        self.seen.take().map_or(Ok(f64::NAN), |z| collapse_level(&z))
    }

    /// Directions of test images' embeddings by the frozen network: z/‖z‖.
    pub fn test_directions(&self, run: &Run) -> anyhow::Result<Tensor> {
        Ok(normalize(&self.network.of_test_images(run, SEEN)?)?)
    }
}

/// Test images whose embeddings are looked at.
const SEEN: usize = 2000;
