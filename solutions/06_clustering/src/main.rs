//! The lab's experiment, with the solution's functions.

extern crate clustering_solution as clustering;
#[path = "../../../labs/06_clustering/src/main.rs"]
mod experiment;

fn main() -> std::process::ExitCode {
    experiment::main()
}
