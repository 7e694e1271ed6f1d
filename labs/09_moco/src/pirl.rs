//! PIRL's training loop.

use moco::{MemoryBank, pirl_loss, sample_negatives, unit_rows};
use ssl_data::Loader;
use ssl_experiment::{Input, Network, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Backbone, Optimizer};

use super::Settings;
use super::network::{EMBEDDING, PuzzleHead, landmarks, network};
use super::puzzle;

/// Momentum of the memories, the paper's.
const MOMENTUM: f64 = 0.5;

/// Trains a network to find each image's memory, by the image and by its puzzle.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Backbone> {
    let (mut params, negatives) = (run.params(), settings.negatives(run)?);
    let network = network(run, &params)?;
    let head = PuzzleHead::new(network.backbone.features(), &params.pp("puzzle"))?;
    let bank = MemoryBank::new(run.data.train.len(), EMBEDDING, &params.pp("bank"))?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    begin(&bank, &network, &loader)?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks: landmarks(run, settings)? };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for (i, batch) in loader.views(epoch, &vec![settings.views.augmentation(); 2])?.enumerate() {
            let (batch, mut rng) = (batch?, loader.rng(epoch, i));
            let images = unit_rows(&network.embed(&batch.tensors[0], true)?)?; // [B, D]
            let patches = puzzle::cut(&batch.tensors[1], &mut rng)?.patches; // [B · T, 3, P, P]
            let puzzles = head.forward(&network.backbone.forward(&patches, true)?)?; // [B, D]
            let others = sample_negatives(&batch.indices, run.data.train.len(), negatives, &mut rng)?;
            let (memories, others) = (bank.rows(&batch.indices)?, bank.rows(&others)?);
            let loss = pirl_loss(&memories, &puzzles, &images, &others, settings.temperature, settings.lambda)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            bank.update(&batch.indices, &images, MOMENTUM)?;
            training.step(f64::from(loss.to_scalar::<f32>()?), 2 * loader.batch_size())?;
        }
        puzzle::see_pictures(&network.backbone, &loader)?;
        training.watch(run, &network.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(network.backbone)
}

/// Memories begin as what the untrained network makes of each image: with random ones, the first epochs are spent on finding random points.
fn begin(bank: &MemoryBank, network: &Network, loader: &Loader) -> anyhow::Result<()> {
    for batch in loader.epoch(0) {
        let batch = batch?;
        bank.update(&batch.indices, &unit_rows(&network.embed(&batch.tensors[0], true)?)?, 0.0)?;
    }
    Ok(())
}
