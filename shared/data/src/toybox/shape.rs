//! The kinds of part, as signed distances.

/// What a part looks like. All kinds of one size cover the same area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A filled circle.
    Disc,
    /// A square.
    Square,
    /// An equilateral triangle, its tip up.
    Triangle,
    /// A circle with a hole.
    Ring,
    /// A bar, 1.9 times as wide as high.
    Bar,
    /// A plus sign.
    Cross,
    /// The upper half of a circle.
    Dome,
}

impl Kind {
    /// Signed distance of (x, y) from the outline of this kind at area 1, centered on its centroid; y points down and
    /// the inside is negative.
    pub(super) fn distance(self, x: f32, y: f32) -> f32 {
        match self {
            Self::Disc => length(x, y) - 0.564_19,
            Self::Square => rectangle(x, y, 0.5, 0.5),
            // Half-planes around a circle of radius 1/√(3√3): exact inside and along the edges.
            Self::Triangle => y.max(x.abs() * 0.866_03 - y * 0.5) - 0.438_69,
            // Outer radius 0.651, inner 0.326.
            Self::Ring => (length(x, y) - 0.488_6).abs() - 0.162_87,
            Self::Bar => rectangle(x, y, 0.689_2, 0.362_7),
            Self::Cross => rectangle(x, y, 0.625, 0.25).min(rectangle(x, y, 0.25, 0.625)),
            // A circle of radius 0.798 above a line, moved up to its centroid.
            Self::Dome => (length(x, y - 0.338_6) - 0.797_88).max(y - 0.338_6),
        }
    }

    /// How far this kind at area 1 reaches from its centroid in the direction (x, y) of length 1: its support function.
    pub(super) fn reach(self, x: f32, y: f32) -> f32 {
        match self {
            Self::Disc => 0.564_19,
            Self::Square => 0.5 * (x.abs() + y.abs()),
            // Corners at (0, −0.877) and (±0.760, 0.439).
            Self::Triangle => (-0.877_38 * y).max(0.759_84 * x.abs() + 0.438_69 * y),
            Self::Ring => 0.651_47,
            Self::Bar => 0.689_2 * x.abs() + 0.362_7 * y.abs(),
            Self::Cross => (0.625 * x.abs() + 0.25 * y.abs()).max(0.25 * x.abs() + 0.625 * y.abs()),
            Self::Dome if y <= 0.0 => 0.797_88 + 0.338_6 * y,
            Self::Dome => 0.797_88 * x.abs() + 0.338_6 * y,
        }
    }

    /// No point of the kind is farther from its centroid, at area 1.
    pub(super) const REACH: f32 = 0.9;
}

fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

fn rectangle(x: f32, y: f32, half_width: f32, half_height: f32) -> f32 {
    let (dx, dy) = (x.abs() - half_width, y.abs() - half_height);
    length(dx.max(0.0), dy.max(0.0)) + dx.max(dy).min(0.0)
}
