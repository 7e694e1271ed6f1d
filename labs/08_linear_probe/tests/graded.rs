//! The graded checks of lab 08: `cargo test -p linear_probe`.

mod chance;
mod diagnoses;
mod network;
mod refusals;

use std::cell::RefCell;
use std::process::ExitCode;

use candle_core::{Device, Result, Tensor};
use linear_probe::{Blocks, FineTune};
use ssl_data::Rng;
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};
use ssl_nn::{Linear, Optimizer};

/// One epoch of a probe: the probe, features, labels, batches, optimizer, learning rate.
type ProbeEpoch = fn(&Linear, &Tensor, &Tensor, &[Vec<u32>], &mut dyn Optimizer, f64) -> Result<f64>;
/// What a setting reaches.
type Score<'a> = dyn Fn(f64) -> Result<f64> + 'a;

ssl_grading::exercises! {
    frozen_features: fn(&Blocks, &Tensor, usize, usize) -> Result<Tensor> = linear_probe::frozen_features,
    standardize: fn(&Tensor, &Tensor) -> Result<(Tensor, Tensor)> = linear_probe::standardize,
    probe_epoch: ProbeEpoch = linear_probe::probe_epoch,
    top_k_accuracy: fn(&Tensor, &Tensor, usize) -> Result<f64> = linear_probe::top_k_accuracy,
    knn_predict: fn(&Tensor, &[u32], &Tensor, usize, f64) -> Result<Vec<u32>> = linear_probe::knn_predict,
    few_label_subset: fn(&[u32], f64, &mut Rng) -> Result<Vec<usize>> = linear_probe::few_label_subset,
    validation_split: fn(&[u32], f64, &mut Rng) -> Result<(Vec<usize>, Vec<usize>)> = linear_probe::validation_split,
    best_setting: fn(&[f64], &Score, &Score) -> Result<(f64, f64)> = linear_probe::best_setting,
    fine_tune_step: fn(&FineTune, &mut dyn Optimizer, &mut dyn Optimizer) -> Result<f64> = linear_probe::fine_tune_step,
    mean_iou: fn(&Tensor, &Tensor, usize) -> Result<f64> = linear_probe::mean_iou,
    box_iou: fn(&Tensor, &Tensor) -> Result<Tensor> = linear_probe::box_iou,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, refuses| Exercise { name, refuses, needs: &[] };
    Lab {
        name: "08_linear_probe",
        exercises: vec![
            exercise("frozen_features", &["embed", "embed_blocks"]),
            exercise("standardize", &["LinearProbe", "whiten"]),
            exercise("probe_epoch", &["LinearProbe"]),
            exercise("top_k_accuracy", &[]),
            exercise("knn_predict", &["Knn"]),
            exercise("few_label_subset", &[]),
            exercise("validation_split", &[]),
            exercise("best_setting", &[]),
            exercise("fine_tune_step", &[]),
            exercise("mean_iou", &[]),
            exercise("box_iou", &[]),
        ],
        golden_only: &["standardized"], // the rounding of a constant decides what its deviation is
        checks: [probes(), neighbors(), chance::subsets(), settings(), downstream()].concat(),
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

fn labels(case: &Values, name: &str) -> Result<Vec<u32>> {
    case.tensor(name)?.to_vec1()
}

fn probes() -> Vec<Check<Exercises>> {
    let standardized = |exercises: &Exercises, case: &Values| {
        let (train, test) = (exercises.standardize)(case.tensor("train")?, case.tensor("test")?)?;
        Ok(Values::new().with("train", &train).with("test", &test))
    };
    vec![
        check("features", "frozen_features", (9, 1e-5), network::features, diagnoses::FEATURES),
        refused("refused_depths", "frozen_features", 1, refusals::FROZEN_FEATURES),
        check("standardized", "standardize", (7, 5e-5), standardized, diagnoses::STANDARDIZED),
        check("nearly_constant", "standardize", (1, 5e-5), standardized, &[]),
        refused("refused_widths", "standardize", 1, refusals::STANDARDIZE),
        check("epoch", "probe_epoch", (9, 2e-5), network::after_an_epoch, diagnoses::EPOCH),
        refused("refused_batches", "probe_epoch", 1, refusals::PROBE_EPOCH),
    ]
}

fn neighbors() -> Vec<Check<Exercises>> {
    let top_k = |exercises: &Exercises, case: &Values| {
        let (logits, labels, k) = (case.tensor("logits")?, case.tensor("labels")?, case.count("k")?);
        Values::new().with_number("accuracy", (exercises.top_k_accuracy)(logits, labels, k)?)
    };
    let voted = |exercises: &Exercises, case: &Values| {
        let (train, test, k) = (case.tensor("train")?, case.tensor("test")?, case.count("k")?);
        let classes = (exercises.knn_predict)(train, &labels(case, "labels")?, test, k, case.number("temperature")?)?;
        Ok(Values::new().with("classes", &Tensor::new(classes, &Device::Cpu)?))
    };
    vec![
        check("top_k", "top_k_accuracy", (7, 1e-6), top_k, diagnoses::TOP_K),
        refused("refused_k", "top_k_accuracy", 1, refusals::TOP_K_ACCURACY),
        check("neighbors", "knn_predict", (7, 0.0), voted, diagnoses::NEIGHBORS),
        check("cold_neighbors", "knn_predict", (3, 0.0), voted, diagnoses::COLD_NEIGHBORS),
        check("equal_votes", "knn_predict", (1, 0.0), voted, diagnoses::EQUAL_VOTES),
        refused("refused_neighbors", "knn_predict", 1, refusals::KNN_PREDICT),
    ]
}

fn settings() -> Vec<Check<Exercises>> {
    let chosen = |exercises: &Exercises, case: &Values| {
        let candidates: Vec<f64> = case.tensor("candidates")?.to_vec1()?;
        let asked = RefCell::new([0.0; 2]);
        let score = |side: usize, name: &str, candidate: f64| {
            asked.borrow_mut()[side] += 1.0;
            let scores: Vec<f64> = case.tensor(name)?.to_vec1()?;
            match candidates.iter().position(|known| *known == candidate) {
                Some(place) => Ok(scores[place]),
                None => candle_core::bail!("{candidate} is none of the candidates"),
            }
        };
        let (candidate, accuracy) =
            (exercises.best_setting)(&candidates, &|c| score(0, "validation", c), &|c| score(1, "test", c))?;
        let [validated, tested] = asked.into_inner();
        Values::new()
            .with_number("candidate", candidate)?
            .with_number("accuracy", accuracy)?
            .with_number("times that validate is asked", validated)?
            .with_number("times that test is asked", tested)
    };
    vec![
        check("chosen", "best_setting", (5, 1e-9), chosen, diagnoses::CHOSEN),
        refused("refused_candidates", "best_setting", 1, refusals::BEST_SETTING),
    ]
}

fn downstream() -> Vec<Check<Exercises>> {
    let overlap = |exercises: &Exercises, case: &Values| {
        let (predicted, truth) = (case.tensor("predicted")?, case.tensor("truth")?);
        Values::new().with_number("mean IoU", (exercises.mean_iou)(predicted, truth, case.count("classes")?)?)
    };
    let boxes = |exercises: &Exercises, case: &Values| {
        Ok(Values::new().with("IoU", &(exercises.box_iou)(case.tensor("a")?, case.tensor("b")?)?))
    };
    vec![
        check("fine_tuned", "fine_tune_step", (9, 2e-5), network::after_fine_tuning, diagnoses::FINE_TUNED),
        refused("errors_in_a_step", "fine_tune_step", 1, refusals::FINE_TUNE_STEP),
        check("overlap", "mean_iou", (9, 1e-6), overlap, diagnoses::OVERLAP),
        refused("refused_maps", "mean_iou", 1, refusals::MEAN_IOU),
        check("boxes", "box_iou", (5, 1e-5), boxes, diagnoses::BOXES),
        check("empty_boxes", "box_iou", (1, 1e-5), boxes, diagnoses::EMPTY_BOXES),
        refused("refused_boxes", "box_iou", 1, refusals::BOX_IOU),
    ]
}
