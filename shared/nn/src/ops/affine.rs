//! What batch norm does once its statistics are known: an affine map per channel, followed by a ReLU or not.

use pulp::Arch;
use rayon::prelude::*;

use super::chunks::fill_chunks;
use super::floats;
use super::moments::Statistics;
use super::relu::rectified;
use crate::collective::Collective;

/// y = γ · (x − μ) / σ + β per channel, then max(y, 0) where `relu`.
pub(super) struct Affine {
    mean: Vec<f32>,
    inverse_std: Vec<f32>,
    /// γ / σ
    scale: Vec<f32>,
    shift: Vec<f32>,
    relu: bool,
}

/// What reaches γ and β, and through them x where the statistics are the batch's own.
pub(super) struct Gradients {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    /// Numbers in a channel; infinite where the statistics are fixed, which leaves nothing of their part.
    count: f32,
}

impl Gradients {
    /// What reaches γ and β of a batch of which each rank has an equal share.
    pub(super) fn over(&self, ranks: &dyn Collective) -> Self {
        let mut sums = [self.gamma.as_slice(), &self.beta].concat();
        ranks.all_reduce_sum(&mut sums);
        let beta = sums.split_off(self.gamma.len());
        Self { gamma: sums, beta, count: self.count * ranks.size() as f32 }
    }
}

impl Affine {
    pub(super) fn new(statistics: Statistics, epsilon: f32, gamma: &[f32], beta: &[f32], relu: bool) -> Self {
        let inverse_std: Vec<f32> = statistics.variance.iter().map(|v| 1.0 / (v + epsilon).sqrt()).collect();
        let scale = gamma.iter().zip(&inverse_std).map(|(gamma, inverse)| gamma * inverse).collect();
        Self { mean: statistics.mean, inverse_std, scale, shift: beta.to_vec(), relu }
    }

    pub(super) fn channels(&self) -> usize {
        self.mean.len()
    }

    /// What becomes of maps of `pixels` numbers.
    pub(super) fn apply(&self, x: &[f32], pixels: usize) -> Vec<f32> {
        let fill = |_: &mut (), map: usize, y: &mut [f32]| self.write(map, &x[map * pixels..][..pixels], pixels, y);
        fill_chunks(x.len(), pixels, || (), fill).0
    }

    /// Writes to `y` what becomes of maps of `pixels` numbers, the first of which is number `first` of the batch.
    pub(super) fn write(&self, first: usize, x: &[f32], pixels: usize, y: &mut [f32]) {
        Arch::new().dispatch(|| {
            for (i, (x, y)) in x.chunks_exact(pixels).zip(y.chunks_exact_mut(pixels)).enumerate() {
                let affine = self.of_channel((first + i) % self.channels());
                for (y, x) in y.iter_mut().zip(x) {
                    *y = if self.relu { rectified(affine(*x)) } else { affine(*x) };
                }
            }
        });
    }

    /// The map of channel `c`, without the ReLU.
    #[inline(always)]
    fn of_channel(&self, c: usize) -> impl Fn(f32) -> f32 + use<> {
        let (mean, scale, shift) = (self.mean[c], self.scale[c], self.shift[c]);
        move |x| (x - mean) * scale + shift
    }

    /// Lets the gradient through where the ReLU did, or everywhere where there is none.
    #[inline(always)]
    fn masked(&self, c: usize) -> impl Fn(f32, f32) -> f32 + use<> {
        let (affine, relu) = (self.of_channel(c), self.relu);
        move |x, grad| if relu && affine(x) <= 0.0 { 0.0 } else { grad }
    }

    /// (Σ dy · x̂, Σ dy) per channel, over batch and space; `train` where μ and σ depend on x.
    pub(super) fn gradients(&self, x: &[f32], grad: &[f32], pixels: usize, train: bool) -> Gradients {
        let channels = self.channels();
        let len = channels * pixels;
        let of_image = |(x, grad): (&[f32], &[f32])| -> Vec<[f64; 2]> {
            Arch::new().dispatch(|| {
                let mut sums = Vec::with_capacity(channels);
                for (c, (x, grad)) in x.chunks_exact(pixels).zip(grad.chunks_exact(pixels)).enumerate() {
                    let (mean, masked) = (self.mean[c], self.masked(c));
                    sums.push(floats::sums(x, grad, |x, grad| {
                        let dy = masked(x, grad);
                        [dy * (x - mean), dy]
                    }));
                }
                sums
            })
        };
        let sums: Vec<_> = x.par_chunks(len).zip(grad.par_chunks(len)).map(of_image).collect();
        let count = if train { (x.len() / channels) as f32 } else { f32::INFINITY };
        let mut gradients = Gradients { gamma: Vec::new(), beta: Vec::new(), count };
        for c in 0..channels {
            let [scaled, plain] = sums.iter().fold([0.0; 2], |[a, b], maps| [a + maps[c][0], b + maps[c][1]]);
            gradients.gamma.push(scaled as f32 * self.inverse_std[c]);
            gradients.beta.push(plain as f32);
        }
        gradients
    }

    /// dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)) for map number `map` of the batch.
    #[inline(always)]
    pub(super) fn input_gradient(&self, map: usize, gradients: &Gradients, x: &[f32], grad: &[f32], dx: &mut [f32]) {
        let c = map % self.channels();
        let (mean, scale, masked) = (self.mean[c], self.scale[c], self.masked(c));
        let offset = gradients.beta[c] / gradients.count;
        let slope = gradients.gamma[c] / gradients.count * self.inverse_std[c];
        for ((dx, x), grad) in dx.iter_mut().zip(x).zip(grad) {
            *dx = scale * (masked(*x, *grad) - offset - (x - mean) * slope);
        }
    }
}
