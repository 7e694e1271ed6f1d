//! The lab's checks, on the solution.

extern crate colorization_solution as colorization;
#[path = "../../../labs/03_colorization/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
