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

/// Places of body, joints and tips. But for what sits there, they are those of a pinwheel that turns one way or the
/// other: a quarter turn maps them onto themselves.
const LEFT: [(f32, f32); 5] = [(0.0, 0.0), (-0.25, -0.6), (0.6, -0.25), (0.25, 0.6), (-0.6, 0.25)];
const RIGHT: [(f32, f32); 5] = [(0.0, 0.0), (0.25, -0.6), (0.6, 0.25), (-0.25, 0.6), (-0.6, -0.25)];
const ROLES: [Role; 5] = [Body, Joint, Joint, Tip, Tip];

const fn class(name: &'static str, places: [(f32, f32); 5], looks: [(Kind, f32); 5]) -> Class {
    let mut parts = [PartPlan { kind: Disc, role: Body, turn: 0.0, place: (0.0, 0.0) }; 5];
    let mut i = 0;
    while i < 5 {
        let (kind, turn) = looks[i];
        parts[i] = PartPlan { kind, role: ROLES[i], turn, place: places[i] };
        i += 1;
    }
    Class { name, parts }
}

/// The classes of the usual world.
#[rustfmt::skip]
pub const CLASSES: [Class; 10] = [
    class("rocket", LEFT,  [(Square, 0.0),   (Triangle, 0.0),  (Disc, 0.0),     (Bar, 0.25),      (Cross, 0.0)]),
    class("snail",  RIGHT, [(Disc, 0.0),     (Bar, 0.0),       (Ring, 0.0),     (Triangle, 0.75), (Square, 0.0)]),
    class("top",    LEFT,  [(Triangle, 0.5), (Disc, 0.0),      (Dome, 0.25),    (Bar, 0.125),     (Ring, 0.0)]),
    class("crab",   RIGHT, [(Ring, 0.0),     (Cross, 0.0),     (Dome, 0.0),     (Square, 0.0),    (Triangle, 0.25)]),
    class("kite",   LEFT,  [(Bar, 0.25),     (Dome, 0.5),      (Disc, 0.0),     (Cross, 0.0),     (Square, 0.125)]),
    class("robot",  RIGHT, [(Cross, 0.0),    (Square, 0.125),  (Triangle, 0.5), (Disc, 0.0),      (Ring, 0.0)]),
    class("boat",   LEFT,  [(Dome, 0.5),     (Cross, 0.125),   (Bar, 0.25),     (Ring, 0.0),      (Disc, 0.0)]),
    class("tower",  RIGHT, [(Square, 0.125), (Ring, 0.0),      (Bar, 0.0),      (Triangle, 0.25), (Dome, 0.75)]),
    class("bird",   LEFT,  [(Disc, 0.0),     (Square, 0.0),    (Bar, 0.375),    (Triangle, 0.5),  (Cross, 0.0)]),
    class("fish",   RIGHT, [(Ring, 0.0),     (Triangle, 0.0),  (Bar, 0.0),      (Cross, 0.125),   (Dome, 0.75)]),
];

/// Classes of the same kinds of part that the usual world does not have: what is known of others is to help with them.
#[rustfmt::skip]
pub const HELD_OUT: [Class; 3] = [
    class("drum",  LEFT,  [(Ring, 0.0),    (Square, 0.0),    (Dome, 0.25),     (Disc, 0.0),      (Bar, 0.125)]),
    class("lamp",  RIGHT, [(Dome, 0.5),    (Triangle, 0.5),  (Cross, 0.0),     (Ring, 0.0),      (Bar, 0.0)]),
    class("plane", LEFT,  [(Cross, 0.0),   (Ring, 0.0),      (Triangle, 0.25), (Square, 0.125),  (Dome, 0.75)]),
];
