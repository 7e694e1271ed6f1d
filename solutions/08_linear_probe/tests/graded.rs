//! The lab's checks, on the solution.

extern crate linear_probe_solution as linear_probe;
#[path = "../../../labs/08_linear_probe/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
