//! What is to be trained: the runs that labs name in their manifests, for each seed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::course::{Course, Lab, cargo};

/// One run of a solution.
pub struct Job {
    /// `NN_method`.
    pub label: String,
    pub package: String,
    pub seed: usize,
    /// Flags, but for `--out` and those that a finished run before it decides on.
    pub flags: Vec<String>,
    pub folder: PathBuf,
    /// About how long it takes, in minutes on two cores; for each backbone where it evaluates others'.
    pub minutes: f64,
    /// Whether it evaluates all others' backbones.
    pub evaluates: bool,
}

/// `cargo metadata`, as far as it is read here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    metadata: Option<Sections>,
}

#[derive(Deserialize)]
struct Sections {
    course: Option<Manifest>,
}

/// `[package.metadata.course]` of a lab.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    evaluates: bool,
    runs: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    flags: String,
    minutes: f64,
}

/// Every lab's runs for the seeds below `seeds`, seed by seed; those that evaluate others last.
pub fn jobs(course: &Course, labs: &[&Lab], seeds: usize, flags: &[String], out: &Path) -> Result<Vec<Job>> {
    let packages = manifests(course)?;
    let mut jobs = Vec::new();
    for seed in 0..seeds {
        let first = jobs.len();
        for lab in labs {
            let found = packages.iter().find(|package| package.name == lab.package());
            let manifest = found.and_then(|package| package.metadata.as_ref()?.course.as_ref());
            for named in manifest.iter().flat_map(|manifest| &manifest.runs) {
                let label = format!("{}_{}", lab.number(), named.name);
                let own = named.flags.split_whitespace().map(String::from);
                jobs.push(Job {
                    package: lab.solution_package(),
                    seed,
                    flags: own.chain(flags.iter().cloned()).chain(["--seed".to_string(), seed.to_string()]).collect(),
                    folder: out.join(&label).join(format!("seed_{seed}")),
                    minutes: named.minutes,
                    evaluates: manifest.is_some_and(|manifest| manifest.evaluates),
                    label,
                });
            }
        }
        let others = jobs[first..].iter().filter(|job: &&Job| !job.evaluates).count();
        jobs[first..].iter_mut().filter(|job| job.evaluates).for_each(|job| job.minutes *= others.max(1) as f64);
        jobs[first..].sort_by_key(|job| job.evaluates);
    }
    ensure!(!jobs.is_empty(), "no lab names a run in its Cargo.toml: [package.metadata.course]");
    Ok(jobs)
}

fn manifests(course: &Course) -> Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = cargo(&course.root).args(arguments).output().context("starting cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    Ok(metadata.packages)
}
