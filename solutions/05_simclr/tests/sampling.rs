//! Augmentations and views that are wrong, or right in another way.

use candle_core::{Result, Tensor};
use rand::{Rng as _, SeedableRng};
use simclr::{Transform, augment};
use ssl_data::Rng;

pub fn probability_inverted(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let steps: Vec<(f64, &Transform)> = steps.iter().map(|&(p, step)| (1.0 - p, step)).collect();
    augment(&steps, image, rng)
}

pub fn last_only(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let mut view = image.clone();
    for (p, step) in steps {
        if rng.random_bool(*p) {
            view = step(image, rng)?;
        }
    }
    Ok(view)
}

pub fn one_at_most(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    match steps.iter().find(|(p, _)| rng.random_bool(*p)) {
        Some((_, step)) => step(image, rng),
        None => Ok(image.clone()),
    }
}

pub fn stops_when_skipped(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let mut view = image.clone();
    for (p, step) in steps {
        if !rng.random_bool(*p) {
            break;
        }
        view = step(&view, rng)?;
    }
    Ok(view)
}

/// As `augment`, with a generator for every step that is made of the right one.
pub fn of_steps(
    steps: &[(f64, &Transform)],
    image: &Tensor,
    rng: &mut Rng,
    generator: fn(&Rng) -> Rng,
) -> Result<Tensor> {
    let mut view = image.clone();
    for (p, step) in steps {
        view = if rng.random_bool(*p) { step(&view, &mut generator(rng))? } else { view };
    }
    Ok(view)
}

/// As `augment`, with another way to decide.
pub fn decided(
    steps: &[(f64, &Transform)],
    image: &Tensor,
    rng: &mut Rng,
    take: fn(&mut Rng, f64) -> bool,
) -> Result<Tensor> {
    let mut view = image.clone();
    for (p, step) in steps {
        view = if take(rng, *p) { step(&view, rng)? } else { view };
    }
    Ok(view)
}

/// A probability of 1 is 255 / 256.
pub fn chance_in_bytes(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    decided(steps, image, rng, |rng, p| rng.random::<u8>() < (p * 256.0) as u8)
}

/// A probability of 0 is 1 / 101.
pub fn chance_in_percent(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    decided(steps, image, rng, |rng, p| rng.random_range(0..=100) <= (p * 100.0) as i32)
}

pub fn second_view_overlaps(transform: &Transform, image: &Tensor, rng: &mut Rng) -> Result<(Tensor, Tensor)> {
    let mut second = rng.clone();
    let _ = second.random::<u64>();
    Ok((transform(image, rng)?, transform(image, &mut second)?))
}

pub fn views_by_seeds(transform: &Transform, image: &Tensor, rng: &mut Rng) -> Result<(Tensor, Tensor)> {
    let mut view = || transform(image, &mut Rng::seed_from_u64(rng.random()));
    Ok((view()?, view()?))
}

pub fn one_draw_for_all(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    let draw: f64 = rng.random();
    let mut taken = steps.iter().filter(|(p, _)| draw < *p);
    taken.try_fold(image.clone(), |view, (_, step)| step(&view, rng))
}

pub fn by_uniform_numbers(steps: &[(f64, &Transform)], image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
    decided(steps, image, rng, |rng, p| f64::from(rng.random::<f32>()) < p)
}
