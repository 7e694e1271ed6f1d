//! The network, and its training: the same for all three methods but for the loss.

use candle_core::{Result, Tensor};
use decorrelation::effective_rank;
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_eval::singular_values;
use ssl_experiment::landmarks::{Landmarks, of_embeddings};
use ssl_experiment::{Input, Network, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Optimizer, Output, Params};

use super::Settings;

/// Width of the projector's hidden layer.
const HIDDEN: usize = 256;
/// Test images whose embeddings are looked at.
pub const SEEN: usize = 1000;

/// A network with embeddings of the settings' width.
pub fn network(run: &Run, settings: &Settings, params: &Params) -> Result<Network> {
    Network::new(run, &Input::RGB, [HIDDEN, settings.width], Output::Linear, params)
}

/// Trains a network; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Network> {
    let mut params = run.params();
    let network = network(run, settings, &params)?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let landmarks = landmarks(run, settings, loader.batch_size())?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for (i, batch) in loader.views(epoch, &vec![settings.views.augmentation(); 2])?.enumerate() {
            let views = batch?.tensors; // [B, 3, H, W] twice
            let z = [network.embed(&views[0], true)?, network.embed(&views[1], true)?]; // [B, D] each
            let loss = settings.loss.of(settings.method, &z, &mut loader.rng(epoch, i))?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), 2 * loader.batch_size())?;
        }
        training.measure("rank", rank(&network.of_test_images(run, SEEN)?)?);
        training.watch(run, &network.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(network)
}

/// How many dimensions embeddings use: 0 where all are one point.
pub fn rank(z: &Tensor) -> Result<f64> {
    let spectrum = singular_values(z)?;
    if spectrum.iter().all(|value| *value == 0.0) { Ok(0.0) } else { effective_rank(&spectrum) }
}

/// The loss of two views that have nothing in common.
fn landmarks(run: &Run, settings: &Settings, batch: usize) -> Result<Landmarks> {
    of_embeddings(2 * batch, settings.width, &run.device, |z| {
        let views = [z.narrow(0, 0, batch)?, z.narrow(0, batch, batch)?];
        settings.loss.of(settings.method, &views, &mut Rng::seed_from_u64(run.seed()))
    })
}
