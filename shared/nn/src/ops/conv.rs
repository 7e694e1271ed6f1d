//! 2-d convolution, tiles in parallel.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::chunks::fill_chunks;
use super::floats;
use super::geometry::Geometry;
#[cfg(feature = "cuda")]
use super::gpu;
use super::layout::turn_images;
use super::method::{Pass, Scratch};
use super::room::Room;
use super::source::Source;
use super::tiles::{InputGradient, Tiles};

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
    let geometry = geometry(x.dims(), weight.dims(), stride, padding)?;
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        return gpu::conv2d(x, weight, geometry);
    }
    x.contiguous()?.apply_op2(&weight.contiguous()?, Conv2d { geometry })
}

/// The geometry of a convolution, once its arguments are found to agree.
pub(super) fn geometry(x: &[usize], weight: &[usize], stride: usize, padding: usize) -> Result<Geometry> {
    let (_, channels, height, width) = floats::dims4("conv2d", x)?;
    let (_, weight_channels, kernel_height, kernel_width) = floats::dims4("conv2d's weight", weight)?;
    if channels != weight_channels {
        bail!("conv2d: x has {channels} channels, the weight expects {weight_channels}");
    }
    if stride == 0 {
        bail!("conv2d: the stride must be at least 1, got 0");
    }
    let padded = |size: usize| padding.checked_mul(2).and_then(|margins| size.checked_add(margins));
    let (Some(padded_height), Some(padded_width)) = (padded(height), padded(width)) else {
        bail!("conv2d: a padding of {padding} is too large");
    };
    if kernel_height > padded_height || kernel_width > padded_width {
        bail!(
            "conv2d: a {kernel_height}×{kernel_width} kernel does not fit into {height}×{width} with padding {padding}"
        );
    }
    Ok(Geometry { channels, height, width, kernel: (kernel_height, kernel_width), stride, padding })
}

struct Conv2d {
    geometry: Geometry,
}

impl Conv2d {
    fn source<'a>(&self, x: &'a [f32]) -> Source<'a> {
        let Geometry { channels, height, width, .. } = self.geometry;
        Source::of_tensor(x, (channels, height * width))
    }
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
        let x = self.source(floats::of_cpu(x, x_layout)?);
        let tiles =
            Tiles::new(self.geometry, floats::of_cpu(weight, weight_layout)?, out_channels, batch, Pass::Forward);
        let fill = |(scratch, maps): &mut ((Scratch, Room), Room), group: usize, y: &mut [f32]| {
            maps.fit(y.len());
            tiles.convolve(scratch, x, group, maps);
            turn_images(maps, (self.geometry.pixels(), out_channels), y);
        };
        let (y, _) = fill_chunks(tiles.maps_len(x), tiles.group_len(), || (tiles.scratch(), Room::default()), fill);
        Ok((CpuStorage::F32(y), self.geometry.maps(batch, out_channels)))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (x_storage, x_layout) = x.storage_and_layout();
        let (weight_storage, weight_layout) = weight.storage_and_layout();
        let (batch, channels, pixels) = (x.dims()[0], weight.dims()[0], self.geometry.pixels());
        let grads = floats::of(&grad_storage, grad_layout)?;
        let turned = |image: usize, dy: &mut [f32]| {
            turn_images(&grads[image * channels * pixels..], (channels, pixels), dy);
        };
        let tiles =
            Tiles::new(self.geometry, floats::of(&weight_storage, weight_layout)?, channels, batch, Pass::Backward);
        // The first layer's input is the image: nothing needs its gradient.
        let wanted = if x.track_op() { InputGradient::Own } else { InputGradient::None };
        let (dx, dweight) = tiles.backward(self.source(floats::of(&x_storage, x_layout)?), wanted, turned);
        let Geometry { channels, height, width, .. } = self.geometry;
        let turned = dx.map(|dx| Source::Given(&dx).channels_first((channels, height * width)));
        let dx = turned.map(|dx| Tensor::from_vec(dx, x.shape(), x.device())).transpose()?;
        Ok((dx, Some(Tensor::from_vec(dweight, weight.shape(), x.device())?)))
    }
}
