//! Toys of several sizes somewhere in a larger image, with their boxes.

use candle_core::{Device, Result, Tensor};
use rand::{Rng as _, SeedableRng as _};
use rayon::prelude::*;
use ssl_data::toybox::Toybox;
use ssl_data::{Images, Rng};

/// Side length of a scene, and of the toys in it, in pixels.
pub const SIZE: usize = 64;
const TOYS: std::ops::RangeInclusive<usize> = 20..=44;

/// Scenes, and the box of the toy in each: top, left, bottom, right as shares of the side length, `[N, 4]`.
pub struct Scenes {
    pub images: Images,
    pub boxes: Tensor,
}

impl Scenes {
    /// `count` scenes from number `first` on.
    pub fn render(first: usize, count: usize) -> anyhow::Result<Self> {
        let scenes: Vec<(Vec<u8>, [f32; 4])> = (first..first + count).into_par_iter().map(scene).collect();
        let (pixels, boxes): (Vec<_>, Vec<_>) = scenes.into_iter().unzip();
        let boxes: Tensor = stacked(&boxes)?;
        Ok(Self { images: Images::new(pixels.concat(), SIZE, SIZE)?, boxes })
    }
}

fn stacked(boxes: &[[f32; 4]]) -> Result<Tensor> {
    Tensor::from_vec(boxes.concat(), (boxes.len(), 4), &Device::Cpu)
}

/// A toy's own pixels, put into an image without one.
fn scene(number: usize) -> (Vec<u8>, [f32; 4]) {
    let mut rng = Rng::seed_from_u64(SCENES);
    rng.set_stream(number as u64);
    let side = rng.random_range(TOYS);
    let (top, left) = (rng.random_range(0..=SIZE - side), rng.random_range(0..=SIZE - side));
    let mut pixels = Toybox { size: SIZE, toys: false, ..Toybox::default() }.render(number, 0.0).pixels;
    let toy = Toybox { size: side, seed: SCENES, ..Toybox::default() }.render(number, 0.0);
    for (i, _) in toy.mask.iter().enumerate().filter(|(_, part)| **part != 0) {
        let place = (top + i / side) * SIZE + left + i % side;
        for channel in 0..3 {
            pixels[channel * SIZE * SIZE + place] = toy.pixels[channel * side * side + i];
        }
    }
    let [y0, x0, y1, x1] = toy.bounds;
    let bounds = [top + y0, left + x0, top + y1, left + x1].map(|edge| edge as f32 / SIZE as f32);
    (pixels, bounds)
}

/// Other toys than those that anything was trained on.
const SCENES: u64 = 8;
