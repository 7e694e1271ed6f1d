//! The loss of networks that have learned nothing: is my loss normal?

use candle_core::{Device, Result, Tensor};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
pub use ssl_report::Landmarks;

/// The landmarks of a loss of embeddings `[rows, width]`, measured with the loss itself: once on equal embeddings, once on
/// embeddings in random directions.
///
/// # Errors
/// What `loss` reports.
pub fn of_embeddings(
    rows: usize,
    width: usize,
    device: &Device,
    loss: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Landmarks> {
    let measure = |z: Vec<f32>| {
        let loss = loss(&Tensor::from_vec(z, (rows, width), device)?)?;
        loss.to_scalar::<f32>().map(f64::from)
    };
    let mut rng = Rng::seed_from_u64(0);
    // A sum of uniform numbers is close to normal, so that no direction is preferred.
    let mut normal = || (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
    Ok(Landmarks {
        collapsed: measure(vec![1.0; rows * width])?,
        random: measure((0..rows * width).map(|_| normal()).collect())?,
    })
}
