//! The lab's experiment, with the solution's functions.

extern crate jigsaw_solution as jigsaw;
#[path = "../../../labs/02_jigsaw/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
