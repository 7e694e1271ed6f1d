//! The lab's experiment, with the solution's functions.

extern crate tensors_solution as tensors;
#[path = "../../../labs/00_tensors/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
