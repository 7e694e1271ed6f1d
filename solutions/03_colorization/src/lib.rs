//! Lab 03: colorization (Zhang, Isola and Efros 2016).
//!
//! Take the color away from an image, and train a network to paint it again. Many colors are possible, so it answers with a distribution
//! over the colors that there are, for every pixel. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

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
    // BEGIN SOLUTION 1: gamma, XYZ, cube root
    let power = |x: &Tensor, exponent: f64| (x.log()? * exponent)?.exp(); // powf takes one thread
    let curve = power(&((images + 0.055)? / 1.055)?, 2.4)?;
    let linear = images.le(0.04045)?.where_cond(&(images / 12.92)?, &curve)?;
    let xyz = mix_channels(&XYZ_OF_RGB, &linear)?.broadcast_div(&per_channel(WHITE, images.device())?)?;
    let line = xyz.affine(1.0 / (3.0 * DELTA * DELTA), 4.0 / 29.0)?;
    let f = xyz.gt(DELTA.powi(3))?.where_cond(&power(&xyz, 1.0 / 3.0)?, &line)?;
    let (x, y, z) = (f.narrow(1, 0, 1)?, f.narrow(1, 1, 1)?, f.narrow(1, 2, 1)?);
    let (a, b) = (((x - &y)? * 500.0)?, ((&y - z)? * 200.0)?);
    Tensor::cat(&[y.affine(116.0, -16.0)?, a, b], 1)
    // END SOLUTION
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
    // BEGIN SOLUTION 2: the inverse, clipped
    if lab.dims4()?.1 != 3 {
        bail!("lab_to_rgb expects colors [B, 3, H, W], got {:?}", lab.dims());
    }
    let y = lab.narrow(1, 0, 1)?.affine(1.0 / 116.0, 16.0 / 116.0)?;
    let (x, z) = ((&y + (lab.narrow(1, 1, 1)? / 500.0)?)?, (&y - (lab.narrow(1, 2, 1)? / 200.0)?)?);
    let f = Tensor::cat(&[x, y, z], 1)?;
    let line = ((&f - 4.0 / 29.0)? * (3.0 * DELTA * DELTA))?;
    let xyz = f.gt(DELTA)?.where_cond(&f.powf(3.0)?, &line)?.broadcast_mul(&per_channel(WHITE, lab.device())?)?;
    let linear = mix_channels(&RGB_OF_XYZ, &xyz)?.clamp(0.0, 1.0)?;
    let curve = linear.powf(1.0 / 2.4)?.affine(1.055, -0.055)?;
    linear.le(0.0031308)?.where_cond(&(&linear * 12.92)?, &curve)
    // END SOLUTION
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
    // BEGIN SOLUTION 3: colors that come back unchanged from sRGB
    if !(step > 0.0 && step <= WIDEST) {
        bail!("gamut_bins: expected a step above 0 and at most {WIDEST}, got {step}");
    }
    let reach = (WIDEST / step) as i64;
    let marks: Vec<f32> = (-reach..=reach).map(|mark| (mark as f64 * step) as f32).collect();
    let (count, device) = (marks.len(), &Device::Cpu);
    let (shape, marks) = ((101, 1, count, count), Tensor::new(marks, device)?);
    let lightness = Tensor::arange(0f32, 101.0, device)?.reshape((101, 1, 1, 1))?.broadcast_as(shape)?;
    let (a, b) = (marks.reshape((1, 1, count, 1))?, marks.reshape((1, 1, 1, count))?);
    let colors = Tensor::cat(&[lightness, a.broadcast_as(shape)?, b.broadcast_as(shape)?], 1)?; // [101, 3, A, B]
    let moved = (rgb_to_lab(&lab_to_rgb(&colors)?)? - &colors)?.abs()?.max(1)?; // [101, A, B]
    let least: Vec<f32> = moved.min(0)?.flatten_all()?.to_vec1()?;
    let pairs = colors.get(0)?.narrow(0, 1, 2)?.flatten_from(1)?.t()?.contiguous()?; // [A · B, 2]
    let inside = (0..least.len() as u32).filter(|&i| least[i as usize] < UNCHANGED);
    pairs.index_select(&Tensor::from_iter(inside, device)?, 0)
    // END SOLUTION
}

// BEGIN SOLUTION helper
/// No color of sRGB has an a or b beyond ±110.
const WIDEST: f64 = 110.0;
/// A color that comes back this near was not clipped.
const UNCHANGED: f32 = 0.05;
// END SOLUTION

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
    // BEGIN SOLUTION 4: the nearest bins, by a softmax of −d² / 2σ²
    let ((batch, channels, height, width), (count, pair)) = (ab.dims4()?, bins.dims2()?);
    if channels != 2 || pair != 2 {
        bail!("soft_encode expects ab [B, 2, H, W] and bins [Q, 2], got {:?} and {:?}", ab.dims(), bins.dims());
    }
    if neighbors == 0 || neighbors > count || sigma.is_nan() || sigma <= 0.0 {
        bail!("soft_encode: {neighbors} neighbors of {count} bins, σ = {sigma}");
    }
    let pixels = height * width;
    let along = |axis: usize| {
        let (of_pixels, of_bins) =
            (ab.narrow(1, axis, 1)?.reshape(((), 1))?, bins.narrow(1, axis, 1)?.reshape((1, ()))?);
        of_pixels.broadcast_sub(&of_bins)?.sqr()
    };
    let squares = (along(0)? + along(1)?)?; // [B · H · W, Q]
    let nearest = smallest(&squares, neighbors)?;
    let shares = softmax(&(squares.gather(&nearest, 1)? / (-2.0 * sigma * sigma))?, 1)?;
    let by_bin = |x: &Tensor| x.reshape((batch, pixels, neighbors))?.transpose(1, 2)?.contiguous();
    let soft = Tensor::zeros((batch, count, pixels), DType::F32, ab.device())?;
    soft.scatter_add(&by_bin(&nearest)?, &by_bin(&shares)?, 1)?.reshape((batch, count, height, width))
    // END SOLUTION
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
    // BEGIN SOLUTION 5: inverse of the mixed prior, with mean 1 under the prior
    let count = prior.dims1()?;
    if !(0.0..=1.0).contains(&lambda) {
        bail!("rebalancing_weights: expected a λ from 0 to 1, got {lambda}");
    }
    if lambda == 0.0 && prior.min(0)?.to_scalar::<f32>()? <= 0.0 {
        bail!("rebalancing_weights: λ = 0 gives a bin that never occurs an infinite weight");
    }
    let weights = prior.affine(1.0 - lambda, lambda / count as f64)?.recip()?;
    weights.broadcast_div(&(prior * &weights)?.sum_all()?)
    // END SOLUTION
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
    // BEGIN SOLUTION 6: per pixel cross-entropy times the weight of its true bin
    let (_, count, ..) = logits.dims4()?;
    if soft_targets.dims() != logits.dims() || weights.dims() != [count] {
        let (targets, weights) = (soft_targets.dims(), weights.dims());
        bail!("colorization_loss: logits {:?}, targets {targets:?}, weights {weights:?}", logits.dims());
    }
    let bins = soft_targets.argmax_keepdim(1)?; // [B, 1, H, W]
    let weights = weights.index_select(&bins.flatten_all()?, 0)?.reshape(bins.shape())?;
    let weighted = soft_targets.broadcast_mul(&weights)?; // [B, Q, H, W]
    (weighted * log_softmax(logits)?)?.sum_all()? / -(bins.elem_count() as f64)
    // END SOLUTION
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
    // BEGIN SOLUTION 7: mean color under a sharper softmax
    let (batch, count, height, width) = logits.dims4()?;
    if bins.dims() != [count, 2] || temperature.is_nan() || temperature <= 0.0 {
        bail!("annealed_mean: logits {:?}, bins {:?}, T = {temperature}", logits.dims(), bins.dims());
    }
    let probabilities = softmax(&(logits / temperature)?.flatten_from(2)?, D::Minus2)?; // [B, Q, H · W]
    bins.t()?.broadcast_matmul(&probabilities)?.reshape((batch, 2, height, width))
    // END SOLUTION
}
