//! What the functions of lab 05 promise to refuse or to pass on.

use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Device, Result, Tensor, bail};
use rand::SeedableRng;
use simclr::{Step, Transform};
use ssl_data::Rng;
use ssl_grading::Bad;
use ssl_grading::network::Failing;
use ssl_nn::{Optimizer, Params, Sgd};

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

fn rng() -> Rng {
    Rng::seed_from_u64(0)
}

fn broken(_: &Tensor, _: &mut Rng) -> Result<Tensor> {
    bail!("not today")
}

fn same(image: &Tensor, _: &mut Rng) -> Result<Tensor> {
    Ok(image.clone())
}

/// As many images as it takes until a step of probability ½ is taken.
fn augment(e: &Exercises, steps: &[(f64, &Transform)]) -> Result<()> {
    let mut rng = rng();
    (0..40).try_for_each(|_| (e.augment)(steps, &ones(&[3, 2, 2])?, &mut rng).map(drop))
}

pub const AUGMENT: &[Bad<Exercises>] = &[
    ("an error that a step reports", |e| augment(e, &[(1.0, &broken)])),
    ("an error that the last step reports", |e| augment(e, &[(1.0, &same), (1.0, &broken)])),
    ("an error that a step of probability ½ reports", |e| augment(e, &[(1.0, &same), (0.5, &broken)])),
];

/// Two views by a transform that breaks when it is called for the `fails`-th time.
fn views(e: &Exercises, fails: usize) -> Result<()> {
    let calls = AtomicUsize::new(0);
    let transform = |image: &Tensor, rng: &mut Rng| {
        let call = 1 + calls.fetch_add(1, Ordering::Relaxed);
        if call == fails { broken(image, rng) } else { same(image, rng) }
    };
    (e.two_views)(&transform, &ones(&[3, 2, 2])?, &mut rng()).map(drop)
}

pub const TWO_VIEWS: &[Bad<Exercises>] = &[
    ("an error that the transform reports", |e| views(e, 1)),
    ("an error that the transform reports for the second view", |e| views(e, 2)),
];

pub const FORWARD: &[Bad<Exercises>] = &[("features of another width", |e| {
    let layer = |name: &str, outputs: usize, inputs: usize| {
        Ok([(format!("{name}.weight"), ones(&[outputs, inputs])?), (format!("{name}.bias"), ones(&[outputs])?)])
    };
    let weights: Result<Vec<_>> = [layer("hidden", 5, 6), layer("output", 3, 5)].into_iter().collect();
    let weights = weights?.into_iter().flatten().collect();
    (e.project)(&ones(&[4, 7])?, &mut Params::new(0, &Device::Cpu), &weights).map(drop)
})];

pub const NT_XENT: &[Bad<Exercises>] = &[
    ("an odd number of rows", |e| (e.nt_xent)(&ones(&[5, 4])?, 0.5).map(drop)),
    ("a single row", |e| (e.nt_xent)(&ones(&[1, 4])?, 0.5).map(drop)),
];

pub const NT_XENT_GRADIENT: &[Bad<Exercises>] = &[
    ("an odd number of rows", |e| (e.nt_xent_gradient)(&ones(&[5, 4])?, 0.5).map(drop)),
    ("a single row", |e| (e.nt_xent_gradient)(&ones(&[1, 4])?, 0.5).map(drop)),
];

/// A step on two images, with a backbone and a head that may break.
fn step(e: &Exercises, breaks: (bool, bool), optimizer: &mut dyn Optimizer) -> Result<()> {
    let views = ones(&[2, 3, 2, 2])?;
    let step = Step {
        encode: &|images, _| if breaks.0 { bail!("no features today") } else { images.flatten_from(1) },
        project: &|h| if breaks.1 { bail!("no embeddings today") } else { Ok(h.clone()) },
        view_a: &views,
        view_b: &views,
        temperature: 0.5,
        learning_rate: 0.1,
    };
    (e.train_step)(&step, optimizer).map(drop)
}

/// An optimizer without parameters.
fn still() -> Sgd {
    Sgd::new(Vec::new(), 0.0, 0.0)
}

pub const TRAIN_STEP: &[Bad<Exercises>] = &[
    ("an error that the optimizer reports", |e| step(e, (false, false), &mut Failing)),
    ("an error that `encode` reports", |e| step(e, (true, false), &mut still())),
    ("an error that `project` reports", |e| step(e, (false, true), &mut still())),
];

pub const REPRESENTATION: &[Bad<Exercises>] = &[
    ("an error that `encode` reports", |e| {
        (e.representation)(&|_, _| bail!("no features today"), &|h| Ok(h.clone()), &ones(&[2, 3, 2, 2])?).map(drop)
    }),
    ("an error that `project` reports", |e| {
        (e.representation)(&|x, _| x.flatten_from(1), &|_| bail!("no embeddings today"), &ones(&[2, 3, 2, 2])?)
            .map(drop)
    }),
];
