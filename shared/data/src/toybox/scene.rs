//! What is in one image, before it is painted.

use std::f32::consts::TAU;

use rand::Rng as _;

use super::classes::{Class, PartPlan, Role};
use super::shape::Kind;
use super::{Change, Toybox};
use crate::Rng;

/// sRGB colors of relative luminance 0.30 and equal chroma (Oklch, C = 0.12), three for each role.
const BODY: [[f32; 3]; 3] = [[0.837, 0.473, 0.591], [0.540, 0.617, 0.257], [0.412, 0.586, 0.874]];
const JOINT: [[f32; 3]; 3] = [[0.842, 0.492, 0.369], [0.250, 0.654, 0.467], [0.537, 0.557, 0.877]];
const TIP: [[f32; 3]; 3] = [[0.739, 0.552, 0.194], [0.262, 0.614, 0.838], [0.729, 0.502, 0.781]];

/// Side lengths of a square part, in halves of the image.
const BODY_SIZE: f32 = 0.56;
const JOINT_SIZE: f32 = 0.46;
const TIP_SIZE: f32 = 0.36;

/// A shape in pixels.
pub(super) struct Part {
    pub kind: Kind,
    pub x: f32,
    pub y: f32,
    pub cos: f32,
    pub sin: f32,
    /// Square root of its area.
    pub size: f32,
    pub color: [f32; 3],
    pub stripes: Stripes,
}

/// A texture in the part's own coordinates.
pub(super) struct Stripes {
    pub cos: f32,
    pub sin: f32,
    pub per_size: f32,
    pub phase: f32,
    pub strength: f32,
}

/// Everything that is drawn at random, but for the noise.
pub(super) struct Scene {
    pub backdrop: f32,
    pub clutter: Vec<Part>,
    pub toy: Vec<Part>,
    pub tint: [f32; 3],
    /// Direction that the light comes from, and how much stronger that side is.
    pub light: (f32, f32),
}

/// A direction, all equally likely.
fn direction(rng: &mut Rng) -> (f32, f32) {
    let angle = rng.random_range(0.0..TAU);
    (libm::cosf(angle), libm::sinf(angle))
}

impl Scene {
    pub(super) fn draw(class: &Class, world: &Toybox, time: f32, rng: &mut Rng) -> Self {
        let backdrop = if rng.random() { rng.random_range(0.12..0.36) } else { rng.random_range(0.80..0.94) };
        let light = direction(rng);
        let tint = [0; 3].map(|_| rng.random_range(0.82..1.12));
        let clutter = (0..rng.random_range(2..=5)).map(|_| speck(backdrop, world, rng)).collect();
        let toy = draw_toy(class, world, time, rng);
        Self { backdrop, clutter, toy: if world.toys { toy } else { Vec::new() }, tint, light }
    }

    /// Takes one thing from another scene of the same class, or puts the toy elsewhere.
    pub(super) fn change(&mut self, what: Change, donor: Scene, world: &Toybox, rng: &mut Rng) {
        match what {
            Change::Light => (self.light, self.tint) = (donor.light, donor.tint),
            Change::Texture => {
                for (part, other) in self.toy.iter_mut().zip(donor.toy) {
                    part.stripes = other.stripes;
                }
            }
            Change::Position => {
                let by = [0; 2].map(|_| world.size as f32 * rng.random_range(-0.1..0.1));
                for part in &mut self.toy {
                    (part.x, part.y) = (part.x + by[0], part.y + by[1]);
                }
            }
        }
    }
}

/// A small neutral disc anywhere in the image.
fn speck(backdrop: f32, world: &Toybox, rng: &mut Rng) -> Part {
    let pixels = world.size as f32;
    let gray = backdrop + rng.random_range(-0.12..0.12);
    Part {
        kind: Kind::Disc,
        x: rng.random_range(0.0..pixels),
        y: rng.random_range(0.0..pixels),
        cos: 1.0,
        sin: 0.0,
        size: pixels * rng.random_range(0.05..0.14),
        color: [gray; 3],
        stripes: Stripes { cos: 1.0, sin: 0.0, per_size: 0.0, phase: 0.0, strength: 0.0 },
    }
}

fn draw_toy(class: &Class, world: &Toybox, time: f32, rng: &mut Rng) -> Vec<Part> {
    let half = world.size as f32 / 2.0;
    let tilt = rng.random_range(-0.05..0.05);
    let mut parts: Vec<Part> = class.parts.iter().map(|plan| draw_part(plan, tilt, half, rng)).collect();
    // The toy fills a box that is drawn apart from its class, so that the box says nothing of it.
    for axis in [Axis::X, Axis::Y] {
        let center = half * (1.0 + rng.random_range(-0.10..0.10));
        fit(&mut parts, axis, center, 2.0 * half * rng.random_range(0.75..0.88));
    }
    let (drift, phase) = (direction(rng), rng.random_range(0.0..1.0));
    let swing = libm::sinf(TAU * (time + phase)) - libm::sinf(TAU * phase);
    for (part, plan) in parts.iter_mut().zip(&class.parts) {
        part.x += 0.1 * half * time * drift.0;
        part.y += 0.1 * half * time * drift.1;
        if plan.role == Role::Tip {
            part.turn(0.04 * swing);
        }
    }
    parts
}

/// A part in the place and at the angle that its class says, more or less, around the origin.
fn draw_part(plan: &PartPlan, tilt: f32, half: f32, rng: &mut Rng) -> Part {
    let (hues, size) = match plan.role {
        Role::Body => (&BODY, BODY_SIZE),
        Role::Joint => (&JOINT, JOINT_SIZE),
        Role::Tip => (&TIP, TIP_SIZE),
    };
    let (cos, sin) = (libm::cosf(TAU * tilt), libm::sinf(TAU * tilt));
    let x = plan.place.0 + rng.random_range(-0.08..0.08);
    let y = plan.place.1 + rng.random_range(-0.08..0.08);
    let mut part = Part {
        kind: plan.kind,
        x: half * (cos * x - sin * y),
        y: half * (sin * x + cos * y),
        cos: 1.0,
        sin: 0.0,
        size: size * half * rng.random_range(0.85..1.15),
        color: hues[rng.random_range(0..hues.len())],
        stripes: stripes(rng),
    };
    part.turn(plan.turn + tilt + rng.random_range(-0.12..0.12));
    part
}

impl Part {
    /// Turns the part clockwise.
    fn turn(&mut self, turns: f32) {
        let (cos, sin) = (libm::cosf(TAU * turns), libm::sinf(TAU * turns));
        (self.cos, self.sin) = (self.cos * cos - self.sin * sin, self.sin * cos + self.cos * sin);
    }

    /// Its center along an axis, and how far it reaches down and up that axis from there.
    fn span(&self, axis: Axis) -> (f32, f32, f32) {
        let (center, u, v) = match axis {
            Axis::X => (self.x, self.cos, -self.sin),
            Axis::Y => (self.y, self.sin, self.cos),
        };
        (center, self.size * self.kind.reach(-u, -v), self.size * self.kind.reach(u, v))
    }
}

#[derive(Clone, Copy)]
enum Axis {
    X,
    Y,
}

/// Spreads parts along an axis until they fill `extent` around `center`; the parts keep their sizes.
fn fit(parts: &mut [Part], axis: Axis, center: f32, extent: f32) {
    let spans: Vec<_> = parts.iter().map(|part| part.span(axis)).collect();
    let mut scale = 1.0;
    let mut middle = 0.0;
    // Which parts lie outermost depends on the scale; a few rounds settle it.
    for _ in 0..4 {
        let upper = |s: &&(f32, f32, f32)| scale * s.0 + s.2;
        let lower = |s: &&(f32, f32, f32)| scale * s.0 - s.1;
        let highest = spans.iter().max_by(|a, b| upper(a).total_cmp(&upper(b)));
        let lowest = spans.iter().min_by(|a, b| lower(a).total_cmp(&lower(b)));
        let Some((high, low)) = highest.zip(lowest) else { return };
        let apart = high.0 - low.0;
        if apart > 0.0 {
            scale = (extent - high.2 - low.1) / apart;
        }
        middle = 0.5 * (scale * (high.0 + low.0) + high.2 - low.1);
    }
    for (part, span) in parts.iter_mut().zip(&spans) {
        let place = center + scale * span.0 - middle;
        match axis {
            Axis::X => part.x = place,
            Axis::Y => part.y = place,
        }
    }
}

fn stripes(rng: &mut Rng) -> Stripes {
    let (cos, sin) = direction(rng);
    Stripes {
        cos,
        sin,
        per_size: rng.random_range(1.0..2.5),
        phase: rng.random_range(0.0..1.0),
        strength: rng.random_range(0.0..0.3),
    }
}
