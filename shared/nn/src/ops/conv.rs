//! 2-d convolution as im2col and matrix products, tiles in parallel.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::geometry::Geometry;
use super::method::each_map;
use super::tiles::Tiles;
use super::{floats, on_device};
use crate::gpu;

/// Cross-correlation of `x` with `weight`, without bias, dilation or groups:
///
/// y[b, o, i, j] = Σ_{c,u,v} weight[o, c, u, v] · x[b, c, i·stride + u − padding, j·stride + v − padding]
///
/// # Shapes
/// `x` `[B, C, H, W]`, `weight` `[O, C, kh, kw]` → `[B, O, H', W']` with H' = ⌊(H + 2·padding − kh) / stride⌋ + 1.
///
/// # Errors
/// Ranks other than 4, channels that differ, a stride of 0, a kernel larger than the padded image, no `f32`.
pub fn conv2d(x: &Tensor, weight: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    let geometry = geometry(x, weight, stride, padding)?;
    if !x.device().is_cpu() {
        return on_device::conv2d(x, weight, geometry, gpu::conv_gradients());
    }
    x.contiguous()?.apply_op2(&weight.contiguous()?, Conv2d { geometry })
}

/// The geometry of a convolution, once its arguments are found to agree.
pub(super) fn geometry(x: &Tensor, weight: &Tensor, stride: usize, padding: usize) -> Result<Geometry> {
    let (_, channels, height, width) = floats::dims4("conv2d", x)?;
    let (_, weight_channels, kernel_height, kernel_width) = floats::dims4("conv2d's weight", weight)?;
    if channels != weight_channels {
        bail!("conv2d: x has {channels} channels, the weight expects {weight_channels}");
    }
    if stride == 0 {
        bail!("conv2d: the stride must be at least 1, got 0");
    }
    if kernel_height > height + 2 * padding || kernel_width > width + 2 * padding {
        bail!(
            "conv2d: a {kernel_height}×{kernel_width} kernel does not fit into {height}×{width} with padding {padding}"
        );
    }
    Ok(Geometry { channels, height, width, kernel: (kernel_height, kernel_width), stride, padding })
}

struct Conv2d {
    geometry: Geometry,
}

impl CustomOp2 for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (batch, out_channels) = (x_layout.dims()[0], weight_layout.dims()[0]);
        let tiles = Tiles::new(self.geometry, floats::of_cpu(weight, weight_layout)?, out_channels, batch);
        let (y, _) = tiles.forward(floats::of_cpu(x, x_layout)?, |_| ());
        let shape = (batch, out_channels, self.geometry.out_height(), self.geometry.out_width());
        Ok((CpuStorage::F32(y), shape.into()))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let grads = floats::of(&grad_storage, grad_layout)?;
        let (channels, pixels) = (weight.dims()[0], self.geometry.pixels());
        let copied = |start: usize, count: usize, rows: &mut [f32]| {
            each_map(count, channels, pixels, |in_grad, in_rows| {
                rows[in_rows].copy_from_slice(&grads[start..][in_grad]);
            });
        };
        let (dx, dweight) = gradients(self.geometry, x, weight, copied)?;
        Ok((dx, Some(dweight)))
    }
}

/// Gradients of a convolution's input, where it is needed, and of its weight. `of_output(start, count, rows)` writes the
/// gradient of `count` images' outputs, which start at number `start` of the batch's, to `rows` `[O, count · H' · W']`.
pub(super) fn gradients(
    geometry: Geometry,
    x: &Tensor,
    weight: &Tensor,
    of_output: impl Fn(usize, usize, &mut [f32]) + Sync,
) -> Result<(Option<Tensor>, Tensor)> {
    let (x_storage, x_layout) = x.storage_and_layout();
    let (weight_storage, weight_layout) = weight.storage_and_layout();
    let (batch, channels) = (x.dims()[0], weight.dims()[0]);
    let tiles = Tiles::new(geometry, floats::of(&weight_storage, weight_layout)?, channels, batch);
    let map_len = channels * geometry.pixels();
    let rows_of = |image: usize, rows: &mut [f32]| of_output(image * map_len, rows.len() / map_len, rows);
    // The first layer's input is the image: nothing needs its gradient.
    let (dx, dweight) = tiles.backward(floats::of(&x_storage, x_layout)?, x.track_op(), rows_of);
    let dx = dx.map(|dx| Tensor::from_vec(dx, x.shape(), x.device())).transpose()?;
    Ok((dx, Tensor::from_vec(dweight, weight.shape(), x.device())?))
}
