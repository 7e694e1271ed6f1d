//! Wrong answers that the checks of lab 10 must name, and right ones that they must accept.

extern crate decorrelation_solution as decorrelation;
#[path = "../../../labs/10_decorrelation/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;

use std::process::ExitCode;

use decorrelation::mean_squared_error;
use graded::{EXERCISES, Exercises};
use ssl_grading::mistakes::Cases;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const MISTAKES: &[(&str, Exercises)] = &[
    ("summed", Exercises { mean_squared_error: |p, t| (p - t)?.sqr()?.sum_all(), ..EXERCISES }),
    ("absolute", Exercises { mean_squared_error: |p, t| (p - t)?.abs()?.mean_all(), ..EXERCISES }),
    ("rooted", Exercises { mean_squared_error: |p, t| mean_squared_error(p, t)?.sqrt(), ..EXERCISES }),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
const NAMELESS: &[(&str, Exercises)] = &[
    ("any_shape", Exercises { mean_squared_error: |p, t| p.broadcast_sub(t)?.sqr()?.mean_all(), ..EXERCISES }),
    ("seven_only", Exercises { mean_squared_error: |p, t| (p - t)?.sqr()?.sum_all()? / 7.0, ..EXERCISES }),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[(
    "in_steps",
    Exercises {
        mean_squared_error: |p, t| {
            let difference = (p - t)?;
            difference.mul(&difference)?.sum_all()? / p.elem_count() as f64
        },
        ..EXERCISES
    },
)];
