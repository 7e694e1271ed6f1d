//! Directions that chance decides: no one preferred, none bound to another, the same generator, the same result.

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

pub fn directions(exercises: &Exercises, case: &Values) -> Result<Values> {
    let seed = case.count("seed")? as u64;
    let draw = |width: usize, count: usize, rng: &mut Rng| (exercises.random_directions)(width, count, rng);
    let mut rng = Rng::seed_from_u64(seed);
    let drawn = draw(5, COUNT, &mut rng)?;
    let rows = drawn.dims2()?.0;
    let space = columns(&if rows == 5 { drawn } else { drawn.t()? })?;
    let plane = draw(2, COUNT, &mut rng)?;
    let plane = columns(&if plane.dims2()?.0 == 2 { plane } else { plane.t()? })?;
    let unit = |column: &Vec<f32>| (column.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-3;
    let few = |rng: &mut Rng| columns(&draw(3, 4, rng)?);
    let (mut a, mut b) = (Rng::seed_from_u64(seed), Rng::seed_from_u64(seed));
    let (first, second, again) = (few(&mut a)?, few(&mut a)?, few(&mut b)?);
    let angles: Vec<f64> = plane.iter().map(|column| f64::from(column[1]).atan2(f64::from(column[0]))).collect();
    // Which direction it is that comes again and again, chance decides.
    let one = angles.iter().all(|angle| (angle - angles[0]).abs() < 1e-6);
    let mean = |of: &dyn Fn(f64) -> f64| if one { -2.0 } else { average(angles.iter().map(|angle| of(*angle))) };
    let neighbors =
        |of: fn(f64) -> f64| average(angles.windows(2).step_by(2).map(|pair| of((pair[0] - pair[1]).cos())));
    let squares = |i: usize| {
        let length = |column: &[f32]| column.iter().map(|x| f64::from(x * x)).sum::<f64>();
        if one { -2.0 } else { average(space.iter().map(|column| f64::from(column[i]).powi(2) / length(column))) }
    };
    Values::new()
        .with_number("mean of cos θ", mean(&f64::cos))?
        .with_number("mean of sin θ", mean(&f64::sin))?
        .with_number("mean of cos 4θ", mean(&|angle| (4.0 * angle).cos()))?
        .with_number("mean cosine of neighbors", neighbors(|cosine| cosine))?
        .with_number("mean squared cosine of neighbors", neighbors(|cosine| cosine * cosine))?
        .with("mean squares of 5 components", &Tensor::from_iter((0..5).map(squares), &Device::Cpu)?)
        .with_number("columns have length 1 (1 is yes)", number(plane.iter().chain(&space).all(unit)))?
        .with_number("another draw differs (1 is yes)", number(first != second))?
        .with_number("the same state of rng gives the same (1 is yes)", number(first == again))?
        .with_number("rows for 5 dimensions", rows as f64)
}

fn average(numbers: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = numbers.fold((0.0, 0.0), |(count, sum), x| (count + 1.0, sum + x));
    sum / count
}
