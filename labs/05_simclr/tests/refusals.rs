//! What the functions of lab 05 promise to refuse or to pass on.

use std::cell::Cell;
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

/// A step on two images, with a backbone that breaks when it is called for the `breaks.0`-th time and a head likewise.
fn on_two_images(breaks: (usize, usize), step: impl FnOnce(&Step) -> Result<f64>) -> Result<()> {
    let (views, calls) = (ones(&[2, 3, 2, 2])?, [Cell::new(0), Cell::new(0)]);
    let call = |calls: &Cell<usize>, breaks| {
        calls.set(calls.get() + 1);
        if calls.get() == breaks { bail!("not today") } else { Ok(()) }
    };
    let step_of = Step {
        encode: &|images, _| call(&calls[0], breaks.0).and_then(|()| images.flatten_from(1)),
        project: &|h| call(&calls[1], breaks.1).map(|()| h.clone()),
        view_a: &views,
        view_b: &views,
        temperature: 0.5,
        learning_rate: 0.1,
    };
    step(&step_of).map(drop)
}

fn step(e: &Exercises, breaks: (usize, usize), optimizer: &mut dyn Optimizer) -> Result<()> {
    on_two_images(breaks, |step| (e.train_step)(step, optimizer))
}

/// In chunks of one image.
fn cached(e: &Exercises, breaks: (usize, usize), optimizer: &mut dyn Optimizer) -> Result<()> {
    on_two_images(breaks, |step| (e.cached_step)(step, 1, optimizer))
}

/// An optimizer without parameters.
fn still() -> Sgd {
    Sgd::new(Vec::new(), 0.0, 0.0)
}

pub const TRAIN_STEP: &[Bad<Exercises>] = &[
    ("an error that the optimizer reports", |e| step(e, (0, 0), &mut Failing)),
    ("an error that `encode` reports", |e| step(e, (1, 0), &mut still())),
    ("an error that `project` reports", |e| step(e, (0, 1), &mut still())),
];

pub const CACHED_STEP: &[Bad<Exercises>] = &[
    ("a chunk of 0 images", |e| on_two_images((0, 0), |step| (e.cached_step)(step, 0, &mut still()))),
    ("an error that the optimizer reports", |e| cached(e, (0, 0), &mut Failing)),
    ("an error that `encode` reports for the second chunk", |e| cached(e, (2, 0), &mut still())),
    ("an error that `encode` reports in the second pass", |e| cached(e, (4, 0), &mut still())),
    ("an error that `project` reports", |e| cached(e, (0, 1), &mut still())),
    ("an error that `project` reports in the second pass", |e| cached(e, (0, 3), &mut still())),
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
