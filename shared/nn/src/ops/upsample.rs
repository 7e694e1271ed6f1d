//! Upsampling of feature maps.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor, bail};

use super::chunks::fill_chunks;
use super::floats;
use super::vectorized::vectorized;

/// Maps at another size, bilinearly, as PyTorch's `interpolate(mode="bilinear", align_corners=False)`: output pixel i looks at
/// the place (i + ½) · H / H' − ½ of the input, which is moved inside where it lies outside.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C, H', W']`.
///
/// # Errors
/// A rank other than 4, a size of 0.
pub fn upsample2d(x: &Tensor, (out_height, out_width): (usize, usize)) -> Result<Tensor> {
    let (batch, channels, height, width) = floats::dims4("upsample2d", x.dims())?;
    if out_height == 0 || out_width == 0 {
        bail!("upsample2d: expected a size of at least 1×1, got {out_height}×{out_width}");
    }
    if (out_height, out_width) == (height, width) {
        return Ok(x.clone());
    }
    if x.device().is_cpu() {
        let (rows, columns) = (Taps::new(height, out_height), Taps::new(width, out_width));
        return x.contiguous()?.apply_op1(Bilinear { rows, columns });
    }
    // Rows and columns are each a matrix product, so every device has the right gradient.
    let maps = batch * channels;
    let columns = x.reshape((maps * height, width))?.matmul(&Taps::new(width, out_width).matrix(x.device())?)?;
    let turned = columns.reshape((maps, height, out_width))?.transpose(1, 2)?.contiguous()?;
    let rows =
        turned.reshape((maps * out_width, height))?.matmul(&Taps::new(height, out_height).matrix(x.device())?)?;
    rows.reshape((maps, out_width, out_height))?.transpose(1, 2)?.reshape((batch, channels, out_height, out_width))
}

/// What each pixel of a row of `to` pixels takes of one of `from` pixels: two neighbors, and the second one's share.
struct Taps {
    from: usize,
    taps: Vec<(usize, usize, f32)>,
}

impl Taps {
    fn new(from: usize, to: usize) -> Self {
        let tap = |i: usize| {
            let place = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
            let left = (place as usize).min(from - 1);
            (left, (left + 1).min(from - 1), (place - left as f64) as f32)
        };
        Self { from, taps: (0..to).map(tap).collect() }
    }

    /// `[from, to]`
    fn matrix(&self, device: &Device) -> Result<Tensor> {
        let to = self.taps.len();
        let mut shares = vec![0f32; self.from * to];
        for (i, &(left, right, share)) in self.taps.iter().enumerate() {
            shares[left * to + i] += 1.0 - share;
            shares[right * to + i] += share;
        }
        Tensor::from_vec(shares, (self.from, to), device)
    }
}

struct Bilinear {
    rows: Taps,
    columns: Taps,
}

impl Bilinear {
    /// Fills a map of the new size; `row` holds a row of it.
    #[inline(always)]
    fn enlarge(&self, x: &[f32], y: &mut [f32], row: &mut [f32]) {
        let (width, out_width) = (self.columns.from, self.columns.taps.len());
        for (y, &(top, bottom, share)) in y.chunks_exact_mut(out_width).zip(&self.rows.taps) {
            let (top, bottom) = (&x[top * width..][..width], &x[bottom * width..][..width]);
            for ((mixed, top), bottom) in row.iter_mut().zip(top).zip(bottom) {
                *mixed = top + (bottom - top) * share;
            }
            for (y, &(left, right, share)) in y.iter_mut().zip(&self.columns.taps) {
                *y = row[left] + (row[right] - row[left]) * share;
            }
        }
    }

    /// Adds to a map's gradient what each pixel of the new size took of it; `row` holds a row of the map.
    #[inline(always)]
    fn share_out(&self, grad: &[f32], dx: &mut [f32], row: &mut [f32]) {
        let (width, out_width) = (self.columns.from, self.columns.taps.len());
        for (grad, &(top, bottom, share)) in grad.chunks_exact(out_width).zip(&self.rows.taps) {
            row.fill(0.0);
            for (grad, &(left, right, share)) in grad.iter().zip(&self.columns.taps) {
                row[left] += grad * (1.0 - share);
                row[right] += grad * share;
            }
            for (line, share) in [(top, 1.0 - share), (bottom, share)] {
                for (dx, row) in dx[line * width..][..width].iter_mut().zip(row.iter()) {
                    *dx += row * share;
                }
            }
        }
    }

    /// Numbers in a map before and after.
    fn sizes(&self) -> (usize, usize) {
        (self.rows.from * self.columns.from, self.rows.taps.len() * self.columns.taps.len())
    }
}

vectorized! {
    /// Fills as many maps as there is room for.
    fn enlarge<'a>(bilinear: &'a Bilinear, x: &'a [f32], y: &'a mut [f32], row: &'a mut [f32]) -> () {
        let (size, out_size) = bilinear.sizes();
        for (x, y) in x.chunks_exact(size).zip(y.chunks_exact_mut(out_size)) {
            bilinear.enlarge(x, y, row);
        }
    }
}

vectorized! {
    /// Adds to the gradients of as many maps as `dx` holds.
    fn share_out<'a>(bilinear: &'a Bilinear, grads: &'a [f32], dx: &'a mut [f32], row: &'a mut [f32]) -> () {
        let (size, out_size) = bilinear.sizes();
        for (grad, dx) in grads.chunks_exact(out_size).zip(dx.chunks_exact_mut(size)) {
            bilinear.share_out(grad, dx, row);
        }
    }
}

/// Maps that a thread takes at a time.
const MAPS: usize = 16;

impl CustomOp1 for Bilinear {
    fn name(&self) -> &'static str {
        "upsample2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, ..) = layout.shape().dims4()?;
        let (x, (size, out_size)) = (floats::of_cpu(x, layout)?, self.sizes());
        let fill = |row: &mut Vec<f32>, i: usize, y: &mut [f32]| {
            enlarge(self, &x[i * MAPS * size..], y, row);
        };
        let row = || vec![0.0; self.columns.from];
        let (y, _) = fill_chunks(batch * channels * out_size, MAPS * out_size, row, fill);
        Ok((CpuStorage::F32(y), (batch, channels, self.rows.taps.len(), self.columns.taps.len()).into()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let (storage, layout) = grad.storage_and_layout();
        let (grads, (size, out_size)) = (floats::of(&storage, layout)?, self.sizes());
        let fill = |row: &mut Vec<f32>, i: usize, dx: &mut [f32]| {
            share_out(self, &grads[i * MAPS * out_size..], dx, row);
        };
        let row = || vec![0.0; self.columns.from];
        let (dx, _) = fill_chunks(x.elem_count(), MAPS * size, row, fill);
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}
