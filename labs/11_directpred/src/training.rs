//! The networks and their training loop.

use candle_core::{DType, Result, Tensor};
use directpred::{Step, alignment, byol_loss, correlation_ema, directpred_step};
use ssl_eval::{effective_rank, singular_values};
use ssl_experiment::landmarks::Landmarks;
use ssl_experiment::{Input, Network, Plan, Run, Settings as _, Training};
use ssl_nn::{AdamW, Linear, Optimizer, Output, Params, trailing_average};

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
    /// W of the last step.
    pub predictor: Tensor,
}

/// Trains a network to predict its slow copy; `name` is that of the training in metrics and checkpoints.
pub fn train(run: &Run, settings: &Settings, name: &str) -> anyhow::Result<Trained> {
    let mut params = run.params();
    let (online_params, target_params) = (params.twin("online"), params.twin("target"));
    let (online, target) = (network(run, &online_params)?, network(run, &target_params)?);
    let learned = Linear::without_bias(FEATURES, FEATURES, &params.pp("predictor"))?;
    let mut correlation = Tensor::zeros((FEATURES, FEATURES), DType::F32, &run.device)?;
    let trained = [online_params.trained(), params.pp("predictor").trained()].concat();
    let mut optimizer = AdamW::new(trained, settings.weight_decay);
    let loader = run.loader(settings)?;
    let plan = Plan { name, epochs: settings.epochs(), landmarks: Landmarks { collapsed: 0.0, random: 4.0 } };
    let state =
        &mut [("params", &mut params as _), ("optimizer", &mut optimizer as _), ("correlation", &mut correlation as _)];
    let mut training = Training::begin(run, settings, &loader, plan, state)?;
    let kind = settings.predictor;
    let predictor = |correlation: &Tensor| match kind {
        Kind::Learned => Ok(learned.weight().as_detached_tensor()),
        _ => kind.of(correlation, settings.epsilon),
    };
    for epoch in training.epochs() {
        for batch in loader.views(epoch, &vec![settings.views.augmentation(); 2])? {
            let views = batch?.tensors; // [B, 3, H, W] twice
            let step = Step {
                online: &|images, train| online.embed(images, train),
                target: &|images, train| target.embed(images, train),
                online_params: &online_params,
                target_params: &target_params,
                views: [&views[0], &views[1]],
                predictor: &predictor,
                rho: settings.rho,
                momentum: settings.momentum,
                learning_rate: training.learning_rate(settings.learning_rate),
            };
            let loss = match kind {
                Kind::Learned => learned_step(&step, &learned, &mut correlation, &mut optimizer)?,
                _ => directpred_step(&step, &mut correlation, &mut optimizer)?,
            };
            training.step(loss, 2 * loader.batch_size())?;
        }
        // Where everything has collapsed to 0, there are no directions to be aligned with.
        training.measure("alignment", alignment(&predictor(&correlation)?, &correlation).unwrap_or(0.0));
        training.measure("rank", rank(run, &online)?);
        training.watch(run, &online.backbone, &Input::RGB)?;
        training.end_epoch(&[("params", &params), ("optimizer", &optimizer), ("correlation", &correlation)])?;
    }
    let predictor = predictor(&correlation)?;
    Ok(Trained { network: online, correlation, predictor })
}

/// As [`directpred_step`], but gradients reach the predictor.
fn learned_step(
    step: &Step,
    predictor: &Linear,
    correlation: &mut Tensor,
    optimizer: &mut dyn Optimizer,
) -> Result<f64> {
    let [a, b] = step.views;
    let (f_a, f_b) = ((step.online)(a, true)?, (step.online)(b, true)?); // [B, D]
    let next = correlation_ema(correlation, &Tensor::cat(&[&f_a, &f_b], 0)?, step.rho)?;
    let (t_a, t_b) = ((step.target)(a, true)?, (step.target)(b, true)?);
    let loss = (byol_loss(&predictor.forward(&f_a)?, &t_b)? + byol_loss(&predictor.forward(&f_b)?, &t_a)?)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    trailing_average(step.target_params, step.online_params, step.momentum)?;
    *correlation = next;
    loss.to_scalar::<f32>().map(f64::from)
}
