//! Points in the plane.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Plot;
use super::axes::{LABEL, LEGEND_WIDTH, TITLE, legend, padded_range, series_style, text};

/// Named groups of points, a colour each.
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
        let points = || self.groups.iter().flat_map(|(_, points)| points);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, text(TITLE))
            .margin(12)
            .margin_right(LEGEND_WIDTH)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(padded_range(points().map(|(x, _)| *x)), padded_range(points().map(|(_, y)| *y)))?;
        chart
            .configure_mesh()
            .label_style(text(LABEL))
            .axis_desc_style(text(LABEL))
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .light_line_style(WHITE)
            .draw()?;
        for (i, (_, points)) in self.groups.iter().enumerate() {
            let style = series_style(i);
            chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, style)))?;
        }
        legend(area, self.groups.iter().map(|(name, _)| name))
    }
}
