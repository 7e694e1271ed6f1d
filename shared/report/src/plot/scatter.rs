//! Points in the plane.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::axes::{Labels, legend, mark, plane, plotted, ranges, tick};
use super::{Plot, color};

/// Named groups of points, a color each.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// Above the picture.
    pub title: String,
    /// Below the horizontal axis, with its unit.
    pub x_label: String,
    /// Beside the vertical axis, with its unit.
    pub y_label: String,
    /// Name and points of each group.
    pub groups: Vec<(String, Vec<(f64, f64)>)>,
    /// Name and points of each line, drawn below the points.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
    /// Whether both axes have one scale, on which a circle is a circle.
    pub equal: bool,
}

/// Places on the circle of radius 1, to be drawn as a line.
pub fn circle() -> Vec<(f64, f64)> {
    (0..=360).map(|degrees| f64::from(degrees).to_radians()).map(|angle| (angle.cos(), angle.sin())).collect()
}

const SIZE: (u32, u32) = (720, 560);

/// The ranges, the shorter one made longer until a unit is as long on both axes.
fn equalize([x, y]: [Range<f64>; 2], (width, height): (u32, u32)) -> [Range<f64>; 2] {
    let unit = ((x.end - x.start) / f64::from(width)).max((y.end - y.start) / f64::from(height));
    let around = |range: Range<f64>, pixels: u32| {
        let (middle, half) = (0.5 * (range.start + range.end), 0.5 * unit * f64::from(pixels));
        middle - half..middle + half
    };
    [around(x, width), around(y, height)]
}

impl Plot for Scatter {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static,
    {
        let all = self.groups.iter().chain(&self.lines).flat_map(|(_, points)| points).copied();
        let labels = Labels { x: &self.x_label, y: &self.y_label, ticks: [&tick; 2] };
        let ranges = if self.equal { equalize(ranges(all), plotted(SIZE)) } else { ranges(all) };
        let mut chart = plane(area, &self.title, labels, ranges)?;
        for (i, (_, points)) in self.lines.iter().enumerate() {
            let style = color(self.groups.len() + i).stroke_width(2);
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        }
        for (i, (_, points)) in self.groups.iter().enumerate() {
            points.iter().try_for_each(|point| mark(area, chart.backend_coord(point), 3, i))?;
        }
        legend(area, self.groups.iter().chain(&self.lines).map(|(name, _)| name))
    }
}
