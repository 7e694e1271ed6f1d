//! Features in the plane.

use bhtsne::{Neighbor, tSNE};
use candle_core::{Result, Tensor, bail};
use rand::{Rng as _, SeedableRng};
use rayon::ThreadPoolBuilder;
use ssl_data::Rng;

/// How many neighbours a point has, roughly; the usual value.
const PERPLEXITY: f32 = 30.0;
/// Steps of gradient descent; the usual value.
const STEPS: usize = 1000;
/// How coarsely distant points are summed up (Barnes and Hut's θ); the usual value.
const THETA: f32 = 0.5;
/// Coordinates at the start lie between this and its negative.
const START: f32 = 1e-4;

/// A place in the plane for each row of `features` `[N, D]`, by Barnes–Hut t-SNE (van der Maaten 2014) on rows of length 1: what is
/// near stays near, what is far is not to be read. Where points start is drawn by `seed`.
///
/// # Errors
/// Three times the perplexity of 30 or fewer rows.
pub fn tsne(features: &Tensor, seed: u64) -> Result<Vec<(f64, f64)>> {
    let (count, _) = features.dims2()?;
    if count as f32 <= 3.0 * PERPLEXITY {
        bail!("t-SNE expects more than {} features, got {count}", 3.0 * PERPLEXITY);
    }
    let rows = crate::knn::normalise(features)?;
    let cosines: Vec<Vec<f32>> = rows.matmul(&rows.t()?)?.to_vec2()?;
    let neighbours: Vec<_> = cosines.iter().enumerate().map(|(i, row)| nearest(i, row)).collect();
    let mut rng = Rng::seed_from_u64(seed);
    let start: Vec<f32> = (0..2 * count).map(|_| rng.random_range(-START..START)).collect();
    // The crate's own search for neighbours begins at random, and several threads would add in an order of their own.
    let one_thread = ThreadPoolBuilder::new().num_threads(1).build().map_err(candle_core::Error::wrap)?;
    let places = one_thread.install(|| {
        tSNE::<f32, Vec<f32>>::new(&cosines)
            .perplexity(PERPLEXITY)
            .epochs(STEPS)
            .initial_embedding(start)
            .barnes_hut_with_neighbors(THETA, &neighbours)
            .embedding()
    });
    Ok(places.chunks_exact(2).map(|place| (f64::from(place[0]), f64::from(place[1]))).collect())
}

/// The rows of greatest cosine with row `i`, as many as t-SNE looks at, nearest first.
fn nearest(i: usize, cosines: &[f32]) -> Vec<Neighbor<f32>> {
    let mut order: Vec<usize> = (0..cosines.len()).filter(|&j| j != i).collect();
    order.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]));
    order.truncate((3.0 * PERPLEXITY) as usize);
    // On the unit sphere ‖x − y‖² = 2 − 2·cos; rounding must not make it negative.
    let distance = |j: usize| (2.0 - 2.0 * cosines[j]).max(0.0).sqrt();
    order.into_iter().map(|j| Neighbor { index: j, distance: distance(j) }).collect()
}
