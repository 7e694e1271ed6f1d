//! The lab's experiment, with the solution's functions.

extern crate rotation_solution as rotation;
#[path = "../../../labs/01_rotation/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
