//! The ten classes.

use super::shape::Kind::{self, Bar, Cross, Disc, Dome, Ring, Square, Triangle};

/// A part of a class: what it is, where it sits (from −1 to 1, y down) and how far it is turned clockwise (in turns).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartPlan {
    /// What it looks like.
    pub kind: Kind,
    /// Horizontal place.
    pub x: f32,
    /// Vertical place.
    pub y: f32,
    /// Turns, clockwise.
    pub turn: f32,
}

/// A class of toys: a body, two joints and two tips, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Its name in plots.
    pub name: &'static str,
    /// Body, joint, joint, tip, tip.
    pub parts: [PartPlan; 5],
}

const fn part(kind: Kind, x: f32, y: f32, turn: f32) -> PartPlan {
    PartPlan { kind, x, y, turn }
}

const fn class(name: &'static str, parts: [PartPlan; 5]) -> Class {
    Class { name, parts }
}

/// All classes.
#[rustfmt::skip]
pub const CLASSES: [Class; 10] = [
    class("rocket", [part(Square, 0.0, 0.12, 0.0), part(Triangle, 0.0, -0.5, 0.0), part(Bar, -0.56, 0.15, 0.25), part(Disc, 0.54, 0.3, 0.0), part(Cross, 0.1, 0.68, 0.0)]),
    class("snail", [part(Disc, -0.1, -0.08, 0.0), part(Bar, 0.5, 0.0, 0.0), part(Ring, -0.2, 0.5, 0.0), part(Triangle, -0.58, -0.5, 0.75), part(Square, 0.5, 0.56, 0.0)]),
    class("top", [part(Triangle, 0.05, 0.05, 0.5), part(Ring, -0.5, -0.32, 0.0), part(Disc, 0.52, -0.36, 0.0), part(Dome, 0.08, 0.66, 0.25), part(Bar, -0.5, 0.45, 0.125)]),
    class("crab", [part(Ring, 0.1, -0.1, 0.0), part(Square, -0.48, -0.14, 0.0), part(Triangle, 0.15, 0.5, 0.25), part(Cross, 0.6, -0.46, 0.0), part(Dome, -0.46, 0.56, 0.0)]),
    class("kite", [part(Bar, 0.0, 0.0, 0.25), part(Dome, -0.45, -0.45, 0.5), part(Cross, 0.42, 0.34, 0.0), part(Square, 0.42, -0.52, 0.125), part(Disc, -0.46, 0.48, 0.0)]),
    class("robot", [part(Cross, -0.1, 0.1, 0.0), part(Disc, -0.12, -0.5, 0.0), part(Square, 0.48, 0.15, 0.125), part(Ring, 0.5, -0.5, 0.0), part(Triangle, -0.56, 0.56, 0.5)]),
    class("boat", [part(Dome, 0.0, -0.1, 0.5), part(Cross, -0.46, 0.34, 0.125), part(Bar, 0.5, 0.26, 0.25), part(Disc, 0.0, 0.66, 0.0), part(Ring, -0.5, -0.52, 0.0)]),
    class("tower", [part(Square, 0.1, -0.18, 0.125), part(Dome, 0.1, 0.45, 0.0), part(Ring, -0.52, -0.22, 0.0), part(Bar, 0.58, 0.4, 0.0), part(Triangle, -0.4, 0.56, 0.25)]),
    class("bird", [part(Disc, 0.08, 0.16, 0.0), part(Cross, 0.1, -0.46, 0.0), part(Triangle, -0.5, 0.14, 0.75), part(Square, 0.6, 0.5, 0.0), part(Bar, -0.42, -0.56, 0.375)]),
    class("fish", [part(Ring, -0.08, 0.06, 0.0), part(Bar, -0.1, -0.5, 0.0), part(Dome, 0.5, 0.16, 0.75), part(Cross, -0.52, 0.54, 0.125), part(Triangle, 0.5, -0.5, 0.0)]),
];
