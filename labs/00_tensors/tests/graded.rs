//! The graded checks of lab 00: `cargo test -p tensors`.

mod diagnoses;
mod refusals;

use std::process::ExitCode;

use candle_core::{Result, Tensor, Var};
use ssl_grading::{Ask, Check, Exercise, Lab, Mistake, Values, refused};

ssl_grading::exercises! {
    affine: fn(&Tensor, f64, f64) -> Result<Tensor> = tensors::affine,
    center_rows: fn(&Tensor) -> Result<Tensor> = tensors::center_rows,
    share_equal: fn(&Tensor, &Tensor) -> Result<f64> = tensors::share_equal,
    pick: fn(&Tensor, &Tensor) -> Result<Tensor> = tensors::pick,
    reflect: fn(&Tensor) -> Result<Tensor> = tensors::reflect,
    line_gradients: fn(&Var, &Var, &Tensor, &Tensor) -> Result<(Tensor, Tensor, Tensor)> = tensors::line_gradients,
    descend: fn(&Var, &Var, &Tensor, &Tensor, f64) -> Result<f64> = tensors::descend,
}

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, needs| Exercise { name, refuses: &[], needs };
    Lab {
        name: "00_tensors",
        exercises: vec![
            exercise("affine", &[]),
            exercise("center_rows", &[]),
            exercise("share_equal", &[]),
            exercise("pick", &[]),
            exercise("reflect", &[]),
            exercise("line_gradients", &[]),
            exercise("descend", &["line_gradients"]),
        ],
        golden_only: &[],
        checks: [elements_and_rows(), choices(), lines()].concat(),
    }
}

fn check(
    id: &'static str,
    exercise: &'static str,
    points: u32,
    run: fn(&Exercises, &Values) -> Result<Values>,
    mistakes: &'static [Mistake],
) -> Check<Exercises> {
    Check { id, exercise, points, ask: Ask::Values { tolerance: 1e-5, run, mistakes } }
}

fn elements_and_rows() -> Vec<Check<Exercises>> {
    let affine = |exercises: &Exercises, case: &Values| {
        let x = case.variable("x")?;
        let y = (exercises.affine)(&x, case.number("scale")?, case.number("offset")?)?;
        Values::new().with_gradients("y", &y, &[("x", &x)])
    };
    let center_rows = |exercises: &Exercises, case: &Values| {
        let x = case.variable("x")?;
        let y = (exercises.center_rows)(&x)?;
        Values::new().with_gradients("y", &y, &[("x", &x)])
    };
    vec![
        check("affine", "affine", 10, affine, diagnoses::AFFINE),
        check("centered", "center_rows", 13, center_rows, diagnoses::ROWS),
        refused("refused_ranks", "center_rows", 2, refusals::CENTER_ROWS),
    ]
}

fn choices() -> Vec<Check<Exercises>> {
    let share = |exercises: &Exercises, case: &Values| {
        let share = (exercises.share_equal)(case.tensor("a")?, case.tensor("b")?)?;
        Values::new().with_number("share", share)
    };
    let pick = |exercises: &Exercises, case: &Values| {
        let x = case.variable("x")?;
        let y = (exercises.pick)(&x, case.tensor("indices")?)?;
        Values::new().with_gradients("y", &y, &[("x", &x)])
    };
    let reflect = |exercises: &Exercises, case: &Values| {
        Ok(Values::new().with("picture", &(exercises.reflect)(case.tensor("picture")?)?))
    };
    vec![
        check("share", "share_equal", 13, share, diagnoses::SHARE),
        refused("refused_lengths", "share_equal", 2, refusals::SHARE_EQUAL),
        check("picked", "pick", 13, pick, diagnoses::PICK),
        refused("refused_indices", "pick", 2, refusals::PICK),
        check("reflected", "reflect", 8, reflect, diagnoses::REFLECT),
        refused("refused_pictures", "reflect", 2, refusals::REFLECT),
    ]
}

fn lines() -> Vec<Check<Exercises>> {
    let gradients = |exercises: &Exercises, case: &Values| {
        let (slope, offset) = (case.variable("slope")?, case.variable("offset")?);
        let (x, y) = (case.tensor("x")?, case.tensor("y")?);
        let (loss, of_slope, of_offset) = (exercises.line_gradients)(&slope, &offset, x, y)?;
        let values =
            Values::new().with("loss", &loss).with("slope's gradient", &of_slope).with("offset's gradient", &of_offset);
        values.with_leaks(&[&loss, &of_slope, &of_offset], &[("slope", &slope), ("offset", &offset)])
    };
    let descend = |exercises: &Exercises, case: &Values| {
        let (slope, offset) = (case.variable("slope")?, case.variable("offset")?);
        let (x, y) = (case.tensor("x")?, case.tensor("y")?);
        let loss = (exercises.descend)(&slope, &offset, x, y, case.number("learning_rate")?)?;
        Values::new().with("slope", &slope).with("offset", &offset).with_number("loss", loss)
    };
    vec![
        check("gradients", "line_gradients", 14, gradients, diagnoses::GRADIENTS),
        refused("refused_targets", "line_gradients", 1, refusals::LINE_GRADIENTS),
        check("one_step", "descend", 19, descend, diagnoses::DESCEND),
        refused("refused_lines", "descend", 1, refusals::DESCEND),
    ]
}
