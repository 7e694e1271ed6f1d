//! What the functions of lab 07 promise to refuse or to pass on.

use candle_core::{DType, Device, Result, Tensor, bail};
use siamese::{Step, Target};
use ssl_grading::network::Failing;
use ssl_grading::{Bad, Values, refused_averages};
use ssl_nn::params::Init;
use ssl_nn::{Optimizer, Params, Sgd};

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

fn cosine(e: &Exercises, p: &[usize], z: &[usize]) -> Result<()> {
    (e.negative_cosine)(&ones(p)?, &ones(z)?).map(drop)
}

pub const NEGATIVE_COSINE: &[Bad<Exercises>] = &[
    ("one z for three p", |e| cosine(e, &[3, 4], &[1, 4])),
    ("one p for three z", |e| cosine(e, &[1, 4], &[3, 4])),
    ("a z that is narrower", |e| cosine(e, &[3, 4], &[3, 1])),
    ("a z without a batch axis", |e| cosine(e, &[3, 4], &[4])),
    ("maps", |e| cosine(e, &[3, 4, 2], &[3, 4, 2])),
    ("vectors", |e| cosine(e, &[4], &[4])),
];

pub const FORWARD: &[Bad<Exercises>] = &[("embeddings of another width", |e| {
    let params = Params::new(0, &Device::Cpu);
    let mut weights = Values::new();
    for (name, shape) in [("hidden.weight", [5, 3].as_slice()), ("output.weight", &[3, 5]), ("output.bias", &[3])] {
        weights = weights.with(name, &ones(shape)?);
    }
    for name in ["weight", "bias", "running_mean", "running_var"] {
        weights = weights.with(&format!("norm.{name}"), &ones(&[5])?);
    }
    (e.predict)(&ones(&[4, 2])?, true, &mut params.clone(), &weights).map(drop)
})];

/// Predictions and embeddings of these shapes.
fn simsiam(e: &Exercises, p: &[[usize; 2]], z: &[[usize; 2]]) -> Result<()> {
    let tensors = |shapes: &[[usize; 2]]| shapes.iter().map(|shape| ones(shape)).collect::<Result<Vec<_>>>();
    (e.simsiam_loss)(&tensors(p)?, &tensors(z)?).map(drop)
}

pub const SIMSIAM_LOSS: &[Bad<Exercises>] = &[
    ("no views", |e| simsiam(e, &[], &[])),
    ("one view", |e| simsiam(e, &[[3, 4]], &[[3, 4]])),
    ("three embeddings for two predictions", |e| simsiam(e, &[[3, 4]; 2], &[[3, 4]; 3])),
    ("two embeddings for three predictions", |e| simsiam(e, &[[3, 4]; 3], &[[3, 4]; 2])),
    ("a view of other images", |e| simsiam(e, &[[3, 4], [2, 4]], &[[3, 4], [2, 4]])),
    ("predictions of another width", |e| simsiam(e, &[[3, 1]; 2], &[[3, 4]; 2])),
    ("a prediction of one image in the second view", |e| simsiam(e, &[[3, 4], [1, 4]], &[[3, 4]; 2])),
    ("a prediction of one image in the first view", |e| simsiam(e, &[[1, 4], [3, 4]], &[[3, 4]; 2])),
    ("one embedding of one image", |e| simsiam(e, &[[3, 4]; 3], &[[3, 4], [3, 4], [1, 4]])),
];

fn byol(e: &Exercises, shapes: [&[usize]; 4]) -> Result<()> {
    let [p_a, p_b, t_a, t_b] = shapes.map(ones);
    (e.byol_loss)(&p_a?, &p_b?, &t_a?, &t_b?).map(drop)
}

pub const BYOL_LOSS: &[Bad<Exercises>] = &[
    ("one target for three predictions", |e| byol(e, [&[3, 4], &[3, 4], &[3, 4], &[1, 4]])),
    ("one prediction for three targets", |e| byol(e, [&[3, 4], &[1, 4], &[3, 4], &[3, 4]])),
    ("one target of the first view for three predictions", |e| byol(e, [&[3, 4], &[3, 4], &[1, 4], &[3, 4]])),
    ("one prediction of the first view for three targets", |e| byol(e, [&[1, 4], &[3, 4], &[3, 4], &[3, 4]])),
    ("targets of another width", |e| byol(e, [&[3, 4], &[3, 4], &[3, 1], &[3, 4]])),
    ("maps", |e| byol(e, [&[3, 4, 2]; 4])),
    ("predictions of three and of two images", |e| byol(e, [&[3, 4], &[2, 4], &[2, 4], &[3, 4]])),
];

pub const EMA_UPDATE: &[Bad<Exercises>] = refused_averages!(ema_update);

pub const COLLAPSE_LEVEL: &[Bad<Exercises>] = &[
    ("one embedding without a batch axis", |e| (e.collapse_level)(&ones(&[4])?).map(drop)),
    ("maps", |e| (e.collapse_level)(&ones(&[3, 4, 2])?).map(drop)),
];

/// A step of views whose `embed` or `predict` reports an error where it is told to.
fn step(views: usize, broken: [bool; 2], then: impl Fn(&Step, &mut dyn Optimizer) -> Result<f64>) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let weight = params.trainable("weight", &[3, 4], Init::Uniform(1.0))?;
    let embed = |images: &Tensor, _: bool| {
        if broken[0] {
            bail!("no embeddings today");
        }
        images.flatten_from(1)?.matmul(&weight)
    };
    let predict = |z: &Tensor, _: bool| {
        if broken[1] {
            bail!("no predictions today");
        }
        z * 2.0
    };
    let views = vec![ones(&[2, 3, 1, 1])?; views];
    let step = Step { embed: &embed, predict: &predict, views: &views, learning_rate: 0.1 };
    then(&step, &mut Sgd::new(params.trained(), 0.0, 0.0)).map(drop)
}

pub const SIMSIAM_STEP: &[Bad<Exercises>] = &[
    ("one view", |e| step(1, [false; 2], |step, optimizer| (e.simsiam_step)(step, optimizer))),
    ("an error that `embed` reports", |e| step(2, [true, false], |step, optimizer| (e.simsiam_step)(step, optimizer))),
    ("an error that `predict` reports", |e| {
        step(2, [false, true], |step, optimizer| (e.simsiam_step)(step, optimizer))
    }),
    ("an error that the optimizer reports", |e| step(2, [false; 2], |step, _| (e.simsiam_step)(step, &mut Failing))),
];

/// What may be wrong with a step of BYOL.
#[derive(Default)]
struct Broken {
    /// `embed` and `predict`.
    online: [bool; 2],
    target: bool,
    optimizer: bool,
    /// The online network has a weight that the target lacks.
    unlike: bool,
    momentum: Option<f64>,
}

fn byol_step(e: &Exercises, views: usize, broken: &Broken) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    if broken.unlike {
        params.pp("online").trainable("weight", &[2], Init::Constant(1.0))?;
    }
    let (target, online) = (params.pp("target"), params.pp("online"));
    let embed = |images: &Tensor, _: bool| {
        if broken.target {
            bail!("no targets today");
        }
        images.flatten_from(1)?.broadcast_add(&ones(&[2, 1])?)?.repeat((1, 2))?.narrow(1, 0, 4)
    };
    let momentum = broken.momentum.unwrap_or(0.9);
    let target = Target { embed: &embed, params: &target, online: &online, momentum };
    step(views, broken.online, |step, optimizer| {
        if broken.optimizer {
            (e.byol_step)(step, &target, &mut Failing)
        } else {
            (e.byol_step)(step, &target, optimizer)
        }
    })
}

pub const BYOL_STEP: &[Bad<Exercises>] = &[
    ("one view", |e| byol_step(e, 1, &Broken::default())),
    ("three views", |e| byol_step(e, 3, &Broken::default())),
    ("an error that `embed` reports", |e| byol_step(e, 2, &Broken { online: [true, false], ..Broken::default() })),
    ("an error that `predict` reports", |e| byol_step(e, 2, &Broken { online: [false, true], ..Broken::default() })),
    ("an error that the target reports", |e| byol_step(e, 2, &Broken { target: true, ..Broken::default() })),
    ("an error that the optimizer reports", |e| byol_step(e, 2, &Broken { optimizer: true, ..Broken::default() })),
    ("a target of another kind", |e| byol_step(e, 2, &Broken { unlike: true, ..Broken::default() })),
    ("a momentum of 1.5", |e| byol_step(e, 2, &Broken { momentum: Some(1.5), ..Broken::default() })),
];
