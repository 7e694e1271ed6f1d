//! Jigsaw as in lab 02, on the puzzles that PIRL has: what PIRL is compared with.

use candle_core::{Result, Tensor};
use candle_nn::loss::cross_entropy;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Backbone, Mlp, Optimizer};

use super::Settings;
use super::puzzle::{self, TILES};

/// Width of the head's hidden layer.
const HIDDEN: usize = 256;
/// Orders of the tiles.
const ORDERS: usize = 24;

/// Trains a network to tell in which order the tiles of a puzzle are.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Backbone> {
    let mut params = run.params();
    let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
    let features = TILES * backbone.features();
    let head = Mlp::new(&[features, HIDDEN, ORDERS], &params.pp("head"))?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let guess = (ORDERS as f64).ln();
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: guess, random: guess } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for (i, batch) in loader.views(epoch, &[settings.views.augmentation()])?.enumerate() {
            let puzzle = puzzle::cut(&batch?.tensors[0], &mut loader.rng(epoch, i))?;
            let h = backbone.forward(&puzzle.patches, true)?.reshape(((), features))?; // [B, T · F]
            let loss = cross_entropy(&head.forward(&h, true)?, &numbers(&puzzle.orders, h.device())?)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), loader.batch_size())?;
        }
        puzzle::see_pictures(&backbone, &loader)?;
        training.watch(run, &backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(backbone)
}

/// A number from 0 to 23 for each order: its place among all, sorted.
fn numbers(orders: &[[u32; TILES]], device: &candle_core::Device) -> Result<Tensor> {
    let smaller_behind =
        |order: &[u32], i: usize| order[i + 1..].iter().filter(|&&tile| tile < order[i]).count() as u32;
    let number =
        |order: &[u32; TILES]| (0..TILES).fold(0, |number, i| number * (TILES - i) as u32 + smaller_behind(order, i));
    Tensor::from_iter(orders.iter().map(number), device)
}
