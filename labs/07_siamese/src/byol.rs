//! BYOL's training loop.

use siamese::{Step, Target, byol_step, momentum_at};
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::AdamW;

use super::Settings;
use super::network::{Online, Variant, network};

/// Trains a network to predict a slower copy of itself.
pub fn train(run: &Run, settings: &Settings, variant: &Variant, name: &str) -> anyhow::Result<Online> {
    let mut params = run.params();
    let (online_params, target_params) = (params.twin("online"), params.twin("target"));
    let online = Online::new(run, settings.method, variant, &online_params, &params.pp("predictor"))?;
    let target = network(run, settings.method, variant, &target_params)?;
    let trained = [online_params.trained(), params.pp("predictor").trained()].concat();
    let mut optimizer = AdamW::new(trained, settings.weight_decay);
    let loader = run.loader(settings)?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: 0.0, random: 4.0 } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.views(epoch, &settings.views(2))? {
            let views = batch?.tensors; // [B, 3, H, W] twice
            let scheduled = momentum_at(training.steps_done(), training.total_steps(), settings.momentum);
            let step = Step {
                embed: &|images, train| online.embed(images, train),
                predict: &|z, train| online.predict(z, train),
                views: &views,
                learning_rate: training.learning_rate(settings.learning_rate),
            };
            let target = Target {
                embed: &|images, train| target.embed(images, train),
                params: &target_params,
                online: &online_params,
                momentum: variant.momentum.unwrap_or(scheduled),
            };
            let loss = byol_step(&step, &target, &mut optimizer)?;
            training.measure("std", online.level()?);
            training.step(loss, 2 * loader.batch_size())?;
        }
        training.watch(run, &online.network.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(online)
}
