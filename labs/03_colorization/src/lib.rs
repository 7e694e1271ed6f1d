//! Lab 03: colorization (Zhang, Isola and Efros 2016).
//!
//! Take the color away from an image, and train a network to paint it again. Many colors are possible, so it answers with a distribution
//! over the colors that there are, for every pixel. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use candle_core::{D, DType, Device, Result, Tensor, bail};
use candle_nn::ops::softmax;
use ssl_nn::ops::{log_softmax, smallest};

/// Linear RGB → XYZ, for the primaries and the white of sRGB (ITU-R BT.709, D65).
pub const XYZ_OF_RGB: [[f64; 3]; 3] =
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]];

/// XYZ → linear RGB: the inverse of [`XYZ_OF_RGB`].
pub const RGB_OF_XYZ: [[f64; 3]; 3] =
    [[3.24048134, -1.53715152, -0.49853633], [-0.96925495, 1.87599, 0.04155593], [0.05564664, -0.20404134, 1.05731107]];

/// XYZ of the white D65, seen under 2°.
pub const WHITE: [f64; 3] = [0.95047, 1.0, 1.08883];

/// Where CIELAB's cube root gives way to a straight line: δ = 6/29.
pub const DELTA: f64 = 6.0 / 29.0;

/// A matrix times the three channels of every pixel: `[B, 3, H, W]` → `[B, 3, H, W]`.
///
/// # Errors
/// Images of another rank or with another number of channels.
pub fn mix_channels(matrix: &[[f64; 3]; 3], images: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = images.dims4()?;
    if channels != 3 {
        bail!("expected images [B, 3, H, W], got {:?}", images.dims());
    }
    let matrix = Tensor::new(matrix, images.device())?.to_dtype(DType::F32)?;
    matrix.broadcast_matmul(&images.flatten_from(2)?)?.reshape((batch, 3, height, width))
}

/// Numbers for each of the three channels, to be broadcast over `[B, 3, H, W]`.
///
/// # Errors
/// None on the CPU.
pub fn per_channel(numbers: [f64; 3], device: &Device) -> Result<Tensor> {
    Tensor::new(&numbers, device)?.to_dtype(DType::F32)?.reshape((1, 3, 1, 1))
}

/// Exercise 1: from sRGB to CIELAB (CIE 1976, for the white D65).
///
/// ```text
/// u = c / 12.92                      where c ≤ 0.04045
///     ((c + 0.055) / 1.055)^2.4      elsewhere, for each of the three channels c: linear RGB
/// XYZ = XYZ_OF_RGB · u
/// f(t) = ∛t                          where t > δ³
///        t / (3δ²) + 4/29            elsewhere, δ = 6/29
/// L = 116 · f(Y/Yₙ) − 16,   a = 500 · (f(X/Xₙ) − f(Y/Yₙ)),   b = 200 · (f(Y/Yₙ) − f(Z/Zₙ))
/// ```
///
/// with (Xₙ, Yₙ, Zₙ) = [`WHITE`]. No gradient is asked for.
///
/// # Shapes
/// `[B, 3, H, W]` → `[B, 3, H, W]`.
///
/// # Units
/// sRGB in [0, 1]; L in [0, 100], a and b from about −108 to 98.
///
/// # Errors
/// A rank other than 4, a number of channels other than 3.
///
/// # Hint
/// Compute both cases for all pixels; `le` or `gt` and `where_cond` choose. [`mix_channels`] applies the matrix.
pub fn rgb_to_lab(images: &Tensor) -> Result<Tensor> {
    todo!("exercise 1: gamma, XYZ, cube root")
}

/// Exercise 2: from CIELAB back to sRGB.
///
/// ```text
/// fY = (L + 16) / 116,   fX = fY + a / 500,   fZ = fY − b / 200
/// X = Xₙ · fX³                       where fX > δ
///     Xₙ · 3δ² · (fX − 4/29)         elsewhere; Y and Z likewise
/// u = RGB_OF_XYZ · XYZ, clipped to [0, 1]
/// c = 12.92 · u                      where u ≤ 0.0031308
///     1.055 · u^(1/2.4) − 0.055      elsewhere
/// ```
///
/// Many colors of CIELAB can't be shown by a screen: clipping takes the nearest value of each channel. No gradient is asked for.
///
/// # Shapes
/// `[B, 3, H, W]` → `[B, 3, H, W]`.
///
/// # Units
/// As in exercise 1, the other way.
///
/// # Errors
/// A rank other than 4, a number of channels other than 3.
///
/// # Hint
/// What is a negative number to the power of 1/2.4?
pub fn lab_to_rgb(lab: &Tensor) -> Result<Tensor> {
    todo!("exercise 2: the inverse, clipped")
}

/// Exercise 3: the bins of color: a grid over the plane of a and b, without what no screen can show.
///
/// A bin's center (a, b) has whole multiples of `step` for both. It counts if there is a whole number L from 0 to 100 for which the color (L, a, b)
/// lies in sRGB: all three channels u of exercise 2 lie in [0, 1] before they are clipped. With a step of 10 that makes about 225; those at the very
/// edge may be in or out. (The paper counts 313.)
///
/// # Shapes
/// `[Q, 2]`: a and b of each bin, in the order of a, and for equal a in that of b.
///
/// # Units
/// `step` in units of a and b. No color of sRGB has an a or b beyond ±110.
///
/// # Errors
/// A step that is not a positive number, or greater than 110.
///
/// # Hint
/// What does [`rgb_to_lab`] give of a color that [`lab_to_rgb`] had to clip? Lightness, a and b make a batch of images: `[101, 3, A, B]`.
pub fn gamut_bins(step: f64) -> Result<Tensor> {
    todo!("exercise 3: colors that come back unchanged from sRGB")
}

/// Exercise 4: every pixel's color as a distribution over the bins: its nearest ones, weighted by a Gaussian.
///
/// ```text
/// soft[q] = exp(−dₙ² / (2σ²)) / Σ over the nearest bins n of exp(−dₙ² / (2σ²))    where q is among the nearest `neighbors` bins
///           0                                                                   elsewhere
/// ```
///
/// with d the distance of the pixel's (a, b) and the bin's (section 2.1 of the paper: 5 neighbors, σ = 5). A color that is far from all bins has a
/// distribution, too: it sums to 1 where every exp is 0 in `f32`. No gradient is asked for.
///
/// # Shapes
/// ab `[B, 2, H, W]`, bins `[Q, 2]` → `[B, Q, H, W]`.
///
/// # Errors
/// ab that are not `[B, 2, H, W]`; bins that are not `[Q, 2]`; no neighbors, or more than bins; a σ that is not positive.
///
/// # Hint
/// With all pixels in rows, `smallest` of `ssl_nn::ops` finds the nearest, `gather` their distances, and `scatter_add` puts weights where they belong.
/// Which function divides exponentials by their sum without underflow?
pub fn soft_encode(ab: &Tensor, bins: &Tensor, neighbors: usize, sigma: f64) -> Result<Tensor> {
    todo!("exercise 4: the nearest bins, by a softmax of −d² / 2σ²")
}

/// Exercise 5: how much each bin's pixels count, so that rare colors are not forgotten (equation 4 of the paper).
///
/// ```text
/// w[q] ∝ 1 / ((1 − λ) · p[q] + λ / Q),   with  Σ p[q] · w[q] = 1
/// ```
///
/// p is how often each bin occurs, smoothed already. λ = 0 weighs every bin by its rarity, λ = 1 weighs all alike; the paper takes ½.
///
/// # Shapes
/// prior `[Q]`, which sums to 1 → `[Q]`.
///
/// # Errors
/// A prior that is not of rank 1; a λ that is not in [0, 1]; λ = 0 with a bin that never occurs, whose weight would be infinite.
///
/// # Hint
/// The expected weight of a pixel is 1: divide by Σ p · w.
pub fn rebalancing_weights(prior: &Tensor, lambda: f64) -> Result<Tensor> {
    todo!("exercise 5: inverse of the mixed prior, with mean 1 under the prior")
}

/// Exercise 6: cross-entropy of every pixel, weighted by its color (equations 2 and 3 of the paper).
///
/// ```text
/// loss = 1/(B·H·W) · Σ over pixels of  v · (−Σ_q  target[q] · log softmax(logits)[q]),    v = weights[argmax_q target[q]]
/// ```
///
/// The divisor is the number of pixels. (The paper sums.)
///
/// # Shapes
/// logits and soft targets `[B, Q, H, W]`, weights `[Q]` → a scalar.
///
/// # Units
/// Nats.
///
/// # Errors
/// Logits that are not of rank 4, targets of another shape, another number of weights than bins.
///
/// # Hint
/// Which bin decides on a pixel's weight, that of the answer or that of the truth? Logits may be as large as ±200. `log_softmax` of `ssl_nn::ops`
/// goes over the channels of every pixel, several times as fast as Candle's.
pub fn colorization_loss(logits: &Tensor, soft_targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    todo!("exercise 6: per pixel cross-entropy times the weight of its true bin")
}

/// Exercise 7: from a distribution over bins to one color: its annealed mean (equation 5 of the paper).
///
/// ```text
/// p = softmax(logits / T),   ab = Σ_q p[q] · bins[q]
/// ```
///
/// T = 1 is the mean, which is dull where several colors are possible; T → 0 is the mode, which may be spotted; the paper takes 0.38.
///
/// # Shapes
/// logits `[B, Q, H, W]`, bins `[Q, 2]` → ab `[B, 2, H, W]`.
///
/// # Errors
/// Logits that are not of rank 4, bins that are not `[Q, 2]`, a temperature that is not positive.
///
/// # Hint
/// A matrix product of bins and probabilities sums over Q: `broadcast_matmul`.
pub fn annealed_mean(logits: &Tensor, bins: &Tensor, temperature: f64) -> Result<Tensor> {
    todo!("exercise 7: mean color under a sharper softmax")
}
