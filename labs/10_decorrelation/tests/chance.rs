//! Directions that chance decides: no one preferred, none bound to another, the same generator, the same result.

use std::collections::HashSet;

use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::Values;

use super::Exercises;

/// Directions: with so many, a right mean is off by more than the tolerance less than once in a million runs.
const COUNT: usize = 100_000;

fn number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Columns of a matrix.
fn columns(matrix: &Tensor) -> Result<Vec<Vec<f32>>> {
    matrix.t()?.contiguous()?.to_vec2()
}

/// Columns, whichever way the matrix lies.
fn drawn(exercises: &Exercises, width: usize, rng: &mut Rng) -> Result<Vec<Vec<f32>>> {
    let drawn = (exercises.random_directions)(width, COUNT, rng)?;
    columns(&if drawn.dims2()?.0 == width { drawn } else { drawn.t()? })
}

pub fn directions(exercises: &Exercises, case: &Values) -> Result<Values> {
    let seed = case.count("seed")? as u64;
    let mut rng = Rng::seed_from_u64(seed);
    let (space, plane) = (drawn(exercises, 5, &mut rng)?, drawn(exercises, 2, &mut rng)?);
    let few = |rng: &mut Rng| columns(&(exercises.random_directions)(3, 4, rng)?);
    let (mut a, mut b) = (Rng::seed_from_u64(seed), Rng::seed_from_u64(seed));
    let (first, second, again) = (few(&mut a)?, few(&mut a)?, few(&mut b)?);
    let unit = |column: &Vec<f32>| (column.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-3;
    let shapes = [(5, 3), (7, 1), (1, 4), (3, 2)].map(|(width, count)| {
        let (rows, columns) = (exercises.random_directions)(width, count, &mut rng)?.dims2()?;
        Ok([rows as f64, columns as f64])
    });
    let shapes = shapes.into_iter().collect::<Result<Vec<_>>>()?.concat();
    let distinct = |columns: &[Vec<f32>]| {
        let bits = columns.iter().map(|column| column.iter().map(|x| x.to_bits()).collect());
        bits.collect::<HashSet<Vec<u32>>>().len()
    };
    // Two numbers of 32 bits may come again by chance, five do not.
    let all_differ = distinct(&plane) > COUNT * 99 / 100 && distinct(&space) == COUNT;
    moments(&plane, &space)?
        .with("cosines of neighbors, and their squares", &vector([cosines(&plane, 1), cosines(&space, 1)].concat())?)
        .with("cosines half of all apart, and their squares", &vector(cosines(&space, COUNT / 2).into())?)
        .with_number("columns have length 1 (1 is yes)", number(plane.iter().chain(&space).all(unit)))?
        .with_number("columns differ (1 is yes)", number(all_differ))?
        .with_number("another draw differs (1 is yes)", number(first != second))?
        .with("shapes", &vector(shapes)?)
        .with_number("the same state of rng gives the same (1 is yes)", number(first == again))
}

/// Draws of a few directions each: with so many, a right mean is off by more than the tolerance less than once in a million runs.
const DRAWS: usize = 15_000;

/// Directions in 64 dimensions.
const MANY: usize = 20_000;

pub fn few_directions(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut rng = Rng::seed_from_u64(case.count("seed")? as u64);
    let mut draw = |width: usize, count: usize| {
        let drawn = (exercises.random_directions)(width, count, &mut rng)?;
        columns(&if drawn.dims2()?.0 == width { drawn } else { drawn.t()? })
    };
    let draws = (0..DRAWS).map(|_| draw(5, 3)).collect::<Result<Vec<_>>>()?;
    let within = draws.iter().flat_map(|x| [(0, 1), (1, 2), (0, 2)].map(|(i, j)| (&x[i], &x[j])));
    let successive = draws.iter().zip(&draws[1..]).flat_map(|(x, y)| x.iter().zip(y));
    let plane = draw(2, COUNT)?;
    let one = average(draw(1, COUNT)?.iter().map(|column| f64::from(column[0].signum())));
    let wide = draw(64, MANY)?;
    let twelve = (0..TWELVES).map(|_| draw(5, 12)).collect::<Result<Vec<_>>>()?;
    let independent = pairs(12).all(|(i, j)| {
        let [mean, squared] = cosines_of(twelve.iter().map(|x| (&x[i], &x[j])));
        mean.abs() < 0.05 && (squared - 1.0 / 5.0).abs() < 0.03
    });
    let product = |i: usize, j: usize| average(wide.iter().map(|x| f64::from(x[i]) * f64::from(x[j])));
    let apart = pairs(64).all(|(i, j)| product(i, j).abs() < 8e-4);
    let alike = (0..64).all(|i| (product(i, i) - 1.0 / 64.0).abs() < 1.5e-3);
    let fourth = average(wide.iter().flat_map(|x| x.iter().map(|x| f64::from(*x).powi(4)))) * 64.0 * 66.0 / 3.0;
    Values::new()
        .with("cosines within a draw, and their squares", &vector(cosines_of(within).into())?)
        .with("cosines of successive draws, and their squares", &vector(cosines_of(successive).into())?)
        .with("cosines two apart, and their squares", &vector(cosines(&plane, 2).into())?)
        .with_number("mean in one dimension", one)?
        .with_number("no direction preferred in 64 dimensions (1 is yes)", number((fourth - 1.0).abs() < 0.02))?
        .with_number("draws have nothing in common (1 is yes)", number(repeated(&draws) < DRAWS / 10))?
        .with_number("each two of 12 directions are drawn independently (1 is yes)", number(independent))?
        .with_number("each two of 64 components are as they should (1 is yes)", number(apart && alike))
}

/// Draws of 12 directions each.
const TWELVES: usize = 4_000;

/// Each two of so many.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |i| (i + 1..count).map(move |j| (i, j)))
}

/// How many of the draws' columns begin like an earlier one's, whatever their lengths: three numbers in the same proportions.
fn repeated(draws: &[Vec<Vec<f32>>]) -> usize {
    let mut seen = HashSet::new();
    let proportion = |a: f32, b: f32| (f64::from((a / b).abs()).ln() * 1e4).round() as i64;
    let all = draws.iter().flatten().flat_map(|column| column.windows(3));
    all.filter(|x| !seen.insert((proportion(x[0], x[1]), proportion(x[1], x[2])))).count()
}

fn vector(numbers: Vec<f64>) -> Result<Tensor> {
    Tensor::new(numbers, &Device::Cpu)
}

/// Mean cosine and mean squared cosine of columns that are so far apart.
fn cosines(columns: &[Vec<f32>], apart: usize) -> [f64; 2] {
    cosines_of(columns.iter().zip(&columns[apart..]))
}

fn cosines_of<'a>(pairs: impl Iterator<Item = (&'a Vec<f32>, &'a Vec<f32>)>) -> [f64; 2] {
    let length = |x: &[f32]| dot(x, x).sqrt();
    let all: Vec<f64> = pairs.map(|(x, y)| dot(x, y) / (length(x) * length(y))).collect();
    [average(all.iter().copied()), average(all.iter().map(|x| x * x))]
}

fn dot(x: &[f32], y: &[f32]) -> f64 {
    x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

/// Moments of angles in the plane, and of components in five dimensions; −2 for each where there is one direction only, which chance decides.
fn moments(plane: &[Vec<f32>], space: &[Vec<f32>]) -> Result<Values> {
    let one = plane.iter().all(|column| *column == plane[0]);
    let values = |numbers: Vec<f64>| vector(numbers.into_iter().map(|x| if one { -2.0 } else { x }).collect());
    let angles: Vec<f64> = plane.iter().map(|column| f64::from(column[1]).atan2(f64::from(column[0]))).collect();
    let wave = |f: fn(f64) -> f64, k: f64| average(angles.iter().map(|angle| f(k * angle)));
    let waves = [1.0, 2.0, 4.0].map(|k| [wave(f64::cos, k), wave(f64::sin, k)]).concat();
    let lengths: Vec<f64> = space.iter().map(|column| dot(column, column).sqrt()).collect();
    let component = |i: usize| space.iter().zip(&lengths).map(move |(column, length)| f64::from(column[i]) / length);
    let powers = |power: i32| (0..5).map(|i| average(component(i).map(|x| x.powi(power)))).collect();
    let products = |power: i32| {
        pairs(5).map(move |(i, j)| average(component(i).zip(component(j)).map(|(x, y)| (x * y).powi(power))))
    };
    Ok(Values::new()
        .with("moments in the plane", &values([waves, vec![wave(f64::cos, 8.0)]].concat())?)
        .with("means of 5 components", &values(powers(1))?)
        .with("mean squares of 5 components", &values(powers(2))?)
        .with("mean fourth powers of 5 components", &values(powers(4))?)
        .with("mean products of 5 components", &values(products(1).collect())?)
        .with("mean products of their squares", &values(products(2).collect())?))
}

fn average(numbers: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = numbers.fold((0.0, 0.0), |(count, sum), x| (count + 1.0, sum + x));
    sum / count
}
