//! Boxes that are drawn in other ways, most of them wrong.

use rand::Rng as _;
use simclr::crop_box;
use ssl_data::Rng;
use ssl_data::augment::{Crop, CropBox};

pub type Range = (f64, f64);

pub fn draw(rng: &mut Rng, range: Range) -> f64 {
    rng.random_range(range.0..=range.1)
}

pub fn log_uniform(rng: &mut Rng, ratio: Range) -> f64 {
    draw(rng, (ratio.0.ln(), ratio.1.ln())).exp()
}

/// A box of a share of the area and of a ratio, in a random place.
pub fn drawn(
    rng: &mut Rng,
    height: usize,
    width: usize,
    share: impl Fn(&mut Rng) -> f64,
    ratio: impl Fn(&mut Rng) -> f64,
) -> CropBox {
    for _ in 0..10 {
        let (area, shape) = ((height * width) as f64 * share(rng), ratio(rng));
        let (w, h) = ((area * shape).sqrt().round() as usize, (area / shape).sqrt().round() as usize);
        if w <= width && h <= height {
            let (top, left) = (rng.random_range(0..=height - h), rng.random_range(0..=width - w));
            return CropBox { top, left, height: h, width: w };
        }
    }
    CropBox::whole(height, width)
}

pub fn placed(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: impl Fn(&mut Rng) -> f64) -> CropBox {
    drawn(rng, height, width, |rng| draw(rng, scale), ratio)
}

pub fn outside(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    let b = crop_box(rng, height, width, scale, ratio);
    CropBox { top: rng.random_range(0..height), left: rng.random_range(0..width), ..b }
}

/// The box that is drawn, but `last` where none fits.
pub fn fallback(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range, last: CropBox) -> CropBox {
    if scale.0 == 1.0 { last } else { crop_box(rng, height, width, scale, ratio) }
}

pub fn not_centered(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    let b = crop_box(rng, height, width, scale, ratio);
    fallback(rng, height, width, scale, ratio, CropBox { top: 0, left: 0, ..b })
}

/// As the course's own loader draws them.
pub fn boxes_of_the_loader(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    Crop { scale, ratio }.draw(rng, height, width)
}
