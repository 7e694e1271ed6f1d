//! The lab's checks, on the solution.

extern crate simclr_solution as simclr;
#[path = "../../../labs/05_simclr/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
