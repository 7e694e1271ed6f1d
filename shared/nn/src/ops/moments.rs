//! Per-channel mean and variance of a batch.

use rayon::prelude::*;

use super::columns::{at, sums};
use super::room::Room;
use super::source::Source;
use super::vectorized::vectorized;
use crate::collective::Collective;

/// Mean and population variance of each channel, over batch and space.
pub(super) struct Statistics {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// How many pixels there were, and each channel's mean and summed squared distances from it.
pub(super) type OfRows = (usize, Vec<[f64; 2]>);

vectorized! {
    /// The statistics of some pixels `[pixels, C]`.
    pub(super) fn of_rows<'a>(rows: &'a [f32], channels: usize) -> OfRows {
        let count = rows.len() / channels;
        let means: Vec<f64> =
            sums(rows, rows, channels, |_| |_, x, _| [x]).iter().map(|[sum]| sum / count as f64).collect();
        let shifts: Vec<f32> = means.iter().map(|&mean| mean as f32).collect();
        let squares = sums(rows, rows, channels, |first| {
            let shift = at(&shifts, first);
            move |lane, x, _| [(x - shift[lane]) * (x - shift[lane])]
        });
        (count, means.iter().zip(squares).map(|(&mean, [squares])| [mean, squares]).collect())
    }
}

impl Statistics {
    /// Those of a batch of which each rank, where there are several, has an equal share.
    pub(super) fn of_all(self, ranks: Option<&dyn Collective>) -> Self {
        let Some(ranks) = ranks else { return self };
        let channels = self.mean.len();
        let all = ranks.all_gather(&[self.mean, self.variance].concat());
        let shares: Vec<_> = all.chunks_exact(2 * channels).map(|share| share.split_at(channels)).collect();
        let average = |of: &dyn Fn(&(&[f32], &[f32])) -> f64| shares.iter().map(of).sum::<f64>() / shares.len() as f64;
        let mut joined = Self { mean: Vec::with_capacity(channels), variance: Vec::with_capacity(channels) };
        for c in 0..channels {
            let mean = average(&|(means, _)| f64::from(means[c]));
            let variance =
                average(&|(means, variances)| f64::from(variances[c]) + (f64::from(means[c]) - mean).powi(2));
            joined.mean.push(mean as f32);
            joined.variance.push(variance as f32);
        }
        joined
    }

    /// Of all pixels of `x`, `chunk` numbers at a time.
    pub(super) fn of(x: Source, chunk: usize, channels: usize) -> Self {
        let of_chunk =
            |room: &mut Room, i: usize| of_rows(x.numbers(i * chunk..((i + 1) * chunk).min(x.len()), room), channels);
        let chunks = (0..x.len().div_ceil(chunk)).into_par_iter();
        Self::join(&chunks.map_init(Room::default, of_chunk).collect::<Vec<_>>(), channels)
    }

    /// Joins the statistics of groups of pixels by the parallel formula of Chan et al. (1983).
    pub(super) fn join(groups: &[OfRows], channels: usize) -> Self {
        let count = groups.iter().map(|(count, _)| count).sum::<usize>() as f64;
        let (mut means, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
        for (pixels, channels) in groups {
            for (mean, [own, _]) in means.iter_mut().zip(channels) {
                *mean += *pixels as f64 * own;
            }
        }
        means.iter_mut().for_each(|mean| *mean /= count);
        for (pixels, channels) in groups {
            for ((square, mean), [own, own_squares]) in squares.iter_mut().zip(&means).zip(channels) {
                *square += own_squares + *pixels as f64 * (own - mean) * (own - mean);
            }
        }
        let rounded = |of_channels: Vec<f64>| of_channels.into_iter().map(|of_channel| of_channel as f32).collect();
        Self { mean: rounded(means), variance: rounded(squares.iter().map(|square| square / count).collect()) }
    }
}
