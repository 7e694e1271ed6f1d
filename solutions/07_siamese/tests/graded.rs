//! The lab's checks, on the solution.

extern crate siamese_solution as siamese;
#[path = "../../../labs/07_siamese/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
