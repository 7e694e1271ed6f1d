//! SimSiam's training loop.

use candle_core::{D, Result, Tensor};
use siamese::{Step, simsiam_step};
use ssl_eval::normalize;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Optimizer};

use super::Settings;
use super::network::{Online, Variant};

/// Trains a network to predict what it says itself of other views.
pub fn train(run: &Run, settings: &Settings, variant: &Variant, name: &str) -> anyhow::Result<Online> {
    let mut params = run.params();
    let online = Online::new(run, settings.method, variant, &params.pp("online"), &params.pp("predictor"))?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: -1.0, random: 0.0 } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.views(epoch, &settings.views(settings.count))? {
            let views = batch?.tensors; // [B, 3, H, W], V times
            let step = Step {
                embed: &|images, train| online.embed(images, train),
                predict: &|z, train| online.predict(z, train),
                views: &views,
                learning_rate: training.learning_rate(settings.learning_rate),
            };
            let stepped = if variant.stop_gradient { simsiam_step } else { step_without_stop_gradient };
            let loss = stepped(&step, &mut optimizer)?;
            training.measure("std", online.level()?);
            training.step(loss, views.len() * loader.batch_size())?;
        }
        training.watch(run, &online.network.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(online)
}

/// As [`simsiam_step`] of two views, but gradients go through the targets, too.
fn step_without_stop_gradient(step: &Step, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let z = step.views.iter().map(|view| (step.embed)(view, true)).collect::<Result<Vec<_>>>()?;
    let p = z.iter().map(|z| (step.predict)(z, true)).collect::<Result<Vec<_>>>()?;
    let cosine = |p: &Tensor, z: &Tensor| (normalize(p)? * normalize(z)?)?.sum(D::Minus1)?.mean_all();
    let loss = ((cosine(&p[0], &z[1])? + cosine(&p[1], &z[0])?)? / -2.0)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    loss.to_scalar::<f32>().map(f64::from)
}
