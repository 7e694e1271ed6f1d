//! The networks of both methods, and what can be taken away from them.

use std::cell::RefCell;

use candle_core::{Result, Tensor};
use siamese::{Predictor, collapse_level};
use ssl_eval::{embed, normalize};
use ssl_experiment::{Input, Run};
use ssl_nn::{Backbone, Mlp, Output, Params};

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

/// Images → features h → embeddings z.
pub struct Network {
    pub backbone: Backbone,
    projector: Mlp,
}

impl Network {
    pub fn new(run: &Run, method: Method, variant: &Variant, params: &Params) -> Result<Self> {
        let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
        let output = match method {
            Method::Simsiam if variant.norm => Output::NormalizedWithoutAffine,
            _ => Output::Linear,
        };
        let widths = [backbone.features(), HIDDEN, EMBEDDING];
        Ok(Self { backbone, projector: Mlp::with_batch_norm(&widths, output, &params.pp("projector"))? })
    }

    pub fn embed(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.projector.forward(&self.backbone.forward(images, train)?, train)
    }
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
        Ok(Self { network: Network::new(run, method, variant, params)?, predictor, seen: RefCell::default() })
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
        let test = &run.data.test;
        let encode = |images: &Tensor, train: bool| self.network.embed(images, train);
        Ok(normalize(&embed(&encode, test.sample(SEEN.min(test.len()), 0).images(), &run.device)?)?)
    }
}

/// Test images whose embeddings are looked at.
const SEEN: usize = 2000;
