//! The graded checks of lab 05: `cargo test -p simclr`.

mod chance;
mod diagnoses;
mod network;
mod refusals;

use std::process::ExitCode;

use candle_core::{Device, Result, Tensor, Var};
use simclr::{Project, Step, Transform};
use ssl_data::Rng;
use ssl_data::augment::CropBox;
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};
use ssl_nn::{Encode, Optimizer, Params};

use self::network::Network;

ssl_grading::exercises! {
    crop_box: fn(&mut Rng, usize, usize, (f64, f64), (f64, f64)) -> CropBox = simclr::crop_box,
    augment: fn(&[(f64, &Transform)], &Tensor, &mut Rng) -> Result<Tensor> = simclr::augment,
    two_views: fn(&Transform, &Tensor, &mut Rng) -> Result<(Tensor, Tensor)> = simclr::two_views,
    /// Embeddings of features h by a projection head, which puts its parameters into an empty tree, with these values.
    project: fn(&Tensor, &mut Params, &Values) -> Result<Tensor> = network::project,
    nt_xent: fn(&Tensor, f64) -> Result<Tensor> = simclr::nt_xent,
    nt_xent_gradient: fn(&Tensor, f64) -> Result<Tensor> = simclr::nt_xent_gradient,
    train_step: fn(&Step, &mut dyn Optimizer) -> Result<f64> = simclr::train_step,
    learning_rate: fn(usize, usize, usize, f64, usize) -> f64 = simclr::learning_rate,
    representation: fn(&Encode, &Project, &Tensor) -> Result<(Tensor, Tensor)> = simclr::representation,
    cached_step: fn(&Step, usize, &mut dyn Optimizer) -> Result<f64> = simclr::cached_step,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "05_simclr",
        exercises: vec![
            exercise("crop_box", &["Crop", "Augmentation"], &[]),
            exercise("augment", &["Augmentation"], &[]),
            exercise("two_views", &[], &[]),
            exercise("forward", &["Mlp"], &[]),
            exercise("nt_xent", &["softmax_last_dim"], &[]),
            exercise("nt_xent_gradient", &["backward", "backward_step", "softmax_last_dim"], &[]),
            exercise("train_step", &[], &["nt_xent"]),
            exercise("learning_rate", &["WarmupCosine"], &[]),
            exercise("representation", &["embed", "ssl_eval"], &[]),
            exercise("cached_step", &[], &["nt_xent", "nt_xent_gradient"]),
        ],
        golden_only: &[],
        checks: [chance::boxes(), chance::views(), head_and_loss(), training(), in_chunks()].concat(),
    }
}

fn check(
    id: &'static str,
    exercise: &'static str,
    (points, tolerance): (u32, f64),
    run: fn(&Exercises, &Values) -> Result<Values>,
    mistakes: &'static [Mistake],
) -> Check<Exercises> {
    Check { id, exercise, points, ask: Ask::Values { tolerance, run, mistakes } }
}

fn head_and_loss() -> Vec<Check<Exercises>> {
    let head = |exercises: &Exercises, case: &Values| {
        let (h, mut params) = (case.variable("h")?, Params::new(0, &Device::Cpu));
        let z = (exercises.project)(&h, &mut params, case)?;
        let weights = params.all();
        let inputs = weights.iter().map(|(name, var)| (name.as_str(), var)).chain([("h", &h)]);
        Values::new().with_gradients("z", &z, &inputs.collect::<Vec<_>>())
    };
    let loss = |exercises: &Exercises, case: &Values| {
        let z = case.variable("z")?;
        let loss = (exercises.nt_xent)(&z, case.number("temperature")?)?;
        Values::new().with_gradients("loss", &loss, &[("z", &z)])
    };
    let value = |exercises: &Exercises, case: &Values| {
        let loss = (exercises.nt_xent)(case.tensor("z")?, case.number("temperature")?)?;
        Ok(Values::new().with("loss", &loss))
    };
    let gradient = |exercises: &Exercises, case: &Values| {
        let gradient = (exercises.nt_xent_gradient)(case.tensor("z")?, case.number("temperature")?)?;
        Ok(Values::new().with("gradient", &gradient))
    };
    vec![
        check("head", "forward", (9, 1e-5), head, diagnoses::HEAD),
        refused("refused_features", "forward", 1, refusals::FORWARD),
        check("nt_xent", "nt_xent", (2, 1e-5), loss, diagnoses::NT_XENT),
        check("nt_xent_when_cold", "nt_xent", (1, 2e-5), loss, diagnoses::COLD),
        check("nt_xent_of_a_zero_row", "nt_xent", (1, 1e-5), value, diagnoses::ZERO_ROW),
        refused("refused_embeddings", "nt_xent", 1, refusals::NT_XENT),
        check("gradient", "nt_xent_gradient", (12, 1e-5), gradient, diagnoses::GRADIENT),
        check("cold_gradient", "nt_xent_gradient", (1, 1e-3), gradient, diagnoses::COLD_GRADIENT),
        check("gradient_of_opposites", "nt_xent_gradient", (1, 1e-3), gradient, &[]),
        refused("refused_rows", "nt_xent_gradient", 1, refusals::NT_XENT_GRADIENT),
    ]
}

fn training() -> Vec<Check<Exercises>> {
    let step = |exercises: &Exercises, case: &Values| {
        let (loss, params) = network::after(case, |step, optimizer| (exercises.train_step)(step, optimizer))?;
        with_all(params.all(), Values::new().with_number("loss", loss)?)
    };
    let schedule = |exercises: &Exercises, case: &Values| {
        let (warmup, total, batch) = (case.count("warmup")?, case.count("total")?, case.count("batch")?);
        let (base, steps) = (case.number("base")?, case.tensor("steps")?.to_vec1::<u32>()?);
        let rates = steps.iter().map(|&step| (exercises.learning_rate)(step as usize, warmup, total, base, batch));
        Ok(Values::new().with("rates", &Tensor::from_iter(rates, &Device::Cpu)?))
    };
    let h_and_z = |exercises: &Exercises, case: &Values| {
        let network = Network::of(case)?;
        let encode = |images: &Tensor, train: bool| network.encode(images, train);
        let (h, z) = (exercises.representation)(&encode, &|h| network.project(h), case.tensor("images")?)?;
        let weights = network.params.all();
        let inputs = ["linear.weight", "norm.weight", "head.weight"].map(|name| (name, &weights[name]));
        let statistics = ["norm.running_mean", "norm.running_var"];
        let values = statistics.iter().fold(Values::new(), |values, name| values.with(name, &weights[*name]));
        values.with("h", &h).with("z", &z).with_leaks(&[&h, &z], &inputs)
    };
    vec![
        check("after_a_step", "train_step", (14, 2e-5), step, diagnoses::STEP),
        refused("errors_in_a_step", "train_step", 1, refusals::TRAIN_STEP),
        check("schedule", "learning_rate", (10, 1e-9), schedule, diagnoses::SCHEDULE),
        check("h_and_z", "representation", (4, 1e-5), h_and_z, diagnoses::REPRESENTATION),
        refused("errors_in_features", "representation", 1, refusals::REPRESENTATION),
    ]
}

fn in_chunks() -> Vec<Check<Exercises>> {
    fn after(exercises: &Exercises, case: &Values) -> Result<(f64, Params)> {
        let chunk = case.count("chunk")?;
        network::after(case, |step, optimizer| (exercises.cached_step)(step, chunk, optimizer))
    }
    let weights = |exercises: &Exercises, case: &Values| with_all(after(exercises, case)?.1.trained(), Values::new());
    let loss = |exercises: &Exercises, case: &Values| {
        let (loss, params) = after(exercises, case)?;
        with_all(params.buffers(), Values::new().with_number("loss", loss)?)
    };
    let graphs = |exercises: &Exercises, case: &Values| {
        let chunk = case.count("chunk")?;
        let graphs = network::graphs(case, |step, optimizer| (exercises.cached_step)(step, chunk, optimizer))?;
        Values::new().with_number("more than two graphs at a time", f64::from(u8::from(graphs > 2)))
    };
    vec![
        check("after_a_cached_step", "cached_step", (6, 2e-5), weights, diagnoses::CACHED),
        check("loss_of_a_cached_step", "cached_step", (1, 2e-5), loss, diagnoses::CACHED_LOSS),
        check("graphs_of_a_cached_step", "cached_step", (2, 0.0), graphs, diagnoses::GRAPHS),
        refused("errors_in_chunks", "cached_step", 1, refusals::CACHED_STEP),
    ]
}

/// These values, and parameters or buffers by their names.
fn with_all(vars: impl IntoIterator<Item = (String, Var)>, values: Values) -> Result<Values> {
    Ok(vars.into_iter().fold(values, |values, (name, var)| values.with(&name, &var)))
}
