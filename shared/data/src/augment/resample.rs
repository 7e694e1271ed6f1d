//! Bilinear resampling with antialiasing, as PyTorch's `interpolate(…, mode="bilinear", antialias=True)`.

use super::CropBox;

/// Which source pixels an output pixel averages along one axis.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// A triangle around each output pixel's center, one output pixel wide to either side, or one source pixel where the image
/// is enlarged; what lies outside the source is left out, and the rest sums to 1.
fn taps(source: usize, target: usize) -> Vec<Taps> {
    let scale = source as f64 / target as f64;
    let support = scale.max(1.0);
    let of_pixel = |i: usize| {
        let center = scale * (i as f64 + 0.5);
        let first = (center - support + 0.5).max(0.0) as usize;
        let end = ((center + support + 0.5) as usize).min(source);
        let triangle = |j: usize| (1.0 - ((j as f64 + 0.5 - center) / support).abs()).max(0.0);
        let sum: f64 = (first..end).map(triangle).sum();
        Taps { first, weights: (first..end).map(|j| (triangle(j) / sum) as f32).collect() }
    };
    (0..target).map(of_pixel).collect()
}

/// Brings the box `crop` of an image of planes of bytes, `width` pixels wide, to planes of `size` × `size` numbers in
/// [0, 1], mirrored left to right where `flip`.
#[inline(always)]
pub(super) fn resample(
    image: &[u8],
    (height, width): (usize, usize),
    crop: &CropBox,
    size: usize,
    flip: bool,
    out: &mut [f32],
) {
    let rows = taps(crop.height, size);
    let mut columns = taps(crop.width, size);
    if flip {
        columns.reverse();
    }
    let mut line = vec![0.0; crop.width];
    for (plane, out) in image.chunks_exact(height * width).zip(out.chunks_exact_mut(size * size)) {
        for (taps, out) in rows.iter().zip(out.chunks_exact_mut(size)) {
            line.fill(0.0);
            for (row, weight) in taps.weights.iter().enumerate() {
                let start = (crop.top + taps.first + row) * width + crop.left;
                let weight = weight / 255.0;
                let pixels = &plane[start..start + crop.width];
                line.iter_mut().zip(pixels).for_each(|(sum, &pixel)| *sum += weight * f32::from(pixel));
            }
            for (out, taps) in out.iter_mut().zip(&columns) {
                *out = taps.weights.iter().zip(&line[taps.first..]).map(|(weight, value)| weight * value).sum();
            }
        }
    }
}
