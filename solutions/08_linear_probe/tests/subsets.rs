//! Subsets, splits and choices in other ways, most of them wrong.

use std::collections::BTreeMap;

use candle_core::{Result, bail};
use linear_probe::{few_label_subset, validation_split};
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;

pub fn seeded() -> Rng {
    Rng::seed_from_u64(0)
}

pub fn of_the_system() -> Rng {
    Rng::seed_from_u64(rand::rng().random())
}

fn classes(labels: &[u32]) -> Vec<Vec<usize>> {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(i, &label)| classes.entry(label).or_default().push(i));
    classes.into_values().collect()
}

/// As many of each class as `count` says of its size and the fraction.
pub fn drawn(labels: &[u32], fraction: f64, rng: &mut Rng, count: impl Fn(f64, f64) -> f64) -> Result<Vec<usize>> {
    few_label_subset(labels, fraction, &mut seeded())?;
    let mut chosen = Vec::new();
    for mut images in classes(labels) {
        images.shuffle(rng);
        images.truncate(count(images.len() as f64, fraction) as usize);
        chosen.extend(images);
    }
    chosen.sort_unstable();
    Ok(chosen)
}

pub fn by_sample(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<Vec<usize>> {
    few_label_subset(labels, fraction, &mut seeded())?;
    let of = |images: Vec<usize>, rng: &mut Rng| {
        let count = ((fraction * images.len() as f64).round() as usize).max(1);
        images.choose_multiple(rng, count).copied().collect::<Vec<_>>()
    };
    let mut chosen: Vec<usize> = classes(labels).into_iter().flat_map(|images| of(images, rng)).collect();
    chosen.sort_unstable();
    Ok(chosen)
}

/// Neighbors in each class, from a random place on.
pub fn windows(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<Vec<usize>> {
    let counts = few_label_subset(labels, fraction, &mut seeded())?;
    windows_of(&counts, labels, rng)
}

/// As [`windows`], as many as a split puts aside.
pub fn windows_aside(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<Vec<usize>> {
    let counts = validation_split(labels, fraction, &mut seeded())?.1;
    windows_of(&counts, labels, rng)
}

fn windows_of(chosen: &[usize], labels: &[u32], rng: &mut Rng) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    for images in classes(labels) {
        let count = chosen.iter().filter(|image| images.contains(image)).count();
        let start = rng.random_range(0..images.len());
        found.extend((0..count).map(|i| images[(start + i) % images.len()]));
    }
    found.sort_unstable();
    Ok(found)
}

/// Every class is shuffled by a generator of the same seed.
pub fn one_order(labels: &[u32], fraction: f64, seed: u64) -> Result<Vec<usize>> {
    let counts = few_label_subset(labels, fraction, &mut seeded())?;
    one_order_of(&counts, labels, seed)
}

/// As [`one_order`], as many as a split puts aside.
pub fn one_order_aside(labels: &[u32], fraction: f64, seed: u64) -> Result<Vec<usize>> {
    let counts = validation_split(labels, fraction, &mut seeded())?.1;
    one_order_of(&counts, labels, seed)
}

fn one_order_of(chosen: &[usize], labels: &[u32], seed: u64) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    for mut images in classes(labels) {
        let count = chosen.iter().filter(|image| images.contains(image)).count();
        images.shuffle(&mut Rng::seed_from_u64(seed));
        found.extend_from_slice(&images[..count]);
    }
    found.sort_unstable();
    Ok(found)
}

/// Every class has as many as the mean class.
pub fn same_number(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<Vec<usize>> {
    let mean = labels.len() as f64 / classes(labels).len().max(1) as f64;
    drawn(labels, fraction, rng, |_, fraction| (fraction * mean).round().max(1.0))
}

pub fn with_replacement(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<Vec<usize>> {
    few_label_subset(labels, fraction, &mut seeded())?;
    let mut chosen = Vec::new();
    for images in classes(labels) {
        let count = ((fraction * images.len() as f64).round() as usize).max(1);
        chosen.extend((0..count).map(|_| images[rng.random_range(0..images.len())]));
    }
    chosen.sort_unstable();
    Ok(chosen)
}

pub fn first_of(labels: &[u32], class: u32) -> usize {
    labels.iter().position(|label| *label == class).unwrap_or(0)
}

/// As many of each class, but its first ones.
pub fn first_of_each(chosen: &[usize], labels: &[u32]) -> Result<Vec<usize>> {
    let mut first = Vec::new();
    for images in classes(labels) {
        let count = chosen.iter().filter(|image| images.contains(image)).count();
        first.extend_from_slice(&images[..count]);
    }
    first.sort_unstable();
    Ok(first)
}

/// The numbers below `count` that are not among these.
pub fn without(count: usize, images: &[usize]) -> Vec<usize> {
    (0..count).filter(|image| !images.contains(image)).collect()
}

/// As many of each class to validation as `count` says of its size and the fraction.
pub fn parted(
    labels: &[u32],
    fraction: f64,
    rng: &mut Rng,
    count: impl Fn(f64, f64) -> f64,
) -> Result<(Vec<usize>, Vec<usize>)> {
    validation_split(labels, fraction, &mut seeded())?;
    let validation = drawn(labels, fraction, rng, count)?;
    Ok((without(labels.len(), &validation), validation))
}

pub fn not_stratified(labels: &[u32], fraction: f64, rng: &mut Rng) -> Result<(Vec<usize>, Vec<usize>)> {
    let count = validation_split(labels, fraction, &mut seeded())?.1.len();
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.shuffle(rng);
    let mut validation = order.split_off(labels.len() - count);
    order.sort_unstable();
    validation.sort_unstable();
    Ok((order, validation))
}

type Score<'a> = dyn Fn(f64) -> Result<f64> + 'a;

/// The candidate of the greatest score, and what `then` makes of it.
pub fn chosen_by(
    candidates: &[f64],
    score: &Score,
    then: impl Fn(f64, f64) -> Result<(f64, f64)>,
) -> Result<(f64, f64)> {
    let mut best: Option<(f64, f64)> = None;
    for &candidate in candidates {
        let accuracy = score(candidate)?;
        if accuracy.is_nan() {
            bail!("NaN");
        }
        if best.is_none_or(|(_, greatest)| accuracy > greatest) {
            best = Some((candidate, accuracy));
        }
    }
    match best {
        Some((candidate, accuracy)) => then(candidate, accuracy),
        None => bail!("no candidates"),
    }
}

/// The test accuracy of the winner, of those that were asked for on the way.
pub fn chosen_on_both(candidates: &[f64], validate: &Score, test: &Score) -> Result<(f64, f64)> {
    let mut tested = Vec::new();
    let mut best = 0;
    let mut greatest = f64::NEG_INFINITY;
    for (i, &candidate) in candidates.iter().enumerate() {
        let (validation, accuracy) = (validate(candidate)?, test(candidate)?);
        tested.push(accuracy);
        if validation + accuracy > greatest {
            (best, greatest) = (i, validation + accuracy);
        }
    }
    match (candidates.get(best), tested.get(best)) {
        (Some(&candidate), Some(&accuracy)) if greatest.is_finite() => Ok((candidate, accuracy)),
        _ => bail!("no candidates"),
    }
}

/// The first candidate of the greatest score, and that score.
pub fn best_of(candidates: &[f64], scores: &[f64]) -> Result<(f64, f64)> {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match scores.iter().position(|score| *score == greatest) {
        Some(place) => Ok((candidates[place], greatest)),
        None => bail!("no candidates"),
    }
}

pub fn tested_each_time(candidates: &[f64], validate: &Score, test: &Score) -> Result<(f64, f64)> {
    let mut best: Option<(f64, f64, f64)> = None;
    for &candidate in candidates {
        let (validation, accuracy) = (validate(candidate)?, test(candidate)?);
        if validation.is_nan() {
            bail!("NaN");
        }
        if best.is_none_or(|(_, greatest, _)| validation > greatest) {
            best = Some((candidate, validation, accuracy));
        }
    }
    match best {
        Some((candidate, _, accuracy)) => Ok((candidate, accuracy)),
        None => bail!("no candidates"),
    }
}

pub fn by_list(candidates: &[f64], validate: &Score, test: &Score) -> Result<(f64, f64)> {
    let scores = candidates.iter().map(|&c| validate(c)).collect::<Result<Vec<f64>>>()?;
    if scores.is_empty() || scores.iter().any(|score| score.is_nan()) {
        bail!("no candidates, or NaN");
    }
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let place = scores.iter().position(|score| *score == greatest).unwrap_or(0);
    Ok((candidates[place], test(candidates[place])?))
}
