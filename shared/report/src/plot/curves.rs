//! Lines over a common axis.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::axes::{legend, plane, series_style};
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
}

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
        let points = self.series.iter().flat_map(|(_, points)| points).copied();
        let left = points.clone().map(|(x, _)| x).fold(f64::INFINITY, f64::min);
        let right = points.clone().map(|(x, _)| x).fold(left, f64::max);
        let ends = |height: f64| [(left, height), (right, height)];
        let levels = self.levels.iter().flat_map(|(_, height)| ends(*height));
        let mut chart = plane(area, &self.title, (&self.x_label, &self.y_label), points.chain(levels))?;
        for (i, (_, height)) in self.levels.iter().enumerate() {
            let style = color(self.series.len() + i).stroke_width(2);
            // Each level has a gap of its own, so that one shows through another at the same height.
            chart.draw_series(DashedLineSeries::new(ends(*height), 8, 6 + 6 * i as u32, style))?;
        }
        for (i, (_, points)) in self.series.iter().enumerate() {
            let style = color(i).stroke_width(2);
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
            let dots = points.iter().map(|point| Circle::new(*point, 3, series_style(i)));
            chart.draw_series(dots)?;
        }
        legend(area, self.series.iter().map(|(name, _)| name).chain(self.levels.iter().map(|(name, _)| name)))
    }
}
