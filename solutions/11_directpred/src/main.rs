//! The lab's experiment, with the solution's functions.

extern crate directpred_solution as directpred;
#[path = "../../../labs/11_directpred/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
