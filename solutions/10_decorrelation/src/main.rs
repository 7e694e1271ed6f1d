//! The lab's experiment, with the solution's functions.

extern crate decorrelation_solution as decorrelation;
#[path = "../../../labs/10_decorrelation/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
