//! SwAV's training loop.

use candle_core::{D, Result, Tensor};
use candle_nn::ops::softmax;
use clustering::{sinkhorn, swapped_prediction_loss};
use ssl_data::Augmentation;
use ssl_data::augment::Crop;
use ssl_eval::normalize;
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Plan, Run, Settings as _, Training};
use ssl_nn::params::Init;
use ssl_nn::{AdamW, Backbone, Optimizer};

use super::Settings;
use super::network::{EMBEDDING, network};

/// How codes are made of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codes {
    Sinkhorn,
    /// A softmax of each row at the same ε: nothing spreads images over the prototypes.
    Softmax,
}

/// Prototypes, unless `--clusters` says otherwise.
const PROTOTYPES: usize = 60;
/// Rounds of Sinkhorn's algorithm, the paper's.
const ITERATIONS: usize = 3;
/// Share of the steps in which prototypes stay as they are, so that they do not follow random features.
const FROZEN: f64 = 0.05;
/// Further views of half the size, and what share of the image they show.
const SMALL_VIEWS: usize = 4;
const SMALL_CROP: (f64, f64) = (0.2, 0.6);

/// Trains a network whose views predict each other's codes.
pub fn train(run: &Run, settings: &Settings, name: &str, codes: Codes) -> anyhow::Result<Backbone> {
    let mut params = run.params();
    let network = network(run, &params)?;
    let count = settings.clusters.unwrap_or(PROTOTYPES);
    let prototypes = params.pp("prototypes").trainable("weight", &[count, EMBEDDING], Init::Uniform(1.0))?;
    let (of_prototypes, others) = params.trained().into_iter().partition(|(name, _)| name == "prototypes.weight");
    let mut optimizer = AdamW::new(others, settings.weight_decay);
    let mut slow = AdamW::new(of_prototypes, 0.0);
    let loader = run.loader(settings)?;
    let guess = (count as f64).ln();
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: 0.0, random: guess } };
    let state = &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _), ("prototypes", &mut slow as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    let frozen = (FROZEN * training.total_steps() as f64) as usize;
    for epoch in training.epochs() {
        for batch in loader.views(epoch, &views(run, settings))? {
            let views = batch?.tensors; // [B, 3, H, W] twice, then small ones
            let directions = normalize(&prototypes)?;
            let score = |view| normalize(&network.embed(view, true)?)?.matmul(&directions.t()?);
            let scores = views.iter().map(score).collect::<Result<Vec<_>>>()?; // [B, K] each
            let (code_a, code_b) =
                (coded(&scores[0], settings.epsilon, codes)?, coded(&scores[1], settings.epsilon, codes)?);
            let loss = predicted(&scores, &code_a, &code_b, settings.temperature)?;
            let gradients = loss.backward()?;
            let rate = training.learning_rate(settings.learning_rate);
            optimizer.step(&gradients, rate)?;
            if training.steps_done() >= frozen {
                slow.step(&gradients, rate)?;
            }
            training.measure("information", information(&code_a)?);
            training.step(f64::from(loss.to_scalar::<f32>()?), views.len() * loader.batch_size())?;
        }
        training.watch(run, &network.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer), ("prototypes", &slow)])?;
    }
    Ok(network.backbone)
}

/// The loss of the two large views, each of which predicts the other's code, and of the small ones, which have no code and predict both.
fn predicted(scores: &[Tensor], code_a: &Tensor, code_b: &Tensor, temperature: f64) -> Result<Tensor> {
    let large = std::iter::once((&scores[0], &scores[1]));
    let pairs = large.chain(scores[2..].iter().map(|small| (small, small)));
    let losses = pairs.map(|(a, b)| swapped_prediction_loss(a, b, code_a, code_b, temperature));
    Tensor::stack(&losses.collect::<Result<Vec<_>>>()?, 0)?.mean_all()
}

/// Two views of the image's size, and with `--multi-crop` four of half of it.
fn views(run: &Run, settings: &Settings) -> Vec<Augmentation> {
    let large = settings.views.augmentation();
    let small = Augmentation {
        size: Some(run.data.train.images().size().0 / 2),
        crop: Some(Crop { scale: SMALL_CROP, ..Crop::default() }),
        ..large.clone()
    };
    let further = if settings.multi_crop { SMALL_VIEWS } else { 0 };
    [vec![large; 2], vec![small; further]].concat()
}

fn coded(scores: &Tensor, epsilon: f64, codes: Codes) -> Result<Tensor> {
    match codes {
        Codes::Sinkhorn => sinkhorn(scores, epsilon, ITERATIONS),
        Codes::Softmax => softmax(&(scores.detach() / epsilon)?, D::Minus1),
    }
}

/// H(mean code) − mean H(code), in nats: how much a code tells of its image; 0 where all have the same.
fn information(codes: &Tensor) -> Result<f64> {
    let entropy = |p: &Tensor| (p * (p + 1e-12)?.log()?)?.sum(D::Minus1)?.mean_all()?.neg()?.to_scalar::<f32>();
    Ok(f64::from(entropy(&codes.mean_keepdim(0)?)? - entropy(codes)?))
}
