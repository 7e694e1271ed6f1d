//! Colors and bins in other ways, most of them wrong.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor, bail};
use colorization::{DELTA, RGB_OF_XYZ, WHITE, XYZ_OF_RGB, mix_channels, per_channel};

pub const D50: [f64; 3] = [0.9642, 1.0, 0.8251];
pub const DELTA_CUBED: f64 = DELTA * DELTA * DELTA;
pub const SLOPE: f64 = 3.0 * DELTA * DELTA;

/// The steps from sRGB to CIELAB.
pub struct Forth {
    pub gamma: fn(&Tensor) -> Result<Tensor>,
    pub matrix: [[f64; 3]; 3],
    pub white: [f64; 3],
    pub root: fn(&Tensor) -> Result<Tensor>,
}

pub const FORTH: Forth = Forth {
    gamma: |c| c.le(0.04045)?.where_cond(&(c / 12.92)?, &((c + 0.055)? / 1.055)?.powf(2.4)?),
    matrix: XYZ_OF_RGB,
    white: WHITE,
    root: |t| straight_below(t, &cube_root(t)?, DELTA_CUBED, 1.0 / SLOPE),
};

pub fn to_lab(images: &Tensor, steps: &Forth) -> Result<Tensor> {
    let xyz = mix_channels(&steps.matrix, &(steps.gamma)(images)?)?;
    let f = (steps.root)(&xyz.broadcast_div(&per_channel(steps.white, images.device())?)?)?;
    let [x, y, z] = [f.narrow(1, 0, 1)?, f.narrow(1, 1, 1)?, f.narrow(1, 2, 1)?];
    Tensor::cat(&[y.affine(116.0, -16.0)?, ((x - &y)? * 500.0)?, ((y - z)? * 200.0)?], 1)
}

/// Negative numbers have cube roots, too, as NumPy's `cbrt` knows.
pub fn cube_root(t: &Tensor) -> Result<Tensor> {
    t.abs()?.powf(1.0 / 3.0)? * t.sign()?
}

/// `above` where t is greater than `threshold`, else a line.
pub fn straight_below(t: &Tensor, above: &Tensor, threshold: f64, slope: f64) -> Result<Tensor> {
    t.gt(threshold)?.where_cond(above, &t.affine(slope, 4.0 / 29.0)?)
}

pub fn transposed(matrix: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    [0, 1, 2].map(|row| [0, 1, 2].map(|column| matrix[column][row]))
}

pub fn gamma(u: &Tensor) -> Result<Tensor> {
    u.le(0.0031308)?.where_cond(&(u * 12.92)?, &u.powf(1.0 / 2.4)?.affine(1.055, -0.055)?)
}

/// The steps from CIELAB to sRGB.
pub struct Back {
    pub cube: fn(&Tensor) -> Result<Tensor>,
    pub white: [f64; 3],
    pub matrix: [[f64; 3]; 3],
    pub clip: bool,
    pub gamma: fn(&Tensor) -> Result<Tensor>,
}

pub const BACK: Back = Back { cube: |f| cubed_above(f, DELTA), white: WHITE, matrix: RGB_OF_XYZ, clip: true, gamma };

pub fn cubed_above(f: &Tensor, threshold: f64) -> Result<Tensor> {
    f.gt(threshold)?.where_cond(&f.powf(3.0)?, &f.affine(SLOPE, -SLOPE * 4.0 / 29.0)?)
}

pub fn to_rgb(lab: &Tensor, steps: &Back) -> Result<Tensor> {
    if lab.dims4()?.1 != 3 {
        bail!("expected three channels");
    }
    let y = lab.narrow(1, 0, 1)?.affine(1.0 / 116.0, 16.0 / 116.0)?;
    let (x, z) = ((&y + (lab.narrow(1, 1, 1)? / 500.0)?)?, (&y - (lab.narrow(1, 2, 1)? / 200.0)?)?);
    let xyz = (steps.cube)(&Tensor::cat(&[x, y, z], 1)?)?.broadcast_mul(&per_channel(steps.white, lab.device())?)?;
    let linear = mix_channels(&steps.matrix, &xyz)?;
    (steps.gamma)(&if steps.clip { linear.clamp(0.0, 1.0)? } else { linear })
}

pub fn scaled(images: &Tensor, factors: [f64; 3]) -> Result<Tensor> {
    images.broadcast_mul(&per_channel(factors, images.device())?)
}

pub fn channels(images: &Tensor, order: [u32; 3]) -> Result<Tensor> {
    if images.dims4()?.1 != 3 {
        bail!("expected three channels");
    }
    images.index_select(&Tensor::new(&order, images.device())?, 1)
}

fn mixed(matrix: &[[f64; 3]; 3], color: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|row| matrix[row].iter().zip(color).map(|(m, c)| m * c).sum())
}

/// Every pixel in double precision.
fn pixel_by_pixel(images: &Tensor, of: impl Fn([f64; 3]) -> [f64; 3]) -> Result<Tensor> {
    let (batch, channels, height, width) = images.dims4()?;
    if channels != 3 {
        bail!("expected three channels");
    }
    let rows: Vec<Vec<f64>> = images.to_dtype(DType::F64)?.permute((0, 2, 3, 1))?.reshape(((), 3))?.to_vec2()?;
    let colors: Vec<f64> = rows.into_iter().flat_map(|row| of([row[0], row[1], row[2]])).collect();
    let colors = Tensor::from_vec(colors, (batch, height, width, 3), images.device())?;
    colors.permute((0, 3, 1, 2))?.contiguous()?.to_dtype(DType::F32)
}

pub fn lab_pixel_by_pixel(images: &Tensor) -> Result<Tensor> {
    let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    let f = |t: f64| if t > DELTA_CUBED { t.cbrt() } else { t / SLOPE + 4.0 / 29.0 };
    pixel_by_pixel(images, |color| {
        let [x, y, z] = mixed(&XYZ_OF_RGB, color.map(linear));
        let (x, y, z) = (f(x / WHITE[0]), f(y / WHITE[1]), f(z / WHITE[2]));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    })
}

/// Both cases of each curve times a mask, with the rounded constants of scikit-image.
pub fn lab_by_masks(images: &Tensor) -> Result<Tensor> {
    let either = |low: Tensor, below: Tensor, above: Tensor| (&low * below)? + low.affine(-1.0, 1.0)? * above;
    let low = images.le(0.04045)?.to_dtype(DType::F32)?;
    let linear = either(low, (images / 12.92)?, ((images + 0.055)? / 1.055)?.powf(2.4)?)?;
    let xyz = mix_channels(&XYZ_OF_RGB, &linear)?.broadcast_div(&per_channel(WHITE, images.device())?)?;
    let low = xyz.le(0.008856)?.to_dtype(DType::F32)?;
    let f = either(low, xyz.affine(7.787, 16.0 / 116.0)?, xyz.powf(1.0 / 3.0)?)?;
    let [x, y, z] = [f.narrow(1, 0, 1)?, f.narrow(1, 1, 1)?, f.narrow(1, 2, 1)?];
    Tensor::cat(&[((&y * 116.0)? - 16.0)?, ((x - &y)? * 500.0)?, ((y - z)? * 200.0)?], 1)
}

pub fn rgb_pixel_by_pixel(lab: &Tensor) -> Result<Tensor> {
    pixel_by_pixel(lab, |[l, a, b]| {
        linear(l, a, b).map(|u| {
            let u = u.clamp(0.0, 1.0);
            if u <= 0.0031308 { 12.92 * u } else { 1.055 * u.powf(1.0 / 2.4) - 0.055 }
        })
    })
}

/// Linear channels of a color, before they are clipped.
fn linear(l: f64, a: f64, b: f64) -> [f64; 3] {
    let y = (l + 16.0) / 116.0;
    let t = |f: f64| if f > DELTA { f.powi(3) } else { SLOPE * (f - 4.0 / 29.0) };
    mixed(&RGB_OF_XYZ, [WHITE[0] * t(y + a / 500.0), WHITE[1] * t(y), WHITE[2] * t(y - b / 200.0)])
}

pub fn inside(l: f64, a: f64, b: f64) -> Result<bool> {
    Ok(linear(l, a, b).iter().all(|u| (0.0..=1.0).contains(u)))
}

pub fn some_of(mut lightness: Range<u32>, a: f64, b: f64) -> Result<bool> {
    Ok(lightness.any(|l| linear(f64::from(l), a, b).iter().all(|u| (0.0..=1.0).contains(u))))
}

pub fn all_of(mut lightness: Range<u32>, a: f64, b: f64) -> Result<bool> {
    Ok(lightness.all(|l| linear(f64::from(l), a, b).iter().all(|u| (0.0..=1.0).contains(u))))
}

/// The marks of the grid of which something holds.
pub fn bins_where(step: f64, widest: f64, holds: impl Fn(f64, f64) -> Result<bool>) -> Result<Tensor> {
    if !(step > 0.0 && step <= 110.0) {
        bail!("a step of {step}");
    }
    let reach = (widest / step) as i64;
    let marks = || (-reach..=reach).map(|mark| mark as f64 * step);
    let mut bins = Vec::new();
    for (a, b) in marks().flat_map(|a| marks().map(move |b| (a, b))) {
        if holds(a, b)? {
            bins.extend([a as f32, b as f32]);
        }
    }
    Tensor::from_vec(bins.clone(), (bins.len() / 2, 2), &Device::Cpu)
}

pub fn b_first(bins: &Tensor) -> Result<Tensor> {
    let mut bins: Vec<Vec<f32>> = bins.to_vec2()?;
    bins.sort_by(|one, other| one[1].total_cmp(&other[1]));
    Tensor::new(bins, &Device::Cpu)
}
