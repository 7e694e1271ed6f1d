//! The lab's checks, on the solution.

extern crate jigsaw_solution as jigsaw;
#[path = "../../../labs/02_jigsaw/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
