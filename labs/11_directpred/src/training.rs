//! The networks and their training loop.

use std::cell::RefCell;

use candle_core::{DType, Result, Tensor};
use directpred::{Step, alignment, correlation_ema, directpred_step};
use ssl_eval::{effective_rank, singular_values};
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Network, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Linear, Optimizer, Output, Params};

use super::Settings;
use super::predictor::Kind;

/// Widths of the projector's hidden layer and of its features f, of which eigenvectors are taken in every step.
const HIDDEN: usize = 256;
const FEATURES: usize = 64;

/// A network that ends in features f.
fn network(run: &Run, params: &Params) -> Result<Network> {
    Network::new(run, &Input::RGB, [HIDDEN, FEATURES], Output::Linear, params)
}

/// How many dimensions f uses on test images.
fn rank(run: &Run, network: &Network) -> Result<f64> {
    Ok(effective_rank(&singular_values(&network.of_test_images(run, SEEN)?)?))
}

/// Test images whose features are looked at.
const SEEN: usize = 1000;

/// What a training leaves.
pub struct Trained {
    pub network: Network,
    /// F of the online network's features.
    pub correlation: Tensor,
    /// W_p of the last step.
    pub predictor: Tensor,
}

/// The networks of a training, and a predictor that learns if it is told to.
struct Twins {
    online: Network,
    target: Network,
    online_params: Params,
    target_params: Params,
    learned: Linear,
}

impl Twins {
    fn new(run: &Run, params: &Params) -> Result<Self> {
        let (online_params, target_params) = (params.twin("online"), params.twin("target"));
        let (online, target) = (network(run, &online_params)?, network(run, &target_params)?);
        let learned = Linear::without_bias(FEATURES, FEATURES, &params.pp("predictor"))?;
        Ok(Self { online, target, online_params, target_params, learned })
    }

    /// W_p for a correlation.
    fn predictor(&self, settings: &Settings, correlation: &Tensor) -> Result<Tensor> {
        match settings.predictor {
            Kind::Learned => Ok(self.learned.weight().as_detached_tensor()),
            kind => kind.of(correlation, settings.epsilon),
        }
    }

    /// One step of either kind: the loss before it.
    fn step(
        &self,
        settings: &Settings,
        views: [&Tensor; 2],
        correlation: &mut Tensor,
        optimizer: &mut dyn Optimizer,
        learning_rate: f64,
    ) -> Result<f64> {
        let seen = RefCell::new(Vec::new());
        let features = |images: &Tensor, train: bool| self.online.embed(images, train);
        // Where it learns, the predictor is a part of the online network, so that gradients reach it; features are looked at on the way.
        let predicted = |images: &Tensor, train: bool| {
            let f = features(images, train)?;
            seen.borrow_mut().push(f.detach());
            self.learned.forward(&f)
        };
        let learns = settings.predictor == Kind::Learned;
        let step = Step {
            online: if learns { &predicted } else { &features },
            target: &|images, train| self.target.embed(images, train),
            online_params: &self.online_params,
            target_params: &self.target_params,
            views,
            predictor: &|correlation| settings.predictor.of(correlation, settings.epsilon),
            rho: settings.rho,
            momentum: settings.momentum,
            learning_rate,
        };
        if !learns {
            return directpred_step(&step, correlation, optimizer);
        }
        let loss = directpred_step(&step, &mut correlation.clone(), optimizer)?;
        *correlation = correlation_ema(correlation, &Tensor::cat(&seen.take(), 0)?, settings.rho)?;
        Ok(loss)
    }
}

/// Trains a network to predict its slow copy; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Trained> {
    let mut params = run.params();
    let twins = Twins::new(run, &params)?;
    let mut correlation = Tensor::zeros((FEATURES, FEATURES), DType::F32, &run.device)?;
    let trained = [twins.online_params.trained(), params.pp("predictor").trained()].concat();
    let mut optimizer = AdamW::new(trained, settings.weight_decay);
    let loader = run.loader(settings)?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: 0.0, random: 4.0 } };
    let state =
        &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _), ("correlation", &mut correlation as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    for epoch in training.epochs() {
        for batch in loader.views(epoch, &vec![settings.views.augmentation(); 2])? {
            let views = batch?.tensors; // [B, 3, H, W] twice
            let rate = training.learning_rate(settings.learning_rate);
            let loss = twins.step(settings, [&views[0], &views[1]], &mut correlation, &mut optimizer, rate)?;
            training.step(loss, 2 * loader.batch_size())?;
        }
        training.measure("alignment", alignment(&twins.predictor(settings, &correlation)?, &correlation)?);
        training.measure("rank", rank(run, &twins.online)?);
        training.watch(run, &twins.online.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer), ("correlation", &correlation)])?;
    }
    let predictor = twins.predictor(settings, &correlation)?;
    Ok(Trained { network: twins.online, correlation, predictor })
}
