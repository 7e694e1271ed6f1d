//! Lines over a common axis.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::axes::{LABEL, LEGEND_WIDTH, TITLE, legend, padded_range, series_style, text};
use super::{Plot, colour};

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
}

impl Plot for Curves {
    fn size(&self) -> (u32, u32) {
        (720, 400)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static,
    {
        let points = || self.series.iter().flat_map(|(_, points)| points);
        let x_range = padded_range(points().map(|(x, _)| *x));
        let y_range = padded_range(points().map(|(_, y)| *y));
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, text(TITLE))
            .margin(12)
            .margin_right(LEGEND_WIDTH)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(x_range, y_range)?;
        chart
            .configure_mesh()
            .label_style(text(LABEL))
            .axis_desc_style(text(LABEL))
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .light_line_style(WHITE)
            .draw()?;
        for (i, (_, points)) in self.series.iter().enumerate() {
            let style = colour(i).stroke_width(2);
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
            let dots = points.iter().map(|point| Circle::new(*point, 3, series_style(i)));
            chart.draw_series(dots)?;
        }
        legend(area, self.series.iter().map(|(name, _)| name))
    }
}
