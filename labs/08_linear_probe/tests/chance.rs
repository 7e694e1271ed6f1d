//! Checks of functions of chance: exact counts, the same generator, the same result, and who is drawn how often.

use std::collections::BTreeSet;

use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::{Check, Values, refused};

use super::{Exercises, check, diagnoses, labels, refusals};

/// Draws: with so many, a right answer is off by more than the tolerance less than once in 10⁹ runs.
const DRAWS: usize = 12_000;

pub fn subsets() -> Vec<Check<Exercises>> {
    let alike = |exercises: &Exercises, case: &Values| {
        let fraction = case.number("fraction")?;
        let draw = |labels: &[u32], rng: &mut Rng| (exercises.few_label_subset)(labels, fraction, rng);
        Ok(Values::new().with("share of subsets with each image", &shares(case, draw)?))
    };
    let put_aside = |exercises: &Exercises, case: &Values| {
        let fraction = case.number("fraction")?;
        let draw = |labels: &[u32], rng: &mut Rng| Ok((exercises.validation_split)(labels, fraction, rng)?.1);
        Ok(Values::new().with("share of splits that validate with each image", &shares(case, draw)?))
    };
    vec![
        check("few_labels", "few_label_subset", (6, 0.0), few_labels, diagnoses::FEW_LABELS),
        check("drawn_alike", "few_label_subset", (2, 0.03), alike, diagnoses::DRAWN_ALIKE),
        refused("refused_fractions", "few_label_subset", 1, refusals::FEW_LABEL_SUBSET),
        check("parts", "validation_split", (6, 0.0), parts, diagnoses::PARTS),
        check("put_aside_alike", "validation_split", (2, 0.03), put_aside, diagnoses::PUT_ASIDE_ALIKE),
        refused("refused_shares", "validation_split", 1, refusals::VALIDATION_SPLIT),
    ]
}

fn number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// How often each image of one class is among those that are drawn.
fn shares(case: &Values, draw: impl Fn(&[u32], &mut Rng) -> Result<Vec<usize>>) -> Result<Tensor> {
    let size = case.count("size")?;
    let (mut rng, mut shares) = (Rng::seed_from_u64(5), vec![0.0; size]);
    for _ in 0..DRAWS {
        for image in draw(&vec![3; size], &mut rng)? {
            match shares.get_mut(image) {
                Some(share) => *share += 1.0 / DRAWS as f64,
                None => candle_core::bail!("image {image} of {size}"),
            }
        }
    }
    Tensor::new(shares, &Device::Cpu)
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
    let (mut rng, mut replay) = (Rng::seed_from_u64(1), Rng::seed_from_u64(1));
    let (chosen, next) = (draw(&mut rng)?, draw(&mut rng)?);
    Values::new()
        .with("images of each class", &counts(&chosen, &labels)?)
        .with_number("images that come twice", twice(&chosen))?
        .with_number("are ascending (1 is yes)", number(chosen.is_sorted()))?
        .with_number("the same state of rng gives the same (1 is yes)", number(chosen == draw(&mut replay)?))?
        .with_number("two calls differ (1 is yes)", number(chosen != next))
}

fn parts(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (labels, fraction) = (labels(case, "labels")?, case.number("fraction")?);
    let draw = |rng: &mut Rng| (exercises.validation_split)(&labels, fraction, rng);
    let (mut rng, mut replay) = (Rng::seed_from_u64(1), Rng::seed_from_u64(1));
    let (parts, next) = (draw(&mut rng)?, draw(&mut rng)?);
    let (train, validation) = &parts;
    let in_both = validation.iter().filter(|image| train.contains(image)).count() as f64;
    Values::new()
        .with("of each class for training", &counts(train, &labels)?)
        .with("of each class for validation", &counts(validation, &labels)?)
        .with_number("images in both parts", in_both + twice(train) + twice(validation))?
        .with_number("are ascending (1 is yes)", number(train.is_sorted() && validation.is_sorted()))?
        .with_number("the same state of rng gives the same (1 is yes)", number(parts == draw(&mut replay)?))?
        .with_number("two calls differ (1 is yes)", number(parts != next))
}
