//! Groups of bars.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Plot;
use super::axes::{LABEL, LEGEND_WIDTH, Plane, TITLE, legend, series_style, text};

/// Bars in groups: one group a row of `values`, one color a series.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Above the picture.
    pub title: String,
    /// Beside the vertical axis, with its unit.
    pub y_label: String,
    /// Names of the groups, from left to right.
    pub groups: Vec<String>,
    /// Names of the series and a value for each group.
    pub series: Vec<(String, Vec<f64>)>,
}

impl Bars {
    /// From 0, or below the least value, to above the greatest.
    fn range(&self) -> (f64, f64) {
        let values = || self.series.iter().flat_map(|(_, values)| values).filter(|v| v.is_finite());
        let low = values().fold(0.0f64, |low, &v| low.min(v));
        let high = values().fold(0.0f64, |high, &v| high.max(v));
        let margin = 0.12 * (high - low).max(1e-9);
        (if low < 0.0 { low - margin } else { 0.0 }, high + margin)
    }

    /// Every bar, and its value above it.
    fn draw_bars<DB: DrawingBackend>(&self, chart: &mut Plane<DB>, height: f64) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static,
    {
        let width = 0.84 / self.series.len().max(1) as f64;
        let centered = text(LABEL - 2).pos(Pos::new(HPos::Center, VPos::Bottom));
        for (i, (_, values)) in self.series.iter().enumerate() {
            let left = |group: usize| group as f64 - 0.42 + i as f64 * width;
            let bars = values.iter().enumerate().map(|(group, &value)| {
                let corners = [(left(group) + 0.02, 0.0), (left(group) + width - 0.02, value)];
                Rectangle::new(corners, series_style(i))
            });
            chart.draw_series(bars)?;
            let labels = values.iter().enumerate().map(|(group, &value)| {
                let place = (left(group) + width / 2.0, value.max(0.0) + 0.012 * height);
                Text::new(format!("{value:.1}"), place, centered.clone())
            });
            chart.draw_series(labels)?;
        }
        Ok(())
    }
}

impl Plot for Bars {
    fn size(&self) -> (u32, u32) {
        let bars = self.groups.len() * self.series.len();
        ((110 + LEGEND_WIDTH + 58 * bars as u32).clamp(520, 1400), 420)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static,
    {
        let (low, high) = self.range();
        let groups = self.groups.len();
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, text(TITLE))
            .margin(12)
            .margin_right(LEGEND_WIDTH)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(-0.5..groups as f64 - 0.5, low..high)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .light_line_style(WHITE)
            .label_style(text(LABEL))
            .axis_desc_style(text(LABEL))
            .y_desc(&self.y_label)
            .draw()?;
        self.draw_bars(&mut chart, high - low)?;
        let below = text(LABEL).pos(Pos::new(HPos::Center, VPos::Top));
        for (group, name) in self.groups.iter().enumerate() {
            let (x, y) = chart.backend_coord(&(group as f64, low));
            area.draw(&Text::new(name.clone(), (x, y + 8), below.clone()))?;
        }
        legend(area, self.series.iter().map(|(name, _)| name))
    }
}
