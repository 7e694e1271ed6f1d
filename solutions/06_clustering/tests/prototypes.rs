//! Codes and losses of prototypes in other ways, most of them wrong.

use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::log_softmax;

/// How codes are made.
pub struct Plan {
    /// The axes over which sums become 1, in this order.
    pub order: &'static [usize],
    pub row_maximum: bool,
    pub shift: bool,
    pub detach: bool,
}

pub const PLAN: Plan = Plan { order: &[0, 1], row_maximum: false, shift: true, detach: true };

pub fn transported(scores: &Tensor, epsilon: f64, iterations: usize, plan: &Plan) -> Result<Tensor> {
    scores.dims2()?;
    if epsilon <= 0.0 || iterations == 0 {
        bail!("ε = {epsilon}, {iterations} iterations");
    }
    let scores = if plan.detach { scores.detach() } else { scores.clone() };
    let greatest = if plan.row_maximum { scores.max_keepdim(1)? } else { scores.max_all()?.reshape((1, 1))? };
    let shifted = if plan.shift { scores.broadcast_sub(&greatest)? } else { scores };
    let mut codes = (shifted / epsilon)?.exp()?;
    for _ in 0..iterations {
        for &axis in plan.order {
            codes = codes.broadcast_div(&codes.sum_keepdim(axis)?)?;
        }
    }
    Ok(codes)
}

/// In double precision, number by number, by logarithms.
pub fn codes_by_hand(scores: &Tensor, epsilon: f64, iterations: usize) -> Result<Tensor> {
    let (batch, prototypes) = scores.dims2()?;
    if epsilon.is_nan() || epsilon <= 0.0 || iterations == 0 {
        bail!("ε = {epsilon}, {iterations} iterations");
    }
    let rows: Vec<Vec<f32>> = scores.detach().to_vec2()?;
    let mut logs: Vec<Vec<f64>> =
        rows.iter().map(|row| row.iter().map(|&score| f64::from(score) / epsilon).collect()).collect();
    let log_sum = |numbers: &[f64]| {
        let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        greatest + numbers.iter().map(|number| (number - greatest).exp()).sum::<f64>().ln()
    };
    for _ in 0..iterations {
        for k in 0..prototypes {
            let column: Vec<f64> = logs.iter().map(|row| row[k]).collect();
            let sum = log_sum(&column);
            logs.iter_mut().for_each(|row| row[k] -= sum);
        }
        for row in &mut logs {
            let sum = log_sum(row);
            row.iter_mut().for_each(|log| *log -= sum);
        }
    }
    let codes: Vec<f32> = logs.into_iter().flatten().map(|log| log.exp() as f32).collect();
    Tensor::from_vec(codes, (batch, prototypes), scores.device())
}

/// Cross-entropy of scores with codes.
pub fn entropy(scores: &Tensor, codes: &Tensor, temperature: f64) -> Result<Tensor> {
    if scores.dims() != codes.dims() {
        bail!("shapes that differ");
    }
    (codes * log_softmax(&(scores / temperature)?, D::Minus1)?)?.sum(D::Minus1)?.mean_all()?.neg()
}

/// What a cluster of one member gets.
#[derive(Clone, Copy)]
pub enum Single {
    Greatest,
    Mean,
    Zero,
}

/// How φ is computed.
pub struct Tightness {
    pub squared: bool,
    pub divide: fn(f64, f64) -> f64,
    pub single: Single,
    /// Percent that are clipped at either end.
    pub clip: f64,
    pub scaled: bool,
}

pub const TIGHT: Tightness = Tightness {
    squared: false,
    divide: |z, alpha| z * (z + alpha).ln(),
    single: Single::Greatest,
    clip: 10.0,
    scaled: true,
};

pub fn tightness(
    x: &Tensor,
    c: &Tensor,
    assignments: &[u32],
    alpha: f64,
    temperature: f64,
    how: &Tightness,
) -> Result<Tensor> {
    let (points, centers): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (x.to_vec2()?, c.to_vec2()?);
    if x.dims()[1] != c.dims()[1] || points.len() != assignments.len() {
        bail!("sizes that do not fit");
    }
    let mut lists = vec![Vec::new(); centers.len()];
    for (point, &cluster) in points.iter().zip(assignments) {
        let Some(center) = centers.get(cluster as usize) else { bail!("cluster {cluster}") };
        let square: f64 = point.iter().zip(center).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        lists[cluster as usize].push(if how.squared { square } else { square.sqrt() });
    }
    let of =
        |list: &Vec<f64>| (list.len() > 1).then(|| list.iter().sum::<f64>() / (how.divide)(list.len() as f64, alpha));
    let values: Vec<Option<f64>> = lists.iter().map(of).collect();
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    if known.is_empty() {
        bail!("single members only");
    }
    let single = match how.single {
        Single::Greatest => known.iter().copied().fold(0.0, f64::max),
        Single::Mean => known.iter().sum::<f64>() / known.len() as f64,
        Single::Zero => 0.0,
    };
    let values: Vec<f64> = values.into_iter().map(|value| value.unwrap_or(single)).collect();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: f64| {
        let place = percent / 100.0 * (sorted.len() - 1) as f64;
        let (low, share) = (place as usize, place.fract());
        sorted[low] * (1.0 - share) + sorted[(low + 1).min(sorted.len() - 1)] * share
    };
    let clipped: Vec<f64> = values.iter().map(|value| value.max(at(how.clip)).min(at(100.0 - how.clip))).collect();
    let mean = clipped.iter().sum::<f64>() / clipped.len() as f64;
    let scale = if how.scaled { temperature / mean } else { 1.0 };
    Tensor::from_iter(clipped.into_iter().map(|value| (value * scale) as f32), x.device())
}

/// z · c for all prototypes, which are constants.
pub fn products(z: &Tensor, prototypes: &Tensor) -> Result<Tensor> {
    z.matmul(&prototypes.detach().t()?)
}

pub fn of_logits(logits: &Tensor, assignments: &[u32]) -> Result<Tensor> {
    let own = Tensor::new(assignments, logits.device())?.unsqueeze(1)?;
    log_softmax(logits, D::Minus1)?.gather(&own, 1)?.mean_all()?.neg()
}
