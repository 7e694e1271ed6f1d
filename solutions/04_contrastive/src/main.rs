//! The lab's experiment, with the solution's functions.

extern crate contrastive_solution as contrastive;
#[path = "../../../labs/04_contrastive/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
