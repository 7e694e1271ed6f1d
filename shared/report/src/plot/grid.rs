//! Images side by side, a caption below each.

use std::path::Path;

use crate::file::write_atomically;
use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candle_core::{DType, Tensor};
use image::RgbImage;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axes::{LABEL, TITLE, text};
use super::{encode_png, register_typeface};

/// Small images in rows, enlarged without smoothing.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Above the picture.
    pub title: String,
    /// Images a row.
    pub columns: usize,
    /// `[N, 3, H, W]` with values in [0, 1].
    pub images: Tensor,
    /// One an image; a caption that begins with `✗` is red. May be empty.
    pub captions: Vec<String>,
}

/// Pixels that an image is drawn wide, nearly: each of its own becomes a whole number.
const WIDTH: usize = 96;
const GAP: usize = 8;
const TITLE_HEIGHT: usize = 40;
const CAPTION_HEIGHT: usize = 22;

impl Grid {
    /// Writes `NAME.svg` and `NAME.png` into `out` and returns the picture as SVG.
    ///
    /// # Errors
    /// Images of another shape; files that can't be written.
    pub fn save(&self, out: &Path, name: &str) -> anyhow::Result<String> {
        register_typeface()?;
        let image = self.paint()?;
        let png = encode_png(&image)?;
        let (width, height) = image.dimensions();
        let svg = format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             xmlns=\"http://www.w3.org/2000/svg\"><image width=\"{width}\" height=\"{height}\" \
             href=\"data:image/png;base64,{}\"/></svg>\n",
            STANDARD.encode(&png)
        );
        write_atomically(&out.join(format!("{name}.svg")), svg.as_bytes())?;
        write_atomically(&out.join(format!("{name}.png")), &png)?;
        Ok(svg)
    }

    fn paint(&self) -> anyhow::Result<RgbImage> {
        let (count, channels, height, width) = self.images.dims4()?;
        ensure!(channels == 3, "expected images of 3 channels, got {channels}");
        ensure!(
            self.captions.is_empty() || self.captions.len() == count,
            "{count} images, {} captions",
            self.captions.len()
        );
        let zoom = ((WIDTH + width / 2) / width).max(1);
        let caption = if self.captions.is_empty() { 0 } else { CAPTION_HEIGHT };
        let cell = (width * zoom + GAP, height * zoom + GAP + caption);
        let rows = count.div_ceil(self.columns);
        let size = (self.columns * cell.0 + GAP, TITLE_HEIGHT + rows * cell.1);
        let mut pixels = vec![255; size.0 * size.1 * 3];
        let corner = |i: usize| (GAP + i % self.columns * cell.0, TITLE_HEIGHT + i / self.columns * cell.1);
        self.write_text(&mut pixels, size, |i| {
            let (x, y) = corner(i);
            ((x + width * zoom / 2) as i32, (y + height * zoom + 3) as i32)
        })?;
        let mut image = RgbImage::from_raw(size.0 as u32, size.1 as u32, pixels)
            .ok_or_else(|| anyhow::anyhow!("a picture of another size"))?;
        let planes = (self.images.to_dtype(DType::F32)?.clamp(0f32, 1f32)? * 255.0)?.round()?;
        let planes: Vec<f32> = planes.flatten_all()?.to_vec1()?;
        for (i, planes) in planes.chunks_exact(3 * height * width).enumerate() {
            let (left, top) = corner(i);
            for y in 0..height * zoom {
                for x in 0..width * zoom {
                    let at = y / zoom * width + x / zoom;
                    let rgb = [0, 1, 2].map(|c| planes[c * height * width + at] as u8);
                    image.put_pixel((left + x) as u32, (top + y) as u32, image::Rgb(rgb));
                }
            }
        }
        Ok(image)
    }

    /// Writes the title, and each caption centered below the place that `place` gives.
    fn write_text(
        &self,
        pixels: &mut [u8],
        size: (usize, usize),
        place: impl Fn(usize) -> (i32, i32),
    ) -> anyhow::Result<()> {
        let size = (size.0 as u32, size.1 as u32);
        let area = BitMapBackend::with_buffer(pixels, size).into_drawing_area();
        area.draw(&Text::new(self.title.clone(), (GAP as i32, 10), text(TITLE - 2)))?;
        for (i, caption) in self.captions.iter().enumerate() {
            let ink = if caption.starts_with('✗') { RGBColor(190, 30, 30) } else { BLACK };
            let style = text(LABEL - 2).color(&ink).pos(Pos::new(HPos::Center, VPos::Top));
            area.draw(&Text::new(caption.clone(), place(i), style))?;
        }
        area.present()?;
        Ok(())
    }
}
