//! What the functions of lab 11 promise to refuse or to pass on.

use candle_core::{DType, Device, Result, Tensor, bail};
use directpred::{LinearByol, Rates, Step};
use ssl_grading::Bad;
use ssl_grading::network::{Failing, unchanged};
use ssl_nn::params::Init;
use ssl_nn::{Optimizer, Params, Sgd};

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

fn eye(side: usize) -> Result<Tensor> {
    Tensor::eye(side, DType::F32, &Device::Cpu)
}

fn remember(e: &Exercises, correlation: &[usize], f: &[usize], rho: f64) -> Result<()> {
    (e.correlation_ema)(&ones(correlation)?, &ones(f)?, rho).map(drop)
}

pub const CORRELATION_EMA: &[Bad<Exercises>] = &[
    ("ρ = 1.1", |e| remember(e, &[3, 3], &[4, 3], 1.1)),
    ("ρ = −0.1", |e| remember(e, &[3, 3], &[4, 3], -0.1)),
    ("a ρ that is no number", |e| remember(e, &[3, 3], &[4, 3], f64::NAN)),
    ("features of another width", |e| remember(e, &[3, 3], &[4, 2], 0.9)),
    ("features of width 1", |e| remember(e, &[3, 3], &[4, 1], 0.9)),
    ("a correlation of width 1", |e| remember(e, &[1, 1], &[4, 3], 0.9)),
    ("a correlation that is not square", |e| remember(e, &[1, 3], &[4, 3], 0.9)),
    ("a correlation of one column", |e| remember(e, &[3, 1], &[4, 3], 0.9)),
    ("no features", |e| remember(e, &[3, 3], &[0, 3], 0.9)),
    ("features of another width, and ρ = 1", |e| remember(e, &[3, 3], &[4, 2], 1.0)),
    ("features of another width, and ρ = 0", |e| remember(e, &[3, 3], &[4, 2], 0.0)),
    ("a correlation that is not square, and ρ = 0", |e| remember(e, &[1, 3], &[4, 3], 0.0)),
    ("no features, and ρ = 1", |e| remember(e, &[3, 3], &[0, 3], 1.0)),
    ("maps, and ρ = 1", |e| remember(e, &[3, 3], &[2, 2, 3], 1.0)),
    ("maps", |e| remember(e, &[3, 3], &[2, 2, 3], 0.9)),
    ("features without a batch axis", |e| remember(e, &[3, 3], &[3], 0.9)),
];

pub const EIGEN_PREDICTOR: &[Bad<Exercises>] = &[
    ("a matrix that is not square", |e| (e.eigen_predictor)(&ones(&[3, 2])?, 0.1).map(drop)),
    ("a vector", |e| (e.eigen_predictor)(&ones(&[3])?, 0.1).map(drop)),
    ("zeros", |e| (e.eigen_predictor)(&(eye(3)? * 0.0)?, 0.1).map(drop)),
    ("negative eigenvalues alone", |e| (e.eigen_predictor)(&(eye(3)? * -2.0)?, 0.1).map(drop)),
];

pub const DIRECT_COPY: &[Bad<Exercises>] = &[
    ("a matrix that is not square", |e| (e.direct_copy)(&ones(&[3, 2])?, 0.1).map(drop)),
    ("a vector", |e| (e.direct_copy)(&ones(&[3])?, 0.1).map(drop)),
    ("zeros", |e| (e.direct_copy)(&(eye(3)? * 0.0)?, 0.1).map(drop)),
    ("negative eigenvalues alone", |e| (e.direct_copy)(&(eye(3)? * -2.0)?, 0.1).map(drop)),
];

pub const ALIGNMENT: &[Bad<Exercises>] = &[
    ("a predictor that is not square", |e| (e.alignment)(&ones(&[2, 3])?, &eye(3)?).map(drop)),
    ("a correlation that is not square", |e| (e.alignment)(&eye(3)?, &ones(&[3, 2])?).map(drop)),
    ("matrices of different sides", |e| (e.alignment)(&eye(2)?, &eye(3)?).map(drop)),
    ("a correlation with negative eigenvalues alone", |e| (e.alignment)(&eye(3)?, &(eye(3)? * -1.0)?).map(drop)),
    ("a correlation of zeros", |e| (e.alignment)(&eye(3)?, &(eye(3)? * 0.0)?).map(drop)),
];

/// A step of matrices of these shapes: network, predictor, target, X and X'.
fn linear(e: &Exercises, shapes: [&[usize]; 5]) -> Result<()> {
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F64, &Device::Cpu);
    let [online, predictor, target, x, x_views] = shapes.map(ones);
    let byol = LinearByol { online: online?, predictor: predictor?, target: target? };
    let rates = Rates { predictor: 1.0, decay: 0.1, target: 0.5, noise: 0.5 };
    (e.linear_byol_step)(&byol, &x?, &x_views?, &rates, 0.1).map(drop)
}

pub const LINEAR_BYOL_STEP: &[Bad<Exercises>] = &[
    ("a wider predictor", |e| linear(e, [&[2, 3], &[3, 3], &[2, 3], &[3, 3], &[3, 3]])),
    ("a target of another width", |e| linear(e, [&[2, 3], &[2, 2], &[4, 3], &[3, 3], &[3, 3]])),
    ("a target of one row", |e| linear(e, [&[2, 3], &[2, 2], &[1, 3], &[3, 3], &[3, 3]])),
    ("images of another size", |e| linear(e, [&[2, 3], &[2, 2], &[2, 3], &[4, 4], &[4, 4]])),
    ("views of another size", |e| linear(e, [&[2, 3], &[2, 2], &[2, 3], &[3, 3], &[1, 3]])),
];

/// What goes wrong in a step.
#[derive(Clone, Copy)]
struct Wrong {
    online: bool,
    target: bool,
    predictor: bool,
    optimizer: bool,
    /// The target's weights have other names, or its features another width.
    other_names: bool,
    other_width: bool,
    side: usize,
    rho: f64,
}

const SOUND: Wrong = Wrong {
    online: false,
    target: false,
    predictor: false,
    optimizer: false,
    other_names: false,
    other_width: false,
    side: 3,
    rho: 0.9,
};

/// A step in which something goes wrong; the correlation must be as it was.
fn step(e: &Exercises, wrong: Wrong) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let (online_params, target_params) = (params.pp("online"), params.pp("target"));
    let weight = online_params.trainable("weight", &[3, 3], Init::Uniform(1.0))?;
    target_params.trainable(if wrong.other_names { "weights" } else { "weight" }, &[3, 3], Init::Uniform(1.0))?;
    let encode = |broken: bool, images: &Tensor| {
        if broken {
            bail!("no features today");
        }
        images.flatten_from(1)?.matmul(&weight)
    };
    let views = ones(&[2, 3, 1, 1])?;
    let step = Step {
        online: &|images, _| encode(wrong.online, images),
        target: &|images, _| encode(wrong.target, images)?.narrow(1, 0, if wrong.other_width { 2 } else { 3 }),
        online_params: &online_params,
        target_params: &target_params,
        views: [&views, &views],
        predictor: &|f| if wrong.predictor { bail!("no predictor today") } else { Ok(f.clone()) },
        rho: wrong.rho,
        momentum: 0.9,
        learning_rate: 0.1,
    };
    let kept = Params::new(0, &Device::Cpu);
    let before = kept.buffer("correlation", &[wrong.side, wrong.side], Init::Uniform(1.0))?;
    unchanged(&kept, || {
        let mut correlation = before.as_detached_tensor().copy()?;
        let mut sound = Sgd::new(online_params.trained(), 0.0, 0.0);
        let optimizer: &mut dyn Optimizer = if wrong.optimizer { &mut Failing } else { &mut sound };
        let result = (e.directpred_step)(&step, &mut correlation, optimizer);
        before.set(&correlation.detach().copy()?.broadcast_as(before.dims())?.contiguous()?)?;
        result.map(drop)
    })
}

pub const DIRECTPRED_STEP: &[Bad<Exercises>] = &[
    ("an error that `online` reports", |e| step(e, Wrong { online: true, ..SOUND })),
    ("an error that `target` reports", |e| step(e, Wrong { target: true, ..SOUND })),
    ("an error that `predictor` reports", |e| step(e, Wrong { predictor: true, ..SOUND })),
    ("an error that the optimizer reports", |e| step(e, Wrong { optimizer: true, ..SOUND })),
    ("a target whose weights have other names", |e| step(e, Wrong { other_names: true, ..SOUND })),
    ("a target whose features are narrower", |e| step(e, Wrong { other_width: true, ..SOUND })),
    ("a correlation of another width", |e| step(e, Wrong { side: 4, ..SOUND })),
    ("ρ = 2", |e| step(e, Wrong { rho: 2.0, ..SOUND })),
];
