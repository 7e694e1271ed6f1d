//! Per-channel mean and variance of a batch.

use pulp::Arch;
use rayon::prelude::*;

use super::floats;
use crate::collective::Collective;

/// Mean and population variance of each channel, over batch and space.
pub(super) struct Statistics {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// One map's mean, and its summed squared distances from that mean.
pub(super) type OfMap = [f64; 2];

/// The statistics of each map of `pixels` numbers.
pub(super) fn of_maps(maps: &[f32], pixels: usize) -> Vec<OfMap> {
    Arch::new().dispatch(|| {
        let mut statistics = Vec::with_capacity(maps.len() / pixels);
        for map in maps.chunks_exact(pixels) {
            let mean = floats::sums(map, map, |x, _| [x])[0] / pixels as f64;
            let shift = mean as f32;
            statistics.push([mean, floats::sums(map, map, |x, _| [(x - shift) * (x - shift)])[0]]);
        }
        statistics
    })
}

impl Statistics {
    /// Joins the statistics of equal shares of a batch, one for each rank.
    pub(super) fn over(self, ranks: &dyn Collective) -> Self {
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

    pub(super) fn of(x: &[f32], channels: usize, pixels: usize) -> Self {
        let images: Vec<_> = x.par_chunks(channels * pixels).map(|image| of_maps(image, pixels)).collect();
        Self::join(&images, channels, pixels)
    }

    /// Joins the statistics of the maps of all images, given in groups, by the parallel formula of Chan et al. (1983).
    pub(super) fn join(groups: &[Vec<OfMap>], channels: usize, pixels: usize) -> Self {
        let maps = groups.concat();
        let batch = maps.len() / channels;
        let mut moments = Self { mean: Vec::with_capacity(channels), variance: Vec::with_capacity(channels) };
        for c in 0..channels {
            let of_channel = || maps.iter().skip(c).step_by(channels);
            let mean = of_channel().map(|[mean, _]| mean).sum::<f64>() / batch as f64;
            let squares: f64 = of_channel().map(|[m, s]| s + pixels as f64 * (m - mean) * (m - mean)).sum();
            moments.mean.push(mean as f32);
            moments.variance.push((squares / (batch * pixels) as f64) as f32);
        }
        moments
    }
}
