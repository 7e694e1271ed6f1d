//! Backbones to evaluate where none are given: short versions of labs 01 and 05, and training on labels.

use anyhow::Context;
use candle_core::{D, Result, Tensor};
use candle_nn::loss::cross_entropy;
use linear_probe::{FineTune, fine_tune_step};
use ssl_data::Augmentation;
use ssl_data::augment::Crop;
use ssl_eval::normalize;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Backbone, Linear, Mlp, Optimizer};

use super::Settings;

/// Temperature of SimCLR's loss, and widths of its head.
const TEMPERATURE: f64 = 0.1;
const HEAD: [usize; 2] = [256, 128];

/// Trains a backbone to tell quarter turns apart (lab 01), for half of the epochs: each image comes four times in one.
pub fn rotation(run: &Run, settings: &Settings) -> anyhow::Result<Backbone> {
    let mut params = run.params();
    let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
    let head = Linear::new(backbone.features(), 4, &params.pp("head"))?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let guess = 4f64.ln();
    let landmarks = Landmarks { collapsed: guess, random: guess };
    let plan = Plan { name: "rotation", epochs: settings.epochs().div_ceil(2), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.epoch(epoch) {
            let (images, turns) = turned(batch?.images())?; // [4B, 3, H, W], [4B]
            let loss = cross_entropy(&head.forward(&backbone.forward(&images, true)?)?, &turns)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), turns.elem_count())?;
        }
        training.watch(run, &backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(backbone)
}

/// Images at all four quarter turns, and how often each was turned.
fn turned(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let quarter = |x: &Tensor| x.transpose(2, 3)?.contiguous()?.flip(&[2]);
    let half = images.flip(&[2, 3])?;
    let all = Tensor::cat(&[images, &quarter(images)?, &half, &quarter(&half)?], 0)?;
    let count = images.dims()[0] as u32;
    Ok((all, Tensor::from_iter((0..4 * count).map(|i| i / count), images.device())?))
}

/// Trains a backbone to give two views of an image the same embedding, and others another one (lab 05).
pub fn simclr(run: &Run, settings: &Settings) -> anyhow::Result<Backbone> {
    let mut params = run.params();
    let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
    let head = Mlp::new(&[backbone.features(), HEAD[0], HEAD[1]], &params.pp("head"))?;
    let mut optimizer = AdamW::new(params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let guess = (2.0 * loader.batch_size() as f64 - 1.0).ln();
    let landmarks = Landmarks { collapsed: guess, random: guess };
    let plan = Plan { name: "simclr", epochs: settings.epochs(), landmarks };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    let crop = Some(Crop { scale: (0.7, 1.0), ..Crop::default() });
    let view = Augmentation { crop, grayscale: 0.5, ..Augmentation::simclr(1.0) };
    for epoch in training.epochs() {
        for batch in loader.views(epoch, &[view.clone(), view.clone()])? {
            let views = Tensor::cat(&batch?.tensors, 0)?; // [2B, 3, H, W]
            let loss = nt_xent(&head.forward(&backbone.forward(&views, true)?, true)?)?;
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            training.step(f64::from(loss.to_scalar::<f32>()?), 2 * loader.batch_size())?;
        }
        training.watch(run, &backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(backbone)
}

/// NT-Xent of embeddings `[2B, D]`, whose rows i and i + B belong together.
fn nt_xent(z: &Tensor) -> Result<Tensor> {
    let (rows, z) = (z.dims()[0], normalize(z)?);
    // Far below every other logit, the own one has no part in the softmax.
    let itself = (Tensor::eye(rows, z.dtype(), z.device())? * -1e4)?;
    let logits = ((z.matmul(&z.t()?)? / TEMPERATURE)? + itself)?; // [2B, 2B]
    let partners = Tensor::from_iter((0..rows).map(|i| ((i + rows / 2) % rows) as u32), z.device())?;
    candle_nn::ops::log_softmax(&logits, D::Minus1)?.gather(&partners.unsqueeze(1)?, 1)?.mean_all()?.neg()
}

/// Trains a backbone and a linear head on all labels, from the random backbone's weights.
pub fn supervised(run: &Run, settings: &Settings) -> anyhow::Result<Backbone> {
    let mut params = run.params();
    let backbone = run.backbone(&Input::RGB, &params.pp("backbone"))?;
    let head = Linear::new(backbone.features(), run.data.classes.len(), &params.pp("head"))?;
    let [mut slow, mut fast] =
        ["backbone", "head"].map(|part| AdamW::new(params.pp(part).trained(), settings.weight_decay));
    let loader = run.loader(settings)?;
    let guess = (run.data.classes.len() as f64).ln();
    let landmarks = Landmarks { collapsed: guess, random: guess };
    let plan = Plan { name: "supervised", epochs: settings.flags.baseline_epochs(), landmarks };
    let state = &mut [("params", &mut params as _), ("backbone", &mut slow as _), ("head", &mut fast as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.epoch(epoch) {
            let batch = batch?;
            let rate = training.learning_rate(settings.learning_rate);
            let step = FineTune {
                encode: &|images, train| backbone.forward(images, train),
                head: &head,
                images: batch.images(),
                labels: batch.labels.as_ref().context("these images have no classes")?,
                backbone_rate: rate,
                head_rate: rate,
            };
            let loss = fine_tune_step(&step, &mut slow, &mut fast)?;
            training.step(loss, batch.indices.len())?;
        }
        training.end_epoch(&[("params", &params), ("backbone", &slow), ("head", &fast)])?;
    }
    Ok(backbone)
}
