//! Batch norm on a GPU.

use candle_core::{CpuStorage, CudaStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};

use super::super::Moments;
use super::order::Order;
use super::{kernels, storage};

/// y as [`batch_norm`](super::super::batch_norm) has it of `x` `[B, C, H, W]`, with fixed statistics or the batch's own.
pub(in super::super) fn batch_norm(
    x: &Tensor,
    [gamma, beta]: [&Tensor; 2],
    fixed: Option<[&Tensor; 2]>,
    epsilon: f32,
    relu: bool,
) -> Result<(Tensor, Moments)> {
    if x.dtype() != DType::F32 {
        bail!("batch_norm: expected f32, got {:?}", x.dtype());
    }
    let order = Order::now();
    let normed = Normed::new(order.of(&x.detach())?, order, [gamma, beta], fixed, epsilon, relu)?;
    let (moments, y) = (normed.moments()?, order.back(&normed.output(None)?)?);
    Ok((x.apply_op3(gamma, beta, BatchNorm { normed, y })?, moments))
}

/// Maps and what normalizes them.
pub(super) struct Normed {
    x: Tensor,
    order: Order,
    /// As [`kernels::statistics`] has them.
    statistics: Tensor,
    relu: bool,
    /// Whether the statistics are of `x`.
    train: bool,
}

impl Normed {
    pub fn new(
        x: Tensor,
        order: Order,
        [gamma, beta]: [&Tensor; 2],
        fixed: Option<[&Tensor; 2]>,
        epsilon: f32,
        relu: bool,
    ) -> Result<Self> {
        let statistics = match fixed.map(|fixed| fixed.map(Tensor::detach)) {
            None => kernels::statistics(order, &x, &kernels::sums(order, &x)?, [gamma, beta], epsilon)?,
            Some([mean, variance]) => {
                let inverse_std = (&variance + f64::from(epsilon))?.sqrt()?.recip()?;
                let scale = (gamma.detach() * &inverse_std)?;
                Tensor::stack(&[mean, variance, inverse_std, scale, beta.detach()], 0)?
            }
        };
        Ok(Self { x, order, statistics, relu, train: fixed.is_none() })
    }

    /// μ and σ².
    pub fn moments(&self) -> Result<Moments> {
        Ok(Moments { mean: self.statistics.get(0)?, variance: self.statistics.get(1)? })
    }

    /// What is normalized, y; max(y + added, 0) where a block ends here.
    pub fn output(&self, added: Option<&Tensor>) -> Result<Tensor> {
        kernels::normalize(self.order, &self.x, &self.statistics, added, self.relu)
    }

    /// Given the gradient of the output, without what was added to it: those of `x`, γ and β.
    pub fn backward(&self, gradient: &Tensor) -> Result<[Tensor; 3]> {
        let Self { x, statistics, .. } = self;
        let sums = kernels::gradient_sums(self.order, x, gradient, statistics, self.relu)?;
        let gradients = kernels::gradients(self.order, x, &sums, statistics, self.train)?;
        let dx = kernels::input_gradient(self.order, x, gradient, [statistics, &gradients], self.relu)?;
        Ok([dx, gradients.get(0)?, gradients.get(1)?])
    }
}

/// The arguments are `x`, γ and β.
struct BatchNorm {
    normed: Normed,
    y: Tensor,
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        storage::on_cpu(&self.y)
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        storage::on_gpu(&self.y)
    }

    fn bwd(
        &self,
        _x: &Tensor,
        _gamma: &Tensor,
        _beta: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let order = self.normed.order;
        let [dx, of_gamma, of_beta] = self.normed.backward(&order.of(grad)?)?;
        Ok((Some(order.back(&dx)?), Some(of_gamma), Some(of_beta)))
    }
}
