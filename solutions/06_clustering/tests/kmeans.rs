//! k-means in other ways, most of them wrong.

use candle_core::{Result, Tensor, bail};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;

pub fn seeded() -> Rng {
    Rng::seed_from_u64(0)
}

pub fn of_the_system() -> Rng {
    Rng::seed_from_u64(rand::rng().random())
}

pub fn unit(x: &Tensor) -> Result<Tensor> {
    x.broadcast_div(&x.sqr()?.sum_keepdim(1)?.sqrt()?)
}

/// `[N, K, D]`
pub fn differences(x: &Tensor, c: &Tensor) -> Result<Tensor> {
    if x.dims2()?.1 != c.dims2()?.1 {
        bail!("widths that differ");
    }
    x.unsqueeze(1)?.broadcast_sub(&c.unsqueeze(0)?)
}

/// Squared distances, `[N, K]`.
pub fn squares(x: &Tensor, c: &Tensor) -> Result<Tensor> {
    differences(x, c)?.sqr()?.sum(2)
}

/// One after the other, by some weight of the squared distance to the nearest one.
pub fn chosen_by(
    x: &Tensor,
    k: usize,
    rng: &mut Rng,
    first: Option<usize>,
    weight: impl Fn(f64) -> f64,
) -> Result<Tensor> {
    let rows: Vec<Vec<f32>> = x.to_vec2()?;
    if k == 0 || k > rows.len() {
        bail!("{k} of {}", rows.len());
    }
    let mut chosen = vec![first.unwrap_or_else(|| rng.random_range(0..rows.len()))];
    while chosen.len() < k {
        let weights: Vec<f64> = rows.iter().map(|row| weight(nearest(row, &chosen, &rows))).collect();
        chosen.push(drawn(&weights, rng));
    }
    x.index_select(&Tensor::from_iter(chosen.into_iter().map(|i| i as u32), x.device())?, 0)
}

/// The first two centroids by d², those after by `weight`, drawn from `others`.
pub fn chosen_after(
    x: &Tensor,
    k: usize,
    rng: &mut Rng,
    others: &mut Rng,
    weight: impl Fn(f64) -> f64,
) -> Result<Tensor> {
    let rows: Vec<Vec<f32>> = x.to_vec2()?;
    if k == 0 || k > rows.len() {
        bail!("{k} of {}", rows.len());
    }
    let mut chosen = vec![rng.random_range(0..rows.len())];
    while chosen.len() < k {
        let squares = rows.iter().map(|row| nearest(row, &chosen, &rows));
        let next = match chosen.len() {
            1 => drawn(&squares.collect::<Vec<_>>(), rng),
            _ => drawn(&squares.map(&weight).collect::<Vec<_>>(), others),
        };
        chosen.push(next);
    }
    x.index_select(&Tensor::from_iter(chosen.into_iter().map(|i| i as u32), x.device())?, 0)
}

/// By the distance to the nearest of the last few centroids.
pub fn chosen_near(x: &Tensor, k: usize, rng: &mut Rng, few: usize) -> Result<Tensor> {
    let rows: Vec<Vec<f32>> = x.to_vec2()?;
    if k == 0 || k > rows.len() {
        bail!("{k} of {}", rows.len());
    }
    let mut chosen = vec![rng.random_range(0..rows.len())];
    while chosen.len() < k {
        let last = &chosen[chosen.len().saturating_sub(few)..];
        let weights: Vec<f64> = rows.iter().map(|row| nearest(row, last, &rows)).collect();
        chosen.push(drawn(&weights, rng));
    }
    x.index_select(&Tensor::from_iter(chosen.into_iter().map(|i| i as u32), x.device())?, 0)
}

/// Another generator that a state of `rng` decides.
pub fn second(mut rng: Rng) -> Rng {
    Rng::seed_from_u64(rng.random())
}

/// d² as ‖x‖² − 2 x·c + ‖c‖², which rounding leaves something of.
pub fn by_products(x: &Tensor, k: usize, rng: &mut Rng) -> Result<Tensor> {
    let rows: Vec<Vec<f32>> = x.to_vec2()?;
    if k == 0 || k > rows.len() {
        bail!("{k} of {}", rows.len());
    }
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    // A factor that is rounded, as another order of the sums would be.
    let square = |row: &[f32], c: &[f32]| product(row, row) - 2.0 * product(row, c) * (1.0 + 1e-6) + product(c, c);
    let mut chosen = vec![rng.random_range(0..rows.len())];
    while chosen.len() < k {
        let least = |row: &Vec<f32>| chosen.iter().map(|&c| square(row, &rows[c])).fold(f32::INFINITY, f32::min);
        let weights: Vec<f64> = rows.iter().map(|row| f64::from(least(row)).abs()).collect();
        chosen.push(drawn(&weights, rng));
    }
    x.index_select(&Tensor::from_iter(chosen.into_iter().map(|i| i as u32), x.device())?, 0)
}

/// As [`chosen_by`], with another way to bring distances to several centroids together.
pub fn chosen_with(x: &Tensor, k: usize, rng: &mut Rng, join: impl Fn(f64, f64) -> f64) -> Result<Tensor> {
    let rows: Vec<Vec<f32>> = x.to_vec2()?;
    if k == 0 || k > rows.len() {
        bail!("{k} of {}", rows.len());
    }
    let mut chosen = vec![rng.random_range(0..rows.len())];
    let mut weights = vec![f64::INFINITY; rows.len()];
    while chosen.len() < k {
        let last = &chosen[chosen.len() - 1..];
        weights.iter_mut().zip(&rows).for_each(|(old, row)| *old = join(*old, nearest(row, last, &rows)));
        chosen.push(drawn(&weights, rng));
    }
    x.index_select(&Tensor::from_iter(chosen.into_iter().map(|i| i as u32), x.device())?, 0)
}

fn nearest(row: &[f32], chosen: &[usize], rows: &[Vec<f32>]) -> f64 {
    let square = |&c: &usize| row.iter().zip(&rows[c]).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    chosen.iter().map(square).fold(f64::INFINITY, f64::min)
}

fn drawn(weights: &[f64], rng: &mut Rng) -> usize {
    let total: f64 = weights.iter().sum();
    if total == 0.0 {
        return rng.random_range(0..weights.len());
    }
    let (place, mut sum) = (rng.random::<f64>() * total, 0.0);
    let found = weights.iter().position(|weight| {
        sum += weight;
        place < sum
    });
    found.unwrap_or(weights.len() - 1)
}

/// The rows of each cluster.
pub fn members(x: &Tensor, assignments: &[u32], k: usize) -> Result<Vec<Vec<u32>>> {
    let (count, _) = x.dims2()?;
    if count != assignments.len() || k > count || assignments.iter().any(|&c| c as usize >= k) {
        bail!("assignments that do not fit");
    }
    let of = |c: usize| (0..count as u32).filter(|&row| assignments[row as usize] as usize == c).collect();
    Ok((0..k).map(of).collect())
}

/// What an empty cluster gets.
#[derive(Clone, Copy, PartialEq)]
pub enum Give {
    Half,
    FirstHalf,
    Copy,
    One,
    Shared,
    OfTheLast,
    GreaterHalf,
    OfTheStart,
}

pub fn shared_out(mut members: Vec<Vec<u32>>, give: Give) -> Vec<Vec<u32>> {
    let start = (0..members.len()).rev().max_by_key(|&c| members[c].len()).unwrap_or(0);
    for c in 0..members.len() {
        if !members[c].is_empty() {
            continue;
        }
        let greatest = members.iter().map(Vec::len).max().unwrap_or(0);
        let mut largest = (0..members.len()).filter(|&c| members[c].len() == greatest);
        let largest = match give {
            Give::OfTheLast => largest.next_back().unwrap_or(c),
            Give::OfTheStart => start,
            _ => largest.next().unwrap_or(c),
        };
        let list = members[largest].clone();
        let half = list.len().div_ceil(2);
        let (rest, given) = match give {
            Give::GreaterHalf => (list[..list.len() / 2].to_vec(), list[list.len() / 2..].to_vec()),
            Give::Half | Give::OfTheLast | Give::OfTheStart => (list[..half].to_vec(), list[half..].to_vec()),
            Give::FirstHalf => (list[list.len() / 2..].to_vec(), list[..list.len() / 2].to_vec()),
            Give::Copy => (list.clone(), list),
            Give::One => (list[..list.len() - 1].to_vec(), list[list.len() - 1..].to_vec()),
            Give::Shared => (list.clone(), list[half..].to_vec()),
        };
        (members[largest], members[c]) = (rest, given);
    }
    members
}

fn rows(x: &Tensor, members: &[u32]) -> Result<Tensor> {
    x.index_select(&Tensor::new(members, x.device())?, 0)
}

/// 0/0 for a cluster without members.
pub fn means(x: &Tensor, members: &[Vec<u32>]) -> Result<Tensor> {
    let mean = |list: &Vec<u32>| match list.as_slice() {
        [] => x.narrow(0, 0, 1)?.squeeze(0)? * f64::NAN,
        list => rows(x, list)?.sum(0)? / list.len() as f64,
    };
    Tensor::stack(&members.iter().map(mean).collect::<Result<Vec<_>>>()?, 0)
}

pub fn origin_for_empty(x: &Tensor, members: &[Vec<u32>]) -> Result<Tensor> {
    let mean = |list: &Vec<u32>| match list.as_slice() {
        [] => x.narrow(0, 0, 1)?.squeeze(0)?.zeros_like(),
        list => rows(x, list)?.mean(0),
    };
    Tensor::stack(&members.iter().map(mean).collect::<Result<Vec<_>>>()?, 0)
}

pub fn first_members(x: &Tensor, members: &[Vec<u32>]) -> Result<Tensor> {
    Tensor::stack(&members.iter().map(|list| rows(x, &list[..1])?.mean(0)).collect::<Result<Vec<_>>>()?, 0)
}

/// How many members each cluster has after empty ones have got theirs, `[k, 1]`.
pub fn sizes(x: &Tensor, assignments: &[u32], k: usize) -> Result<Tensor> {
    let sizes = shared_out(members(x, assignments, k)?, Give::Half).into_iter().map(|list| list.len() as f32);
    Tensor::from_iter(sizes, x.device())?.unsqueeze(1)
}

pub fn times(x: &Tensor, factors: &Tensor) -> Result<Tensor> {
    x.broadcast_mul(factors)
}

/// One coordinate of each feature.
pub fn one_coordinate(x: &Tensor, i: usize) -> Result<Tensor> {
    x.narrow(1, i.min(x.dims2()?.1 - 1), 1)
}

/// Features, chosen by the distances of others in their place.
pub fn chosen_as(x: &Tensor, instead: &Tensor, k: usize, rng: &mut Rng) -> Result<Tensor> {
    let (rows, others): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (x.to_vec2()?, instead.to_vec2()?);
    if k == 0 || k > rows.len() {
        bail!("{k} of {}", rows.len());
    }
    let mut chosen = vec![rng.random_range(0..rows.len())];
    while chosen.len() < k {
        let weights: Vec<f64> = others.iter().map(|row| nearest(row, &chosen, &others)).collect();
        chosen.push(drawn(&weights, rng));
    }
    x.index_select(&Tensor::from_iter(chosen.into_iter().map(|i| i as u32), x.device())?, 0)
}

/// Once no feature is apart from those that are chosen, the last one is taken.
pub fn last_where_alike(x: &Tensor, k: usize, chosen: Tensor) -> Result<Tensor> {
    let rows: Vec<Vec<f32>> = x.to_vec2()?;
    let different = rows.iter().enumerate().filter(|(i, row)| !rows[..*i].contains(row)).count();
    if different >= k {
        return Ok(chosen);
    }
    let last = x.narrow(0, rows.len() - 1, 1)?.repeat((k - different, 1))?;
    Tensor::cat(&[chosen.narrow(0, 0, different)?, last], 0)
}
