//! k-means, orders and labels in other ways, most of them wrong.

use std::collections::HashMap;

use candle_core::{Result, Tensor, bail};
use rand::seq::SliceRandom as _;
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
}

pub fn shared_out(mut members: Vec<Vec<u32>>, give: Give) -> Vec<Vec<u32>> {
    for c in 0..members.len() {
        if !members[c].is_empty() {
            continue;
        }
        let greatest = members.iter().map(Vec::len).max().unwrap_or(0);
        let mut largest = (0..members.len()).filter(|&c| members[c].len() == greatest);
        let largest = if give == Give::OfTheLast { largest.next_back() } else { largest.next() }.unwrap_or(c);
        let list = members[largest].clone();
        let half = list.len().div_ceil(2);
        let (rest, given) = match give {
            Give::Half | Give::OfTheLast => (list[..half].to_vec(), list[half..].to_vec()),
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

pub fn sorted_by_cluster(mut order: Vec<usize>, assignments: &[u32]) -> Result<Vec<usize>> {
    order.sort_by_key(|&image| assignments[image]);
    Ok(order)
}

/// One of each cluster, then one of each again.
pub fn in_turns(order: Vec<usize>, assignments: &[u32]) -> Result<Vec<usize>> {
    let mut seen: HashMap<u32, usize> = HashMap::new();
    let mut places: Vec<(usize, u32, usize)> = Vec::new();
    for image in order {
        let round = seen.entry(assignments[image]).or_default();
        places.push((*round, assignments[image], image));
        *round += 1;
    }
    places.sort_unstable();
    Ok(places.into_iter().map(|(.., image)| image).collect())
}

fn lists(assignments: &[u32], k: usize, n: usize) -> Result<Vec<Vec<usize>>> {
    if assignments.iter().any(|&c| c as usize >= k) || (assignments.is_empty() && n > 0) {
        bail!("assignments that do not fit");
    }
    let of = |c: usize| (0..assignments.len()).filter(|&image| assignments[image] as usize == c).collect();
    Ok((0..k).map(of).filter(|list: &Vec<usize>| !list.is_empty()).collect())
}

/// Clusters are not shuffled before their images are taken.
pub fn first_images_again(assignments: &[u32], k: usize, n: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    let lists = lists(assignments, k, n)?;
    let places = |i: usize| n / lists.len() + usize::from(i < n % lists.len());
    let mut order: Vec<usize> =
        lists.iter().enumerate().flat_map(|(i, list)| list.iter().copied().cycle().take(places(i))).collect();
    order.shuffle(rng);
    Ok(order)
}

/// Every place has an image of its cluster that is drawn anew.
pub fn with_replacement(assignments: &[u32], k: usize, n: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    let lists = lists(assignments, k, n)?;
    let mut order = Vec::new();
    for (i, list) in lists.iter().enumerate() {
        let places = n / lists.len() + usize::from(i < n % lists.len());
        order.extend((0..places).map(|_| list[rng.random_range(0..list.len())]));
    }
    order.shuffle(rng);
    Ok(order)
}

/// NMI by its parts: mutual information and both entropies.
pub fn by_entropies(a: &[u32], b: &[u32], normalize: impl Fn(f64, f64, f64) -> f64) -> Result<f64> {
    if a.len() != b.len() || a.is_empty() {
        bail!("{} and {} labels", a.len(), b.len());
    }
    let pairs: Vec<(u32, u32)> = a.iter().copied().zip(b.iter().copied()).collect();
    let (ha, hb) = (entropy_of(a), entropy_of(b));
    if ha == 0.0 || hb == 0.0 {
        return Ok(if ha == hb { 1.0 } else { 0.0 });
    }
    Ok(normalize(ha + hb - entropy_of(&pairs), ha, hb))
}

fn entropy_of<T: std::hash::Hash + Eq>(things: &[T]) -> f64 {
    let mut counts: HashMap<&T, f64> = HashMap::new();
    things.iter().for_each(|thing| *counts.entry(thing).or_default() += 1.0);
    if counts.len() == 1 {
        return 0.0;
    }
    let total = things.len() as f64;
    -counts.values().map(|count| count / total * (count / total).ln()).sum::<f64>()
}

/// The share of images in their cluster's commonest class.
pub fn purity(a: &[u32], b: &[u32]) -> Result<f64> {
    let mut counts: HashMap<u32, HashMap<u32, usize>> = HashMap::new();
    a.iter().zip(b).for_each(|(a, b)| *counts.entry(*b).or_default().entry(*a).or_default() += 1);
    let most: usize = counts.values().filter_map(|of| of.values().max()).sum();
    Ok(most as f64 / a.len() as f64)
}
