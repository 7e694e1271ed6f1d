//! What holds of the losses whatever the embeddings are.

use candle_core::{Device, Result, Tensor};
use contrastive_solution::{alignment, info_nce, pairwise_distance, triplet_loss, uniformity};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;

/// Two views of `count` embeddings, drawn from U(−1, 1).
fn views(count: usize, seed: u64) -> Result<(Tensor, Tensor)> {
    let mut rng = Rng::seed_from_u64(seed);
    let mut draw = || {
        let numbers: Vec<f32> = (0..count * 6).map(|_| rng.random_range(-1.0..1.0)).collect();
        Tensor::from_vec(numbers, (count, 6), &Device::Cpu)
    };
    Ok((draw()?, draw()?))
}

fn number(value: Tensor) -> Result<f32> {
    value.to_scalar()
}

fn assert_near(got: f32, expected: f32) {
    assert!((got - expected).abs() < 1e-5 * (1.0 + expected.abs()), "got {got}, expected {expected}");
}

#[test]
fn info_nce_equals_ln_2n_minus_1_for_identical_embeddings_at_any_temperature() -> Result<()> {
    for (count, temperature) in [(2, 0.01), (5, 0.3), (64, 7.0)] {
        let z = Tensor::full(0.7f32, (count, 4), &Device::Cpu)?;
        assert_near(number(info_nce(&z, &z, temperature)?)?, ((2 * count - 1) as f32).ln());
    }
    Ok(())
}

#[test]
fn info_nce_does_not_mind_the_scale_of_embeddings() -> Result<()> {
    let (a, b) = views(7, 1)?;
    let scaled = info_nce(&(&a * 30.0)?, &(&b * 0.02)?, 0.3)?;
    assert!((number(scaled)? - number(info_nce(&a, &b, 0.3)?)?).abs() < 1e-4);
    Ok(())
}

#[test]
fn info_nce_does_not_mind_the_order_of_pairs_nor_which_view_is_first() -> Result<()> {
    let (a, b) = views(7, 2)?;
    let expected = number(info_nce(&a, &b, 0.2)?)?;
    assert_near(number(info_nce(&b, &a, 0.2)?)?, expected);
    let order = Tensor::new(&[3u32, 6, 0, 5, 1, 4, 2], &Device::Cpu)?;
    assert_near(number(info_nce(&a.index_select(&order, 0)?, &b.index_select(&order, 0)?, 0.2)?)?, expected);
    Ok(())
}

#[test]
fn info_nce_stays_finite_when_cold_and_with_equal_embeddings() -> Result<()> {
    let (a, _) = views(6, 3)?;
    let twins = Tensor::cat(&[a.narrow(0, 0, 3)?, a.narrow(0, 0, 3)?], 0)?;
    let z = candle_core::Var::from_tensor(&twins)?;
    let loss = info_nce(&z, &z, 0.01)?;
    let gradients = loss.backward()?;
    let gradient = gradients.get(&z).map(Tensor::flatten_all).transpose()?.map(|g| g.to_vec1::<f32>()).transpose()?;
    assert!(number(loss)?.is_finite());
    assert!(gradient.is_some_and(|gradient| gradient.iter().all(|g| g.is_finite())));
    Ok(())
}

#[test]
fn two_opposite_pairs_give_a_closed_form() -> Result<()> {
    // Positives at cosine 1, both negatives at −1: log(1 + 2·exp(−2/τ)).
    let z = Tensor::new(&[[2f32, 0.0], [-0.5, 0.0]], &Device::Cpu)?;
    assert_near(number(info_nce(&z, &z, 0.8)?)?, (1.0 + 2.0 * (-2.0f32 / 0.8).exp()).ln());
    Ok(())
}

#[test]
fn a_triplet_with_equal_distances_costs_the_margin() -> Result<()> {
    let (a, b) = views(5, 4)?;
    assert_near(number(triplet_loss(&a, &b, &b, 0.4)?)?, 0.4);
    Ok(())
}

#[test]
fn distances_are_symmetric() -> Result<()> {
    let (a, b) = views(5, 5)?;
    let off = (pairwise_distance(&a, &b)? - pairwise_distance(&b, &a)?)?.abs()?.max_all()?;
    assert_near(number(off)?, 0.0);
    Ok(())
}

#[test]
fn alignment_and_uniformity_have_their_closed_forms() -> Result<()> {
    let (a, _) = views(5, 6)?;
    assert_near(number(alignment(&a, &(&a * 3.0)?, 2.0)?)?, 0.0);
    assert_near(number(alignment(&a, &a.neg()?, 3.0)?)?, 8.0);
    let alike = Tensor::full(0.3f32, (4, 3), &Device::Cpu)?;
    assert_near(number(uniformity(&alike, 2.0)?)?, 0.0);
    // An axis in both directions: four of six pairs at squared distance 2, two at 4.
    let cross = Tensor::new(&[[1f32, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, -4.0]], &Device::Cpu)?;
    assert_near(number(uniformity(&cross, 1.0)?)?, ((4.0 * (-2.0f32).exp() + 2.0 * (-4.0f32).exp()) / 6.0).ln());
    Ok(())
}
