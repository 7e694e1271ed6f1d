//! Points in the plane.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::axes::{LABEL, TITLE, padded_range, text};
use super::{Plot, colour};

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
            .margin_right(140)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(
                padded_range(points().map(|(x, _)| *x)),
                padded_range(points().map(|(_, y)| *y)),
            )?;
        chart
            .configure_mesh()
            .label_style(text(LABEL))
            .axis_desc_style(text(LABEL))
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .light_line_style(WHITE)
            .draw()?;
        for (i, (name, points)) in self.groups.iter().enumerate() {
            // Ten groups need more than eight colours: the second round is hollow.
            let style =
                if i < super::PALETTE.len() { colour(i).filled() } else { colour(i).stroke_width(1) };
            chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, style)))?;
            let y = 60 + 22 * i as i32;
            area.draw(&Circle::new((594, y), 5, style))?;
            area.draw(&Text::new(name.clone(), (606, y - 8), text(LABEL)))?;
        }
        Ok(())
    }
}
