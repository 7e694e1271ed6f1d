//! The lab's experiment, with the solution's functions.

extern crate __TOPIC___solution as __TOPIC__;
#[path = "../../../labs/__NAME__/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
