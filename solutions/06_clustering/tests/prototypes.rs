//! Codes and losses of prototypes in other ways, most of them wrong.

use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::log_softmax;
use clustering::sinkhorn;

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

/// Codes, or what they begin with where there are no iterations.
pub fn transported_or_not(scores: &Tensor, epsilon: f64, iterations: usize) -> Result<Tensor> {
    if iterations > 0 {
        return sinkhorn(scores, epsilon, iterations);
    }
    let scores = scores.detach();
    (scores.broadcast_sub(&scores.max_all()?)? / epsilon)?.exp()
}

/// A 1 at the greatest number of each row.
pub fn greatest_of_rows(codes: &Tensor) -> Result<Tensor> {
    let numbers = Tensor::arange(0, codes.dims2()?.1 as u32, codes.device())?.unsqueeze(0)?;
    codes.argmax_keepdim(1)?.broadcast_eq(&numbers)?.to_dtype(codes.dtype())
}

/// Codes of scores less some number.
pub fn shifted_by(scores: &Tensor, epsilon: f64, iterations: usize, number: &Tensor) -> Result<Tensor> {
    sinkhorn(&scores.narrow(0, 0, 1)?, epsilon, iterations)?;
    let shifted = scores.detach().broadcast_sub(&number.detach())?;
    transported(&shifted, epsilon, iterations, &Plan { shift: false, ..PLAN })
}

/// Half of what both directions give, the codes being constants.
pub fn both_ways(
    a: &Tensor,
    b: &Tensor,
    codes_a: &Tensor,
    codes_b: &Tensor,
    term: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    (term(a, &codes_b.detach())? + term(b, &codes_a.detach())?)? / 2.0
}

pub fn with_logs(logs: &Tensor, codes: &Tensor) -> Result<Tensor> {
    (codes * logs)?.sum(D::Minus1)?.mean_all()?.neg()
}

/// Codes by sums to which something is added.
pub fn codes_with(scores: &Tensor, epsilon: f64, iterations: usize, added: f64) -> Result<Tensor> {
    if epsilon.is_nan() || epsilon <= 0.0 || iterations == 0 {
        bail!("ε = {epsilon}, {iterations} iterations");
    }
    scores.dims2()?;
    let scores = scores.detach();
    let mut q = (scores.broadcast_sub(&scores.max_all()?)? / epsilon)?.exp()?;
    for _ in 0..iterations {
        for axis in 0..2 {
            q = q.broadcast_div(&(q.sum_keepdim(axis)? + added)?)?;
        }
    }
    Ok(q)
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
    Kept,
}

/// When the mean becomes τ.
#[derive(Clone, Copy, PartialEq)]
pub enum Scaled {
    Last,
    First,
    TimesTau,
    Never,
}

/// How φ is computed.
pub struct Tightness {
    pub squared: bool,
    pub divide: fn(f64, f64) -> f64,
    pub single: Single,
    /// Percentiles to which values are clipped.
    pub clip: (f64, f64),
    /// What is made of a percentile's place.
    pub place: fn(f64) -> f64,
    pub scaled: Scaled,
    pub root: bool,
}

pub const TIGHT: Tightness = Tightness {
    squared: false,
    divide: |z, alpha| z * (z + alpha).ln(),
    single: Single::Greatest,
    clip: (10.0, 90.0),
    place: |place| place,
    scaled: Scaled::Last,
    root: false,
};

/// As NumPy rounds places.
pub fn round_half_even(place: f64) -> f64 {
    place.round_ties_even()
}

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
    let least = if matches!(how.single, Single::Kept) { 1 } else { 2 };
    let sum = |list: &[f64]| match how.root {
        true => (list.iter().map(|d| d * d).sum::<f64>() * list.len() as f64).sqrt(),
        false => list.iter().sum(),
    };
    let of = |list: &Vec<f64>| (list.len() >= least).then(|| sum(list) / (how.divide)(list.len() as f64, alpha));
    let values: Vec<Option<f64>> = lists.iter().map(of).collect();
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    if known.is_empty() {
        bail!("single members only");
    }
    let single = match how.single {
        Single::Greatest | Single::Kept => known.iter().copied().fold(0.0, f64::max),
        Single::Mean => known.iter().sum::<f64>() / known.len() as f64,
        Single::Zero => 0.0,
    };
    let mut values: Vec<f64> = values.into_iter().map(|value| value.unwrap_or(single)).collect();
    let mean_to_tau = |values: &[f64]| temperature * values.len() as f64 / values.iter().sum::<f64>();
    if how.scaled == Scaled::First {
        let factor = mean_to_tau(&values);
        values.iter_mut().for_each(|value| *value *= factor);
    }
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: f64| {
        let place = (how.place)(percent / 100.0 * (sorted.len() - 1) as f64);
        let (low, share) = (place as usize, place.fract());
        sorted[low] * (1.0 - share) + sorted[(low + 1).min(sorted.len() - 1)] * share
    };
    let clipped: Vec<f64> = values.iter().map(|value| value.max(at(how.clip.0)).min(at(how.clip.1))).collect();
    let scale = match how.scaled {
        Scaled::Last => mean_to_tau(&clipped),
        Scaled::TimesTau => temperature,
        Scaled::First | Scaled::Never => 1.0,
    };
    Tensor::from_iter(clipped.into_iter().map(|value| (value * scale) as f32), x.device())
}

/// z · c for all prototypes, which are constants.
pub fn products(z: &Tensor, prototypes: &Tensor) -> Result<Tensor> {
    z.matmul(&prototypes.detach().t()?)
}

/// z · c / φ for all prototypes; prototypes and φ are constants.
pub fn tempered(z: &Tensor, prototypes: &Tensor, concentration: &Tensor) -> Result<Tensor> {
    products(z, prototypes)?.broadcast_div(&concentration.detach())
}

pub fn of_logits(logits: &Tensor, assignments: &[u32]) -> Result<Tensor> {
    of_logs(&log_softmax(logits, D::Minus1)?, assignments)
}

pub fn of_logs(logs: &Tensor, assignments: &[u32]) -> Result<Tensor> {
    let own = Tensor::new(assignments, logs.device())?.unsqueeze(1)?;
    logs.gather(&own, 1)?.mean_all()?.neg()
}

/// The logarithm of the sum over all other prototypes, less the own logit.
pub fn without_own(logits: &Tensor, assignments: &[u32]) -> Result<Tensor> {
    let own = Tensor::new(assignments, logits.device())?.unsqueeze(1)?; // [B, 1]
    let numbers = Tensor::arange(0, logits.dims2()?.1 as u32, logits.device())?.unsqueeze(0)?;
    let nothing = Tensor::new(f32::NEG_INFINITY, logits.device())?.broadcast_as(logits.shape())?;
    let others = own.broadcast_eq(&numbers)?.where_cond(&nothing, logits)?;
    (others.log_sum_exp(1)? - logits.gather(&own, 1)?.squeeze(1)?)?.mean_all()
}
