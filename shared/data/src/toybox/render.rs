//! From a scene to pixels.

use rand::RngCore;

use super::Toybox;
use super::scene::{Part, Scene, Stripes};
use super::shape::Kind;
use crate::Rng;

/// How much brighter a part's lit side is than its middle, and an image's lit edge.
const SHADING: f32 = 0.3;
const ILLUMINATION: f32 = 0.08;
/// Darkening in the corners.
const VIGNETTE: f32 = 0.10;
/// By how much more than green, red is magnified; blue is by as much less.
const FRINGE: f32 = 0.03;
/// Greatest deviation of a pixel's noise.
const NOISE: f32 = 0.03;

/// Bytes and their truth.
pub(super) struct Canvas {
    pub pixels: Vec<u8>,
    pub mask: Vec<u8>,
}

pub(super) fn paint(scene: &Scene, world: &Toybox, rng: &mut Rng) -> Canvas {
    let size = world.size;
    let mut planes = vec![scene.backdrop; 3 * size * size];
    let mut mask = vec![0; size * size];
    for part in &scene.clutter {
        paint_part(part, scene.light, &mut planes, size, |_| {});
    }
    for part in &scene.toy {
        paint_part(part, scene.light, &mut planes, size, |i| mask[i] = 1 + part.kind as u8);
    }
    if world.lens {
        for (channel, scale) in [(0, 1.0 / (1.0 + FRINGE)), (2, 1.0 / (1.0 - FRINGE))] {
            let plane = &mut planes[channel * size * size..(channel + 1) * size * size];
            magnify(plane, size, scale);
        }
    }
    Canvas { pixels: expose(&planes, scene, world, rng), mask }
}

/// Paints a part with its shading and texture; calls `covered` for each pixel that is more than half covered.
fn paint_part(part: &Part, light: (f32, f32), planes: &mut [f32], size: usize, mut covered: impl FnMut(usize)) {
    let reach = Kind::REACH * part.size + 1.0;
    let range = |center: f32| {
        let first = (center - reach).max(0.0) as usize;
        first..((center + reach).max(0.0) as usize + 1).min(size)
    };
    for row in range(part.y) {
        for column in range(part.x) {
            let (dx, dy) = (column as f32 + 0.5 - part.x, row as f32 + 0.5 - part.y);
            let u = (part.cos * dx + part.sin * dy) / part.size;
            let v = (part.cos * dy - part.sin * dx) / part.size;
            let coverage = (0.5 - part.kind.distance(u, v) * part.size).clamp(0.0, 1.0);
            if coverage == 0.0 {
                continue;
            }
            let lit = SHADING * (light.0 * dx + light.1 * dy) / part.size;
            let brightness = (1.0 + lit) * (1.0 + part.stripes.at(u, v));
            let i = row * size + column;
            for (channel, color) in part.color.iter().enumerate() {
                let value = &mut planes[channel * size * size + i];
                *value += coverage * (color * brightness - *value);
            }
            if coverage > 0.5 {
                covered(i);
            }
        }
    }
}

impl Stripes {
    /// Brightness at a place: a triangle wave around 0.
    fn at(&self, u: f32, v: f32) -> f32 {
        let place = (self.cos * u + self.sin * v) * self.per_size + self.phase;
        let wave = place - place.floor();
        self.strength * ((2.0 * wave - 1.0).abs() * 2.0 - 1.0)
    }
}

/// Magnifies a plane about its center by 1 / `scale`, bilinearly.
fn magnify(plane: &mut [f32], size: usize, scale: f32) {
    let source = plane.to_vec();
    let middle = (size as f32 - 1.0) / 2.0;
    let last = size - 1;
    let places: Vec<(usize, f32)> = (0..size)
        .map(|i| {
            let place = (middle + (i as f32 - middle) * scale).clamp(0.0, last as f32);
            (place as usize, place - place.floor())
        })
        .collect();
    for (row, &(y, fy)) in plane.chunks_exact_mut(size).zip(&places) {
        let (upper, lower) = (&source[y * size..], &source[(y + 1).min(last) * size..]);
        for (value, &(x, fx)) in row.iter_mut().zip(&places) {
            let next = (x + 1).min(last);
            let top = upper[x] + fx * (upper[next] - upper[x]);
            let bottom = lower[x] + fx * (lower[next] - lower[x]);
            *value = top + fy * (bottom - top);
        }
    }
}

/// Light over the image, vignette, tint and noise; then bytes.
fn expose(planes: &[f32], scene: &Scene, world: &Toybox, rng: &mut Rng) -> Vec<u8> {
    let size = world.size;
    let mut noise = vec![0; planes.len()];
    rng.fill_bytes(&mut noise);
    let half = size as f32 / 2.0;
    let vignette = if world.lens { VIGNETTE } else { 0.0 };
    let mut pixels = Vec::with_capacity(planes.len());
    for (channel, plane) in planes.chunks_exact(size * size).enumerate() {
        for (i, value) in plane.iter().enumerate() {
            let (x, y) = ((i % size) as f32 + 0.5 - half, (i / size) as f32 + 0.5 - half);
            let (x, y) = (x / half, y / half);
            let light = 1.0 + ILLUMINATION * (scene.light.0 * x + scene.light.1 * y);
            let corner = 1.0 - vignette * 0.5 * (x * x + y * y);
            let grain = NOISE * (f32::from(noise[channel * size * size + i]) / 127.5 - 1.0);
            let exposed = value * light * corner * scene.tint[channel] + grain;
            pixels.push((exposed.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        }
    }
    pixels
}
