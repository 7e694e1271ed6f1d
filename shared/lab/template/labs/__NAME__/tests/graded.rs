//! The graded checks of lab __NUMBER__: `cargo test -p __TOPIC__`.

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use ssl_grading::{Check, Exercise, Lab, Values};

/// What a student writes.
#[derive(Clone, Copy)]
pub struct Exercises {
    pub mean_squared_error: fn(&Tensor, &Tensor) -> Result<Tensor>,
}

pub const EXERCISES: Exercises = Exercises { mean_squared_error: __TOPIC__::mean_squared_error };

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    Lab {
        name: "__NAME__",
        exercises: vec![Exercise { name: "mean_squared_error", refuses: &["mse"], needs: &[] }],
        checks: vec![squared_error()],
    }
}

fn squared_error() -> Check<Exercises> {
    Check {
        id: "squared_error",
        exercise: "mean_squared_error",
        points: 100,
        tolerance: 1e-5,
        run: |exercises, case| {
            let loss = (exercises.mean_squared_error)(case.tensor("predictions")?, case.tensor("targets")?)?;
            Ok(Values::new().with("loss", &loss))
        },
        mistakes: &[
            ("summed", "This is the sum over the images: equation 1 has their mean."),
            ("absolute", "These are absolute differences: equation 1 squares them."),
            ("rooted", "This is the root of the mean: equation 1 has none."),
        ],
    }
}
