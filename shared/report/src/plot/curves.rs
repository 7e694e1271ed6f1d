//! Lines over a common axis.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::axes::{Labels, legend, mark, plane, ranges, tick};
use super::{Plot, color};

/// Named series of (x, y), drawn as lines with a dot at each point.
#[derive(Clone, Debug)]
pub struct Curves {
    /// Above the picture.
    pub title: String,
    /// Below the horizontal axis, with its unit.
    pub x_label: String,
    /// Beside the vertical axis, with its unit.
    pub y_label: String,
    /// Name and points of each line.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
    /// Name and height of dashed lines across the plot.
    pub levels: Vec<(String, f64)>,
    /// How points are drawn.
    pub scale: Scale,
}

/// Where points are drawn: as they are, or by a logarithm. What is not above 0 has none, and is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// As they are.
    #[default]
    Linear,
    /// At the logarithm of y to base 10: a quantity that falls by orders of magnitude.
    Logarithmic,
    /// At the logarithm of x to base 2: batch sizes, each twice the one before.
    Doublings,
}

impl Scale {
    /// Where x is drawn.
    fn place(self, x: f64) -> f64 {
        if self == Self::Doublings { x.log2() } else { x }
    }

    /// The height at which y is drawn.
    fn height(self, y: f64) -> f64 {
        if self == Self::Logarithmic { y.log10() } else { y }
    }

    fn drawn(self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let drawn = points.iter().map(|&(x, y)| (self.place(x), self.height(y)));
        drawn.filter(|(place, height)| self == Self::Linear || (place.is_finite() && height.is_finite())).collect()
    }

    /// What the horizontal axis says at a place.
    fn label_of_place(self, place: f64) -> String {
        match self {
            Self::Doublings if place.fract() != 0.0 => String::new(),
            Self::Doublings => tick(&place.exp2()),
            _ => tick(&place),
        }
    }

    /// What the vertical axis says at a height.
    fn label_of_height(self, height: f64) -> String {
        match self {
            Self::Logarithmic if (-3.5..4.5).contains(&height) => tick(&round(10f64.powf(height), 2)),
            Self::Logarithmic => format!("{:.1e}", 10f64.powf(height)),
            _ => tick(&height),
        }
    }
}

/// A positive number with some digits.
fn round(value: f64, digits: i32) -> f64 {
    let unit = 10f64.powi(value.log10().floor() as i32 + 1 - digits);
    (value / unit).round() * unit
}

/// Whether two lines have nearly the same points: one would hide the other.
fn coincide(a: &[(f64, f64)], b: &[(f64, f64)], height: f64) -> bool {
    let near = |(a, b): (&(f64, f64), &(f64, f64))| a.0 == b.0 && (a.1 - b.1).abs() <= 0.005 * height;
    !a.is_empty() && a.len() == b.len() && a.iter().zip(b).all(near)
}

/// Beyond so many points a line has no dots.
const DOTTED: usize = 60;

/// How `values` lie between `low` and `high`, as a series: (middle of a bin, share of the values in it in %). Values outside count
/// in the first or the last bin.
pub fn histogram(values: &[f32], (low, high): (f64, f64), bins: usize) -> Vec<(f64, f64)> {
    let width = (high - low) / bins as f64;
    let mut counts = vec![0usize; bins];
    for &value in values {
        let bin = ((f64::from(value) - low) / width) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let middle = |bin: usize| low + (bin as f64 + 0.5) * width;
    let share = |count: usize| 100.0 * count as f64 / values.len() as f64;
    counts.into_iter().enumerate().map(|(bin, count)| (middle(bin), share(count))).collect()
}

impl Plot for Curves {
    fn size(&self) -> (u32, u32) {
        (720, 400)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static,
    {
        let series: Vec<_> = self.series.iter().map(|(_, points)| self.scale.drawn(points)).collect();
        let points = series.iter().flatten().copied();
        let left = points.clone().map(|(x, _)| x).fold(f64::INFINITY, f64::min);
        let right = points.clone().map(|(x, _)| x).fold(left, f64::max);
        let ends = |value: f64| [left, right].map(|x| (x, self.scale.height(value)));
        let levels = self.levels.iter().flat_map(|(_, value)| ends(*value));
        let places = |place: &f64| self.scale.label_of_place(*place);
        let heights = |height: &f64| self.scale.label_of_height(*height);
        let labels = Labels { x: &self.x_label, y: &self.y_label, ticks: [&places, &heights] };
        let mut chart = plane(area, &self.title, labels, ranges(points.chain(levels)))?;
        let range = chart.y_range();
        for (i, (_, value)) in self.levels.iter().enumerate() {
            let style = color(self.series.len() + i).stroke_width(2);
            // Each level has a gap of its own, so that one shows through another at the same height.
            chart.draw_series(DashedLineSeries::new(ends(*value), 8, 6 + 6 * i as u32, style))?;
        }
        for (i, points) in series.iter().enumerate() {
            let style = color(i).stroke_width(2);
            if series[..i].iter().any(|earlier| coincide(earlier, points, range.end - range.start)) {
                chart.draw_series(DashedLineSeries::new(points.iter().copied(), 8, 8, style))?;
                continue;
            }
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
            if points.len() <= DOTTED {
                points.iter().try_for_each(|point| mark(area, chart.backend_coord(point), 3, i))?;
            }
        }
        legend(area, self.series.iter().map(|(name, _)| name).chain(self.levels.iter().map(|(name, _)| name)))
    }
}
