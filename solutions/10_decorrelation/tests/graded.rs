//! The lab's checks, on the solution.

extern crate decorrelation_solution as decorrelation;
#[path = "../../../labs/10_decorrelation/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
