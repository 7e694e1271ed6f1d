//! The lab's checks, on the solution.

extern crate rotation_solution as rotation;
#[path = "../../../labs/01_rotation/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
