//! MoCo's training loop.

use candle_core::Result;
use moco::{Queue, Step, moco_logits, moco_loss, moco_step, momentum_update};
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Backbone, Optimizer};

use super::Settings;
use super::network::{EMBEDDING, embed_in_groups, landmarks, network};

/// In which groups keys go through batch norm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// In others than queries.
    Shuffled,
    /// In the same, so that a group's statistics tell a query its key.
    InOrder,
}

/// Trains a network to find each query's key among those of the last batches.
pub fn train(run: &Run, settings: &Settings, name: &str, keys: Keys) -> anyhow::Result<Backbone> {
    let (mut params, negatives) = (run.params(), settings.negatives(run)?);
    let (query_params, key_params) = (params.twin("query"), params.twin("key"));
    let (query, key) = (network(run, &query_params)?, network(run, &key_params)?);
    let queue = Queue::new(negatives, EMBEDDING, &params.pp("queue"))?;
    let mut optimizer = AdamW::new(query_params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks: landmarks(run, settings)? };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for (i, batch) in loader.views(epoch, &vec![settings.views.augmentation(); 2])?.enumerate() {
            let views = batch?.tensors; // [B, 3, H, W] twice
            let step = Step {
                query: &|images, train| embed_in_groups(&query, images, settings.groups, train),
                key: &|images, train| embed_in_groups(&key, images, settings.groups, train),
                query_params: &query_params,
                key_params: &key_params,
                views: [&views[0], &views[1]],
                queue: &queue,
                temperature: settings.temperature,
                momentum: settings.momentum,
                learning_rate: training.learning_rate(settings.learning_rate),
            };
            let loss = match keys {
                Keys::Shuffled => moco_step(&step, &mut optimizer, &mut loader.rng(epoch, i))?,
                Keys::InOrder => step_in_order(&step, &mut optimizer)?,
            };
            training.step(loss, 2 * loader.batch_size())?;
        }
        training.watch(run, &query.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(query.backbone)
}

/// As [`moco_step`], but keys go through the same groups as their queries.
fn step_in_order(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let (q, k) = ((step.query)(step.views[0], true)?, (step.key)(step.views[1], true)?.detach());
    let loss = moco_loss(&moco_logits(&q, &k, &step.queue.keys()?, step.temperature)?)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    momentum_update(step.key_params, step.query_params, step.momentum)?;
    step.queue.enqueue(&k)?;
    loss.to_scalar::<f32>().map(f64::from)
}
