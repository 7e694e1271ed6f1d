//! Checks of permutations, which are judged by what they promise: several sets of them are right.

use std::collections::HashSet;

use candle_core::Result;
use jigsaw::all_permutations;
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::{Check, Values, refused};

use super::{Exercises, check, diagnoses, refusals};

pub fn checks() -> Vec<Check<Exercises>> {
    vec![
        check("permutations", "hamming_permutations", (12, 0.0), rules, diagnoses::PERMUTATIONS),
        check("all_and_none", "hamming_permutations", (2, 0.0), all_and_none, diagnoses::ALL_AND_NONE),
        check("far_apart", "hamming_permutations", (4, 0.0), far_apart, &[]),
        refused("refused_counts", "hamming_permutations", 2, refusals::HAMMING_PERMUTATIONS),
    ]
}

type Permutations = Vec<Vec<usize>>;

/// Generators that are tried: of four tiles, two of them may well begin with the same permutation.
const SEEDS: u64 = 8;

/// What holds of the permutations, by which rule they were chosen, and whether it is the generator that decides.
fn rules(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (tiles, count) = (case.count("tiles")?, case.count("count")?);
    let draw = |seed: u64| (exercises.hamming_permutations)(tiles, count, &mut Rng::seed_from_u64(seed));
    let mut rng = Rng::seed_from_u64(0);
    let first = (exercises.hamming_permutations)(tiles, count, &mut rng)?;
    let orders: HashSet<&Vec<usize>> = first.iter().collect();
    let is_permutation = |order: &Vec<usize>| {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        sorted.into_iter().eq(0..tiles)
    };
    let all_are = first.len() == count && first.iter().all(is_permutation);
    let number = |holds: bool| f64::from(u8::from(holds));
    let others = (1..SEEDS).map(draw).collect::<Result<Vec<_>>>()?;
    let again = (1..SEEDS).map(draw).collect::<Result<Vec<_>>>()?;
    Values::new()
        .with_number("each is a permutation of 0 to T − 1 (1 is yes)", number(all_are))?
        .with_number("all differ (1 is yes)", number(orders.len() == first.len()))?
        .with_number(
            "each the farthest from the nearest before it (1 is yes, 2: the greatest mean)",
            if all_are { rule(&first, &all_permutations(tiles)?) } else { 0.0 },
        )?
        .with_number("the same state of rng gives the same (1 is yes)", number(others == again))?
        .with_number(
            "another state gives others (1 is yes)",
            number(others.iter().any(|other| other.first() != first.first())),
        )?
        .with_number("the state goes on (1 is yes)", number(rng != Rng::seed_from_u64(0)))
}

fn distance(a: &[usize], b: &[usize]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// 1 where each permutation has the greatest least distance to those before it, 2 where it has the greatest sum of distances, else 0.
fn rule(chosen: &Permutations, all: &Permutations) -> f64 {
    let by = |far: &dyn Fn(&[usize], &[Vec<usize>]) -> usize| {
        (1..chosen.len()).all(|i| {
            let before = &chosen[..i];
            let free = all.iter().filter(|order| !before.contains(order));
            free.map(|order| far(order, before)).max() == Some(far(&chosen[i], before))
        })
    };
    let least = |order: &[usize], before: &[Vec<usize>]| before.iter().map(|b| distance(order, b)).min().unwrap_or(0);
    let sum = |order: &[usize], before: &[Vec<usize>]| before.iter().map(|b| distance(order, b)).sum();
    if by(&least) {
        1.0
    } else if by(&sum) {
        2.0
    } else {
        0.0
    }
}

/// As many permutations as there are, and none at all.
fn all_and_none(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (tiles, count) = (case.count("tiles")?, case.count("count")?);
    let chosen = (exercises.hamming_permutations)(tiles, count, &mut Rng::seed_from_u64(1))?;
    Values::new().with_number("different permutations", chosen.into_iter().collect::<HashSet<_>>().len() as f64)
}

/// The least distance of any two permutations, of which the paper's puzzles need a large one.
fn far_apart(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (tiles, count) = (case.count("tiles")?, case.count("count")?);
    let chosen = (exercises.hamming_permutations)(tiles, count, &mut Rng::seed_from_u64(1))?;
    let pairs = (0..chosen.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let least = pairs.map(|(i, j)| distance(&chosen[i], &chosen[j])).min().unwrap_or(0);
    let complete = chosen.len() == count;
    Values::new().with_number("least distance up to 6", if complete { least.min(6) as f64 } else { 0.0 })
}
