//! The linear probe: multinomial logistic regression on frozen features.

use anyhow::{anyhow, ensure};
use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use candle_core::{D, DType, Device, Tensor};
use candle_nn::ops::log_softmax;

use crate::features::expect_finite;

/// Past steps that L-BFGS remembers.
const MEMORY: usize = 10;
const MAX_ITERATIONS: u64 = 200;
/// The fit ends when no step lowers the loss by more than this.
const TOLERANCE_COST: f64 = 1e-7;
const TOLERANCE_GRADIENT: f64 = 1e-5;

/// Softmax regression on standardized features, fitted to all of them at once with L-BFGS.
///
/// Minimizes mean cross-entropy + λ/2 · ‖W‖² (the bias is free), the features having been shifted and scaled to mean 0
/// and population standard deviation 1 over the training set.
pub struct LinearProbe {
    mean: Tensor,
    scale: Tensor,
    /// `[D + 1, classes]`: weights, and the biases in the last row.
    weights: Tensor,
}

impl LinearProbe {
    /// λ where nothing else is asked for.
    pub const L2: f64 = 1e-3;

    /// Fits a probe to `features` `[N, D]` with class numbers below `classes`.
    ///
    /// # Errors
    /// Other shapes, a label out of range, features that are not finite.
    pub fn fit(features: &Tensor, labels: &[u32], classes: usize, l2: f64) -> anyhow::Result<Self> {
        let (count, width) = features.dims2()?;
        ensure!(count == labels.len(), "{count} rows of features, {} labels", labels.len());
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(anyhow!("expected labels below {classes}, got {label}"));
        }
        expect_finite(features)?;
        let features = features.to_dtype(DType::F64)?;
        let mean = features.mean_keepdim(0)?;
        let variance = features.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
        let scale = variance.to_vec2::<f64>()?[0]
            .iter()
            .map(|v| if *v > 0.0 { 1.0 / v.sqrt() } else { 1.0 })
            .collect::<Vec<f64>>();
        let mut probe = Self {
            mean,
            scale: Tensor::from_vec(scale, (1, width), &Device::Cpu)?,
            weights: Tensor::zeros((width + 1, classes), DType::F64, &Device::Cpu)?,
        };
        let regression = Regression { inputs: probe.inputs(&features)?, targets: one_hot(labels, classes)?, l2 };
        probe.weights = regression.minimize()?;
        Ok(probe)
    }

    /// Standardized features with a 1 at the end of each row.
    fn inputs(&self, features: &Tensor) -> candle_core::Result<Tensor> {
        let features = features.to_dtype(DType::F64)?;
        let standard = features.broadcast_sub(&self.mean)?.broadcast_mul(&self.scale)?;
        let ones = Tensor::ones((standard.dims()[0], 1), DType::F64, &Device::Cpu)?;
        Tensor::cat(&[standard, ones], 1)
    }

    /// The most probable class of each row of `[N, D]`.
    ///
    /// # Errors
    /// Another width than it was fitted to.
    pub fn predict(&self, features: &Tensor) -> candle_core::Result<Vec<u32>> {
        self.inputs(features)?.matmul(&self.weights)?.argmax(D::Minus1)?.to_vec1()
    }
}

/// `[N, classes]`, 1 at each label.
fn one_hot(labels: &[u32], classes: usize) -> candle_core::Result<Tensor> {
    let mut values = vec![0.0f64; labels.len() * classes];
    for (row, &label) in labels.iter().enumerate() {
        values[row * classes + label as usize] = 1.0;
    }
    Tensor::from_vec(values, (labels.len(), classes), &Device::Cpu)
}

/// The loss as a function of the weights, laid out row by row.
struct Regression {
    inputs: Tensor,
    targets: Tensor,
    l2: f64,
}

impl Regression {
    fn log_probabilities(&self, weights: &Tensor) -> candle_core::Result<Tensor> {
        log_softmax(&self.inputs.matmul(weights)?, D::Minus1)
    }

    fn weights(&self, flat: &[f64]) -> candle_core::Result<Tensor> {
        Tensor::from_slice(flat, (self.inputs.dims()[1], self.targets.dims()[1]), &Device::Cpu)
    }

    /// The weights without the row of biases, which are not decayed.
    fn decayed<'a>(&self, flat: &'a [f64]) -> &'a [f64] {
        &flat[..flat.len() - self.targets.dims()[1]]
    }

    fn minimize(self) -> anyhow::Result<Tensor> {
        let start = vec![0.0; self.inputs.dims()[1] * self.targets.dims()[1]];
        let shape = (self.inputs.dims()[1], self.targets.dims()[1]);
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
            .with_tolerance_cost(TOLERANCE_COST)?
            .with_tolerance_grad(TOLERANCE_GRADIENT)?;
        let result =
            Executor::new(self, solver).configure(|state| state.param(start).max_iters(MAX_ITERATIONS)).run()?;
        let best = result.state().get_best_param().cloned();
        let best = best.ok_or_else(|| anyhow!("the probe's fit gave no weights"))?;
        Ok(Tensor::from_vec(best, shape, &Device::Cpu)?)
    }
}

impl CostFunction for Regression {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, flat: &Vec<f64>) -> Result<f64, Error> {
        let log_probabilities = self.log_probabilities(&self.weights(flat)?)?;
        let likelihood = (&self.targets * log_probabilities)?.sum_all()?.to_scalar::<f64>()?;
        let squares: f64 = self.decayed(flat).iter().map(|w| w * w).sum();
        Ok(self.l2 / 2.0 * squares - likelihood / self.targets.dims()[0] as f64)
    }
}

impl Gradient for Regression {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, flat: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let errors = (self.log_probabilities(&self.weights(flat)?)?.exp()? - &self.targets)?;
        let count = self.targets.dims()[0] as f64;
        let gradient = (self.inputs.t()?.matmul(&errors)? / count)?;
        let mut gradient: Vec<f64> = gradient.flatten_all()?.to_vec1()?;
        gradient.iter_mut().zip(self.decayed(flat)).for_each(|(g, w)| *g += self.l2 * w);
        Ok(gradient)
    }
}
