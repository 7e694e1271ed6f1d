//! The lab's checks, on the solution.

extern crate clustering_solution as clustering;
#[path = "../../../labs/06_clustering/tests/graded.rs"]
mod graded;

fn main() -> std::process::ExitCode {
    graded::main()
}
