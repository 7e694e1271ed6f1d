//! Random boxes to cut out.

use rand::Rng as _;

use crate::Rng;

/// A box inside an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CropBox {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl CropBox {
    /// All of an image.
    pub fn whole(height: usize, width: usize) -> Self {
        Self { top: 0, left: 0, height, width }
    }
}

/// How boxes are drawn, as torchvision's `RandomResizedCrop` draws them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    /// Least and greatest share of the image's area; uniform.
    pub scale: (f64, f64),
    /// Least and greatest width ÷ height; uniform in its logarithm.
    pub ratio: (f64, f64),
}

impl Default for Crop {
    /// SimCLR's: 8 to 100 % of the area, 3:4 to 4:3.
    fn default() -> Self {
        Self { scale: (0.08, 1.0), ratio: (3.0 / 4.0, 4.0 / 3.0) }
    }
}

/// Draws that may fall outside the image before the box is put in its center.
const TRIES: usize = 10;

impl Crop {
    /// Draws a box for an image.
    pub fn draw(&self, rng: &mut Rng, height: usize, width: usize) -> CropBox {
        let area = (height * width) as f64;
        for _ in 0..TRIES {
            let area = area * rng.random_range(self.scale.0..=self.scale.1);
            let ratio = rng.random_range(self.ratio.0.ln()..=self.ratio.1.ln()).exp();
            let (box_width, box_height) = ((area * ratio).sqrt().round(), (area / ratio).sqrt().round());
            let (box_width, box_height) = (box_width as usize, box_height as usize);
            if (1..=width).contains(&box_width) && (1..=height).contains(&box_height) {
                let top = rng.random_range(0..=height - box_height);
                let left = rng.random_range(0..=width - box_width);
                return CropBox { top, left, height: box_height, width: box_width };
            }
        }
        self.center(height, width)
    }

    /// The largest box in the center whose shape is allowed.
    fn center(&self, height: usize, width: usize) -> CropBox {
        let ratio = (width as f64 / height as f64).clamp(self.ratio.0, self.ratio.1);
        let box_width = width.min((height as f64 * ratio).round() as usize).max(1);
        let box_height = height.min((width as f64 / ratio).round() as usize).max(1);
        CropBox { top: (height - box_height) / 2, left: (width - box_width) / 2, height: box_height, width: box_width }
    }
}
