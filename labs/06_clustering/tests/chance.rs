//! Checks of functions of chance: how results are spread, exact counts, the same generator, the same result.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Device, Result, Tensor};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
use ssl_grading::{Check, Values, refused};

use super::{Exercises, check, diagnoses, labels, refusals};

/// Draws: with so many, a right answer is off by more than the tolerance less than once in 10⁹ runs.
const FIRSTS: usize = 6_000;
const NEXTS: usize = 32_000;
const ORDERS: usize = 18_000;
const THIRDS: usize = 1_200;
/// How far the share of pairs may be off: about six standard deviations.
const PAIRS: f64 = 0.02;
/// Draws that are repeated.
const REPLAYED: usize = 50;
/// Draws of five centroids, and how far the share of the nearer point may be off.
const LATERS: usize = 20_000;
const LATER: f64 = 0.04;
/// Draws with the same centroids before, from which a rule is told.
const LEAST: f64 = 3_600.0;

pub fn seeds() -> Vec<Check<Exercises>> {
    vec![
        check("first", "kmeans_plus_plus", (3, 0.04), first, diagnoses::FIRST),
        check("next", "kmeans_plus_plus", (5, 0.0), next, diagnoses::NEXT),
        check("later", "kmeans_plus_plus", (1, 0.0), later, diagnoses::LATER),
        check("spread_out", "kmeans_plus_plus", (2, 0.0), spread_out, diagnoses::SPREAD_OUT),
        check("coinciding", "kmeans_plus_plus", (1, 0.0), coinciding, &[]),
        refused("refused_counts", "kmeans_plus_plus", 1, refusals::KMEANS_PLUS_PLUS),
    ]
}

fn number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// The rows of `points` that are chosen, or nothing where a centroid is none of them.
fn chosen(exercises: &Exercises, points: &Tensor, k: usize, rng: &mut Rng) -> Result<Option<Vec<usize>>> {
    let rows: Vec<Vec<f32>> = points.to_vec2()?;
    let centroids: Vec<Vec<f32>> = (exercises.kmeans_plus_plus)(points, k, rng)?.to_vec2()?;
    let places = centroids.iter().map(|centroid| rows.iter().position(|row| row == centroid)).collect();
    Ok(if centroids.len() == k { places } else { None })
}

fn first(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (points, k) = (case.tensor("points")?, case.count("k")?);
    let draw = |rng: &mut Rng| chosen(exercises, points, k, rng);
    let (mut rng, mut replay) = (Rng::seed_from_u64(1), Rng::seed_from_u64(1));
    let (mut counts, mut complete, mut same) = (vec![0.0; points.dims()[0]], true, true);
    let mut different = BTreeSet::new();
    for i in 0..FIRSTS {
        let places = draw(&mut rng)?;
        same &= i >= REPLAYED || places == draw(&mut replay)?;
        match &places {
            Some(places) => counts[places[0]] += 1.0 / FIRSTS as f64,
            None => complete = false,
        }
        different.insert(places);
    }
    // Which draw it is that comes again and again, a seed of one's own decides.
    let shares = if different.len() == 1 { vec![-1.0; counts.len()] } else { counts };
    Values::new()
        .with("share of each point among the first", &Tensor::new(shares, &Device::Cpu)?)
        .with_number("all centroids are features (1 is yes)", number(complete))?
        .with_number("the same state of rng gives the same (1 is yes)", number(same))
}

/// By which rule the last of k centroids is drawn, told by how often it is the nearer one of the two points that are left, or, for
/// k = 2, of the other two.
fn next(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (points, k) = (case.tensor("points")?, case.count("k")?);
    let (mut rng, mut replay) = (Rng::seed_from_u64(2), Rng::seed_from_u64(2));
    let mut seen: BTreeMap<Vec<usize>, BTreeMap<usize, f64>> = BTreeMap::new();
    let (mut different, mut same) = (BTreeSet::new(), true);
    for i in 0..NEXTS {
        let places = chosen(exercises, points, k, &mut rng)?;
        same &= i >= REPLAYED || places == chosen(exercises, points, k, &mut replay)?;
        let Some(places) = places else { continue };
        let mut before = places[..k - 1].to_vec();
        before.sort_unstable();
        *seen.entry(before).or_default().entry(places[k - 1]).or_default() += 1.0;
        different.insert(places);
    }
    seen.retain(|before, next| before.len() == k - 1 && next.values().sum::<f64>() >= LEAST);
    let rows: Vec<Vec<f32>> = points.to_vec2()?;
    let square = |a: usize, b: usize| rows[a].iter().zip(&rows[b]).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    let greatest = (0..rows.len()).map(|point| square(0, point)).fold(0.0, f64::max);
    let follows = |rule: &Rule| {
        let of_point = |before: &[usize], point: usize| {
            let nearest = before.iter().map(|&centroid| square(centroid, point)).fold(f64::INFINITY, f64::min);
            (rule.weight)(nearest / greatest)
        };
        seen.iter().all(|(before, next)| {
            let all: f64 = (0..rows.len()).map(|point| of_point(before, point)).sum();
            let draws: f64 = next.values().sum();
            let share = |point| next.get(&point).copied().unwrap_or_default() / draws;
            (0..rows.len())
                .filter(|point| !before.contains(point))
                .all(|point| (share(point) - of_point(before, point) / all).abs() < rule.tolerance)
        })
    };
    let by_rule = || RULES.iter().find(|rule| follows(rule)).map_or(9.0, |rule| rule.number);
    let found = match (different.len(), seen.is_empty()) {
        (1, _) => 7.0,
        (_, true) => 9.0,
        _ => by_rule(),
    };
    let name = "a feature is drawn by (2: d², 1: d, 0: none, each alike, −1: the same, the chosen ones among them, −2: less for greater d, 7: the same each \
                time, whatever rng's state, 8: always the farthest, 9: none of these)";
    let values = Values::new().with_number(name, found)?;
    values.with_number("the same state of rng gives the same (1 is yes)", number(same))
}

/// Whether the last centroid is drawn by d² where several lie apart already: the first points are far from each other, and each of the last
/// two is near one of them.
fn later(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (points, k) = (case.tensor("points")?, case.count("k")?);
    let rows: Vec<f32> = points.flatten_all()?.to_vec1()?;
    let square = |point: usize| {
        rows[..k - 1].iter().map(|centroid| f64::from(rows[point] - centroid).powi(2)).fold(f64::INFINITY, f64::min)
    };
    let mut rng = Rng::seed_from_u64(9);
    let (mut draws, mut nearer) = (0.0f64, 0.0);
    for _ in 0..LATERS {
        let Some(places) = chosen(exercises, points, k, &mut rng)? else { continue };
        if places[..k - 1].iter().all(|&place| place < k - 1) {
            draws += 1.0;
            nearer += number(places[k - 1] == k - 1);
        }
    }
    let expected = square(k - 1) / (square(k - 1) + square(k));
    let by_square = draws >= LEAST && (nearer / draws - expected).abs() < LATER;
    Values::new().with_number("a later centroid is drawn by d², too (1 is yes)", number(by_square))
}

/// How likely a point is, by its squared distance from the nearest centroid.
struct Rule {
    number: f64,
    weight: fn(f64) -> f64,
    tolerance: f64,
}

/// The right one first.
const RULES: [Rule; 6] = [
    Rule { number: 2.0, weight: |square| square, tolerance: 0.026 },
    Rule { number: 1.0, weight: f64::sqrt, tolerance: 0.03 },
    Rule { number: 0.0, weight: |square| number(square > 0.0), tolerance: 0.04 },
    Rule { number: -1.0, weight: |_| 1.0, tolerance: 0.04 },
    Rule { number: -2.0, weight: |square| if square > 0.0 { 1.0 / square } else { 0.0 }, tolerance: 0.03 },
    Rule { number: 8.0, weight: |square| square.powi(60), tolerance: 0.001 },
];

/// Groups of points, far from each other, and as many centroids; points that lie near each other, far from the origin.
fn spread_out(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (groups, size) = (case.count("groups")?, case.count("size")?);
    let mut rng = Rng::seed_from_u64(3);
    let of_group = |i: usize| 1000.0 * (i / size) as f32;
    let points: Vec<f32> = (0..groups * size).flat_map(|i| [of_group(i) + rng.random::<f32>(), rng.random()]).collect();
    let points = Tensor::from_vec(points, (groups * size, 2), &Device::Cpu)?;
    let mut found = true;
    for seed in 0..20 {
        let places = chosen(exercises, &points, groups, &mut Rng::seed_from_u64(seed))?.unwrap_or_default();
        found &= (0..groups).all(|group| places.iter().any(|place| place / size == group));
    }
    let near: Vec<f32> = (0..groups + size).map(|i| 1000.0 + 0.02 * i as f32).collect();
    let near = Tensor::from_vec(near, (groups + size, 1), &Device::Cpu)?;
    let mut once = true;
    for seed in 0..20 {
        let places = chosen(exercises, &near, groups + size, &mut Rng::seed_from_u64(seed))?.unwrap_or_default();
        once &= BTreeSet::from_iter(places).len() == groups + size;
    }
    let mut single = BTreeSet::new();
    for _ in 0..REPLAYED {
        single.insert(chosen(exercises, &near, 1, &mut rng)?);
    }
    let values = Values::new().with_number("every group has a centroid (1 is yes)", number(found))?;
    let values = values.with_number("no feature is a centroid twice, where all are apart (1 is yes)", number(once))?;
    values.with_number("a single centroid is drawn, too (1 is yes)", number(single.len() > 1))
}

/// Points that are all the same; and two groups of such points, whose third centroid has no place but where there is one.
fn coinciding(exercises: &Exercises, case: &Values) -> Result<Values> {
    let points = Tensor::ones((case.count("count")?, 3), DType::F32, &Device::Cpu)?;
    let centroids = (exercises.kmeans_plus_plus)(&points, case.count("k")?, &mut Rng::seed_from_u64(4))?;
    let numbers: Vec<f32> = centroids.flatten_all()?.to_vec1()?;
    let wrong = numbers.iter().filter(|number| **number != 1.0).count();
    let pairs = Tensor::new(&[[1f32], [0.0], [0.0], [0.0], [0.0], [1.0]], &Device::Cpu)?;
    let (mut rng, mut ones) = (Rng::seed_from_u64(6), 0.0);
    for _ in 0..THIRDS {
        let centroids: Vec<f32> = (exercises.kmeans_plus_plus)(&pairs, 3, &mut rng)?.flatten_all()?.to_vec1()?;
        ones += f64::from(centroids[2]) / THIRDS as f64;
    }
    // A third, or a quarter where those that are chosen are left out: the text can be read so.
    let drawn = number((0.15..0.45).contains(&ones));
    let values = Values::new().with_number("centroids", centroids.dims()[0] as f64)?;
    values.with_number("not a number", wrong as f64)?.with_number("drawn where all d are 0 (1 is yes)", drawn)
}

pub fn orders() -> Vec<Check<Exercises>> {
    vec![
        check("balanced", "balanced_indices", (5, 0.0), balanced, diagnoses::BALANCED),
        check("extra_images", "balanced_indices", (2, 0.03), extra_images, diagnoses::EXTRA_IMAGES),
        check("all_places", "balanced_indices", (1, 0.02), all_places, diagnoses::ALL_PLACES),
        check("few_places", "balanced_indices", (1, 0.0), few_places, &[]),
        refused("refused_images", "balanced_indices", 1, refusals::BALANCED_INDICES),
    ]
}

fn balanced(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (assignments, k, n) = (labels(case, "assignments")?, case.count("k")?, case.count("n")?);
    let draw = |seed: u64| (exercises.balanced_indices)(&assignments, k, n, &mut Rng::seed_from_u64(seed));
    let order = draw(0)?;
    let mut times = vec![0.0f64; assignments.len()];
    for &image in &order {
        match times.get_mut(image) {
            Some(times) => *times += 1.0,
            None => candle_core::bail!("image {image} of {}", assignments.len()),
        }
    }
    let of =
        |cluster: u32| times.iter().zip(&assignments).filter(move |(_, c)| **c == cluster).map(|(times, _)| *times);
    let clusters = || 0..k as u32;
    let least = clusters().map(|c| of(c).reduce(f64::min).unwrap_or(0.0));
    let most = clusters().map(|c| of(c).reduce(f64::max).unwrap_or(0.0));
    let sequence: Vec<u32> = order.iter().map(|&image| assignments[image]).collect();
    let runs = sequence.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let filled = clusters().filter(|&c| of(c).next().is_some()).count();
    let tensor = |numbers: Vec<f64>| Tensor::new(numbers, &Device::Cpu);
    Values::new()
        .with("all places of each cluster", &tensor(clusters().map(|c| of(c).sum()).collect())?)
        .with("least times that an image of each comes", &tensor(least.collect())?)
        .with("most times that an image of each comes", &tensor(most.collect())?)
        // Clusters side by side change as often as there are clusters, and cluster after cluster in turn changes always.
        .with_number("clusters come in no order (1 is yes)", number(runs >= 3 * filled && runs + 2 < order.len()))?
        .with_number("the same state of rng gives the same (1 is yes)", number(order == draw(0)?))?
        .with_number("another state gives another order (1 is yes)", number(order != draw(1)?))
}

/// Which images of two clusters of one size come once more than others.
fn extra_images(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (size, places) = (case.count("size")?, case.count("places")?);
    let assignments = [vec![0; size], vec![1; size]].concat();
    let mut rng = Rng::seed_from_u64(5);
    let (mut shares, mut together, mut alike) = (vec![0.0; size], 0.0, 0.0);
    for _ in 0..ORDERS {
        let order = (exercises.balanced_indices)(&assignments, 2, 2 * places, &mut rng)?;
        let more = |image: usize| number(order.iter().filter(|&&other| other == image).count() > places / size);
        shares.iter_mut().enumerate().for_each(|(image, share)| *share += more(image) / ORDERS as f64);
        together += more(0) * more(1) / ORDERS as f64;
        alike += number((0..size).all(|image| more(image) == more(size + image))) / ORDERS as f64;
    }
    let name = "share of orders in which each image comes once more than others";
    let values = Values::new().with(name, &Tensor::new(shares, &Device::Cpu)?);
    let more = places % size;
    let expected = (more * more.saturating_sub(1)) as f64 / (size * (size - 1)) as f64;
    let independent = number((together - expected).abs() < PAIRS);
    let subsets: f64 = (0..more).map(|i| (size - i) as f64 / (i + 1) as f64).product();
    let apart = number((alike - 1.0 / subsets).abs() < PAIRS);
    values
        .with_number("the first two images come once more together as often as they should (1 is yes)", independent)?
        .with_number("two clusters have the same places as often as they should (1 is yes)", apart)
}

/// Which image comes where, and in which two places the same image comes, of clusters of one image each.
fn all_places(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (images, n) = (case.count("images")?, case.count("n")?);
    let mut rng = Rng::seed_from_u64(7);
    let (mut shares, mut same) = (vec![0.0; n * images], vec![0.0; n * n]);
    let assignments: Vec<u32> = (0..images as u32).collect();
    for _ in 0..ORDERS {
        let order = (exercises.balanced_indices)(&assignments, images, n, &mut rng)?;
        for (place, &image) in order.iter().enumerate().filter(|(place, image)| *place < n && **image < images) {
            shares[place * images + image] += 1.0 / ORDERS as f64;
            for (other, _) in order.iter().enumerate().take(place).filter(|(_, other)| **other == image) {
                same[place * n + other] += 1.0 / ORDERS as f64;
            }
        }
    }
    let (shares, same) = (Tensor::new(shares, &Device::Cpu)?, Tensor::new(same, &Device::Cpu)?);
    let values = Values::new().with("share of each image in each place", &shares.reshape((n, images))?);
    Ok(values.with("share of orders in which each two places hold the same image", &same.reshape((n, n))?))
}

/// Fewer places than clusters, and no places of no images.
fn few_places(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (assignments, k, n) = (labels(case, "assignments")?, case.count("k")?, case.count("n")?);
    let rng = || Rng::seed_from_u64(8);
    let order = (exercises.balanced_indices)(&assignments, k, n, &mut rng())?;
    let mut places = vec![0.0; k];
    order.iter().filter_map(|&image| assignments.get(image)).for_each(|&cluster| places[cluster as usize] += 1.0);
    let none = (exercises.balanced_indices)(&[], k, 0, &mut rng())?;
    let values = Values::new().with("places of each cluster", &Tensor::new(places, &Device::Cpu)?);
    values.with_number("places of no images", none.len() as f64)
}
