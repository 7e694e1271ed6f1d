//! Places and permutations, chosen in other ways, most of them wrong.

use candle_core::{Result, Tensor, bail};
use jigsaw::{all_permutations, hamming_permutations, shuffle_patches};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;

pub type Orders = Vec<Vec<usize>>;

pub fn distance_forgotten(center: (usize, usize), neighbor: (usize, usize)) -> Option<u32> {
    let step = |neighbor: usize, center: usize| (neighbor as i64 + 1 - center as i64).rem_euclid(3) as u32;
    match 3 * step(neighbor.0, center.0) + step(neighbor.1, center.1) {
        4 => None,
        place => Some(place - u32::from(place > 4)),
    }
}

pub fn position_by_table(center: (usize, usize), neighbor: (usize, usize)) -> Option<u32> {
    let steps = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)];
    let step = (neighbor.0 as i64 - center.0 as i64, neighbor.1 as i64 - center.1 as i64);
    steps.iter().position(|other| *other == step).map(|place| place as u32)
}

pub fn seeded() -> Rng {
    Rng::seed_from_u64(0)
}

pub fn of_the_system() -> Rng {
    Rng::from_os_rng()
}

/// All permutations, if there are enough of them.
fn enough(tiles: usize, count: usize) -> Result<Orders> {
    let all = all_permutations(tiles)?;
    if count > all.len() {
        bail!("too few permutations");
    }
    Ok(all)
}

pub fn random(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    let mut all = enough(tiles, count)?;
    all.shuffle(rng);
    all.truncate(count);
    Ok(all)
}

pub fn with_repeats(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    let mut chosen = random(tiles, count, rng)?;
    if count > 1 {
        chosen[count - 1] = chosen[0].clone();
    }
    Ok(chosen)
}

fn distance(a: &[usize], b: &[usize]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// Each new one has the greatest score among those that are left.
fn greedy(
    tiles: usize,
    count: usize,
    rng: &mut Rng,
    score: impl Fn(&[usize], &[Vec<usize>]) -> usize,
    pick: impl Fn(&[usize], &mut Rng) -> usize,
) -> Result<Orders> {
    let mut left = enough(tiles, count)?;
    let first = rng.random_range(0..left.len());
    let mut chosen = Vec::new();
    if count > 0 {
        chosen.push(left.swap_remove(first));
    }
    while chosen.len() < count {
        let scores: Vec<usize> = left.iter().map(|order| score(order, &chosen)).collect();
        let best = scores.iter().max().copied().unwrap_or(0);
        let ties: Vec<usize> = (0..left.len()).filter(|&i| scores[i] == best).collect();
        let next = pick(&ties, rng);
        chosen.push(left.swap_remove(next));
    }
    Ok(chosen)
}

fn first(ties: &[usize], _: &mut Rng) -> usize {
    ties[0]
}

fn nearest(order: &[usize], chosen: &[Vec<usize>]) -> usize {
    chosen.iter().map(|other| distance(order, other)).min().unwrap_or(0)
}

pub fn by_mean(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    if tiles == 9 {
        // The check of nine tiles says nothing of the rule, and the sums take long.
        return hamming_permutations(tiles, count, rng);
    }
    greedy(tiles, count, rng, |order, chosen| chosen.iter().map(|other| distance(order, other)).sum(), first)
}

pub fn all_ties_at_random(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    greedy(tiles, count, rng, nearest, |ties, rng| ties.choose(rng).copied().unwrap_or(0))
}

/// As far as possible from the one before, whatever the others.
pub fn greedy_to_the_last(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    greedy(tiles, count, rng, |order, chosen| chosen.last().map_or(0, |last| distance(order, last)), first)
}

/// As far as possible from the nearest of the last ones, as if the first were forgotten: right while there are few.
pub fn first_ones_forgotten(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    const KEPT: usize = 48;
    greedy(tiles, count, rng, |order, chosen| nearest(order, &chosen[chosen.len().saturating_sub(KEPT)..]), first)
}

/// The first ones in the order of a dictionary, after a random one.
pub fn first_of_all(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    greedy(tiles, count, rng, |_, _| 0, first)
}

pub fn inverted(permutations: &[Vec<usize>]) -> Orders {
    let inverse = |order: &Vec<usize>| {
        let mut inverse = vec![0; order.len()];
        order.iter().enumerate().for_each(|(slot, &tile)| inverse[tile.min(order.len() - 1)] = slot);
        inverse
    };
    permutations.iter().map(inverse).collect()
}

pub fn backwards(permutations: &[Vec<usize>]) -> Orders {
    permutations.iter().map(|order| order.iter().rev().copied().collect()).collect()
}

pub fn labels_ignored(patches: &Tensor, permutations: &[Vec<usize>], labels: &Tensor) -> Result<Tensor> {
    shuffle_patches(patches, permutations, labels)?;
    let numbers = (0..patches.dims()[0]).map(|b| (b % permutations.len()) as u32);
    shuffle_patches(patches, permutations, &Tensor::from_iter(numbers, patches.device())?)
}

pub fn labels_wrap(patches: &Tensor, permutations: &[Vec<usize>], labels: &Tensor) -> Result<Tensor> {
    let wrapped = labels.to_vec1::<u32>()?.into_iter().map(|label| label % permutations.len() as u32);
    shuffle_patches(patches, permutations, &Tensor::from_iter(wrapped, patches.device())?)
}

/// Whatever the permutations leave out keeps its place.
pub fn short_permutations(patches: &Tensor, permutations: &[Vec<usize>], labels: &Tensor) -> Result<Tensor> {
    let tiles = patches.dims5()?.1;
    let whole = |order: &Vec<usize>| (0..tiles).map(|t| order.get(t).copied().unwrap_or(t)).collect();
    shuffle_patches(patches, &permutations.iter().map(whole).collect::<Orders>(), labels)
}

pub fn shuffled_one_by_one(patches: &Tensor, permutations: &[Vec<usize>], labels: &Tensor) -> Result<Tensor> {
    let (batch, tiles, ..) = patches.dims5()?;
    let labels: Vec<u32> = labels.to_vec1()?;
    if labels.len() != batch {
        bail!("another number of labels");
    }
    let image = |(b, label): (usize, u32)| {
        let order = permutations.get(label as usize).filter(|order| order.len() == tiles);
        let Some(order) = order else { bail!("no such permutation") };
        let order: Vec<u32> = order.iter().map(|&tile| tile as u32).collect();
        patches.get(b)?.index_select(&Tensor::new(order, patches.device())?, 0)
    };
    Tensor::stack(&labels.into_iter().enumerate().map(image).collect::<Result<Vec<_>>>()?, 0)
}

pub fn refuses_all(tiles: usize, count: usize, rng: &mut Rng) -> Result<Orders> {
    if count > 0 && count >= all_permutations(tiles)?.len() {
        bail!("too many permutations");
    }
    hamming_permutations(tiles, count, rng)
}

pub fn image_forgotten(patches: &Tensor, permutations: &[Vec<usize>], labels: &Tensor) -> Result<Tensor> {
    shuffle_patches(&patches.narrow(0, 0, 1)?.broadcast_as(patches.shape())?.contiguous()?, permutations, labels)
}
