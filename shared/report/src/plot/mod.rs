//! Pictures: each is drawn once and saved twice, as SVG and as PNG.

mod axes;
mod bars;
mod curves;
mod grid;
mod heat_map;
mod scatter;

use std::path::Path;
use std::sync::Once;

use anyhow::{Context, anyhow};
use image::{ImageFormat, RgbImage};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::file::write_atomically;

pub use bars::Bars;
pub use curves::{Curves, Scale, histogram};
pub use grid::Grid;
pub use heat_map::HeatMap;
pub use scatter::{Scatter, circle};

/// The one typeface; it travels inside the program, so plots look the same everywhere.
pub(crate) const FONT: &str = "DejaVu Sans";

/// Colors that remain apart for the color-blind (Okabe and Ito 2008).
pub(crate) const PALETTE: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
    RGBColor(170, 160, 20),
];

/// The color of series number `i`.
pub(crate) fn color(i: usize) -> RGBColor {
    PALETTE[i % PALETTE.len()]
}

/// A picture that can be drawn on any of plotters' backends.
pub trait Plot {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// Draws the picture on an empty white area of that size.
    ///
    /// # Errors
    /// What plotters reports.
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> anyhow::Result<()>
    where
        DB::ErrorType: 'static;

    /// Writes `NAME.svg` and `NAME.png` into `out` and returns the picture as SVG.
    ///
    /// # Errors
    /// What plotters reports; files that can't be written.
    fn save(&self, out: &Path, name: &str) -> anyhow::Result<String> {
        register_typeface()?;
        let (width, height) = self.size();
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
            area.fill(&WHITE)?;
            self.draw(&area)?;
            area.present()?;
        }
        let mut pixels = vec![0; (width * height * 3) as usize];
        {
            let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
            area.fill(&WHITE)?;
            self.draw(&area)?;
            area.present()?;
        }
        let image = RgbImage::from_raw(width, height, pixels).context("a picture of another size")?;
        write_atomically(&out.join(format!("{name}.svg")), svg.as_bytes())?;
        write_atomically(&out.join(format!("{name}.png")), &encode_png(&image)?)?;
        Ok(svg)
    }
}

/// The bytes of a PNG file.
pub(crate) fn encode_png(image: &RgbImage) -> anyhow::Result<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// Makes the typeface known to plotters, once.
pub(crate) fn register_typeface() -> anyhow::Result<()> {
    static ONCE: Once = Once::new();
    let mut result = Ok(());
    ONCE.call_once(|| {
        result = register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
            .and_then(|()| register_font(FONT, FontStyle::Bold, dejavu::sans::bold()))
            .map_err(|_| anyhow!("the built-in typeface could not be read"));
    });
    result
}
