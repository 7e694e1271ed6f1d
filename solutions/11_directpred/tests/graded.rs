//! The lab's checks, on the solution.

extern crate directpred_solution as directpred;
#[path = "../../../labs/11_directpred/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
