//! Gaussian blur, as torchvision's `gaussian_blur`: separable, its edges reflected without repeating the outermost pixel.

/// Blurs planes of `size` × `size` numbers with a kernel of odd width and standard deviation `sigma`, in pixels.
#[inline(always)]
pub(super) fn blur(view: &mut [f32], size: usize, kernel: usize, sigma: f32) {
    let weights = weights(kernel, sigma);
    let reach = kernel / 2;
    let mut across = vec![0.0; size * size];
    let mut line = vec![0.0; size + 2 * reach];
    for plane in view.chunks_exact_mut(size * size) {
        for (row, out) in plane.chunks_exact(size).zip(across.chunks_exact_mut(size)) {
            line.iter_mut().enumerate().for_each(|(x, value)| *value = row[reflected(x, reach, size)]);
            out.fill(0.0);
            for (shift, weight) in weights.iter().enumerate() {
                out.iter_mut().zip(&line[shift..]).for_each(|(out, value)| *out += weight * value);
            }
        }
        for (y, out) in plane.chunks_exact_mut(size).enumerate() {
            out.fill(0.0);
            for (shift, weight) in weights.iter().enumerate() {
                let row = &across[reflected(y + shift, reach, size) * size..][..size];
                out.iter_mut().zip(row).for_each(|(out, value)| *out += weight * value);
            }
        }
    }
}

/// exp(−x² / 2σ²) at whole numbers around 0, with sum 1.
fn weights(kernel: usize, sigma: f32) -> Vec<f32> {
    let center = (kernel / 2) as f32;
    let values: Vec<f32> = (0..kernel).map(|x| (-0.5 * ((x as f32 - center) / sigma).powi(2)).exp()).collect();
    let sum: f32 = values.iter().sum();
    values.iter().map(|value| value / sum).collect()
}

/// Where position `x` of a line that reaches `reach` pixels over both its ends lies in the image.
fn reflected(x: usize, reach: usize, size: usize) -> usize {
    let from_edge = x.abs_diff(reach);
    if from_edge < size { from_edge } else { (2 * size - 2).saturating_sub(from_edge) }
}
