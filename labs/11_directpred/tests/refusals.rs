//! What the functions of lab 11 promise to refuse or to pass on.

use candle_core::{DType, Device, Result, Tensor, bail};
use directpred::{LinearByol, Rates, Step};
use ssl_grading::Bad;
use ssl_nn::params::Init;
use ssl_nn::{Params, Sgd};

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

/// A step whose networks or predictor report an error where they are told to; the correlation must be as it was.
fn step(e: &Exercises, broken: [bool; 3], side: usize, rho: f64) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let (online_params, target_params) = (params.pp("online"), params.pp("target"));
    let weight = online_params.trainable("weight", &[3, 3], Init::Uniform(1.0))?;
    target_params.trainable("weight", &[3, 3], Init::Uniform(1.0))?;
    let encode = |broken: bool, images: &Tensor| {
        if broken {
            bail!("no features today");
        }
        images.flatten_from(1)?.matmul(&weight)
    };
    let views = ones(&[2, 3, 1, 1])?;
    let step = Step {
        online: &|images, _| encode(broken[0], images),
        target: &|images, _| encode(broken[1], images),
        online_params: &online_params,
        target_params: &target_params,
        views: [&views, &views],
        predictor: &|f| if broken[2] { bail!("no predictor today") } else { Ok(f.clone()) },
        rho,
        momentum: 0.9,
        learning_rate: 0.1,
    };
    let mut correlation = eye(side)?;
    let result = (e.directpred_step)(&step, &mut correlation, &mut Sgd::new(online_params.trained(), 0.0, 0.0));
    let unchanged =
        correlation.dims() == [side, side] && (correlation - eye(side)?)?.abs()?.sum_all()?.to_scalar::<f32>()? == 0.0;
    // A change before the error is worth no more than no error.
    if unchanged { result.map(drop) } else { Ok(()) }
}

pub const DIRECTPRED_STEP: &[Bad<Exercises>] = &[
    ("an error that `online` reports", |e| step(e, [true, false, false], 3, 0.9)),
    ("an error that `target` reports", |e| step(e, [false, true, false], 3, 0.9)),
    ("an error that `predictor` reports", |e| step(e, [false, false, true], 3, 0.9)),
    ("a correlation of another width", |e| step(e, [false; 3], 4, 0.9)),
    ("ρ = 2", |e| step(e, [false; 3], 3, 2.0)),
];
