//! Changes of color, as torchvision's on `float` tensors in [0, 1].

use candle_core::{Result, Tensor};

/// Planes of red, green and blue.
pub(super) struct Planes<'a> {
    red: &'a mut [f32],
    green: &'a mut [f32],
    blue: &'a mut [f32],
}

/// How bright images look: the weights of ITU-R 601 to three digits (the augmentations have torchvision's four).
///
/// # Shapes
/// `[B, 3, H, W]` → `[B, 1, H, W]`.
///
/// # Errors
/// A number of channels other than 3.
pub fn luminance(images: &Tensor) -> Result<Tensor> {
    let weights = Tensor::new(&[0.299f32, 0.587, 0.114], images.device())?.reshape((1, 3, 1, 1))?;
    images.broadcast_mul(&weights)?.sum_keepdim(1)
}

/// How bright a color looks: the weights of ITU-R 601-2.
#[inline(always)]
fn gray([red, green, blue]: [f32; 3]) -> f32 {
    0.2989 * red + 0.587 * green + 0.114 * blue
}

/// `factor` · value + (1 − `factor`) · other, within [0, 1].
#[inline(always)]
fn blend(value: f32, other: f32, factor: f32) -> f32 {
    (factor * value + (1.0 - factor) * other).clamp(0.0, 1.0)
}

impl<'a> Planes<'a> {
    pub(super) fn of(view: &'a mut [f32]) -> Self {
        let pixels = view.len() / 3;
        let (red, rest) = view.split_at_mut(pixels);
        let (green, blue) = rest.split_at_mut(pixels);
        Self { red, green, blue }
    }

    #[inline(always)]
    fn each(&mut self, f: impl Fn([f32; 3]) -> [f32; 3]) {
        let pixels = self.red.iter_mut().zip(self.green.iter_mut()).zip(self.blue.iter_mut());
        for ((red, green), blue) in pixels {
            [*red, *green, *blue] = f([*red, *green, *blue]);
        }
    }

    #[inline(always)]
    pub(super) fn brightness(&mut self, factor: f32) {
        self.each(|color| color.map(|value| blend(value, 0.0, factor)));
    }

    #[inline(always)]
    pub(super) fn contrast(&mut self, factor: f32) {
        let pixels = self.red.iter().zip(self.green.iter()).zip(self.blue.iter());
        let sum: f64 = pixels.map(|((&red, &green), &blue)| f64::from(gray([red, green, blue]))).sum();
        let mean = (sum / self.red.len() as f64) as f32;
        self.each(|color| color.map(|value| blend(value, mean, factor)));
    }

    #[inline(always)]
    pub(super) fn saturation(&mut self, factor: f32) {
        self.each(|color| color.map(|value| blend(value, gray(color), factor)));
    }

    #[inline(always)]
    pub(super) fn grayscale(&mut self) {
        self.each(|color| [gray(color); 3]);
    }

    #[inline(always)]
    pub(super) fn solarize(&mut self, threshold: f32) {
        self.each(|color| color.map(|value| if value >= threshold { 1.0 - value } else { value }));
    }

    /// Turns the hue by `turn` of the color circle; saturation and value stay.
    #[inline(always)]
    pub(super) fn hue(&mut self, turn: f32) {
        self.each(|color| {
            let (hue, chroma, value) = hue_chroma_value(color);
            let hue = hue + 6.0 * turn;
            [5.0, 3.0, 1.0].map(|channel| {
                let k = modulo_6(hue + channel);
                (value - chroma * k.min(4.0 - k).clamp(0.0, 1.0)).clamp(0.0, 1.0)
            })
        });
    }
}

/// x − 6·⌊x / 6⌋ for −6 ≤ x < 18: what `rem_euclid` gives, without a call for each pixel.
#[inline(always)]
fn modulo_6(x: f32) -> f32 {
    let x = if x < 0.0 { x + 6.0 } else { x };
    let x = if x >= 12.0 { x - 12.0 } else { x };
    if x >= 6.0 { x - 6.0 } else { x }
}

/// Hue in sixths of the circle, in [−1, 5]; the spread of the channels; the greatest of them.
#[inline(always)]
fn hue_chroma_value([red, green, blue]: [f32; 3]) -> (f32, f32, f32) {
    let value = red.max(green).max(blue);
    let chroma = value - red.min(green).min(blue);
    let divisor = if chroma == 0.0 { 1.0 } else { chroma };
    let from_red = (green - blue) / divisor;
    let from_green = 2.0 + (blue - red) / divisor;
    let from_blue = 4.0 + (red - green) / divisor;
    let hue = if value == red {
        from_red
    } else if value == green {
        from_green
    } else {
        from_blue
    };
    (hue, chroma, value)
}
