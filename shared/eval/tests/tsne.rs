//! Features in the plane.

use candle_core::{Device, Result, Tensor};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
use ssl_eval::tsne;

const GROUP: usize = 60;

/// Three groups of features, each around an axis of its own.
fn groups() -> Result<Tensor> {
    let mut rng = Rng::seed_from_u64(8);
    let feature = |i: usize, k: usize, rng: &mut Rng| {
        let center = if i / GROUP == k { 1.0 } else { 0.0 };
        center + rng.random_range(-0.2f32..0.2)
    };
    let numbers: Vec<f32> = (0..3 * GROUP * 8).map(|n| feature(n / 8, n % 8, &mut rng)).collect();
    Tensor::from_vec(numbers, (3 * GROUP, 8), &Device::Cpu)
}

#[test]
fn the_nearest_place_belongs_to_the_same_group() -> Result<()> {
    let places = tsne(&groups()?, 0)?;
    let distance = |i: usize, j: usize| (places[i].0 - places[j].0).hypot(places[i].1 - places[j].1);
    for i in 0..places.len() {
        let others = (0..places.len()).filter(|&j| j != i);
        let nearest = others.min_by(|&a, &b| distance(i, a).total_cmp(&distance(i, b)));
        assert_eq!(nearest.map(|j| j / GROUP), Some(i / GROUP), "place {i}");
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_picture() -> Result<()> {
    assert_eq!(tsne(&groups()?, 5)?, tsne(&groups()?, 5)?);
    Ok(())
}

#[test]
fn too_few_features_are_refused() -> Result<()> {
    let message = tsne(&groups()?.narrow(0, 0, 90)?, 0).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("got 90"), "{message}");
    Ok(())
}
