//! PCL's training loop.

use candle_core::{D, Result, Tensor};
use candle_nn::ops::log_softmax;
use clustering::{concentration, proto_nce};
use ssl_eval::{embed, normalize};
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Network, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Backbone, Optimizer, trailing_average};

use super::Settings;
use super::clusters::{Clusters, kmeans};
use super::network::network;

/// Clusters of the coarser of two clusterings, unless `--clusters` says otherwise; the finer one has twice as many.
const CLUSTERS: usize = 200;
/// Share of the epochs that contrast images alone: clusters of features that know little hold a short run back. (The paper: a tenth of 200.)
const INSTANCES_ONLY: f64 = 0.5;
/// What smooths the concentration of small clusters, the paper's.
const ALPHA: f64 = 10.0;
/// Momentum of the network whose embeddings are clustered: it is not to lag behind in a short run. (The paper: 0.999.)
const MOMENTUM: f64 = 0.9;

/// One clustering of all training images: prototypes of length 1, which each image has, and how tight each is.
struct Prototypes {
    directions: Tensor,
    assignments: Vec<u32>,
    concentration: Tensor,
}

/// Trains a network to tell images apart, and clusters of them.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Backbone> {
    let mut params = run.params();
    let (online_params, slow_params) = (params.twin("online"), params.twin("slow"));
    let online = network(run, &online_params)?;
    let slow = network(run, &slow_params)?;
    let mut optimizer = AdamW::new(online_params.trained(), settings.weight_decay);
    let loader = run.loader(settings)?;
    let guess = (loader.batch_size() as f64).ln();
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: guess, random: guess } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    let first = (INSTANCES_ONLY * settings.epochs() as f64).ceil() as usize;
    for epoch in training.epochs() {
        let clusterings = if epoch < first { Vec::new() } else { clusterings(run, settings, &slow, epoch)? };
        for batch in loader.views(epoch, &[settings.views.augmentation(), settings.views.augmentation()])? {
            let batch = batch?;
            let z = normalize(&online.embed(&batch.tensors[0], true)?)?; // [B, D]
            let keys = normalize(&slow.embed(&batch.tensors[1], true)?)?.detach();
            let mut loss = info_nce(&z, &keys, settings.temperature)?;
            if !clusterings.is_empty() {
                let of_clusters = clusterings.iter().map(|prototypes| prototypes.loss(&z, &batch.indices));
                loss = (loss + Tensor::stack(&of_clusters.collect::<Result<Vec<_>>>()?, 0)?.mean_all()?)?;
            }
            optimizer.backward_step(&loss, training.learning_rate(settings.learning_rate))?;
            // Its running statistics are its own: it is in evaluation mode when it is clustered.
            trailing_average(&slow_params, &online_params, MOMENTUM)?;
            training.step(f64::from(loss.to_scalar::<f32>()?), 2 * loader.batch_size())?;
        }
        training.watch(run, &online.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer)])?;
    }
    Ok(online.backbone)
}

/// A coarse and a fine clustering of the slow network's embeddings.
fn clusterings(run: &Run, settings: &Settings, slow: &Network, epoch: usize) -> anyhow::Result<Vec<Prototypes>> {
    let encode = |images: &Tensor, train: bool| normalize(&slow.embed(images, train)?);
    let embeddings = embed(&encode, run.data.train.images(), &run.device)?; // [N, D]
    let count = settings.clusters.unwrap_or(CLUSTERS);
    let mut rng = run.loader(settings)?.rng(epoch, CLUSTERING);
    // A concentration needs clusters of several images.
    let counts = [count, 2 * count].map(|count| count.min(run.data.train.len() / 2).max(1));
    counts
        .into_iter()
        .map(|count| {
            let Clusters { centroids, assignments } = kmeans(&embeddings, count, &mut rng)?;
            let concentration = concentration(&embeddings, &centroids, &assignments, ALPHA, settings.temperature)?;
            Ok(Prototypes { directions: normalize(&centroids)?, assignments, concentration })
        })
        .collect()
}

/// Where the generator of an epoch's clusters stands, beyond those of its batches.
const CLUSTERING: usize = 1 << 30;

impl Prototypes {
    /// ProtoNCE of a batch's embeddings.
    fn loss(&self, z: &Tensor, images: &[usize]) -> Result<Tensor> {
        let assignments: Vec<u32> = images.iter().map(|&image| self.assignments[image]).collect();
        proto_nce(z, &self.directions, &assignments, &self.concentration)
    }
}

/// Each embedding is to be told from the other images' keys (lab 04).
fn info_nce(z: &Tensor, keys: &Tensor, temperature: f64) -> Result<Tensor> {
    let log_probabilities = log_softmax(&(z.matmul(&keys.t()?)? / temperature)?, D::Minus1)?; // [B, B]
    let own = Tensor::arange(0, z.dims()[0] as u32, z.device())?.unsqueeze(1)?;
    log_probabilities.gather(&own, 1)?.mean_all()?.neg()
}
