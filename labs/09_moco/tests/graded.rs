//! The graded checks of lab 09: `cargo test -p moco`.

mod chance;
mod diagnoses;
mod network;
mod refusals;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use moco::{MemoryBank, Queue, Step};
use ssl_data::Rng;
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};
use ssl_nn::{Optimizer, Params};

ssl_grading::exercises! {
    momentum_update: fn(&Params, &Params, f64) -> Result<()> = moco::momentum_update,
    enqueue: fn(&Queue, &Tensor) -> Result<()> = Queue::enqueue,
    moco_logits: fn(&Tensor, &Tensor, &Tensor, f64) -> Result<Tensor> = moco::moco_logits,
    moco_loss: fn(&Tensor) -> Result<Tensor> = moco::moco_loss,
    shuffle_batch: fn(&Tensor, &mut Rng) -> Result<(Tensor, Vec<u32>)> = moco::shuffle_batch,
    unshuffle_batch: fn(&Tensor, &[u32]) -> Result<Tensor> = moco::unshuffle_batch,
    moco_step: fn(&Step, &mut dyn Optimizer, &mut Rng) -> Result<f64> = moco::moco_step,
    update: fn(&MemoryBank, &[usize], &Tensor, f64) -> Result<()> = MemoryBank::update,
    sample_negatives: fn(&[usize], usize, usize, &mut Rng) -> Result<Vec<usize>> = moco::sample_negatives,
    pirl_loss: fn(&Tensor, &Tensor, &Tensor, &Tensor, f64, f64) -> Result<Tensor> = moco::pirl_loss,
    invariance: fn(&Tensor, &Tensor) -> Result<f64> = moco::invariance,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses, needs| Exercise { name, refuses, needs };
    Lab {
        name: "09_moco",
        exercises: vec![
            exercise("momentum_update", &["trailing_average"], &[]),
            exercise("enqueue", &[], &[]),
            exercise("moco_logits", &[], &[]),
            exercise("moco_loss", &[], &[]),
            exercise("shuffle_batch", &[], &[]),
            exercise("unshuffle_batch", &[], &[]),
            exercise(
                "moco_step",
                &[],
                &["momentum_update", "enqueue", "moco_logits", "moco_loss", "shuffle_batch", "unshuffle_batch"],
            ),
            exercise("update", &[], &[]),
            exercise("sample_negatives", &[], &[]),
            exercise("pirl_loss", &[], &["moco_logits", "moco_loss"]),
            exercise("invariance", &["ssl_eval"], &[]),
        ],
        golden_only: &[],
        checks: [twins(), losses(), chance::orders(), steps(), memory()].concat(),
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

fn twins() -> Vec<Check<Exercises>> {
    vec![
        check("followed", "momentum_update", (6, 1e-6), network::followed, diagnoses::FOLLOWED),
        check("two_blocks_followed", "momentum_update", (1, 1e-6), network::two_blocks_followed, &[]),
        refused("refused_branches", "momentum_update", 2, refusals::MOMENTUM_UPDATE),
        check("enqueued", "enqueue", (10, 1e-6), network::enqueued, diagnoses::ENQUEUED),
        refused("refused_keys", "enqueue", 2, refusals::ENQUEUE),
    ]
}

fn losses() -> Vec<Check<Exercises>> {
    let logits = |exercises: &Exercises, case: &Values| {
        let [q, k, queue] = [case.variable("q")?, case.variable("k")?, case.variable("queue")?];
        let logits = (exercises.moco_logits)(&q, &k, &queue, case.number("temperature")?)?;
        let values = Values::new().with_gradients("logits", &logits, &[("q", &q)])?;
        values.with_leaks(&[&logits], &[("k", &k), ("queue", &queue)])
    };
    let loss = |exercises: &Exercises, case: &Values| {
        let logits = case.variable("logits")?;
        Values::new().with_gradients("loss", &(exercises.moco_loss)(&logits)?, &[("logits", &logits)])
    };
    vec![
        check("logits", "moco_logits", (9, 1e-5), logits, diagnoses::LOGITS),
        refused("refused_pairs", "moco_logits", 1, refusals::MOCO_LOGITS),
        check("loss", "moco_loss", (6, 1e-5), loss, diagnoses::LOSS),
        check("loss_of_great_scores", "moco_loss", (1, 2e-4), loss, &[]),
        refused("refused_scores", "moco_loss", 1, refusals::MOCO_LOSS),
    ]
}

fn steps() -> Vec<Check<Exercises>> {
    let restored = |exercises: &Exercises, case: &Values| {
        let order: Vec<u32> = case.tensor("order")?.to_vec1()?;
        Ok(Values::new().with("restored", &(exercises.unshuffle_batch)(case.tensor("shuffled")?, &order)?))
    };
    vec![
        check("restored", "unshuffle_batch", (5, 1e-6), restored, diagnoses::RESTORED),
        refused("refused_orders", "unshuffle_batch", 1, refusals::UNSHUFFLE_BATCH),
        check("after_a_step", "moco_step", (9, 1e-4), network::after_a_step, diagnoses::STEP),
        check("shuffled_keys", "moco_step", (3, 1e-6), chance::shuffled_keys, diagnoses::SHUFFLED_KEYS),
        check("orders_of_keys", "moco_step", (1, 0.05), chance::orders_of_keys, &[]),
        refused("errors_in_a_step", "moco_step", 1, refusals::MOCO_STEP),
    ]
}

/// PIRL's loss of memory, patches, image and negatives, with a case's numbers.
fn of_terms(exercises: &Exercises, case: &Values, inputs: [&Tensor; 4]) -> Result<Tensor> {
    let [memory, patches, image, negatives] = inputs;
    (exercises.pirl_loss)(memory, patches, image, negatives, case.number("temperature")?, case.number("lambda")?)
}

fn memory() -> Vec<Check<Exercises>> {
    let value = |exercises: &Exercises, case: &Values| {
        let [memory, patches] = [case.tensor("memory")?, case.tensor("patches")?];
        let inputs = [memory, patches, case.tensor("image")?, case.tensor("negatives")?];
        Ok(Values::new().with("loss", &of_terms(exercises, case, inputs)?))
    };
    let pirl = |exercises: &Exercises, case: &Values| {
        let [memory, patches] = [case.variable("memory")?, case.variable("patches")?];
        let [image, negatives] = [case.variable("image")?, case.variable("negatives")?];
        let loss = of_terms(exercises, case, [&memory, &patches, &image, &negatives])?;
        let values = Values::new().with_gradients("loss", &loss, &[("patches", &patches), ("image", &image)])?;
        values.with_leaks(&[&loss], &[("memory", &memory), ("negatives", &negatives)])
    };
    let alike = |exercises: &Exercises, case: &Values| {
        Values::new().with_number("invariance", (exercises.invariance)(case.tensor("a")?, case.tensor("b")?)?)
    };
    vec![
        check("remembered", "update", (8, 1e-6), network::remembered, diagnoses::REMEMBERED),
        refused("refused_images", "update", 1, refusals::UPDATE),
        check("negatives", "sample_negatives", (6, 0.016), chance::negatives, diagnoses::NEGATIVES),
        check("many_images", "sample_negatives", (1, 0.04), chance::many_images, &[]),
        refused("refused_counts", "sample_negatives", 1, refusals::SAMPLE_NEGATIVES),
        check("pirl_loss", "pirl_loss", (5, 1e-5), pirl, diagnoses::PIRL),
        check("one_term_only", "pirl_loss", (1, 1e-5), value, &[]),
        check("great_scores_of_terms", "pirl_loss", (1, 2e-4), value, &[]),
        refused("refused_terms", "pirl_loss", 1, refusals::PIRL_LOSS),
        check("invariance", "invariance", (6, 1e-4), alike, diagnoses::INVARIANCE),
        check("one_picture", "invariance", (1, 1e-4), alike, &[]),
        refused("refused_features", "invariance", 1, refusals::INVARIANCE),
    ]
}
