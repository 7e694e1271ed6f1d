//! The flags of labs that train on random views of images.

use clap::Args;
use serde::Serialize;
use ssl_data::Augmentation;
use ssl_data::augment::Crop;

use crate::range;

/// How views are made: SimCLR's augmentation (Chen et al. 2020), gentler where a run is short.
#[derive(Args, Clone, Debug, Serialize)]
pub struct ViewFlags {
    /// Least share of an image's area that a view shows (above 0 to 1); SimCLR's 0.08 takes longer to learn
    #[arg(long, default_value_t = 0.7, value_parser = range::share)]
    pub crop: f64,
    /// Strength s of the color jitter (0 to 2.5); on CIFAR-10 SimCLR takes 0.5
    #[arg(long, default_value_t = 1.0, value_parser = range::strength)]
    pub strength: f64,
    /// How often all color is taken away (0 to 1); SimCLR's 0.2 leaves Toybox's colors as a way to tell images apart
    #[arg(long, default_value_t = 0.5, value_parser = range::fraction)]
    pub grayscale: f64,
}

impl ViewFlags {
    /// The augmentation that makes such views.
    pub fn augmentation(&self) -> Augmentation {
        let crop = Some(Crop { scale: (self.crop, 1.0), ..Crop::default() });
        Augmentation { crop, grayscale: self.grayscale, ..Augmentation::simclr(self.strength) }
    }
}
