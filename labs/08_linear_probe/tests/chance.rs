//! Checks of functions of chance: exact counts, the same generator, the same result, and who is drawn how often.

use std::collections::BTreeSet;

use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::{Check, Values, refused};

use super::{Exercises, check, diagnoses, labels, refusals};

/// Draws: with so many, a right answer is off by more than the tolerance less than once in 10⁹ runs.
const DRAWS: usize = 24_000;
/// Shares that should be equal may differ by this much, by chance.
const EVENLY: f64 = 0.0125;

pub fn subsets() -> Vec<Check<Exercises>> {
    let alike = |exercises: &Exercises, case: &Values| {
        let fraction = case.number("fraction")?;
        let draw = |labels: &[u32], rng: &mut Rng| (exercises.few_label_subset)(labels, fraction, rng);
        shares(case, draw, "share of subsets with each image")
    };
    let put_aside = |exercises: &Exercises, case: &Values| {
        let fraction = case.number("fraction")?;
        let draw = |labels: &[u32], rng: &mut Rng| Ok((exercises.validation_split)(labels, fraction, rng)?.1);
        shares(case, draw, "share of splits that validate with each image")
    };
    vec![
        check("few_labels", "few_label_subset", (5, 0.0), few_labels, diagnoses::FEW_LABELS),
        check("drawn_alike", "few_label_subset", (3, 0.03), alike, diagnoses::DRAWN_ALIKE),
        refused("refused_fractions", "few_label_subset", 1, refusals::FEW_LABEL_SUBSET),
        check("parts", "validation_split", (5, 0.0), parts, diagnoses::PARTS),
        check("put_aside_alike", "validation_split", (3, 0.03), put_aside, diagnoses::PUT_ASIDE_ALIKE),
        refused("refused_shares", "validation_split", 1, refusals::VALIDATION_SPLIT),
    ]
}

/// How often the same is asked of the same state: an order that changes by itself would show.
const REPLAYS: usize = 12;

fn number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// How often each image of a class is drawn; whether each two of them come together as often, and another class of its size has other places.
fn shares(case: &Values, draw: impl Fn(&[u32], &mut Rng) -> Result<Vec<usize>>, name: &str) -> Result<Values> {
    let size = case.count("size")?;
    let labels: Vec<u32> = [vec![3; size], vec![1; size]].concat();
    let part = 1.0 / DRAWS as f64;
    let (mut rng, mut single, mut same) = (Rng::seed_from_u64(5), vec![0.0; size], 0.0);
    let mut pairs = vec![0.0; size * (size - 1) / 2];
    for _ in 0..DRAWS {
        let mut drawn = vec![false; 2 * size];
        for image in draw(&labels, &mut rng)? {
            match drawn.get_mut(image) {
                Some(drawn) => *drawn = true,
                None => candle_core::bail!("image {image} of {}", labels.len()),
            }
        }
        let (first, second) = drawn.split_at(size);
        single.iter_mut().zip(first).for_each(|(share, &drawn)| *share += part * number(drawn));
        let both = (0..size).flat_map(|i| (i + 1..size).map(move |j| first[i] && first[j]));
        pairs.iter_mut().zip(both).for_each(|(share, both)| *share += part * number(both));
        same += part * number(first == second);
    }
    let count = (case.number("fraction")? * size as f64).round();
    let together = count * (count - 1.0) / (size * (size - 1)) as f64;
    let alike = pairs.iter().all(|share: &f64| (share - together).abs() < EVENLY);
    let subsets: f64 = (0..count as usize).map(|i| (size - i) as f64 / (i + 1) as f64).product();
    Values::new()
        .with(name, &Tensor::new(single, &Device::Cpu)?)
        .with_number("every two images are drawn together as often (1 is yes)", number(alike))?
        .with_number("each class is drawn for itself (1 is yes)", number((same - 1.0 / subsets).abs() < EVENLY))
}

/// How many images of each class are among these.
fn counts(images: &[usize], labels: &[u32]) -> Result<Tensor> {
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut counts = vec![0.0; classes];
    for &image in images {
        match labels.get(image) {
            Some(&label) => counts[label as usize] += 1.0,
            None => candle_core::bail!("image {image} of {}", labels.len()),
        }
    }
    Tensor::new(counts, &Device::Cpu)
}

fn twice(images: &[usize]) -> f64 {
    (images.len() - images.iter().collect::<BTreeSet<_>>().len()) as f64
}

fn few_labels(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (labels, fraction) = (labels(case, "labels")?, case.number("fraction")?);
    let draw = |rng: &mut Rng| (exercises.few_label_subset)(&labels, fraction, rng);
    let mut rng = Rng::seed_from_u64(1);
    let (chosen, next) = (draw(&mut rng)?, draw(&mut rng)?);
    let again = (0..REPLAYS).map(|_| draw(&mut Rng::seed_from_u64(1))).collect::<Result<Vec<_>>>()?;
    let replays = again.iter().all(|other| *other == chosen);
    Values::new()
        .with("images of each class", &counts(&chosen, &labels)?)
        .with_number("images that come twice", twice(&chosen))?
        .with_number("are ascending (1 is yes)", number(chosen.is_sorted()))?
        .with_number("the same state of rng gives the same (1 is yes)", number(replays))?
        // Where `rng` counts for nothing, two calls may agree by chance.
        .with_number("two calls differ (1 is yes)", number(chosen != next || !replays))
}

fn parts(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (labels, fraction) = (labels(case, "labels")?, case.number("fraction")?);
    let draw = |rng: &mut Rng| (exercises.validation_split)(&labels, fraction, rng);
    let mut rng = Rng::seed_from_u64(1);
    let (parts, next) = (draw(&mut rng)?, draw(&mut rng)?);
    let again = (0..REPLAYS).map(|_| draw(&mut Rng::seed_from_u64(1))).collect::<Result<Vec<_>>>()?;
    let replays = again.iter().all(|other| *other == parts);
    let (train, validation) = &parts;
    let in_both = validation.iter().filter(|image| train.contains(image)).count() as f64;
    Values::new()
        .with("of each class for training", &counts(train, &labels)?)
        .with("of each class for validation", &counts(validation, &labels)?)
        .with_number("images in both parts", in_both + twice(train) + twice(validation))?
        .with_number("are ascending (1 is yes)", number(train.is_sorted() && validation.is_sorted()))?
        .with_number("the same state of rng gives the same (1 is yes)", number(replays))?
        // Where `rng` counts for nothing, two calls may agree by chance.
        .with_number("two calls differ (1 is yes)", number(parts != next || !replays))
}
