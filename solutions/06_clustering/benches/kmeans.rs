//! The lab's k-means beside scikit-learn's, in turns in one run:
//!
//! `cargo bench --profile dev -p clustering-solution --bench kmeans`
//!
//! 10,000 features of 256 numbers, 100 clusters, at most ten rounds from k-means++. scikit-learn's needs `${PYTHON:-python3}`; without it our side is
//! printed alone.

extern crate clustering_solution as clustering;
#[path = "../../../labs/06_clustering/src/clusters.rs"]
mod clusters;

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use candle_core::{Device, Tensor};
use clusters::{Clusters, kmeans};
use rand::SeedableRng as _;
use ssl_data::Rng;
// Our side allocates as the labs do.
use ssl_experiment as _;

const FEATURES: (usize, usize) = (10_000, 256);
const CLUSTERS: usize = 100;
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let features = Tensor::randn(0f32, 1.0, FEATURES, &Device::Cpu)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("features.npy");
    features.write_npy(&path)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let start = Instant::now();
        let found = kmeans(&features, CLUSTERS, &mut Rng::seed_from_u64(round as u64))?;
        ours.push((start.elapsed().as_secs_f64(), inertia(&features, &found)?));
        let answer = sklearn(&path, round);
        theirs.extend(answer.inspect_err(|error| eprintln!("our side only: {error:#}")).ok());
    }
    for (name, mut answers) in [("ours", ours), ("scikit-learn", theirs)] {
        answers.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((seconds, inertia)) = answers.get(answers.len() / 2) {
            println!("{name}\t{seconds:.3} s\tinertia {inertia:.0}");
        }
    }
    Ok(())
}

/// The sum of squared distances to the own centroid.
fn inertia(features: &Tensor, Clusters { centroids, assignments }: &Clusters) -> candle_core::Result<f64> {
    let own = centroids.index_select(&Tensor::new(assignments.as_slice(), &Device::Cpu)?, 0)?;
    (features - own)?.sqr()?.sum_all()?.to_scalar::<f32>().map(f64::from)
}

const SCRIPT: &str = "import sys,time,numpy as np
from sklearn.cluster import KMeans
x=np.load(sys.argv[1]);start=time.perf_counter()
model=KMeans(int(sys.argv[2]),n_init=1,max_iter=10,random_state=int(sys.argv[3])).fit(x)
print(time.perf_counter()-start,model.inertia_)";

/// Seconds and inertia of scikit-learn's k-means.
fn sklearn(features: &Path, seed: usize) -> anyhow::Result<(f64, f64)> {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_string());
    let mut command = Command::new(&python);
    command.args(["-W", "ignore", "-c", SCRIPT]).arg(features).args([CLUSTERS.to_string(), seed.to_string()]);
    let output = command.output().with_context(|| format!("starting {python}"))?;
    ensure!(output.status.success(), "{python} with scikit-learn: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || numbers.next().context("expected two numbers")?.context("expected a number");
    Ok((next()?, next()?))
}
