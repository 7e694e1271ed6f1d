//! Pooling over square windows and over whole feature maps.

use std::hint::select_unpredictable;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use super::chunks::fill_chunks;
use super::floats;

/// The mean of each map.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C]`.
///
/// # Errors
/// A rank other than 4, a type other than `f32`.
pub fn global_avg_pool2d(x: &Tensor) -> Result<Tensor> {
    floats::dims4("global_avg_pool2d", x.dims())?;
    if !x.device().is_cpu() {
        return x.mean((2, 3));
    }
    x.contiguous()?.apply_op1(Mean)
}

/// The mean of each `kernel × kernel` window, `stride` apart; a window that would reach over the edge is left out.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C, ⌊(H − kernel) / stride⌋ + 1, ⌊(W − kernel) / stride⌋ + 1]`.
///
/// # Errors
/// A rank other than 4, a kernel or stride of 0, a kernel larger than the map, a type other than `f32`; on a GPU, what Candle does not
/// support.
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
    let (_, _, height, width) = floats::dims4("pooling", x.dims())?;
    if kernel == 0 || stride == 0 || kernel > height.min(width) {
        bail!("pooling: a window of {kernel} at stride {stride} does not fit {height}×{width} maps");
    }
    match (x.device().is_cpu(), kind) {
        (true, _) => x.contiguous()?.apply_op1(Window { kernel, stride, kind }),
        (false, Kind::Average) => x.avg_pool2d_with_stride(kernel, stride),
        (false, Kind::Max) => bail!("max_pool2d: Candle's gradient is wrong on {:?}", x.device()),
    }
}

/// The mean of a whole map.
struct Mean;

impl CustomOp1 for Mean {
    fn name(&self) -> &'static str {
        "global_avg_pool2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let (x, pixels) = (floats::of_cpu(x, layout)?, height * width);
        let fill = |_: &mut (), image: usize, means: &mut [f32]| {
            let sums = floats::sums_of_maps(&x[image * channels * pixels..][..channels * pixels], pixels);
            for (mean, sum) in means.iter_mut().zip(sums) {
                *mean = (sum / pixels as f64) as f32;
            }
        };
        let (means, _) = fill_chunks(batch * channels, channels, || (), fill);
        Ok((CpuStorage::F32(means), (batch, channels).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, channels, height, width) = x.dims4()?;
        let (grad, pixels) = (grad.contiguous()?, height * width);
        let (storage, layout) = grad.storage_and_layout();
        let grads = floats::of(&storage, layout)?;
        let fill = |_: &mut (), image: usize, dx: &mut [f32]| {
            for (dx, grad) in dx.chunks_exact_mut(pixels).zip(&grads[image * channels..]) {
                dx.fill(grad / pixels as f32);
            }
        };
        let (dx, _) = fill_chunks(x.elem_count(), channels * pixels, || (), fill);
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Average,
    Max,
}

struct Window {
    kernel: usize,
    stride: usize,
    kind: Kind,
}

/// A map's width and that of what it is pooled to.
#[derive(Clone, Copy)]
struct Widths {
    input: usize,
    output: usize,
}

impl Window {
    fn out_size(&self, size: usize) -> usize {
        (size - self.kernel) / self.stride + 1
    }

    /// Calls `visit` with each output's number in its map and where its window's first pixel is.
    #[inline(always)]
    fn each(&self, outputs: usize, widths: Widths, mut visit: impl FnMut(usize, usize)) {
        for row in 0..outputs / widths.output {
            for column in 0..widths.output {
                visit(row * widths.output + column, (row * widths.input + column) * self.stride);
            }
        }
    }

    /// The pixels of a window.
    #[inline(always)]
    fn pixels(&self, first: usize, width: usize) -> impl Iterator<Item = usize> + use<> {
        let kernel = self.kernel;
        (0..kernel).flat_map(move |y| (0..kernel).map(move |x| first + y * width + x))
    }

    /// The greatest number of a window and its pixel, the first at a tie; a NaN where there is one, so that it does not get lost.
    #[inline(always)]
    fn greatest(&self, map: &[f32], first: usize, width: usize) -> (f32, usize) {
        let (mut greatest, mut pixel, mut broken) = (map[first], first, false);
        for i in self.pixels(first, width) {
            // Choices instead of branches, which nobody could predict.
            let greater = map[i] > greatest;
            greatest = select_unpredictable(greater, map[i], greatest);
            pixel = select_unpredictable(greater, i, pixel);
            broken |= map[i].is_nan();
        }
        if broken && let Some(pixel) = self.pixels(first, width).find(|&i| map[i].is_nan()) {
            return (f32::NAN, pixel);
        }
        (greatest, pixel)
    }
}

impl CustomOp1 for Window {
    fn name(&self) -> &'static str {
        "pool2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let (out_height, widths) = (self.out_size(height), Widths { input: width, output: self.out_size(width) });
        let (x, outputs) = (floats::of_cpu(x, layout)?, out_height * widths.output);
        let share = 1.0 / (self.kernel * self.kernel) as f32;
        let fill = |_: &mut (), image: usize, y: &mut [f32]| {
            let maps = x[image * channels * height * width..].chunks_exact(height * width);
            for (y, map) in y.chunks_exact_mut(outputs).zip(maps) {
                self.each(outputs, widths, |output, first| {
                    y[output] = match self.kind {
                        Kind::Average => self.pixels(first, width).map(|pixel| map[pixel]).sum::<f32>() * share,
                        Kind::Max => self.greatest(map, first, width).0,
                    };
                });
            }
        };
        let (y, _) = fill_chunks(batch * channels * outputs, channels * outputs, || (), fill);
        Ok((CpuStorage::F32(y), (batch, channels, out_height, widths.output).into()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, channels, height, width) = x.dims4()?;
        let (_, _, out_height, out_width) = y.dims4()?;
        let (outputs, widths) = (out_height * out_width, Widths { input: width, output: out_width });
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (values, grads) = (floats::of(&x_storage, x_layout)?, floats::of(&grad_storage, grad_layout)?);
        let share = 1.0 / (self.kernel * self.kernel) as f32;
        let fill = |_: &mut (), image: usize, dx: &mut [f32]| {
            let maps = values[image * channels * height * width..].chunks_exact(height * width);
            let grads = grads[image * channels * outputs..].chunks_exact(outputs);
            for ((dx, map), grads) in dx.chunks_exact_mut(height * width).zip(maps).zip(grads) {
                self.each(outputs, widths, |output, first| match self.kind {
                    Kind::Average => self.pixels(first, width).for_each(|pixel| dx[pixel] += grads[output] * share),
                    Kind::Max => dx[self.greatest(map, first, width).1] += grads[output],
                });
            }
        };
        let (dx, _) = fill_chunks(values.len(), channels * height * width, || (), fill);
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
