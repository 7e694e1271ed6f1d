//! DeepCluster's training loop.

use candle_core::{DType, Result, Tensor, Var};
use candle_nn::loss::cross_entropy;
use clustering::{balanced_indices, normalized_mutual_information};
use ssl_data::{Augmentation, Rng};
use ssl_eval::{embed, normalize, whiten};
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Plan, Run, Settings as _, Training};
use ssl_nn::params::Init;
use ssl_nn::{AdamW, Backbone, Linear, Optimizer};

use super::Settings;
use super::clusters::kmeans;
use super::network::SOBEL;

/// Clusters, unless `--clusters` says otherwise: ten times as many as there are classes.
const CLUSTERS: usize = 100;
/// Principal directions that are kept.
const WHITENED: usize = 64;

/// Trains a backbone to tell the clusters of its own features, of one epoch after the other.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Backbone> {
    let (mut params, images) = (run.params(), run.data.train.len());
    let backbone = run.backbone(&SOBEL, &params.pp("backbone"))?;
    let count = settings.clusters.unwrap_or(CLUSTERS).min(images);
    let classifier = Linear::new(backbone.features(), count, &params.pp("classifier"))?;
    // The last epoch's clusters, to compare with.
    let before = params.buffer("assignments", &[images], Init::Constant(0.0))?;
    let mut optimizer = AdamW::new(params.pp("backbone").trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let guess = (count as f64).ln();
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: 0.0, random: guess } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    let view = Augmentation { jitter: None, grayscale: 0.0, ..settings.views.augmentation() };
    for epoch in training.epochs() {
        let mut rng = loader.rng(epoch, CLUSTERING);
        let assignments = clusters(run, &backbone, count, &mut rng)?;
        // Clusters have other numbers now: what told the old ones is of no use.
        params.pp("classifier").redraw(epoch)?;
        let mut head = AdamW::new(params.pp("classifier").trained(), settings.weight_decay);
        let order = balanced_indices(&assignments, count, images, &mut rng)?;
        for batch in loader.clone().with_order(order)?.views(epoch, std::slice::from_ref(&view))? {
            let batch = batch?;
            let labels: Vec<u32> = batch.indices.iter().map(|&image| assignments[image]).collect();
            let labels = Tensor::new(labels, &run.device)?;
            let logits = classifier.forward(&encode(&backbone, batch.images(), true)?)?; // [B, K]
            let loss = cross_entropy(&logits, &labels)?;
            let gradients = loss.backward()?;
            let rate = training.learning_rate(settings.learning_rate);
            optimizer.step(&gradients, rate)?;
            head.step(&gradients, rate)?;
            training.step(f64::from(loss.to_scalar::<f32>()?), labels.elem_count())?;
        }
        for (name, nmi) in in_common(run, &assignments, &before)? {
            training.measure(name, nmi);
        }
        before.set(&Tensor::new(assignments.as_slice(), &run.device)?.to_dtype(DType::F32)?)?;
        training.watch(run, &backbone, &SOBEL)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(backbone)
}

/// What the backbone gives for the edges of images.
fn encode(backbone: &Backbone, images: &Tensor, train: bool) -> Result<Tensor> {
    backbone.forward(&(SOBEL.prepare)(images)?, train)
}

/// Clusters of all training images' features, whitened and brought to length 1.
fn clusters(run: &Run, backbone: &Backbone, count: usize, rng: &mut Rng) -> Result<Vec<u32>> {
    let features = embed(&|images, train| encode(backbone, images, train), run.data.train.images(), &run.device)?;
    let features = normalize(&whiten(&features, WHITENED)?)?; // [N, WHITENED]
    Ok(kmeans(&features, count, rng)?.assignments)
}

/// What clusters have in common with those of the last epoch, and with the classes where there are any.
fn in_common(run: &Run, assignments: &[u32], before: &Var) -> Result<Vec<(&'static str, f64)>> {
    let before: Vec<u32> = before.to_dtype(DType::U32)?.to_vec1()?;
    let before = [("NMI, last epoch", before.as_slice())];
    let classes = run.data.train.labels().map(|classes| ("NMI, classes", classes));
    let nmi = |(name, labels)| Ok((name, normalized_mutual_information(assignments, labels)?));
    before.into_iter().chain(classes).map(nmi).collect()
}

/// Where the generator of an epoch's clusters stands, beyond those of its batches.
const CLUSTERING: usize = 1 << 30;
