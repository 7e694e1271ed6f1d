//! Points in the plane.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Plot;
use super::axes::{legend, plane, series_style};

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
}

impl Plot for Scatter {
    fn size(&self) -> (u32, u32) {
        (720, 560)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static,
    {
        let points = self.groups.iter().flat_map(|(_, points)| points).copied();
        let mut chart = plane(area, &self.title, (&self.x_label, &self.y_label), points)?;
        for (i, (_, points)) in self.groups.iter().enumerate() {
            let style = series_style(i);
            chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, style)))?;
        }
        legend(area, self.groups.iter().map(|(name, _)| name))
    }
}
