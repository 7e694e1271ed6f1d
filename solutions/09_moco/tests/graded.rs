//! The lab's checks, on the solution.

extern crate moco_solution as moco;
#[path = "../../../labs/09_moco/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
