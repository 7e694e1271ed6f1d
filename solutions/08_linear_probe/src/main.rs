//! The lab's experiment, with the solution's functions.

extern crate linear_probe_solution as linear_probe;
#[path = "../../../labs/08_linear_probe/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
