//! The check of bins, which are judged on the grid that they lie on: at the very edge of the gamut rounding decides.

use candle_core::{Device, Result, Tensor, bail};
use ssl_grading::Values;

use super::Exercises;

/// How the grid says that a bin may be there or not.
const EDGE: f64 = 2.0;

/// Which marks of the grid have a bin, whether the bins come in their order, and how many are not marks.
pub fn bins(exercises: &Exercises, case: &Values) -> Result<Values> {
    let step = case.number("step")?;
    let bins = (exercises.gamut_bins)(step)?;
    let [_, 2] = bins.dims() else { bail!("expected bins [Q, 2], got {:?}", bins.dims()) };
    let bins: Vec<Vec<f32>> = bins.to_vec2()?;
    let reach = (110.0 / step) as usize;
    let side = 2 * reach + 1;
    let mut grid = vec![0.0; side * side];
    let mut elsewhere = 0.0;
    for bin in &bins {
        match (mark(bin[0], step, reach), mark(bin[1], step, reach)) {
            (Some(a), Some(b)) if grid[a * side + b] == 0.0 => grid[a * side + b] = 1.0,
            _ => elsewhere += 1.0,
        }
    }
    for edge in case.tensor("edge")?.to_vec2::<u32>()? {
        grid[edge[0] as usize * side + edge[1] as usize] = EDGE;
    }
    let ordered = bins.is_sorted_by(|one, next| one[0] < next[0] || (one[0] == next[0] && one[1] <= next[1]));
    let grid = Tensor::from_vec(grid, (side, side), &Device::Cpu)?;
    Values::new()
        .with("grid of a (down) and b: 1 for a bin, 0 for none, 2 at the edge", &grid)
        .with_number("in the order of a, then b (1 is yes)", f64::from(u8::from(ordered)))?
        .with_number("bins that are not on the grid, or there twice", elsewhere)
}

/// The number of a mark among those from −`reach` to `reach` steps.
fn mark(value: f32, step: f64, reach: usize) -> Option<usize> {
    let steps = f64::from(value) / step;
    let near = (steps - steps.round()).abs() < 1e-3 && steps.round().abs() <= reach as f64;
    near.then_some((steps.round() + reach as f64) as usize)
}
