//! What batch norm does once its statistics are known: an affine map per channel, followed by a ReLU or not.

use rayon::prelude::*;

use super::columns::{at, sums};
use super::moments::Statistics;
use super::relu::{masked, rectified};
use super::room::Room;
use super::source::Source;
use super::vectorized::vectorized;
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

    /// (Σ dy · x̂, Σ dy) per channel, over all pixels of x and dy, `chunk` numbers at a time; `train` where μ and σ depend on x.
    pub(super) fn gradients(&self, [x, grad]: [Source; 2], chunk: usize, train: bool) -> Gradients {
        let channels = self.channels();
        let sums_of = |[x_room, grad_room]: &mut [Room; 2], i: usize| {
            let range = i * chunk..((i + 1) * chunk).min(x.len());
            gradient_sums(self, x.numbers(range.clone(), x_room), grad.numbers(range, grad_room))
        };
        let chunks = (0..x.len().div_ceil(chunk)).into_par_iter();
        let sums: Vec<_> = chunks.map_init(Default::default, sums_of).collect();
        let count = if train { (x.len() / channels) as f32 } else { f32::INFINITY };
        let mut gradients = Gradients { gamma: Vec::new(), beta: Vec::new(), count };
        for c in 0..channels {
            let [scaled, plain] = sums.iter().fold([0.0; 2], |[a, b], pixels| [a + pixels[c][0], b + pixels[c][1]]);
            gradients.gamma.push(scaled as f32 * self.inverse_std[c]);
            gradients.beta.push(plain as f32);
        }
        gradients
    }

    /// What is divided among the pixels of dx: mean(dy), and mean(dy · x̂) / σ.
    fn shares(&self, gradients: &Gradients) -> [Vec<f32>; 2] {
        let slopes = gradients.gamma.iter().zip(&self.inverse_std);
        [
            gradients.beta.iter().map(|beta| beta / gradients.count).collect(),
            slopes.map(|(gamma, inverse)| gamma / gradients.count * inverse).collect(),
        ]
    }
}

vectorized! {
    /// Writes to `y` what becomes of pixels `[pixels, C]`.
    pub(super) fn write<'a>(affine: &'a Affine, x: &'a [f32], y: &'a mut [f32]) -> () {
        let Affine { mean, scale, shift, relu, .. } = affine;
        for (x, y) in x.chunks_exact(mean.len()).zip(y.chunks_exact_mut(mean.len())) {
            for ((((y, x), mean), scale), shift) in y.iter_mut().zip(x).zip(mean).zip(scale).zip(shift) {
                let number = (x - mean) * scale + shift;
                *y = if *relu { rectified(number) } else { number };
            }
        }
    }
}

vectorized! {
    /// Σ dy · (x − μ) and Σ dy per channel, over some pixels `[pixels, C]`.
    fn gradient_sums<'a>(affine: &'a Affine, x: &'a [f32], grad: &'a [f32]) -> Vec<[f64; 2]> {
        sums(x, grad, affine.channels(), |first| {
            let [mean, scale, shift] = [&affine.mean, &affine.scale, &affine.shift].map(|numbers| at(numbers, first));
            move |lane, x, grad| {
                let centered = x - mean[lane];
                let y = centered * scale[lane] + shift[lane];
                let dy = if affine.relu { masked(y, grad) } else { grad };
                [dy * centered, dy]
            }
        })
    }
}

vectorized! {
    /// dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)) for some pixels `[pixels, C]`.
    pub(super) fn input_gradient<'a>(
        affine: &'a Affine,
        gradients: &'a Gradients,
        x: &'a [f32],
        grad: &'a [f32],
        dx: &'a mut [f32],
    ) -> () {
        let Affine { mean, scale, shift, relu, .. } = affine;
        let [offset, slope] = affine.shares(gradients);
        let channels = mean.len();
        let pixels = x.chunks_exact(channels).zip(grad.chunks_exact(channels)).zip(dx.chunks_exact_mut(channels));
        for ((x, grad), dx) in pixels {
            let constants = mean.iter().zip(scale).zip(shift).zip(&offset).zip(&slope);
            let numbers = dx.iter_mut().zip(x).zip(grad).zip(constants);
            for (((dx, x), grad), ((((mean, scale), shift), offset), slope)) in numbers {
                let centered = x - mean;
                let dy = if *relu { masked(centered * scale + shift, *grad) } else { *grad };
                *dx = scale * (dy - offset - centered * slope);
            }
        }
    }
}
