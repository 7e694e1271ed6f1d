//! The network, and its training: the same for all three methods but for the loss.

use candle_core::{Result, Tensor};
use decorrelation::effective_rank;
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_eval::{embed, singular_values};
use ssl_experiment::landmarks::{Landmarks, of_embeddings};
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Backbone, Mlp, Optimizer, Output, Params};

use super::Settings;

/// Width of the projector's hidden layer.
const HIDDEN: usize = 256;
/// Test images whose embeddings are looked at.
const SEEN: usize = 1000;

/// Images → features h → embeddings z.
pub struct Model {
    pub backbone: Backbone,
    projector: Mlp,
}

impl Model {
    pub fn new(run: &Run, settings: &Settings, params: &Params) -> Result<Self> {
        let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
        let widths = [backbone.features(), HIDDEN, settings.width];
        let projector = Mlp::with_batch_norm(&widths, Output::Linear, &params.pp("projector"))?;
        Ok(Self { backbone, projector })
    }

    fn embed(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.projector.forward(&self.backbone.forward(images, train)?, train)
    }

    /// Embeddings of test images by the frozen network.
    pub fn of_test_images(&self, run: &Run) -> Result<Tensor> {
        let test = run.data.test.sample(SEEN.min(run.data.test.len()), 0);
        embed(&|images, train| self.embed(images, train), test.images(), &run.device)
    }
}

/// Trains a network; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Model> {
    let mut params = run.params();
    let model = Model::new(run, settings, &params)?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let landmarks = landmarks(run, settings, loader.batch_size())?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for (i, batch) in loader.views(epoch, &vec![settings.views.augmentation(); 2])?.enumerate() {
            let views = batch?.tensors; // [B, 3, H, W] twice
            let z = [model.embed(&views[0], true)?, model.embed(&views[1], true)?]; // [B, D] each
            let loss = settings.loss.of(settings.method, &z, &mut loader.rng(epoch, i))?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), 2 * loader.batch_size())?;
        }
        training.measure("rank", effective_rank(&singular_values(&model.of_test_images(run)?)?).unwrap_or(0.0));
        training.watch(run, &model.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(model)
}

/// The loss of two views that have nothing in common.
fn landmarks(run: &Run, settings: &Settings, batch: usize) -> Result<Landmarks> {
    of_embeddings(2 * batch, settings.width, &run.device, |z| {
        let views = [z.narrow(0, 0, batch)?, z.narrow(0, batch, batch)?];
        settings.loss.of(settings.method, &views, &mut Rng::seed_from_u64(run.seed()))
    })
}
