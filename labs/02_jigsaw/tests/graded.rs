//! The graded checks of lab 02: `cargo test -p jigsaw`.

mod diagnoses;
mod permutations;
mod refusals;

use std::process::ExitCode;

use candle_core::{Device, Result, Tensor};
use ssl_data::Rng;
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};
use ssl_nn::Encode;

ssl_grading::exercises! {
    extract_patches: fn(&Tensor, usize, usize, usize, &[(usize, usize)]) -> Result<Tensor> = jigsaw::extract_patches,
    normalize_patches: fn(&Tensor) -> Result<Tensor> = jigsaw::normalize_patches,
    relative_position: fn((usize, usize), (usize, usize)) -> Option<u32> = jigsaw::relative_position,
    hamming_permutations: fn(usize, usize, &mut Rng) -> Result<Vec<Vec<usize>>> = jigsaw::hamming_permutations,
    shuffle_patches: fn(&Tensor, &[Vec<usize>], &Tensor) -> Result<Tensor> = jigsaw::shuffle_patches,
    puzzle_features: fn(&Encode, &Tensor, bool) -> Result<Tensor> = jigsaw::puzzle_features,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name| Exercise { name, refuses: &[], needs: &[] };
    Lab {
        name: "02_jigsaw",
        exercises: vec![
            exercise("extract_patches"),
            exercise("normalize_patches"),
            exercise("relative_position"),
            exercise("hamming_permutations"),
            exercise("shuffle_patches"),
            exercise("puzzle_features"),
        ],
        golden_only: &[],
        checks: [patches(), permutations::checks(), puzzles()].concat(),
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

/// Pairs of whole numbers, `[N, 2]`.
fn pairs(case: &Values, name: &str) -> Result<Vec<(usize, usize)>> {
    let rows: Vec<Vec<u32>> = case.tensor(name)?.to_vec2()?;
    Ok(rows.into_iter().map(|row| (row[0] as usize, row[1] as usize)).collect())
}

fn patches() -> Vec<Check<Exercises>> {
    let extract = |exercises: &Exercises, case: &Values| {
        let (grid, patch, gap) = (case.count("grid")?, case.count("patch")?, case.count("gap")?);
        let patches = (exercises.extract_patches)(case.tensor("images")?, grid, patch, gap, &pairs(case, "jitter")?)?;
        Ok(Values::new().with("patches", &patches))
    };
    let normalize = |exercises: &Exercises, case: &Values| {
        let patches = case.variable("patches")?;
        let normalized = (exercises.normalize_patches)(&patches)?;
        Values::new().with_gradients("normalized", &normalized, &[("patches", &patches)])
    };
    let positions = |exercises: &Exercises, case: &Values| {
        let center: Vec<u32> = case.tensor("center")?.to_vec1()?;
        let center = (center[0] as usize, center[1] as usize);
        let number = |cell| (exercises.relative_position)(center, cell).map_or(-1.0, f64::from);
        let numbers: Vec<f64> = pairs(case, "cells")?.into_iter().map(number).collect();
        Ok(Values::new().with("positions, −1 for None", &Tensor::new(numbers, &Device::Cpu)?))
    };
    vec![
        check("patches", "extract_patches", (16, 0.0), extract, diagnoses::PATCHES),
        refused("refused_jitters", "extract_patches", 4, refusals::EXTRACT_PATCHES),
        check("normalized", "normalize_patches", (11, 1e-5), normalize, diagnoses::NORMALIZED),
        check("flat_patches", "normalize_patches", (3, 1e-4), normalize, diagnoses::FLAT),
        refused("refused_patches", "normalize_patches", 1, refusals::NORMALIZE_PATCHES),
        check("positions", "relative_position", (10, 0.0), positions, diagnoses::POSITIONS),
    ]
}

fn puzzles() -> Vec<Check<Exercises>> {
    let shuffle = |exercises: &Exercises, case: &Values| {
        let permutations: Vec<Vec<u32>> = case.tensor("permutations")?.to_vec2()?;
        let permutations: Vec<Vec<usize>> =
            permutations.into_iter().map(|order| order.into_iter().map(|tile| tile as usize).collect()).collect();
        let patches = case.variable("patches")?;
        let shuffled = (exercises.shuffle_patches)(&patches, &permutations, case.tensor("labels")?)?;
        Values::new().with_gradients("shuffled", &shuffled, &[("patches", &patches)])
    };
    let features = |exercises: &Exercises, case: &Values| {
        let (weight, mean) = (case.variable("weight")?, case.tensor("mean")?);
        let (patches, train) = (case.variable("patches")?, case.number("train")? != 0.0);
        // As batch normalization does, the encoder takes the batch's mean away while it trains.
        let encode = |images: &Tensor, train: bool| {
            let h = images.flatten_from(1)?.matmul(&weight.t()?)?; // [N, D]
            let mean = if train { h.mean(0)? } else { mean.clone() };
            h.broadcast_sub(&mean)?.relu()? - 0.5
        };
        let features = (exercises.puzzle_features)(&encode, &patches, train)?;
        Values::new().with_gradients("features", &features, &[("weight", &weight), ("patches", &patches)])
    };
    vec![
        check("shuffled", "shuffle_patches", (12, 1e-6), shuffle, diagnoses::SHUFFLED),
        refused("refused_labels", "shuffle_patches", 3, refusals::SHUFFLE_PATCHES),
        check("features", "puzzle_features", (18, 1e-5), features, diagnoses::FEATURES),
        refused("refused_puzzles", "puzzle_features", 2, refusals::PUZZLE_FEATURES),
    ]
}
