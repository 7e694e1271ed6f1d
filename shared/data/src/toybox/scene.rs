//! What is in one image, before it is painted.

use std::f32::consts::TAU;

use rand::Rng as _;

use super::classes::{Class, PartPlan, Role};
use super::shape::Kind;
use super::Toybox;
use crate::Rng;

/// sRGB colours of relative luminance 0.30 and equal chroma (Oklch, C = 0.12), three for each role.
const BODY: [[f32; 3]; 3] = [[0.837, 0.473, 0.591], [0.540, 0.617, 0.257], [0.412, 0.586, 0.874]];
const JOINT: [[f32; 3]; 3] = [[0.842, 0.492, 0.369], [0.250, 0.654, 0.467], [0.537, 0.557, 0.877]];
const TIP: [[f32; 3]; 3] = [[0.739, 0.552, 0.194], [0.262, 0.614, 0.838], [0.729, 0.502, 0.781]];

/// Side lengths of a square part, in halves of the image.
const BODY_SIZE: f32 = 0.56;
const JOINT_SIZE: f32 = 0.44;
const TIP_SIZE: f32 = 0.38;

/// A shape in pixels.
pub(super) struct Part {
    pub kind: Kind,
    pub x: f32,
    pub y: f32,
    pub cos: f32,
    pub sin: f32,
    /// Square root of its area.
    pub size: f32,
    pub colour: [f32; 3],
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
        let backdrop =
            if rng.random() { rng.random_range(0.12..0.36) } else { rng.random_range(0.80..0.94) };
        let light = direction(rng);
        let tint = [0; 3].map(|_| rng.random_range(0.82..1.12));
        let clutter = (0..rng.random_range(2..=5)).map(|_| speck(backdrop, world, rng)).collect();
        let toy = draw_toy(class, world, time, rng);
        Self { backdrop, clutter, toy: if world.toys { toy } else { Vec::new() }, tint, light }
    }
}

/// A small neutral disc anywhere in the image.
fn speck(backdrop: f32, world: &Toybox, rng: &mut Rng) -> Part {
    let pixels = world.size as f32;
    let grey = backdrop + rng.random_range(-0.12..0.12);
    Part {
        kind: Kind::Disc,
        x: rng.random_range(0.0..pixels),
        y: rng.random_range(0.0..pixels),
        cos: 1.0,
        sin: 0.0,
        size: pixels * rng.random_range(0.05..0.14),
        colour: [grey; 3],
        stripes: Stripes { cos: 1.0, sin: 0.0, per_size: 0.0, phase: 0.0, strength: 0.0 },
    }
}

/// Where a toy stands: toy coordinates → pixels.
struct Pose {
    x: f32,
    y: f32,
    scale: f32,
    stretch: (f32, f32),
    tilt: f32,
}

impl Pose {
    fn draw(world: &Toybox, time: f32, rng: &mut Rng) -> Self {
        let half = world.size as f32 / 2.0;
        let drift = direction(rng);
        Self {
            x: half + half * (rng.random_range(-0.14..0.14) + 0.1 * time * drift.0),
            y: half + half * (rng.random_range(-0.14..0.14) + 0.1 * time * drift.1),
            scale: half * rng.random_range(0.82..1.04),
            stretch: (rng.random_range(0.9..1.1), rng.random_range(0.9..1.1)),
            tilt: rng.random_range(-0.05..0.05),
        }
    }

    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let (cos, sin) = (libm::cosf(TAU * self.tilt), libm::sinf(TAU * self.tilt));
        let (x, y) = (x * self.stretch.0 * self.scale, y * self.stretch.1 * self.scale);
        (self.x + cos * x - sin * y, self.y + sin * x + cos * y)
    }
}

fn draw_toy(class: &Class, world: &Toybox, time: f32, rng: &mut Rng) -> Vec<Part> {
    let pose = Pose::draw(world, time, rng);
    let phase = rng.random_range(0.0..1.0);
    let swing = libm::sinf(TAU * (time + phase)) - libm::sinf(TAU * phase);
    class.parts.iter().map(|plan| draw_part(plan, &pose, swing, rng)).collect()
}

fn draw_part(plan: &PartPlan, pose: &Pose, swing: f32, rng: &mut Rng) -> Part {
    let (hues, size, wave) = match plan.role {
        Role::Body => (&BODY, BODY_SIZE, 0.0),
        Role::Joint => (&JOINT, JOINT_SIZE, 0.0),
        Role::Tip => (&TIP, TIP_SIZE, 0.04),
    };
    let turn = plan.turn + pose.tilt + wave * swing + rng.random_range(-0.03..0.03);
    let jitter = (rng.random_range(-0.08..0.08), rng.random_range(-0.08..0.08));
    let (x, y) = pose.place(plan.place.0 + jitter.0, plan.place.1 + jitter.1);
    Part {
        kind: plan.kind,
        x,
        y,
        cos: libm::cosf(TAU * turn),
        sin: libm::sinf(TAU * turn),
        size: size * pose.scale * rng.random_range(0.85..1.15),
        colour: hues[rng.random_range(0..hues.len())],
        stripes: stripes(rng),
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
