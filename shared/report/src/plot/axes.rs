//! What plots with axes share.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::{FONT, PALETTE, color};

/// Sizes of text in pixels.
pub(super) const TITLE: u32 = 20;
pub(super) const LABEL: u32 = 15;

/// Text of a size, in the one typeface.
pub(super) fn text(size: u32) -> TextStyle<'static> {
    TextStyle::from((FONT, size).into_font())
}

/// The values' range with a margin of 5 % on both sides; a range of its own for values that are all the same.
fn padded_range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let margin = if high > low { 0.05 * (high - low) } else { 0.5 * high.abs().max(1.0) };
    low - margin..high + margin
}

/// A chart over two axes of numbers.
pub(super) type Plane<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Two ranges, with a margin, that hold all points.
pub(super) fn ranges(points: impl Iterator<Item = (f64, f64)> + Clone) -> [Range<f64>; 2] {
    [padded_range(points.clone().map(|(x, _)| x)), padded_range(points.map(|(_, y)| y))]
}

/// What is written at the axes.
pub(super) struct Labels<'a> {
    pub x: &'a str,
    pub y: &'a str,
    /// What the horizontal axis says at a place, and the vertical one at a height.
    pub ticks: [&'a dyn Fn(&f64) -> String; 2],
}

/// A number at an axis, without the last digits that its binary form adds.
pub(super) fn tick(value: &f64) -> String {
    // The sum turns −0 into 0.
    format!("{}", (value * 1e6).round() / 1e6 + 0.0)
}

/// Pixels around a plot, and those of its axes' labels.
const MARGIN: u32 = 12;
const X_LABELS: u32 = 44;
const Y_LABELS: u32 = 64;

/// Width and height in pixels of what lies between the axes in a picture of some size: room for the title is as tall as its text and a
/// third of it.
pub(super) fn plotted((width, height): (u32, u32)) -> (u32, u32) {
    (width - MARGIN - LEGEND_WIDTH - Y_LABELS, height - 2 * MARGIN - X_LABELS - 4 * TITLE / 3)
}

/// Draws title and axes around two ranges, with room for a legend.
pub(super) fn plane<'a, DB: DrawingBackend>(
    area: &'a DrawingArea<DB, Shift>,
    title: &str,
    labels: Labels,
    [x_range, y_range]: [Range<f64>; 2],
) -> anyhow::Result<Plane<'a, DB>>
where
    DB::ErrorType: 'static,
{
    let mut chart = ChartBuilder::on(area)
        .caption(title, text(TITLE))
        .margin(MARGIN)
        .margin_right(LEGEND_WIDTH)
        .x_label_area_size(X_LABELS)
        .y_label_area_size(Y_LABELS)
        .build_cartesian_2d(x_range, y_range)?;
    chart
        .configure_mesh()
        .label_style(text(LABEL))
        .axis_desc_style(text(LABEL))
        .x_desc(labels.x)
        .y_desc(labels.y)
        .x_label_formatter(labels.ticks[0])
        .y_label_formatter(labels.ticks[1])
        .light_line_style(WHITE)
        .draw()?;
    Ok(chart)
}

/// Pixels to the right of a plot for its legend.
pub(super) const LEGEND_WIDTH: u32 = 170;

/// How an area of series number `i` is drawn: the second round of colors is hollow.
pub(super) fn series_style(i: usize) -> ShapeStyle {
    if i < PALETTE.len() { color(i).filled() } else { color(i).stroke_width(1) }
}

/// Draws a point of series number `i` at a pixel: there are more methods than colors, so the second round has rings, and the third
/// triangles.
pub(super) fn mark<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    at: (i32, i32),
    size: i32,
    i: usize,
) -> anyhow::Result<()>
where
    DB::ErrorType: 'static,
{
    match i / PALETTE.len() {
        0 | 1 => area.draw(&Circle::new(at, size, series_style(i)))?,
        _ => area.draw(&TriangleMarker::new(at, size + 1, color(i).filled()))?,
    }
    Ok(())
}

/// Writes the names of all series beside the plot, where they hide nothing.
pub(super) fn legend<'a, DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    names: impl Iterator<Item = &'a String>,
) -> anyhow::Result<()>
where
    DB::ErrorType: 'static,
{
    let left = area.dim_in_pixel().0 as i32 - LEGEND_WIDTH as i32 + 10;
    for (i, name) in names.enumerate() {
        let y = 60 + 22 * i as i32;
        mark(area, (left, y), 5, i)?;
        area.draw(&Text::new(name.clone(), (left + 12, y - 8), text(LABEL)))?;
    }
    Ok(())
}
