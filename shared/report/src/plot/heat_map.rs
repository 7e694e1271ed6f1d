//! A matrix of numbers as a matrix of colors.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Plot;
use super::axes::{LABEL, TITLE, text};

/// Numbers in rows and columns, dark for great ones, each written into its cell.
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// Above the picture.
    pub title: String,
    /// What the rows are.
    pub row_label: String,
    /// What the columns are.
    pub column_label: String,
    /// Names of the rows, from above.
    pub rows: Vec<String>,
    /// Names of the columns, from the left.
    pub columns: Vec<String>,
    /// `values[row][column]`.
    pub values: Vec<Vec<f64>>,
}

const CELL: i32 = 54;
const TOP: i32 = 92;
/// Letters of a row's name, at least and at most, and pixels for each.
const LETTERS: (usize, usize) = (14, 28);
const LETTER: i32 = 8;

impl HeatMap {
    /// Pixels for the names of the rows.
    fn left(&self) -> i32 {
        let longest = self.rows.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        18 + LETTER * longest.clamp(LETTERS.0, LETTERS.1) as i32
    }
}

impl Plot for HeatMap {
    fn size(&self) -> (u32, u32) {
        let (columns, rows) = (self.columns.len() as i32, self.rows.len() as i32);
        ((self.left() + columns * CELL + 20) as u32, (TOP + rows * CELL + 20) as u32)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static,
    {
        let all = || self.values.iter().flatten().copied().filter(|v| v.is_finite());
        let (left, whole) = (self.left(), all().all(|value| value.fract() == 0.0));
        let low = all().fold(f64::INFINITY, f64::min);
        let span = (all().fold(f64::NEG_INFINITY, f64::max) - low).max(1e-12);
        let centered = Pos::new(HPos::Center, VPos::Center);
        area.draw(&Text::new(self.title.clone(), (12, 10), text(TITLE)))?;
        area.draw(&Text::new(format!("{} ↓   {} →", self.row_label, self.column_label), (12, 40), text(LABEL)))?;
        for (c, name) in self.columns.iter().enumerate() {
            let place = (left + c as i32 * CELL + CELL / 2, TOP - 14);
            area.draw(&Text::new(shorten(name, 8), place, text(LABEL - 3).pos(centered)))?;
        }
        for (r, (name, row)) in self.rows.iter().zip(&self.values).enumerate() {
            let y = TOP + r as i32 * CELL;
            let right = text(LABEL - 1).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(shorten(name, LETTERS.1), (left - 8, y + CELL / 2), right))?;
            for (c, &value) in row.iter().enumerate() {
                let x = left + c as i32 * CELL;
                let share = ((value - low) / span).clamp(0.0, 1.0);
                let corners = [(x, y), (x + CELL - 1, y + CELL - 1)];
                area.draw(&Rectangle::new(corners, shade(share).filled()))?;
                let ink = if share > 0.5 { WHITE } else { BLACK };
                let style = text(LABEL - 1).color(&ink).pos(centered);
                area.draw(&Text::new(number(value, whole), (x + CELL / 2, y + CELL / 2), style))?;
            }
        }
        Ok(())
    }
}

/// White to dark blue.
fn shade(share: f64) -> RGBColor {
    let mix = |from: f64, to: f64| (from + (to - from) * share).round() as u8;
    RGBColor(mix(247.0, 8.0), mix(251.0, 64.0), mix(255.0, 129.0))
}

fn number(value: f64, whole: bool) -> String {
    if whole { format!("{value}") } else { format!("{value:.1}") }
}

fn shorten(name: &str, length: usize) -> String {
    if name.chars().count() <= length {
        return name.to_string();
    }
    name.chars().take(length - 1).chain(['…']).collect()
}
