//! Pooling over square windows and over whole feature maps.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::floats;

/// The mean of each map.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C]`.
///
/// # Errors
/// A rank other than 4, a type other than `f32`.
pub fn global_avg_pool2d(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = floats::dims4("global_avg_pool2d", x)?;
    if !x.device().is_cpu() {
        return x.mean((2, 3));
    }
    let window = Window { kernel: (height, width), stride: 1, kind: Kind::Average };
    x.contiguous()?.apply_op1(window)?.flatten_from(1)
}

/// The mean of each `kernel × kernel` window, `stride` apart; a window that would reach over the edge is left out.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C, ⌊(H − kernel) / stride⌋ + 1, ⌊(W − kernel) / stride⌋ + 1]`.
///
/// # Errors
/// A rank other than 4, a kernel or stride of 0 or larger than the map; on a GPU, what Candle does not support.
pub fn avg_pool2d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    pool(x, kernel, stride, Kind::Average)
}

/// The greatest element of each window. The whole gradient goes to it, to the first at a tie, as in PyTorch (Candle's
/// own gives it a share of 1/kernel² only).
///
/// # Shapes
/// As [`avg_pool2d`].
///
/// # Errors
/// As [`avg_pool2d`]; also refused on a GPU, where Candle's gradient is wrong.
pub fn max_pool2d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    pool(x, kernel, stride, Kind::Max)
}

fn pool(x: &Tensor, kernel: usize, stride: usize, kind: Kind) -> Result<Tensor> {
    let (_, _, height, width) = floats::dims4("pooling", x)?;
    if kernel == 0 || stride == 0 || kernel > height.min(width) {
        bail!("pooling: a window of {kernel} at stride {stride} does not fit {height}×{width} maps");
    }
    match (x.device().is_cpu(), kind) {
        (true, _) => x.contiguous()?.apply_op1(Window { kernel: (kernel, kernel), stride, kind }),
        (false, Kind::Average) => x.avg_pool2d_with_stride(kernel, stride),
        (false, Kind::Max) => bail!("max_pool2d: Candle's gradient is wrong on {:?}", x.device()),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Average,
    Max,
}

struct Window {
    kernel: (usize, usize),
    stride: usize,
    kind: Kind,
}

/// Index of the first greatest element of a plane among `indices`.
fn argmax(plane: &[f32], mut indices: impl Iterator<Item = usize>) -> usize {
    let first = indices.next().unwrap_or_default();
    indices.fold(first, |best, i| if plane[i] > plane[best] { i } else { best })
}

impl Window {
    fn out_size(&self, height: usize, width: usize) -> (usize, usize) {
        ((height - self.kernel.0) / self.stride + 1, (width - self.kernel.1) / self.stride + 1)
    }

    /// Indices into a plane of width `width` that output pixel `i` (of `out_width` a row) looks at.
    fn indices(&self, i: usize, width: usize, out_width: usize) -> impl Iterator<Item = usize> {
        let corner = i / out_width * self.stride * width + i % out_width * self.stride;
        let (height, columns) = self.kernel;
        (0..height).flat_map(move |y| (0..columns).map(move |x| corner + y * width + x))
    }
}

impl CustomOp1 for Window {
    fn name(&self) -> &'static str {
        "pool2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let (out_height, out_width) = self.out_size(height, width);
        let x = floats::of_cpu(x, layout)?;
        let share = 1.0 / (self.kernel.0 * self.kernel.1) as f32;
        let mut y = vec![0.0; batch * channels * out_height * out_width];
        y.par_chunks_mut(out_height * out_width).zip(x.par_chunks(height * width)).for_each(|(y, x)| {
            for (i, y) in y.iter_mut().enumerate() {
                let indices = self.indices(i, width, out_width);
                *y = match self.kind {
                    Kind::Average => indices.map(|j| x[j]).sum::<f32>() * share,
                    Kind::Max => x[argmax(x, indices)],
                };
            }
        });
        Ok((CpuStorage::F32(y), (batch, channels, out_height, out_width).into()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, height, width) = x.dims4()?;
        let (_, _, out_height, out_width) = y.dims4()?;
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let values = floats::of(&x_storage, x_layout)?;
        let grads = floats::of(&grad_storage, grad_layout)?;
        let share = 1.0 / (self.kernel.0 * self.kernel.1) as f32;
        let mut dx = vec![0.0; values.len()];
        let planes = dx.par_chunks_mut(height * width).zip(values.par_chunks(height * width));
        planes.zip(grads.par_chunks(out_height * out_width)).for_each(|((dx, x), grads)| {
            for (i, grad) in grads.iter().enumerate() {
                let mut indices = self.indices(i, width, out_width);
                match self.kind {
                    Kind::Average => indices.for_each(|j| dx[j] += grad * share),
                    Kind::Max => dx[argmax(x, &mut indices)] += grad,
                }
            }
        });
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
