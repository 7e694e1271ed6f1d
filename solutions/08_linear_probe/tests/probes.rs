//! Features, probes and votes in other ways, most of them wrong.

use candle_core::{D, DType, Result, Tensor, bail};
use candle_nn::ops::log_softmax;
use linear_probe::Blocks;
use ssl_nn::{Linear, Optimizer};

/// Features of a block by another pooling, with their graph.
pub fn pooled(
    blocks: &Blocks,
    images: &Tensor,
    depth: usize,
    batch: usize,
    pool: &dyn Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    if batch == 0 || depth == 0 {
        bail!("a batch of {batch}, depth {depth}");
    }
    let mut parts = Vec::new();
    for first in (0..images.dims()[0]).step_by(batch) {
        let maps = blocks(&images.narrow(0, first, batch.min(images.dims()[0] - first))?, false)?;
        match maps.get(depth - 1) {
            Some(maps) => parts.push(pool(maps)?),
            None => bail!("depth {depth}"),
        }
    }
    Tensor::cat(&parts, 0)
}

pub fn same_width(train: &Tensor, test: &Tensor) -> Result<()> {
    if train.dims2()?.1 != test.dims2()?.1 {
        bail!("widths differ");
    }
    Ok(())
}

/// The population's, `[1, D]`.
pub fn deviation(x: &Tensor) -> Result<Tensor> {
    x.broadcast_sub(&x.mean_keepdim(0)?)?.sqr()?.mean_keepdim(0)?.sqrt()
}

pub fn guarded(deviation: &Tensor) -> Result<Tensor> {
    deviation.lt(1e-6)?.where_cond(&deviation.ones_like()?, deviation)
}

/// Shifted by the training mean, divided by this.
pub fn divided_by(train: &Tensor, test: &Tensor, scale: &Tensor) -> Result<(Tensor, Tensor)> {
    same_width(train, test)?;
    let mean = train.mean_keepdim(0)?;
    let of = |x: &Tensor| x.broadcast_sub(&mean)?.broadcast_div(scale);
    Ok((of(train)?, of(test)?))
}

/// Shifted by the training mean, divided by something of the training features.
pub fn scaled_by(
    train: &Tensor,
    test: &Tensor,
    scale: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<(Tensor, Tensor)> {
    same_width(train, test)?;
    let (mean, known) = (train.mean_keepdim(0)?, deviation(train)?);
    let nothing = known.lt(1e-6)?;
    let scale = nothing.where_cond(&known.ones_like()?, &scale(train, &known)?)?;
    let of = |x: &Tensor| x.broadcast_sub(&mean)?.broadcast_div(&scale);
    Ok((of(train)?, of(test)?))
}

/// Each row by its own mean and deviation.
pub fn by_rows(x: &Tensor) -> Result<Tensor> {
    let x = x.t()?.contiguous()?;
    let deviation = guarded(&deviation(&x)?)?;
    x.broadcast_sub(&x.mean_keepdim(0)?)?.broadcast_div(&deviation)?.t()?.contiguous()
}

/// Column by column in double precision.
pub fn scaled_in_double(train: &Tensor, test: &Tensor) -> Result<(Tensor, Tensor)> {
    same_width(train, test)?;
    let columns = |x: &Tensor| x.to_dtype(DType::F64)?.t()?.to_vec2::<f64>();
    let (mut known, mut new) = (columns(train)?, columns(test)?);
    for (known, new) in known.iter_mut().zip(&mut new) {
        let count = known.len() as f64;
        let mean = known.iter().sum::<f64>() / count;
        let deviation = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        let scale = if deviation < 1e-6 { 1.0 } else { deviation };
        known.iter_mut().chain(new).for_each(|x| *x = (*x - mean) / scale);
    }
    let tensor = |columns: Vec<Vec<f64>>| Tensor::new(columns, train.device())?.t()?.to_dtype(DType::F32);
    Ok((tensor(known)?, tensor(new)?))
}

/// What is wrong with an epoch.
pub struct Epochs {
    pub summed: bool,
    pub first_labels: bool,
    pub last: bool,
    pub weighted: bool,
}

pub const EPOCH: Epochs = Epochs { summed: false, first_labels: false, last: false, weighted: false };

/// The same numbers of rows, taken one after the other.
pub fn in_sequence(batches: &[Vec<u32>], count: usize) -> Vec<Vec<u32>> {
    let mut rows = (0..count as u32).cycle();
    batches.iter().map(|batch| rows.by_ref().take(batch.len()).collect()).collect()
}

/// Refuses what an epoch refuses.
pub fn probe_rows(features: &Tensor, labels: &Tensor, batches: &[Vec<u32>]) -> Result<()> {
    let count = features.dims2()?.0;
    if labels.dims() != [count] || batches.iter().flatten().any(|&row| row as usize >= count) {
        bail!("sizes");
    }
    Ok(())
}

pub fn in_batches(
    probe: &Linear,
    features: &Tensor,
    labels: &Tensor,
    batches: &[Vec<u32>],
    optimizer: &mut dyn Optimizer,
    learning_rate: f64,
    how: &Epochs,
) -> Result<f64> {
    probe_rows(features, labels, batches)?;
    let mut losses = Vec::new();
    for batch in batches {
        let rows = Tensor::new(batch.as_slice(), features.device())?;
        let own = if how.first_labels { labels.narrow(0, 0, batch.len())? } else { labels.index_select(&rows, 0)? };
        let logits = probe.forward(&features.index_select(&rows, 0)?)?;
        let chosen = log_softmax(&logits, D::Minus1)?.gather(&own.unsqueeze(1)?, 1)?.neg()?;
        let loss = if how.summed { chosen.sum_all()? } else { chosen.mean_all()? };
        optimizer.backward_step(&loss, learning_rate)?;
        losses.push(f64::from(loss.to_scalar::<f32>()?));
    }
    if how.weighted {
        let sum: f64 = losses.iter().zip(batches).map(|(loss, batch)| loss * batch.len() as f64).sum();
        return Ok(sum / batches.iter().map(Vec::len).sum::<usize>() as f64);
    }
    Ok(if how.last { losses[losses.len() - 1] } else { losses.iter().sum::<f64>() / losses.len() as f64 })
}

/// The batches' losses, without an update.
pub fn mean_loss(probe: &Linear, features: &Tensor, labels: &Tensor, batches: &[Vec<u32>]) -> Result<f64> {
    let mut nothing = ssl_nn::Sgd::new(Vec::new(), 0.0, 0.0);
    in_batches(probe, &features.detach(), labels, batches, &mut nothing, 0.1, &EPOCH)
}

/// Where equal logits stand.
#[derive(Clone, Copy)]
pub enum Ties {
    ByNumber,
    ByNumberBackwards,
    Win,
    Lose,
}

/// The share of labels before which fewer than `least` logits come; `k` is checked only.
pub fn ranked(logits: &Tensor, labels: &Tensor, k: usize, least: usize, ties: Ties) -> Result<f64> {
    let (count, classes) = logits.dims2()?;
    if labels.dims() != [count] || k == 0 || k > classes {
        bail!("sizes");
    }
    let (rows, labels): (Vec<Vec<f32>>, Vec<u32>) = (logits.to_vec2()?, labels.to_vec1()?);
    let right = rows.iter().zip(&labels).filter(|(row, label)| {
        let own = **label as usize;
        let comes_before = |i: usize| match ties {
            Ties::ByNumber => row[i] == row[own] && i < own,
            Ties::ByNumberBackwards => row[i] == row[own] && i > own,
            Ties::Win => false,
            Ties::Lose => row[i] == row[own] && i != own,
        };
        (0..classes).filter(|&i| row[i] > row[own] || comes_before(i)).count() < least
    });
    Ok(right.count() as f64 / count as f64)
}

/// Every row sorted, the label looked for among the first.
pub fn by_sorting(logits: &Tensor, labels: &Tensor, k: usize) -> Result<f64> {
    let (count, classes) = logits.dims2()?;
    if labels.dims() != [count] || k == 0 || k > classes {
        bail!("sizes");
    }
    let (rows, labels): (Vec<Vec<f32>>, Vec<u32>) = (logits.to_vec2()?, labels.to_vec1()?);
    let right = rows.iter().zip(&labels).filter(|(row, label)| {
        let mut order: Vec<u32> = (0..classes as u32).collect();
        order.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]));
        order[..k].contains(label)
    });
    Ok(right.count() as f64 / count as f64)
}

/// What is near.
#[derive(Clone, Copy)]
pub enum Near {
    Cosine,
    Product,
    Distance,
}

/// How neighbors vote.
pub struct Vote {
    pub near: Near,
    pub weight: fn(f64, f64) -> f64,
    pub farthest: bool,
    pub mean: bool,
    pub fewest: bool,
    pub last: bool,
    /// Whether the greatest nearness of the row is taken away before votes are weighed.
    pub from_greatest: bool,
}

pub const VOTE: Vote = Vote {
    near: Near::Cosine,
    weight: |cosine, t| (cosine / t).exp(),
    farthest: false,
    mean: false,
    fewest: false,
    last: false,
    from_greatest: true,
};

impl Vote {
    /// Whether votes keep their ratios when all nearnesses are shifted.
    fn shifts(&self) -> bool {
        let ratio = |by: f64| (self.weight)(0.3 + by, 0.5) / (self.weight)(0.1 + by, 0.5);
        (ratio(0.0) - ratio(0.2)).abs() < 1e-9 && !self.mean
    }
}

pub fn voted(train: &Tensor, labels: &[u32], test: &Tensor, k: usize, t: f64, how: &Vote) -> Result<Vec<u32>> {
    same_width(train, test)?;
    if labels.len() != train.dims()[0] || k == 0 || k > labels.len() || t.is_nan() || t <= 0.0 {
        bail!("sizes");
    }
    let rows = |x: &Tensor| x.to_dtype(DType::F64)?.to_vec2::<f64>();
    let (known, new) = (rows(train)?, rows(test)?);
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let nearness = |a: &[f64], b: &[f64]| match how.near {
        Near::Product => product(a, b),
        Near::Cosine => product(a, b) / ((product(a, a) + 1e-12) * (product(b, b) + 1e-12)).sqrt(),
        Near::Distance => -a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>(),
    };
    let classes = labels.iter().max().map_or(0, |label| *label as usize + 1);
    let vote = |row: &Vec<f64>| {
        let mut near: Vec<(f64, u32)> =
            known.iter().map(|other| nearness(row, other)).zip(labels.iter().copied()).collect();
        near.sort_by(|a, b| if how.farthest { a.0.total_cmp(&b.0) } else { b.0.total_cmp(&a.0) });
        let (mut votes, mut counts) = (vec![0.0; classes], vec![0.0f64; classes]);
        for (nearness, label) in &near[..k] {
            let shift =
                if how.from_greatest && matches!(how.near, Near::Cosine) && how.shifts() { near[0].0 } else { 0.0 };
            votes[*label as usize] += (how.weight)(*nearness - shift, t);
            counts[*label as usize] += 1.0;
        }
        if how.mean {
            votes.iter_mut().zip(&counts).for_each(|(vote, count)| *vote /= count.max(1.0));
        }
        if how.fewest {
            votes.iter_mut().for_each(|vote| *vote = -*vote);
        }
        let greatest = votes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let best = |vote: &f64| *vote == greatest;
        let place = if how.last { votes.iter().rposition(best) } else { votes.iter().position(best) };
        place.unwrap_or(0) as u32
    };
    Ok(new.iter().map(vote).collect())
}
