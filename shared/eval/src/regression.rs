//! The fit of a softmax regression: its loss as a function of the weights, and L-BFGS on it.

use std::cell::RefCell;

use anyhow::Context;
use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use candle_core::{DType, Device, Result, Tensor};
use nalgebra::{Cholesky, DMatrix, Dyn};
use rayon::prelude::*;

/// Past steps that L-BFGS remembers.
const MEMORY: usize = 10;
const MAX_ITERATIONS: u64 = 200;
/// The fit ends when no step lowers the loss by more than this, or where the gradient is as short as that.
const TOLERANCE_COST: f64 = 1e-7;
const TOLERANCE_GRADIENT: f64 = 1e-5;
/// Rows whose errors are computed at a time.
const ROWS: usize = 512;

/// Mean cross-entropy + λ/2 · ‖W‖² of inputs whose last column is 1; its weights, of the biases, are not decayed.
///
/// L-BFGS sees V = LᵀW, where L·Lᵀ = XᵀX / (N · classes) + λ. At W = 0 that is the Hessian's block of one class; the blocks between classes are left out.
/// Correlated features, over which it would take hundreds of steps, are no obstacle then.
pub(crate) struct Regression {
    /// X, `[N, D]`.
    inputs: Tensor,
    labels: Vec<u32>,
    classes: usize,
    l2: f64,
    factor: Cholesky<f64, Dyn>,
    /// The last point that was asked for: L-BFGS asks for its loss and for its gradient.
    last: RefCell<Option<Point>>,
    /// The point of the least loss so far.
    best: RefCell<Option<Point>>,
}

/// V, flat, and what is known there.
#[derive(Clone)]
struct Point {
    at: Vec<f64>,
    loss: f64,
    gradient: Vec<f64>,
}

impl Regression {
    pub(crate) fn new(inputs: Tensor, labels: &[u32], classes: usize, l2: f64) -> anyhow::Result<Self> {
        let (count, width) = inputs.dims2()?;
        let products: Vec<f32> = inputs.t()?.matmul(&inputs)?.flatten_all()?.to_vec1()?;
        let products = DMatrix::from_iterator(width, width, products.into_iter().map(f64::from));
        // Of the biases' row the curvature is 1 / classes already; a little more keeps the others from being singular where λ is 0.
        let hessian = products / (count * classes) as f64 + DMatrix::identity(width, width) * l2.max(1e-9);
        let factor = Cholesky::new(hessian).context("the features' covariance has no Cholesky factor")?;
        Ok(Self {
            inputs,
            labels: labels.to_vec(),
            classes,
            l2,
            factor,
            last: RefCell::default(),
            best: RefCell::default(),
        })
    }

    /// The weights `[D, classes]` of the least loss.
    pub(crate) fn minimize(self) -> anyhow::Result<Tensor> {
        let (width, classes) = (self.inputs.dims()[1], self.classes);
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
            .with_tolerance_cost(TOLERANCE_COST)?
            .with_tolerance_grad(TOLERANCE_GRADIENT)?;
        let start = vec![0.0; width * classes];
        let ended = Executor::new(&self, solver).configure(|state| state.param(start).max_iters(MAX_ITERATIONS)).run();
        // A line search that finds nothing lower ends with an error: it stands where rounding lets nobody get lower.
        let best = self.best.take().with_context(|| format!("the probe's fit gave no weights: {:?}", ended.err()))?;
        Ok(tensor(&weights(&self.factor, &best.at, width, classes))?)
    }

    /// Loss and gradient at V.
    fn at(&self, flat: &[f64]) -> Result<Point> {
        if let Some(last) = self.last.borrow().as_ref().filter(|last| last.at == flat) {
            return Ok(last.clone());
        }
        let (count, width) = self.inputs.dims2()?;
        let weights = weights(&self.factor, flat, width, self.classes);
        let mut errors: Vec<f32> = self.inputs.matmul(&tensor(&weights)?)?.flatten_all()?.to_vec1()?; // logits, still
        let likelihood = self.errors(&mut errors);
        let errors = Tensor::from_vec(errors, (count, self.classes), &Device::Cpu)?;
        let slopes: Vec<f32> = self.inputs.t()?.matmul(&errors)?.t()?.flatten_all()?.to_vec1()?;
        let slopes = slopes.into_iter().map(|slope| f64::from(slope) / count as f64);
        let mut gradient = DMatrix::from_iterator(width, self.classes, slopes);
        let mut decayed = weights;
        decayed.row_mut(width - 1).fill(0.0);
        let loss = self.l2 / 2.0 * decayed.norm_squared() - likelihood / count as f64;
        gradient += decayed * self.l2;
        self.factor.l_dirty().solve_lower_triangular_mut(&mut gradient);
        let point = Point { at: flat.to_vec(), loss, gradient: gradient.as_slice().to_vec() };
        self.last.replace(Some(point.clone()));
        if self.best.borrow().as_ref().is_none_or(|best| point.loss < best.loss) {
            self.best.replace(Some(point.clone()));
        }
        Ok(point)
    }

    /// Turns flat logits into softmax − one-hot, row by row, and returns the sum of the labels' log-probabilities.
    fn errors(&self, logits: &mut [f32]) -> f64 {
        let classes = self.classes;
        let of_rows = |(rows, labels): (&mut [f32], &[u32])| {
            let rows = rows.chunks_exact_mut(classes).zip(labels);
            rows.map(|(row, &label)| errors_of_row(row, label as usize)).sum::<f64>()
        };
        // Sums in a fixed order, whatever the number of threads.
        let parts: Vec<f64> =
            logits.par_chunks_mut(ROWS * classes).zip(self.labels.par_chunks(ROWS)).map(of_rows).collect();
        parts.iter().sum()
    }
}

/// One row's logits become softmax − one-hot; returns the label's log-probability.
fn errors_of_row(row: &mut [f32], label: usize) -> f64 {
    let greatest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let own = f64::from(row[label] - greatest);
    row.iter_mut().for_each(|logit| *logit = (*logit - greatest).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|value| *value /= sum);
    row[label] -= 1.0;
    own - f64::from(sum).ln()
}

/// W of V: the solution of LᵀW = V.
fn weights(factor: &Cholesky<f64, Dyn>, flat: &[f64], width: usize, classes: usize) -> DMatrix<f64> {
    let mut weights = DMatrix::from_column_slice(width, classes, flat);
    factor.l_dirty().tr_solve_lower_triangular_mut(&mut weights);
    weights
}

/// In f32, `[rows, columns]`.
fn tensor(matrix: &DMatrix<f64>) -> Result<Tensor> {
    let (rows, columns) = matrix.shape();
    Tensor::from_slice(matrix.as_slice(), (columns, rows), &Device::Cpu)?.to_dtype(DType::F32)?.t()?.contiguous()
}

impl CostFunction for &Regression {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, flat: &Vec<f64>) -> std::result::Result<f64, Error> {
        Ok(self.at(flat)?.loss)
    }
}

impl Gradient for &Regression {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, flat: &Vec<f64>) -> std::result::Result<Vec<f64>, Error> {
        Ok(self.at(flat)?.gradient)
    }
}
