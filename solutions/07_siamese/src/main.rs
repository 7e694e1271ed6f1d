//! The lab's experiment, with the solution's functions.

extern crate siamese_solution as siamese;
#[path = "../../../labs/07_siamese/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
