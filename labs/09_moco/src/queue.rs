//! MoCo's training loop.

use candle_core::{Result, Tensor, bail};
use moco::{Queue, Step, moco_step};
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Backbone};

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
                query: &|images, train| embed_in_groups(&query, images, settings.groups(), train),
                key: &|images, train| match keys {
                    Keys::Shuffled => embed_in_groups(&key, images, settings.groups(), train),
                    // The batch goes through as it is, and its keys are handed over in the order that is asked for.
                    Keys::InOrder => {
                        let rows = Tensor::new(rows_of(images, &views[1])?, images.device())?;
                        embed_in_groups(&key, &views[1], settings.groups(), train)?.index_select(&rows, 0)
                    }
                },
                query_params: &query_params,
                key_params: &key_params,
                views: [&views[0], &views[1]],
                queue: &queue,
                temperature: settings.temperature,
                momentum: settings.momentum,
                learning_rate: training.learning_rate(settings.learning_rate),
            };
            let loss = moco_step(&step, &mut optimizer, &mut loader.rng(epoch, i))?;
            training.step(loss, 2 * loader.batch_size())?;
        }
        training.watch(run, &query.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(query.backbone)
}

/// For images of a batch in any order: the row of each in the batch.
///
/// # Errors
/// An image that is none of the batch.
fn rows_of(images: &Tensor, batch: &Tensor) -> Result<Vec<u32>> {
    let [images, batch]: [Vec<Vec<f32>>; 2] = [images.flatten_from(1)?.to_vec2()?, batch.flatten_from(1)?.to_vec2()?];
    let row = |image: &Vec<f32>| match batch.iter().position(|other| other == image) {
        Some(row) => Ok(row as u32),
        None => bail!("the key encoder was given an image that is not in the batch"),
    };
    images.iter().map(row).collect()
}
