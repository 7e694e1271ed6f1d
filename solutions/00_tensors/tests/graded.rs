//! The lab's checks, on the solution.

extern crate tensors_solution as tensors;
#[path = "../../../labs/00_tensors/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
