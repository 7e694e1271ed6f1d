//! Boxes that are drawn in other ways, most of them wrong.

use rand::{Rng as _, SeedableRng};
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

/// A box of a share of the area and of a ratio, brought to whole pixels, in a random place; the solution's where none fits.
pub fn drawn(
    rng: &mut Rng,
    size: (usize, usize),
    ratios: Range,
    share: impl Fn(&mut Rng) -> f64,
    ratio: impl Fn(&mut Rng) -> f64,
    whole: impl Fn(f64) -> f64,
) -> CropBox {
    drawn_at(rng, size, ratios, share, ratio, whole, |rng, size, side| rng.random_range(0..=size - side))
}

/// As [`drawn`], in a place that `at` draws for each axis, from the image's size and the box's.
pub fn drawn_at(
    rng: &mut Rng,
    (height, width): (usize, usize),
    ratios: Range,
    share: impl Fn(&mut Rng) -> f64,
    ratio: impl Fn(&mut Rng) -> f64,
    whole: impl Fn(f64) -> f64,
    at: impl Fn(&mut Rng, usize, usize) -> usize,
) -> CropBox {
    for _ in 0..10 {
        let (area, shape) = ((height * width) as f64 * share(rng), ratio(rng));
        let (w, h) = (whole((area * shape).sqrt()) as usize, whole((area / shape).sqrt()) as usize);
        if (1..=width).contains(&w) && (1..=height).contains(&h) {
            let (top, left) = (at(rng, height, h), at(rng, width, w));
            return CropBox { top, left, height: h, width: w };
        }
    }
    let shape = (width as f64 / height as f64).clamp(ratios.0, ratios.1);
    let (w, h) = ((height as f64 * shape).round() as usize, (width as f64 / shape).round() as usize);
    let (w, h) = (w.min(width), h.min(height));
    CropBox { top: (height - h) / 2, left: (width - w) / 2, height: h, width: w }
}

pub fn placed(
    rng: &mut Rng,
    size: (usize, usize),
    scale: Range,
    ratios: Range,
    ratio: impl Fn(&mut Rng) -> f64,
) -> CropBox {
    drawn(rng, size, ratios, |rng| draw(rng, scale), ratio, f64::round)
}

pub fn truncated(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    drawn(rng, (height, width), ratio, |rng| draw(rng, scale), |rng| log_uniform(rng, ratio), f64::floor)
}

pub fn ratio_once(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    let fixed = log_uniform(rng, ratio);
    placed(rng, (height, width), scale, ratio, |_| fixed)
}

pub fn last_place_left_out(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    let b = crop_box(rng, height, width, scale, ratio);
    let place = |rng: &mut Rng, room: usize| rng.random_range(0..room.max(1));
    CropBox { top: place(rng, height - b.height), left: place(rng, width - b.width), ..b }
}

pub fn outside(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    let (share, shape) = (|rng: &mut Rng| draw(rng, scale), |rng: &mut Rng| log_uniform(rng, ratio));
    let at = |rng: &mut Rng, size: usize, _| rng.random_range(0..size);
    drawn_at(rng, (height, width), ratio, share, shape, f64::round, at)
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

/// Random numbers of a generator of one's own.
pub fn of_its_own(_: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    crop_box(&mut Rng::seed_from_u64(0), height, width, scale, ratio)
}

pub fn of_a_clone(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    crop_box(&mut rng.clone(), height, width, scale, ratio)
}

/// Random numbers that no seed decides.
pub fn of_the_system(_: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    crop_box(&mut Rng::from_os_rng(), height, width, scale, ratio)
}

/// The last row of pixels is outside.
pub fn one_pixel_too_high(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    let b = crop_box(rng, height, width, scale, ratio);
    CropBox { height: b.height + usize::from(b.top + b.height == height), ..b }
}

/// The fallback after a single try.
pub fn fallback_often(rng: &mut Rng, height: usize, width: usize, scale: Range, ratio: Range) -> CropBox {
    let b = crop_box(rng, height, width, scale, ratio);
    if rng.random_bool(0.1) { CropBox::whole(height, width) } else { b }
}
