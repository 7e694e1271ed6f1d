//! Logarithms of probabilities, pixel by pixel.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::chunks::fill_chunks;
use super::floats;
use super::vectorized::vectorized;

/// log softmax over the channels of every pixel: y = x − log Σ exp(x), the sum over channels.
///
/// # Shapes
/// `[B, C, H, W]`, which stays.
///
/// # Units
/// Nats.
///
/// # Errors
/// A rank other than 4, a type other than `f32`.
pub fn log_softmax(x: &Tensor) -> Result<Tensor> {
    floats::dims4("log_softmax", x.dims())?;
    if !x.device().is_cpu() {
        return candle_nn::ops::log_softmax(x, 1);
    }
    x.contiguous()?.apply_op1(LogSoftmax)
}

struct LogSoftmax;

/// Replaces every pixel's number by what `f` makes of it and of a channel's value there, channel after channel.
#[inline(always)]
fn fold(sums: &mut [f32], maps: &[f32], f: impl Fn(f32, f32) -> f32) {
    for map in maps.chunks_exact(sums.len()) {
        for (sum, x) in sums.iter_mut().zip(map) {
            *sum = f(*sum, *x);
        }
    }
}

impl CustomOp1 for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, channels, height, width) = layout.shape().dims4()?;
        let (x, pixels) = (floats::of_cpu(x, layout)?, height * width);
        let image = channels * pixels;
        let fill = |room: &mut [Vec<f32>; 2], i: usize, y: &mut [f32]| of_image(&x[i * image..][..image], room, y);
        let (y, _) = fill_chunks(x.len(), image, || [vec![0.0; pixels], vec![0.0; pixels]], fill);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    /// dx = dy − exp(y) · Σ dy, the sum over channels.
    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, channels, height, width) = y.dims4()?;
        let (pixels, grad) = (height * width, grad.contiguous()?);
        let image = channels * pixels;
        let (y_storage, y_layout) = y.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (values, grads) = (floats::of(&y_storage, y_layout)?, floats::of(&grad_storage, grad_layout)?);
        let fill = |total: &mut Vec<f32>, i: usize, dx: &mut [f32]| {
            let (y, grads) = (&values[i * image..][..image], &grads[i * image..][..image]);
            gradient_of_image(y, grads, total, dx);
        };
        let (dx, _) = fill_chunks(values.len(), image, || vec![0.0; pixels], fill);
        Tensor::from_vec(dx, y.shape(), y.device()).map(Some)
    }
}

vectorized! {
    /// Writes the logarithms for an image `[C, pixels]`; the room is for a number of each pixel, twice.
    fn of_image<'a>(x: &'a [f32], room: &'a mut [Vec<f32>; 2], y: &'a mut [f32]) -> () {
        let [greatest, total] = room;
        let pixels = total.len();
        greatest.fill(f32::NEG_INFINITY);
        fold(greatest, x, |greatest, x| if greatest > x { greatest } else { x });
        total.fill(0.0);
        for (y, x) in y.chunks_exact_mut(pixels).zip(x.chunks_exact(pixels)) {
            for (((y, total), x), greatest) in y.iter_mut().zip(total.iter_mut()).zip(x).zip(greatest.iter()) {
                *y = x - greatest;
                *total += exp(*y);
            }
        }
        for total in total.iter_mut() {
            *total = total.ln();
        }
        for y in y.chunks_exact_mut(pixels) {
            for (y, total) in y.iter_mut().zip(total.iter()) {
                *y -= total;
            }
        }
    }
}

vectorized! {
    /// Writes the gradient for an image `[C, pixels]`; `total` has room for a number of each pixel.
    fn gradient_of_image<'a>(y: &'a [f32], grads: &'a [f32], total: &'a mut [f32], dx: &'a mut [f32]) -> () {
        let pixels = total.len();
        total.fill(0.0);
        fold(total, grads, |total, grad| total + grad);
        for ((dx, y), grads) in dx.chunks_exact_mut(pixels).zip(y.chunks_exact(pixels)).zip(grads.chunks_exact(pixels)) {
            for (((dx, y), grad), total) in dx.iter_mut().zip(y).zip(grads).zip(total.iter()) {
                *dx = grad - exp(*y) * total;
            }
        }
    }
}

/// exp(x) for x ≤ 0, to a relative error of 2e-7, in operations that a processor does on many numbers at once; below −87, where `f32` has
/// nearly nothing left, as at −87. With k the whole number nearest to x / ln 2, exp(x) = 2ᵏ · exp(x − k · ln 2), and the second factor is a
/// polynomial.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding it leaves a whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// Taylor's coefficients 1/n!, the highest first: the rest is below 1e-8 for |x| ≤ ½ ln 2.
    const COEFFICIENTS: [f32; 7] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    // ln 2 in two parts, of which the first times k is exact.
    const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let rest = (x - k * LN_2.0) - k * LN_2.1;
    let power = COEFFICIENTS.iter().fold(0.0, |sum, coefficient| sum * rest + coefficient) * rest + 1.0;
    f32::from_bits((shifted.to_bits() << 23).wrapping_add(power.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn exp_is_right_to_two_units_in_the_last_place() {
        for i in 0..=87_000 {
            let x = -(i as f32) / 1000.0;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) - truth).abs() <= 2.4e-7 * truth, "exp({x}) is {}", exp(x));
        }
    }

    #[test]
    fn exp_of_what_is_no_number_is_none() {
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }
}
