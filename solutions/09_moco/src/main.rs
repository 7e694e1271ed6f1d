//! The lab's experiment, with the solution's functions.

extern crate moco_solution as moco;
#[path = "../../../labs/09_moco/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
