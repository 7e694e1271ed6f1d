//! How the experiment makes views: the course's changes of pixels, put together by the lab's functions.

use candle_core::{Result, Tensor};
use simclr::{Transform, augment, crop_box, two_views};
use ssl_data::Rng;
use ssl_data::augment::{Blur, Crop, Jitter, Step};

/// What may happen to an image on its way to a view: probabilities, and how far crops and colors go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Least share of the image's area that a view shows.
    pub crop: f64,
    pub flip: f64,
    pub jitter: f64,
    /// Strength of the jitter, s in the paper.
    pub strength: f64,
    pub grayscale: f64,
    pub blur: f64,
    pub solarize: f64,
}

/// Standard deviations of the blur, in pixels, and the width of its kernel: a tenth of 32 pixels.
const BLUR: Blur = Blur { probability: 1.0, kernel: 3, sigma: (0.1, 2.0) };

impl Recipe {
    /// Crops and nothing else.
    pub fn crop_only(crop: f64) -> Self {
        Self { crop, flip: 0.0, jitter: 0.0, strength: 1.0, grayscale: 0.0, blur: 0.0, solarize: 0.0 }
    }

    /// One view of an image `[3, H, W]` of bytes.
    pub fn draw(&self, image: &Tensor, rng: &mut Rng) -> Result<Tensor> {
        let (_, height, width) = image.dims3()?;
        let crop = |image: &Tensor, rng: &mut Rng| {
            crop_box(rng, height, width, (self.crop, 1.0), Crop::default().ratio).cut(image, width)
        };
        let flip = |image: &Tensor, _: &mut Rng| image.flip(&[2]);
        let jitter = |image: &Tensor, rng: &mut Rng| change(image, &Jitter::simclr(self.strength).draw(rng));
        let grayscale = |image: &Tensor, _: &mut Rng| Step::Grayscale.change(image);
        let blur = |image: &Tensor, rng: &mut Rng| change(image, &[BLUR.draw(rng)]);
        let solarize = |image: &Tensor, _: &mut Rng| Step::Solarize(0.5).change(image);
        let steps: [(f64, &Transform); 6] = [
            (1.0, &crop),
            (self.flip, &flip),
            (self.jitter, &jitter),
            (self.grayscale, &grayscale),
            (self.blur, &blur),
            (self.solarize, &solarize),
        ];
        augment(&steps, image, rng)
    }
}

/// The image after some steps.
fn change(image: &Tensor, steps: &[Step]) -> Result<Tensor> {
    steps.iter().try_fold(image.clone(), |image, step| step.change(&image))
}

/// A view of an image by each recipe.
pub fn pair([a, b]: [Recipe; 2], image: &Tensor, rng: &mut Rng) -> Result<Vec<Tensor>> {
    if a == b {
        let (a, b) = two_views(&|image, rng| a.draw(image, rng), image, rng)?;
        Ok(vec![a, b])
    } else {
        Ok(vec![a.draw(image, rng)?, b.draw(image, rng)?])
    }
}
