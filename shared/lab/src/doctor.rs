//! `cargo lab doctor`: what this machine has.

use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::Result;

use crate::course::Course;
use crate::said::said;

pub fn run(course: &Course) -> Result<()> {
    let report = |name: &str, found: String| println!("{name:<12}{found}");
    let version = |program: &str| first_line(program, &["--version"]);
    report("toolchain", version("rustc").unwrap_or("rustc not found".to_string()));
    report("cargo", version("cargo").unwrap_or("not found".to_string()));
    let clippy =
        version("cargo-clippy").unwrap_or("not found: `cargo lab grade` and `test --as-server` need it".to_string());
    report("clippy", clippy);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    report("cores", format!("{cores} (the handouts' times are for 2)"));
    let gpu = first_line("nvidia-smi", &["--query-gpu=name,memory.total", "--format=csv,noheader"]);
    report("GPU", gpu.unwrap_or("none found; everything runs on the CPU".to_string()));
    report("CUDA", cuda());
    let mpi =
        version("mpirun").map(|mpi| format!("{mpi}: add `--features mpi`, then `mpirun -n 2 target/debug/PROGRAM`"));
    report("MPI", mpi.unwrap_or("no mpirun: one machine trains".to_string()));
    let python = version("python3").unwrap_or("not found".to_string());
    report("Python", format!("{python} (only to write golden values anew)"));
    report("data", "toybox: built in".to_string());
    for folder in data_folders(&course.root.join("datasets")) {
        report("", folder);
    }
    Ok(())
}

/// Whether a build for CUDA, which takes 20 minutes, would succeed and run: what it needs, before it is begun.
fn cuda() -> String {
    let Some(release) = output("nvcc", &["--version"]) else {
        return "no nvcc: `--features cuda` can't be built here".to_string();
    };
    let release = release.lines().find(|line| line.contains("release")).unwrap_or("nvcc").trim().to_string();
    let capability = first_line("nvidia-smi", &["--query-gpu=compute_cap", "--format=csv,noheader"]);
    let libraries = output("ldconfig", &["-p"]).unwrap_or_default();
    let driver = libraries.contains("libcuda.so.1");
    let release = if libraries.contains("libcudnn.so.9") {
        release
    } else {
        format!(
            "{release}; no libcudnn.so.9 in the system's folders: LIBRARY_PATH and LD_LIBRARY_PATH have to name its own"
        )
    };
    match (capability, driver) {
        (Some(capability), true) => {
            format!("{release}, compute capability {capability}: add `--features cuda` and `--device cuda`")
        }
        (None, _) => format!(
            "{release}, but no GPU to ask: set CUDA_COMPUTE_CAP (90 for H100), and run elsewhere what is built here"
        ),
        (Some(_), false) => format!("{release}, but no libcuda.so.1: install the GPU's driver, or nothing will start"),
    }
}

/// What a program prints, if it runs and succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    said(Command::new(program).args(arguments)).ok()
}

/// The first line that a program prints, if it runs at all.
fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let text = output(program, arguments)?.lines().next()?.trim().to_string();
    (!text.is_empty()).then_some(text)
}

/// How to name each data set that lies in `datasets/`.
fn data_folders(datasets: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(datasets).into_iter().flatten().flatten();
    let mut found: Vec<String> = entries
        .map(|entry| entry.path())
        .filter_map(|path| {
            if path.join("data_batch_1.bin").is_file() {
                Some(format!("--data cifar10:{}", path.display()))
            } else if path.join("train").is_dir() {
                Some(format!("--data folder:{}", path.display()))
            } else {
                None
            }
        })
        .collect();
    found.sort();
    found
}
