//! k-means with the lab's functions.

use candle_core::{Result, Tensor};
use clustering::{assign, kmeans_plus_plus, update_centroids};
use ssl_data::Rng;

/// Centroids `[K, D]`, and which of them each feature is nearest to.
pub struct Clusters {
    pub centroids: Tensor,
    pub assignments: Vec<u32>,
}

/// Rounds of assigning and updating: later ones move few features.
const ROUNDS: usize = 10;

/// k clusters of features `[N, D]`.
pub fn kmeans(features: &Tensor, k: usize, rng: &mut Rng) -> Result<Clusters> {
    let mut centroids = kmeans_plus_plus(features, k, rng)?;
    let mut assignments: Vec<u32> = assign(features, &centroids)?.to_vec1()?;
    for _ in 0..ROUNDS {
        centroids = update_centroids(features, &assignments, k)?;
        let next: Vec<u32> = assign(features, &centroids)?.to_vec1()?;
        if next == assignments {
            break;
        }
        assignments = next;
    }
    Ok(Clusters { centroids, assignments })
}
