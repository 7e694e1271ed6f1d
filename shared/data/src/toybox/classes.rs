//! The ten classes.

use Role::{Body, Joint, Tip};

use super::shape::Kind::{self, Bar, Cross, Disc, Dome, Ring, Square, Triangle};

/// What a part does in its toy; its size and its hues follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The largest part, in the middle.
    Body,
    /// One of the two middle-sized parts.
    Joint,
    /// One of the two smallest parts.
    Tip,
}

/// A part of a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartPlan {
    /// What it looks like.
    pub kind: Kind,
    /// What it does.
    pub role: Role,
    /// How far it is turned clockwise, in turns.
    pub turn: f32,
    /// Where it sits, from −1 to 1, to the right and down.
    pub place: (f32, f32),
}

/// A class of toys: a body and four parts around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Its name in plots.
    pub name: &'static str,
    /// The body first, then the others clockwise.
    pub parts: [PartPlan; 5],
}

/// The places around the body are those of a pinwheel, turning one way or the other: a quarter turn maps them onto
/// themselves, so that only what sits there tells up from down.
const LEFT: [(f32, f32); 5] = [(0.0, 0.0), (-0.25, -0.6), (0.6, -0.25), (0.25, 0.6), (-0.6, 0.25)];
const RIGHT: [(f32, f32); 5] = [(0.0, 0.0), (0.25, -0.6), (0.6, 0.25), (-0.25, 0.6), (-0.6, -0.25)];

const fn class(name: &'static str, places: [(f32, f32); 5], parts: [(Role, Kind, f32); 5]) -> Class {
    const NOWHERE: PartPlan = PartPlan { kind: Disc, role: Body, turn: 0.0, place: (0.0, 0.0) };
    let mut plans = [NOWHERE; 5];
    let mut i = 0;
    while i < 5 {
        let (role, kind, turn) = parts[i];
        plans[i] = PartPlan { kind, role, turn, place: places[i] };
        i += 1;
    }
    Class { name, parts: plans }
}

/// All classes.
#[rustfmt::skip]
pub const CLASSES: [Class; 10] = [
    class("rocket", LEFT,  [(Body, Square, 0.0),   (Joint, Triangle, 0.0), (Tip, Bar, 0.25),      (Joint, Disc, 0.0),    (Tip, Cross, 0.0)]),
    class("snail",  RIGHT, [(Body, Disc, 0.0),     (Joint, Bar, 0.0),      (Joint, Ring, 0.0),    (Tip, Triangle, 0.75), (Tip, Square, 0.0)]),
    class("top",    LEFT,  [(Body, Triangle, 0.5), (Tip, Ring, 0.0),       (Joint, Disc, 0.0),    (Joint, Dome, 0.25),   (Tip, Bar, 0.125)]),
    class("crab",   RIGHT, [(Body, Ring, 0.0),     (Tip, Square, 0.0),     (Tip, Triangle, 0.25), (Joint, Cross, 0.0),   (Joint, Dome, 0.0)]),
    class("kite",   LEFT,  [(Body, Bar, 0.25),     (Joint, Dome, 0.5),     (Tip, Cross, 0.0),     (Tip, Square, 0.125),  (Joint, Disc, 0.0)]),
    class("robot",  RIGHT, [(Body, Cross, 0.0),    (Tip, Disc, 0.0),       (Joint, Square, 0.125), (Tip, Ring, 0.0),     (Joint, Triangle, 0.5)]),
    class("boat",   LEFT,  [(Body, Dome, 0.5),     (Joint, Cross, 0.125),  (Joint, Bar, 0.25),    (Tip, Disc, 0.0),      (Tip, Ring, 0.0)]),
    class("tower",  RIGHT, [(Body, Square, 0.125), (Tip, Dome, 0.75),      (Joint, Ring, 0.0),    (Joint, Bar, 0.0),     (Tip, Triangle, 0.25)]),
    class("bird",   LEFT,  [(Body, Disc, 0.0),     (Tip, Cross, 0.0),      (Tip, Triangle, 0.5),  (Joint, Square, 0.0),  (Joint, Bar, 0.375)]),
    class("fish",   RIGHT, [(Body, Ring, 0.0),     (Joint, Bar, 0.0),      (Tip, Dome, 0.75),     (Tip, Cross, 0.125),   (Joint, Triangle, 0.0)]),
];
