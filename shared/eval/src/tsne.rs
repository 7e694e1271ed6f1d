//! Features in the plane.

use bhtsne::tSNE;
use candle_core::{Result, Tensor, bail};
use rand::{Rng as _, SeedableRng};
use rayon::ThreadPoolBuilder;
use ssl_data::Rng;

/// How many neighbors a point has, roughly; the usual value.
const PERPLEXITY: f32 = 30.0;
/// Steps of gradient descent; the usual value.
const STEPS: usize = 1000;
/// A cell of points pushes as one where its width is at most this share of its distance; the usual value.
const THETA: f32 = 0.5;
/// Coordinates at the start lie between this and its negative.
const START: f32 = 1e-4;

/// A place in the plane for each row of `features` `[N, D]`, by t-SNE (van der Maaten and Hinton 2008) on standardized features: what is
/// near stays near, what is far is not to be read. Points that are far away push as one (Barnes-Hut, van der Maaten 2014), so its time grows
/// with N · log N. Where points start is drawn by `seed`.
///
/// # Errors
/// Three times the perplexity of 30 or fewer rows.
pub fn tsne(features: &Tensor, seed: u64) -> Result<Vec<(f64, f64)>> {
    let (count, _) = features.dims2()?;
    if count as f32 <= 3.0 * PERPLEXITY {
        bail!("t-SNE expects more than {} features, got {count}", 3.0 * PERPLEXITY);
    }
    let centered = features.broadcast_sub(&features.mean_keepdim(0)?)?;
    let deviation = (centered.sqr()?.mean_keepdim(0)? + 1e-12)?.sqrt()?;
    let rows: Vec<Vec<f32>> = centered.broadcast_div(&deviation)?.to_vec2()?;
    let distance = |a: &Vec<f32>, b: &Vec<f32>| {
        let squared: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
        squared.sqrt()
    };
    let mut rng = Rng::seed_from_u64(seed);
    let start: Vec<f32> = (0..2 * count).map(|_| rng.random_range(-START..START)).collect();
    // Several threads would add in an order of their own.
    let one_thread = ThreadPoolBuilder::new().num_threads(1).build().map_err(candle_core::Error::wrap)?;
    let places = one_thread.install(|| {
        let mut tsne = tSNE::<f32, Vec<f32>>::new(&rows);
        tsne.perplexity(PERPLEXITY).epochs(STEPS).initial_embedding(start).barnes_hut(THETA, distance).embedding()
    });
    Ok(places.chunks_exact(2).map(|place| (f64::from(place[0]), f64::from(place[1]))).collect())
}
