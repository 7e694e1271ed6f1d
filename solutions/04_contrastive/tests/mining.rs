//! Negatives that are chosen in other ways, most of them wrong.

use candle_core::{Result, Tensor, bail};

#[derive(Clone, Copy)]
pub enum Pick {
    FirstClosest,
    LastClosest,
    FirstFarthest,
    First,
}

/// Searches the samples of other labels for which `wanted` holds of the positive's distance and their own.
pub fn mine(
    distances: &Tensor,
    labels: &Tensor,
    positives: &[usize],
    wanted: impl Fn(f64, f64) -> bool,
    pick: Pick,
) -> Result<Vec<Option<usize>>> {
    let (rows, labels): (Vec<Vec<f32>>, Vec<u32>) = (distances.to_vec2()?, labels.to_vec1()?);
    let search = |(i, row): (usize, &Vec<f32>)| {
        let near = f64::from(row[positives[i]]);
        let mut found = (0..row.len()).filter(|&n| labels[n] != labels[i] && wanted(near, f64::from(row[n])));
        match pick {
            Pick::FirstClosest => found.min_by(|&a, &b| row[a].total_cmp(&row[b])),
            Pick::LastClosest => found.rev().min_by(|&a, &b| row[a].total_cmp(&row[b])),
            Pick::First => found.next(),
            Pick::FirstFarthest => found.rev().max_by(|&a, &b| row[a].total_cmp(&row[b])),
        }
    };
    Ok(rows.iter().enumerate().map(search).collect())
}

/// Every sample passes for a negative but the anchor and its positive: each has a label of its own.
pub fn own_class(distances: &Tensor, labels: &Tensor, positives: &[usize], margin: f64) -> Result<Vec<Option<usize>>> {
    let rows: Vec<Vec<f32>> = distances.to_vec2()?;
    let own = Tensor::arange(0, rows.len() as u32, labels.device())?;
    mine(distances, &own, positives, |near, far| near < far && far < near + margin, Pick::FirstClosest)
}

pub fn by_sorting(distances: &Tensor, labels: &Tensor, positives: &[usize], margin: f64) -> Result<Vec<Option<usize>>> {
    let (rows, labels): (Vec<Vec<f32>>, Vec<u32>) = (distances.to_vec2()?, labels.to_vec1()?);
    if distances.dims() != [labels.len(); 2] || positives.len() != labels.len() {
        bail!("other shapes");
    }
    let mut found = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let mut order: Vec<usize> = (0..row.len()).filter(|&n| labels[n] != labels[i]).collect();
        order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        let near = row[positives[i]];
        let next = order.into_iter().find(|&n| row[n] > near);
        found.push(next.filter(|&n| row[n] < near + margin as f32));
    }
    Ok(found)
}
