//! Orders and mutual information in other ways, most of them wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use candle_core::{Result, bail};
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use ssl_data::Rng;

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

/// Clusters have as many places as `places` says of each that is not empty.
pub fn filled_by(
    assignments: &[u32],
    k: usize,
    n: usize,
    rng: &mut Rng,
    places: impl Fn(usize, usize) -> usize,
) -> Result<Vec<usize>> {
    let mut lists = lists(assignments, k, n)?;
    let clusters = lists.len();
    let mut order = Vec::new();
    for (i, list) in lists.iter_mut().enumerate() {
        list.shuffle(rng);
        order.extend(list.iter().copied().cycle().take(places(i, clusters)));
    }
    order.shuffle(rng);
    Ok(order)
}

/// Empty clusters have places as well, which nobody takes.
pub fn by_all_clusters(assignments: &[u32], k: usize, n: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    let filled: Vec<usize> = (0..k).filter(|&c| assignments.contains(&(c as u32))).collect();
    filled_by(assignments, k, n, rng, |i, _| n / k + usize::from(filled[i] < n % k))
}

pub fn constant(labels: &[u32]) -> bool {
    labels.iter().all(|label| *label == labels[0])
}

/// Pairs are counted under numbers that several pairs share.
pub fn pairs_by_tens(a: &[u32], b: &[u32]) -> Result<f64> {
    let right = by_entropies(a, b, |i, ha, hb| i / (ha * hb).sqrt())?;
    if constant(a) || constant(b) {
        return Ok(right);
    }
    let pairs: Vec<u64> = a.iter().zip(b).map(|(a, b)| 10 * u64::from(*a) + u64::from(*b)).collect();
    let (ha, hb) = (entropy_of(a), entropy_of(b));
    Ok((ha + hb - entropy_of(&pairs)) / (ha * hb).sqrt())
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

/// As the solution, with other shuffles of a cluster's images and of all places.
pub fn shares(
    assignments: &[u32],
    k: usize,
    n: usize,
    rng: &mut Rng,
    of_cluster: fn(&mut [usize], &mut Rng),
    of_all: fn(&mut [usize], &mut Rng),
) -> Result<Vec<usize>> {
    let mut lists = lists(assignments, k, n)?;
    let (clusters, mut order) = (lists.len(), Vec::new());
    for (i, list) in lists.iter_mut().enumerate() {
        of_cluster(list, rng);
        order.extend(list.iter().copied().cycle().take(n / clusters + usize::from(i < n % clusters)));
    }
    of_all(&mut order, rng);
    Ok(order)
}

/// Each turn of as many places as there are different images is shuffled by itself.
pub fn turn_by_turn(order: &mut [usize], rng: &mut Rng) {
    let different = order.iter().collect::<BTreeSet<_>>().len().max(1);
    order.shuffle(rng);
    let mut seen = BTreeMap::<usize, usize>::new();
    let mut turns: Vec<(usize, usize)> = Vec::with_capacity(order.len());
    for &image in order.iter() {
        let times = seen.entry(image).or_default();
        turns.push((*times, image));
        *times += 1;
    }
    turns.sort_by_key(|(turn, _)| *turn);
    order.iter_mut().zip(turns).for_each(|(place, (_, image))| *place = image);
    order.chunks_mut(different).for_each(|turn| turn.shuffle(rng));
}

/// NMI of shares that are added up, one image after the other.
pub fn by_added_shares(a: &[u32], b: &[u32]) -> Result<f64> {
    if a.len() != b.len() || a.is_empty() {
        bail!("{} and {} labels", a.len(), b.len());
    }
    let share = 1.0 / a.len() as f64;
    let (mut joint, mut of_a, mut of_b) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (&a, &b) in a.iter().zip(b) {
        *joint.entry((a, b)).or_insert(0.0) += share;
        *of_a.entry(a).or_insert(0.0) += share;
        *of_b.entry(b).or_insert(0.0) += share;
    }
    let entropy = |shares: &BTreeMap<u32, f64>| -shares.values().map(|p| p * p.ln()).sum::<f64>();
    let (ha, hb) = (entropy(&of_a), entropy(&of_b));
    if ha == 0.0 || hb == 0.0 {
        return Ok(f64::from(u8::from(ha == hb)));
    }
    let information: f64 =
        joint.iter().map(|((a, b), p): (&(u32, u32), &f64)| p * (p / (of_a[a] * of_b[b])).ln()).sum();
    Ok(information / (ha * hb).sqrt())
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
