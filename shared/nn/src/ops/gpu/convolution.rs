//! Convolutions and their gradients by cuDNN, on maps and weights in one [`Order`].

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, bail};

use super::super::geometry::Geometry;
#[cfg(feature = "cuda")]
use super::cudnn;
use super::order::Order;

/// What is computed of which two contiguous tensors.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pass {
    /// y of x and the weight.
    Forward,
    /// ∂L/∂x of the weight and ∂L/∂y.
    Input,
    /// ∂L/∂weight of x and ∂L/∂y.
    Weight,
}

/// A pass of a convolution of some images.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Convolution {
    pub pass: Pass,
    pub order: Order,
    pub batch: usize,
    pub outputs: usize,
    pub geometry: Geometry,
}

impl Convolution {
    /// The convolution of `x`, forward.
    pub(super) fn new(x: &Tensor, weight: &Tensor, geometry: Geometry, order: Order) -> Self {
        Self { pass: Pass::Forward, order, batch: x.dims()[0], outputs: weight.dims()[0], geometry }
    }

    /// What a pass makes of its two tensors, without a graph.
    pub(super) fn of(&self, pass: Pass, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        a.apply_op2_no_bwd(b, &Self { pass, ..*self })
    }

    /// The shape of what the pass computes.
    fn shape(&self) -> Shape {
        Shape::from(&self.order.sizes(self.sizes(self.pass)))
    }

    /// B, C, H and W, or those of a weight.
    pub(super) fn sizes(&self, pass: Pass) -> [usize; 4] {
        let Geometry { channels, height, width, kernel, .. } = self.geometry;
        match pass {
            Pass::Forward => [self.batch, self.outputs, self.geometry.out_height(), self.geometry.out_width()],
            Pass::Input => [self.batch, channels, height, width],
            Pass::Weight => [self.outputs, channels, kernel.0, kernel.1],
        }
    }
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    #[cfg(feature = "cuda")]
    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        bail!("cuDNN: expected tensors on a GPU, got some on the CPU")
    }

    #[cfg(not(feature = "cuda"))]
    fn cpu_fwd(&self, a: &CpuStorage, _: &Layout, b: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((super::tests::convolution(self, [a, b])?, self.shape()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        a_layout: &Layout,
        b: &CudaStorage,
        b_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Ok((cudnn::compute(self, [(a, a_layout), (b, b_layout)], self.shape().elem_count())?, self.shape()))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        // The first layer's input is the image: nothing needs its gradient.
        let dx = x.track_op().then(|| self.of(Pass::Input, &weight.detach(), &grad)).transpose()?;
        Ok((dx, Some(self.of(Pass::Weight, &x.detach(), &grad)?)))
    }
}
