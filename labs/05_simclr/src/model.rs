//! A backbone and the head between its features and the loss.

use candle_core::{Result, Tensor};
use clap::ValueEnum;
use serde::Serialize;
use simclr::{ProjectionHead, Step, cached_step, representation, train_step};
use ssl_eval::Evaluation;
use ssl_experiment::{Input, Run};
use ssl_nn::{AdamW, Backbone, Linear, Params};

use super::Settings;

/// What `--head` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub enum HeadKind {
    /// The loss compares the features themselves
    None,
    /// One linear layer
    Linear,
    /// Linear, ReLU, linear: the lab's projection head
    NonLinear,
}

/// Widths of the hidden layer and of the embeddings.
const HIDDEN: usize = 256;
const EMBEDDING: usize = 128;

/// A head of either kind.
pub enum Head {
    None,
    Linear(Linear),
    NonLinear(ProjectionHead),
}

impl Head {
    fn new(kind: HeadKind, features: usize, params: &Params) -> Result<Self> {
        Ok(match kind {
            HeadKind::None => Self::None,
            HeadKind::Linear => Self::Linear(Linear::new(features, EMBEDDING, params)?),
            HeadKind::NonLinear => Self::NonLinear(ProjectionHead::new(features, HIDDEN, EMBEDDING, params)?),
        })
    }

    pub fn forward(&self, h: &Tensor) -> Result<Tensor> {
        match self {
            Self::None => Ok(h.clone()),
            Self::Linear(head) => head.forward(h),
            Self::NonLinear(head) => head.forward(h),
        }
    }
}

/// Images → features h → embeddings z.
pub struct Model {
    pub backbone: Backbone,
    pub head: Head,
}

impl Model {
    pub fn new(run: &Run, head: HeadKind, params: &Params) -> Result<Self> {
        let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
        let head = Head::new(head, backbone.features(), &params.pp("head"))?;
        Ok(Self { backbone, head })
    }

    /// Length of the embeddings.
    pub fn width(&self) -> usize {
        match self.head {
            Head::None => self.backbone.features(),
            Head::Linear(_) | Head::NonLinear(_) => EMBEDDING,
        }
    }

    /// One step of training on two views of a batch, at once or in chunks; returns the loss before it.
    pub fn step(&self, optimizer: &mut AdamW, views: &[Tensor], settings: &Settings, rate: f64) -> Result<f64> {
        let (encode, project) = self.parts();
        let step = Step {
            encode: &encode,
            project: &project,
            view_a: &views[0],
            view_b: &views[1],
            temperature: settings.temperature,
            learning_rate: rate,
        };
        match settings.chunk {
            None => train_step(&step, optimizer),
            Some(chunk) => cached_step(&step, chunk, optimizer),
        }
    }

    /// Features h and embeddings z of the frozen model.
    pub fn represent(&self, images: &Tensor) -> Result<(Tensor, Tensor)> {
        let (encode, project) = self.parts();
        representation(&encode, &project, images)
    }

    /// Backbone and head as the functions that the lab's functions call.
    fn parts(&self) -> (impl Fn(&Tensor, bool) -> Result<Tensor>, impl Fn(&Tensor) -> Result<Tensor>) {
        (|images, train| self.backbone.forward(images, train), |h| self.head.forward(h))
    }

    /// What z is good for.
    pub fn evaluate_z(&self, run: &Run) -> anyhow::Result<Evaluation> {
        run.evaluate_blocks(|images| Ok(vec![self.represent(images)?.1]))
    }
}
