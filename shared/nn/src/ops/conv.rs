//! 2-d convolution as im2col and matrix products, groups of images in parallel.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::floats;
use super::gemm::{Matrix, gemm};
use super::im2col::Geometry;

/// Small feature maps go through one product together, until it is about this many columns wide.
const COLUMNS_PER_PRODUCT: usize = 256;

/// The weight gradient is summed in this many parts, whatever the number of threads, so that it is always the same.
const WEIGHT_GRADIENT_PARTS: usize = 16;

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
    if !x.device().is_cpu() {
        return x.conv2d(weight, padding, stride, 1, 1);
    }
    x.contiguous()?.apply_op2(&weight.contiguous()?, Conv2d { stride, padding })
}

struct Conv2d {
    stride: usize,
    padding: usize,
}

impl Conv2d {
    fn geometry(&self, x: &[usize], weight: &[usize]) -> Geometry {
        Geometry {
            channels: x[1],
            height: x[2],
            width: x[3],
            kernel: (weight[2], weight[3]),
            stride: self.stride,
            padding: self.padding,
        }
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
        let geometry = self.geometry(x_layout.dims(), weight_layout.dims());
        let (batch, out_channels) = (x_layout.dims()[0], weight_layout.dims()[0]);
        let y = forward(floats::of_cpu(x, x_layout)?, floats::of_cpu(weight, weight_layout)?, out_channels, geometry);
        let shape = (batch, out_channels, geometry.out_height(), geometry.out_width());
        Ok((CpuStorage::F32(y), shape.into()))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let geometry = self.geometry(x.dims(), weight.dims());
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (weight_storage, weight_layout) = weight.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (dx, dweight) = backward(
            floats::of(&x_storage, x_layout)?,
            floats::of(&weight_storage, weight_layout)?,
            floats::of(&grad_storage, grad_layout)?,
            weight.dims()[0],
            geometry,
            // The first layer's input is the image: nobody asks for its gradient.
            x.track_op(),
        );
        let dx = dx.map(|dx| Tensor::from_vec(dx, x.shape(), x.device())).transpose()?;
        Ok((dx, Some(Tensor::from_vec(dweight, weight.shape(), x.device())?)))
    }
}

/// Images that share one matrix product.
fn group_size(geometry: Geometry, batch: usize) -> usize {
    (COLUMNS_PER_PRODUCT / geometry.pixels()).clamp(1, batch)
}

/// One thread's buffers.
struct Scratch {
    padded: Vec<f32>,
    columns: Vec<f32>,
    /// Output maps of a group, channel by channel.
    rows: Vec<f32>,
}

impl Scratch {
    fn new(geometry: Geometry, group: usize, out_channels: usize) -> Self {
        Self {
            padded: vec![0.0; geometry.padded_len()],
            columns: vec![0.0; geometry.taps() * group * geometry.pixels()],
            rows: vec![0.0; out_channels * group * geometry.pixels()],
        }
    }

    /// Patch matrix `[taps, images · pixels]` of a group of images.
    fn im2col(&mut self, images: &[f32], geometry: Geometry) {
        let row_stride = images.len() / geometry.image_len() * geometry.pixels();
        for (i, image) in images.chunks_exact(geometry.image_len()).enumerate() {
            let columns = &mut self.columns[i * geometry.pixels()..];
            geometry.im2col(image, &mut self.padded, columns, row_stride);
        }
    }
}

/// `[images, channels, pixels]` → `[channels, images · pixels]`.
fn interleave(maps: &[f32], channels: usize, pixels: usize, out: &mut [f32]) {
    let images = maps.len() / (channels * pixels);
    for (row, run) in maps.chunks_exact(pixels).enumerate() {
        let (image, channel) = (row / channels, row % channels);
        let start = (channel * images + image) * pixels;
        out[start..start + pixels].copy_from_slice(run);
    }
}

/// `[channels, images · pixels]` → `[images, channels, pixels]`.
fn deinterleave(maps: &[f32], channels: usize, pixels: usize, out: &mut [f32]) {
    let images = out.len() / (channels * pixels);
    for (row, run) in out.chunks_exact_mut(pixels).enumerate() {
        let (image, channel) = (row / channels, row % channels);
        let start = (channel * images + image) * pixels;
        run.copy_from_slice(&maps[start..start + pixels]);
    }
}

fn forward(x: &[f32], weight: &[f32], out_channels: usize, geometry: Geometry) -> Vec<f32> {
    let (taps, pixels) = (geometry.taps(), geometry.pixels());
    let image_len = geometry.image_len();
    let batch = x.len() / image_len;
    let group = group_size(geometry, batch);
    let weight = Matrix::new(weight, out_channels, taps);
    let mut y = vec![0.0; batch * out_channels * pixels];
    y.par_chunks_mut(group * out_channels * pixels).zip(x.par_chunks(group * image_len)).for_each_init(
        || Scratch::new(geometry, group, out_channels),
        |scratch, (y, images)| {
            let columns = images.len() / image_len * pixels;
            scratch.im2col(images, geometry);
            let patches = Matrix::new(&scratch.columns[..taps * columns], taps, columns);
            if columns == pixels {
                gemm(y, weight, patches, false);
            } else {
                let rows = &mut scratch.rows[..out_channels * columns];
                gemm(rows, weight, patches, false);
                deinterleave(rows, out_channels, pixels, y);
            }
        },
    );
    y
}

/// Gradients of the input (where asked for) and of the weight.
fn backward(
    x: &[f32],
    weight: &[f32],
    grad: &[f32],
    out_channels: usize,
    geometry: Geometry,
    input_gradient: bool,
) -> (Option<Vec<f32>>, Vec<f32>) {
    let image_len = geometry.image_len();
    let batch = x.len() / image_len;
    let group = group_size(geometry, batch);
    let part = batch.div_ceil(group).div_ceil(WEIGHT_GRADIENT_PARTS) * group;
    let mut dx = vec![0.0; if input_gradient { x.len() } else { 0 }];
    let map_len = out_channels * geometry.pixels();
    // One entry a part: its images' input gradients, empty where nobody asks for them.
    let dx_parts: Vec<&mut [f32]> = if input_gradient {
        dx.chunks_mut(part * image_len).collect()
    } else {
        (0..batch.div_ceil(part)).map(|_| Default::default()).collect()
    };
    let dweights: Vec<Vec<f32>> = dx_parts
        .into_par_iter()
        .zip(x.par_chunks(part * image_len))
        .zip(grad.par_chunks(part * map_len))
        .map(|((dx, x), grad)| backward_part(dx, x, weight, grad, group, geometry))
        .collect();
    let dweight = dweights
        .into_iter()
        .reduce(|mut sum, part| {
            sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
            sum
        })
        .unwrap_or_default();
    (input_gradient.then_some(dx), dweight)
}

/// Writes the input gradients of some images and returns their share of the weight gradient.
fn backward_part(
    dx: &mut [f32],
    x: &[f32],
    weight: &[f32],
    grad: &[f32],
    group: usize,
    geometry: Geometry,
) -> Vec<f32> {
    let (taps, pixels) = (geometry.taps(), geometry.pixels());
    let out_channels = weight.len() / taps;
    let image_len = geometry.image_len();
    let mut scratch = Scratch::new(geometry, group, out_channels);
    let mut margins = vec![0.0; geometry.padded_len()];
    let mut dweight = vec![0.0; weight.len()];
    let weight = Matrix::new(weight, out_channels, taps);
    let groups = x.chunks(group * image_len).zip(grad.chunks(group * out_channels * pixels));
    for (index, (images, maps)) in groups.enumerate() {
        let columns = images.len() / image_len * pixels;
        scratch.im2col(images, geometry);
        interleave(maps, out_channels, pixels, &mut scratch.rows);
        let dy = Matrix::new(&scratch.rows[..out_channels * columns], out_channels, columns);
        let dcolumns = &mut scratch.columns[..taps * columns];
        gemm(&mut dweight, dy, Matrix::new(dcolumns, taps, columns).t(), true);
        if !dx.is_empty() {
            // The patches have done their part; their gradients take their place.
            gemm(dcolumns, weight.t(), dy, false);
            let dx = &mut dx[index * group * image_len..][..images.len()];
            for (i, dimage) in dx.chunks_exact_mut(image_len).enumerate() {
                geometry.col2im(&dcolumns[i * pixels..], columns, &mut margins, dimage);
            }
        }
    }
    dweight
}
