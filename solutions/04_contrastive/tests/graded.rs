//! The lab's checks, on the solution.

extern crate contrastive_solution as contrastive;
#[path = "../../../labs/04_contrastive/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
