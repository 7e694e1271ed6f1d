//! The lab's checks, on the solution.

extern crate __TOPIC___solution as __TOPIC__;
#[path = "../../../labs/__NAME__/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
