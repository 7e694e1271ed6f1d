//! Convolution and batch norm in one: what training a backbone spends its time on.
//!
//! Maps are large and a core's cache is small, so every pass over them that is saved counts. Here the batch's statistics
//! are taken while a tile's maps are still in the cache, and the gradient of the convolution's output goes tile by tile
//! straight into its matrix products: it is never stored.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use pulp::Arch;

use super::affine::Affine;
use super::batch_norm::expect_several;
use super::conv::{self, conv2d};
use super::geometry::Geometry;
use super::method::each_map;
use super::moments::{self, Statistics};
use super::tiles::Tiles;
use super::{BatchNormMode, Moments, batch_norm, floats};
use crate::collective;

/// [`conv2d`] and [`batch_norm`] with the batch's own statistics, then max(y, 0) where `relu`; also returns the
/// statistics.
///
/// # Shapes
/// `x` `[B, C, H, W]`, `weight` `[O, C, kh, kw]`, `gamma` and `beta` `[O]` → `[B, O, H', W']`.
///
/// # Errors
/// As [`conv2d`] and [`batch_norm`].
pub fn conv_batch_norm(
    x: &Tensor,
    weight: &Tensor,
    (stride, padding): (usize, usize),
    (gamma, beta): (&Tensor, &Tensor),
    epsilon: f32,
    relu: bool,
) -> Result<(Tensor, Moments)> {
    if !x.device().is_cpu() {
        let y = conv2d(x, weight, stride, padding)?;
        return batch_norm(&y, gamma, beta, &BatchNormMode::Train, epsilon, relu);
    }
    let geometry = conv::geometry(x, weight, stride, padding)?;
    let (batch, channels) = (x.dims()[0], weight.dims()[0]);
    if gamma.dims() != [channels] || beta.dims() != [channels] {
        bail!("conv_batch_norm: {channels} channels, gamma is {:?} and beta {:?}", gamma.dims(), beta.dims());
    }
    expect_several(batch * geometry.pixels())?;
    let (x, weight) = (x.contiguous()?, weight.contiguous()?);
    let (y, statistics) = {
        let (x_storage, x_layout) = x.storage_and_layout();
        let (weight_storage, weight_layout) = weight.storage_and_layout();
        let tiles = Tiles::new(geometry, floats::of(&weight_storage, weight_layout)?, channels, batch);
        let of_maps = |maps: &[f32]| moments::of_maps(maps, geometry.pixels());
        let (y, of_maps) = tiles.forward(floats::of(&x_storage, x_layout)?, of_maps);
        (y, Statistics::join(&of_maps, channels, geometry.pixels()))
    };
    let ranks = collective::normalized_together();
    let statistics = ranks.iter().fold(statistics, |share, ranks| share.over(&**ranks));
    let moments = Moments::new(&statistics)?;
    let affine = Affine::new(statistics, epsilon, &gamma.to_vec1()?, &beta.to_vec1()?, relu);
    let op = ConvBatchNorm { geometry, y, affine, together: ranks.is_some() };
    // An op has three arguments at most.
    let gamma_beta = Tensor::stack(&[gamma, beta], 0)?;
    Ok((x.apply_op3(&weight, &gamma_beta, op)?, moments))
}

struct ConvBatchNorm {
    geometry: Geometry,
    /// The convolution's output, which the backward pass needs.
    y: Vec<f32>,
    affine: Affine,
    /// Whether the statistics are those of all ranks.
    together: bool,
}

impl CustomOp3 for ConvBatchNorm {
    fn name(&self) -> &'static str {
        "conv_batch_norm"
    }

    fn cpu_fwd(
        &self,
        _x: &CpuStorage,
        x_layout: &Layout,
        _weight: &CpuStorage,
        weight_layout: &Layout,
        _gamma_beta: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (batch, channels) = (x_layout.dims()[0], weight_layout.dims()[0]);
        let shape = (batch, channels, self.geometry.out_height(), self.geometry.out_width());
        Ok((CpuStorage::F32(self.affine.apply(&self.y, self.geometry.pixels())), shape.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        gamma_beta: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let grads = floats::of(&grad_storage, grad_layout)?;
        let (channels, pixels) = (weight.dims()[0], self.geometry.pixels());
        let gradients = self.affine.gradients(&self.y, grads, pixels, true);
        let of_all = self.together.then(|| gradients.over(&*collective::world()));
        let of_batch = of_all.as_ref().unwrap_or(&gradients);
        let through_norm = |start: usize, count: usize, rows: &mut [f32]| {
            let (y, grads) = (&self.y[start..], &grads[start..]);
            Arch::new().dispatch(|| {
                each_map(count, channels, pixels, |map, row| {
                    let number = map.start / pixels;
                    self.affine.input_gradient(number, of_batch, &y[map.clone()], &grads[map], &mut rows[row]);
                });
            });
        };
        let (dx, dweight) = conv::gradients(self.geometry, x, weight, through_norm)?;
        let gamma_beta = Tensor::from_vec([gradients.gamma, gradients.beta].concat(), gamma_beta.shape(), x.device())?;
        Ok((dx, Some(dweight), Some(gamma_beta)))
    }
}
