//! The lab's experiment, with the solution's functions.

extern crate colorization_solution as colorization;
#[path = "../../../labs/03_colorization/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
