//! The graded checks of lab 05: `cargo test -p simclr`.

mod diagnoses;
mod network;

use std::process::ExitCode;
use std::sync::Mutex;

use candle_core::{Device, Result, Tensor};
use rand::{Rng as _, SeedableRng};
use simclr::{Project, Transform};
use ssl_data::Rng;
use ssl_data::augment::CropBox;
use ssl_grading::{Check, Exercise, Lab, Values};
use ssl_nn::{Encode, Optimizer, Sgd};

use self::network::Network;
pub use self::network::Weights;

/// What a student writes.
#[derive(Clone, Copy)]
pub struct Exercises {
    pub crop_box: fn(&mut Rng, usize, usize, (f64, f64), (f64, f64)) -> CropBox,
    pub augment: fn(&[(f64, &Transform)], &Tensor, &mut Rng) -> Result<Tensor>,
    pub two_views: fn(&Transform, &Tensor, &mut Rng) -> Result<(Tensor, Tensor)>,
    /// Embeddings of features h by a projection head with the given weights.
    pub project: fn(&Tensor, &Weights) -> Result<Tensor>,
    pub nt_xent: fn(&Tensor, f64) -> Result<Tensor>,
    pub train_step: fn(&Encode, &Project, &mut dyn Optimizer, &Tensor, &Tensor, f64, f64) -> Result<f64>,
    pub learning_rate: fn(usize, usize, usize, f64, usize) -> f64,
    pub representation: fn(&Encode, &Project, &Tensor) -> Result<(Tensor, Tensor)>,
}

pub const EXERCISES: Exercises = Exercises {
    crop_box: simclr::crop_box,
    augment: simclr::augment,
    two_views: simclr::two_views,
    project: network::project,
    nt_xent: simclr::nt_xent,
    train_step: simclr::train_step,
    learning_rate: simclr::learning_rate,
    representation: simclr::representation,
};

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "05_simclr",
        exercises: vec![
            exercise("crop_box", &["Crop", "Augmentation"], &[]),
            exercise("augment", &[], &[]),
            exercise("two_views", &[], &[]),
            exercise("forward", &["Mlp"], &[]),
            exercise("nt_xent", &[], &[]),
            exercise("train_step", &[], &["nt_xent"]),
            exercise("learning_rate", &["WarmupCosine"], &[]),
            exercise("representation", &["embed", "ssl_eval"], &[]),
        ],
        checks: [
            vec![boxes()],
            boxes_that_never_fit(),
            vec![steps_in_order(), steps_by_chance(), two_draws(), head()],
            nt_xent(),
            vec![weights_after_a_step(), schedule(), h_and_z()],
        ]
        .concat(),
    }
}

/// Draws of a check of randomness: with so many, a right answer is off by more than the tolerance less than once in 10⁹ runs.
const BOXES: usize = 100_000;
const AUGMENTATIONS: usize = 40_000;

fn boxes() -> Check<Exercises> {
    Check {
        id: "boxes",
        exercise: "crop_box",
        points: 10,
        tolerance: 0.01,
        run: |exercises, case| {
            let (height, width) = (case.count("height")?, case.count("width")?);
            let (scale, ratio) = (range(case, "scale")?, range(case, "ratio")?);
            let mut rng = Rng::seed_from_u64(1);
            let boxes: Vec<CropBox> =
                (0..BOXES).map(|_| (exercises.crop_box)(&mut rng, height, width, scale, ratio)).collect();
            let limits = |name: &str| case.tensor(name)?.to_vec1::<f64>();
            let below = |value: &dyn Fn(&CropBox) -> f64, limits: Vec<f64>| {
                let share = |limit: &f64| boxes.iter().filter(|b| value(b) <= *limit).count() as f64 / BOXES as f64;
                Tensor::from_iter(limits.iter().map(share), &Device::Cpu)
            };
            let area = |b: &CropBox| (b.height * b.width) as f64 / (height * width) as f64;
            let aspect = |b: &CropBox| b.width as f64 / b.height as f64;
            let top = |b: &CropBox| (b.top as f64 + 0.5) / (height as f64 - b.height as f64 + 1.0);
            let left = |b: &CropBox| (b.left as f64 + 0.5) / (width as f64 - b.width as f64 + 1.0);
            let inside = boxes.iter().filter(|b| b.top + b.height <= height && b.left + b.width <= width).count();
            Values::new()
                .with("area", &below(&area, limits("areas")?)?)
                .with("ratio", &below(&aspect, limits("ratios")?)?)
                .with("top", &below(&top, limits("deciles")?)?)
                .with("left", &below(&left, limits("deciles")?)?)
                .with_number("inside", inside as f64 / BOXES as f64)
        },
        mistakes: diagnoses::BOXES,
    }
}

fn boxes_that_never_fit() -> Vec<Check<Exercises>> {
    let check = |id, points| Check {
        id,
        exercise: "crop_box",
        points,
        tolerance: 0.0,
        run: |exercises: &Exercises, case: &Values| {
            let (height, width) = (case.count("height")?, case.count("width")?);
            let (scale, ratio) = (range(case, "scale")?, range(case, "ratio")?);
            let b = (exercises.crop_box)(&mut Rng::seed_from_u64(2), height, width, scale, ratio);
            let numbers = [b.top, b.left, b.height, b.width].map(|n| n as f64);
            Ok(Values::new().with("box", &Tensor::new(&numbers, &Device::Cpu)?))
        },
        mistakes: diagnoses::CENTER,
    };
    vec![check("box_that_never_fits_wide", 3), check("box_that_never_fits_tall", 2)]
}

/// Two numbers of a case.
fn range(case: &Values, name: &str) -> Result<(f64, f64)> {
    let ends: Vec<f64> = case.tensor(name)?.to_vec1()?;
    Ok((ends[0], ends[1]))
}

fn steps_in_order() -> Check<Exercises> {
    Check {
        id: "steps_in_order",
        exercise: "augment",
        points: 5,
        tolerance: 1e-6,
        run: |exercises, case| {
            let halve = |image: &Tensor, _: &mut Rng| image * 0.5;
            let darken = |image: &Tensor, _: &mut Rng| image - 100.0;
            let lift = |image: &Tensor, _: &mut Rng| image + 0.25;
            let steps: [(f64, &Transform); 3] = [(1.0, &halve), (0.0, &darken), (1.0, &lift)];
            let view = (exercises.augment)(&steps, case.tensor("image")?, &mut Rng::seed_from_u64(3))?;
            Ok(Values::new().with("view", &view))
        },
        mistakes: diagnoses::ORDER,
    }
}

fn steps_by_chance() -> Check<Exercises> {
    Check {
        id: "steps_by_chance",
        exercise: "augment",
        points: 5,
        tolerance: 0.011,
        run: |exercises, case| {
            let p: Vec<f64> = case.tensor("probabilities")?.to_vec1()?;
            // Which steps were taken can be read off the sum.
            let add = |number: f64| move |image: &Tensor, _: &mut Rng| image + number;
            let (one, two, four) = (add(1.0), add(2.0), add(4.0));
            let steps: [(f64, &Transform); 3] = [(p[0], &one), (p[1], &two), (p[2], &four)];
            let (image, mut rng) =
                (Tensor::zeros((3, 1, 1), candle_core::DType::F32, &Device::Cpu)?, Rng::seed_from_u64(4));
            let mut frequencies = [0.0; 8];
            for _ in 0..AUGMENTATIONS {
                let sum = (exercises.augment)(&steps, &image, &mut rng)?.max_all()?.to_scalar::<f32>()?;
                frequencies[(sum as usize).min(7)] += 1.0 / AUGMENTATIONS as f64;
            }
            Ok(Values::new().with("frequencies", &Tensor::new(&frequencies, &Device::Cpu)?))
        },
        mistakes: diagnoses::CHANCE,
    }
}

fn two_draws() -> Check<Exercises> {
    Check {
        id: "two_draws",
        exercise: "two_views",
        points: 10,
        tolerance: 1e-6,
        run: |exercises, case| {
            let drawn = Mutex::new(Vec::new());
            // Adds the number of the call, and notes what random number it was given.
            let transform = |image: &Tensor, rng: &mut Rng| {
                let mut drawn = drawn.lock().map_err(|_| candle_core::Error::Msg("a view panicked".into()))?;
                drawn.push(rng.random::<u64>());
                image + drawn.len() as f64
            };
            let (a, b) = (exercises.two_views)(&transform, case.tensor("image")?, &mut Rng::seed_from_u64(5))?;
            let mut drawn = drawn.into_inner().unwrap_or_default();
            drawn.sort_unstable();
            drawn.dedup();
            Values::new()
                .with("view a", &a)
                .with("view b", &b)
                .with_number("different random numbers", drawn.len() as f64)
        },
        mistakes: diagnoses::VIEWS,
    }
}

fn head() -> Check<Exercises> {
    Check {
        id: "head",
        exercise: "forward",
        points: 10,
        tolerance: 1e-5,
        run: |exercises, case| {
            let h = case.variable("h")?;
            let z = (exercises.project)(&h, &network::weights(case))?;
            Values::new().with_gradients("z", &z, &[("h", &h)])
        },
        mistakes: diagnoses::HEAD,
    }
}

fn nt_xent() -> Vec<Check<Exercises>> {
    let check = |id, points, mistakes| Check {
        id,
        exercise: "nt_xent",
        points,
        tolerance: 1e-5,
        run: |exercises: &Exercises, case: &Values| {
            let z = case.variable("z")?;
            let loss = (exercises.nt_xent)(&z, case.number("temperature")?)?;
            Values::new().with_gradients("loss", &loss, &[("z", &z)])
        },
        mistakes,
    };
    vec![check("nt_xent_of_views", 15, diagnoses::NT_XENT), check("nt_xent_when_cold", 5, diagnoses::COLD)]
}

fn weights_after_a_step() -> Check<Exercises> {
    Check {
        id: "weights_after_a_step",
        exercise: "train_step",
        points: 20,
        tolerance: 2e-5,
        run: |exercises, case| {
            let network = Network::of(case)?;
            let mut optimizer = Sgd::new(network.params.trained(), case.number("momentum")?, 0.0);
            let loss = (exercises.train_step)(
                &|images, train| network.encode(images, train),
                &|h| network.project(h),
                &mut optimizer,
                case.tensor("view_a")?,
                case.tensor("view_b")?,
                case.number("temperature")?,
                case.number("rate")?,
            )?;
            let weights = network.params.all();
            let values = Values::new().with_number("loss", loss)?;
            Ok(weights.iter().fold(values, |values, (name, weight)| values.with(name, weight)))
        },
        mistakes: diagnoses::STEP,
    }
}

fn schedule() -> Check<Exercises> {
    Check {
        id: "schedule",
        exercise: "learning_rate",
        points: 10,
        tolerance: 1e-9,
        run: |exercises, case| {
            let (warmup, total, batch) = (case.count("warmup")?, case.count("total")?, case.count("batch")?);
            let base = case.number("base")?;
            let steps: Vec<u32> = case.tensor("steps")?.to_vec1()?;
            let rates = steps.iter().map(|&step| (exercises.learning_rate)(step as usize, warmup, total, base, batch));
            Ok(Values::new().with("rates", &Tensor::from_iter(rates, &Device::Cpu)?))
        },
        mistakes: diagnoses::SCHEDULE,
    }
}

fn h_and_z() -> Check<Exercises> {
    Check {
        id: "h_and_z",
        exercise: "representation",
        points: 5,
        tolerance: 1e-5,
        run: |exercises, case| {
            let network = Network::of(case)?;
            let encode = |images: &Tensor, train: bool| network.encode(images, train);
            let (h, z) = (exercises.representation)(&encode, &|h| network.project(h), case.tensor("images")?)?;
            let both = (h.sum_all()? + z.sum_all()?)?;
            Values::new().with("h", &h).with("z", &z).with_leak("linear.weight", &both, &network.weight()?)
        },
        mistakes: diagnoses::REPRESENTATION,
    }
}
