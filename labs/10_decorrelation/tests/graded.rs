//! The graded checks of lab 10: `cargo test -p decorrelation`.

use std::process::ExitCode;

use candle_core::{DType, Device, Result, Tensor};
use ssl_grading::{Ask, Bad, Check, Exercise, Lab, Mistake, Values, mistake, refused};

ssl_grading::exercises! {
    mean_squared_error: fn(&Tensor, &Tensor) -> Result<Tensor> = decorrelation::mean_squared_error,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    Lab {
        name: "10_decorrelation",
        exercises: vec![Exercise { name: "mean_squared_error", refuses: &["mse"], needs: &[] }],
        golden_only: &[],
        checks: vec![squared_error(), refused("refused_shapes", "mean_squared_error", 10, REFUSED)],
    }
}

const MISTAKES: &[Mistake] = &[
    mistake("summed", "sum for mean", "This is the sum over the images: equation 1 has their mean."),
    mistake("absolute", "forgets the square", "These are absolute differences: equation 1 squares them."),
    mistake("rooted", "takes a root", "This is the root of the mean: equation 1 has none."),
];

/// What the documentation promises to refuse.
const REFUSED: &[Bad<Exercises>] = &[("seven predictions and one target", |exercises| {
    let ones = |count| Tensor::ones(count, DType::F32, &Device::Cpu);
    (exercises.mean_squared_error)(&ones(7)?, &ones(1)?).map(drop)
})];

fn squared_error() -> Check<Exercises> {
    let run = |exercises: &Exercises, case: &Values| {
        let predictions = case.variable("predictions")?;
        let loss = (exercises.mean_squared_error)(&predictions, case.tensor("targets")?)?;
        Values::new().with_gradients("loss", &loss, &[("predictions", &predictions)])
    };
    let ask = Ask::Values { tolerance: 1e-5, run, mistakes: MISTAKES };
    Check { id: "squared_error", exercise: "mean_squared_error", points: 90, ask }
}
