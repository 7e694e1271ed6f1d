//! Upsampling of feature maps.

use candle_core::{Device, Result, Tensor, bail};

use super::floats;

/// Maps at another size, bilinearly, as PyTorch's `interpolate(mode="bilinear", align_corners=False)`: output pixel i looks at
/// the place (i + ½) · H / H' − ½ of the input, which is moved inside where it lies outside.
///
/// Rows and columns are each a matrix product, so every device has the right gradient.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C, H', W']`.
///
/// # Errors
/// A rank other than 4, a size of 0.
pub fn upsample2d(x: &Tensor, (out_height, out_width): (usize, usize)) -> Result<Tensor> {
    let (batch, channels, height, width) = floats::dims4("upsample2d", x)?;
    if out_height == 0 || out_width == 0 {
        bail!("upsample2d: expected a size of at least 1×1, got {out_height}×{out_width}");
    }
    let maps = batch * channels;
    let columns = x.reshape((maps * height, width))?.matmul(&shares(width, out_width, x.device())?)?;
    let turned = columns.reshape((maps, height, out_width))?.transpose(1, 2)?.contiguous()?;
    let rows = turned.reshape((maps * out_width, height))?.matmul(&shares(height, out_height, x.device())?)?;
    rows.reshape((maps, out_width, out_height))?.transpose(1, 2)?.reshape((batch, channels, out_height, out_width))
}

/// `[from, to]`: how much of each of `from` pixels each of `to` pixels takes.
fn shares(from: usize, to: usize, device: &Device) -> Result<Tensor> {
    let mut shares = vec![0f32; from * to];
    for i in 0..to {
        let place = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
        let left = (place as usize).min(from - 1);
        let right = (left + 1).min(from - 1);
        let part = (place - left as f64) as f32;
        shares[left * to + i] += 1.0 - part;
        shares[right * to + i] += part;
    }
    Tensor::from_vec(shares, (from, to), device)
}
