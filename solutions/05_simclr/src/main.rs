//! The lab's experiment, with the solution's functions.

extern crate simclr_solution as simclr;
#[path = "../../../labs/05_simclr/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
