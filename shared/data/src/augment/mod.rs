//! Random views of images: the augmentations of SimCLR and its successors.
//!
//! An [`Augmentation`] says what may happen to an image, [`Augmentation::draw`] decides what does, and the [`View`] that
//! it returns does it. Both halves agree with torchvision: the draws in their distributions, the steps in their values on
//! `float` tensors.

mod blur;
mod color;
mod crop;
mod resample;
mod view;

use rand::Rng as _;
use rand::seq::SliceRandom;

pub use color::luminance;
pub use crop::{Crop, CropBox};
pub use view::{Step, View};

use crate::Rng;

/// Color jitter, as torchvision's `ColorJitter`: its four steps in random order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    /// How often an image is jittered at all.
    pub probability: f64,
    /// The factor of the brightness lies in [max(0, 1 − b), 1 + b].
    pub brightness: f64,
    /// As `brightness`, for the distance from the mean gray.
    pub contrast: f64,
    /// As `brightness`, for the distance of each pixel from its gray.
    pub saturation: f64,
    /// The hue is turned by up to this part of the color circle, either way; at most ½.
    pub hue: f64,
}

/// Gaussian blur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blur {
    /// How often an image is blurred.
    pub probability: f64,
    /// Width of the kernel in pixels, odd; SimCLR takes a tenth of the image's.
    pub kernel: usize,
    /// Least and greatest standard deviation, in pixels.
    pub sigma: (f64, f64),
}

/// What may happen to an image on its way to a view, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmentation {
    /// Cut out a box and bring it to the size of a view; none: only bring the image to that size.
    pub crop: Option<Crop>,
    /// How often the view is mirrored, left to right.
    pub flip: f64,
    /// Change colors.
    pub jitter: Option<Jitter>,
    /// How often all color is taken away.
    pub grayscale: f64,
    /// Blur.
    pub blur: Option<Blur>,
    /// How often pixels from ½ on are inverted.
    pub solarize: f64,
    /// Height and width of the view in pixels; none: the image's own.
    pub size: Option<usize>,
}

impl Augmentation {
    /// Nothing happens: a view is the image.
    pub const NONE: Self =
        Self { crop: None, flip: 0.0, jitter: None, grayscale: 0.0, blur: None, solarize: 0.0, size: None };

    /// SimCLR's augmentation (Chen et al. 2020, appendix A) with color distortion of strength `s`: jitter of 0.8·s,
    /// 0.8·s, 0.8·s and 0.2·s four times out of five, gray once out of five. Without the blur, as there for CIFAR-10.
    pub fn simclr(strength: f64) -> Self {
        Self {
            crop: Some(Crop::default()),
            flip: 0.5,
            jitter: Some(Jitter::simclr(strength)),
            grayscale: 0.2,
            ..Self::NONE
        }
    }

    /// Decides what happens to one image of `height` × `width` pixels.
    pub fn draw(&self, rng: &mut Rng, height: usize, width: usize) -> View {
        let crop = match &self.crop {
            Some(crop) => crop.draw(rng, height, width),
            None => CropBox::whole(height, width),
        };
        let flip = rng.random_bool(self.flip);
        let mut steps = Vec::new();
        if let Some(jitter) = &self.jitter
            && rng.random_bool(jitter.probability)
        {
            steps.extend(jitter.draw(rng));
        }
        if rng.random_bool(self.grayscale) {
            steps.push(Step::Grayscale);
        }
        if let Some(blur) = &self.blur
            && rng.random_bool(blur.probability)
        {
            steps.push(blur.draw(rng));
        }
        if rng.random_bool(self.solarize) {
            steps.push(Step::Solarize(0.5));
        }
        View { crop, flip, steps }
    }
}

impl Blur {
    /// Draws the standard deviation; whether it happens at all is not drawn here.
    pub fn draw(&self, rng: &mut Rng) -> Step {
        Step::Blur { kernel: self.kernel, sigma: rng.random_range(self.sigma.0..=self.sigma.1) as f32 }
    }
}

impl Jitter {
    /// SimCLR's of strength `s`: see [`Augmentation::simclr`].
    pub fn simclr(strength: f64) -> Self {
        Self {
            probability: 0.8,
            brightness: 0.8 * strength,
            contrast: 0.8 * strength,
            saturation: 0.8 * strength,
            hue: 0.2 * strength,
        }
    }

    /// Draws the four steps, in random order; whether they happen at all is not drawn here.
    pub fn draw(&self, rng: &mut Rng) -> [Step; 4] {
        let mut factor = |spread: f64| rng.random_range((1.0 - spread).max(0.0)..=1.0 + spread) as f32;
        let [brightness, contrast, saturation] = [self.brightness, self.contrast, self.saturation].map(&mut factor);
        let hue = rng.random_range(-self.hue..=self.hue) as f32;
        let mut steps =
            [Step::Brightness(brightness), Step::Contrast(contrast), Step::Saturation(saturation), Step::Hue(hue)];
        steps.shuffle(rng);
        steps
    }
}
