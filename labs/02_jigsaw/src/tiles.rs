//! From images to patches, with the lab's functions and with everything that closes a shortcut.

use candle_core::{Result, Tensor};
use clap::Args;
use jigsaw::{extract_patches, normalize_patches};
use rand::Rng as _;
use serde::Serialize;
use ssl_data::Rng;
use ssl_data::augment::luminance;
use ssl_experiment::{Input, range};

/// How patches are cut; each flag closes a way to tell a place without looking at what is there.
#[derive(Args, Clone, Debug, Serialize)]
pub struct TileFlags {
    /// Pixels between the patches of neighboring cells, at least (0 to 32): without a gap, lines that go on betray neighbors
    #[arg(long, default_value_t = 2, value_parser = range::pixels)]
    pub gap: usize,
    /// Pixels by which a patch may lie to the right and down in its cell (0 to 32): without jitter, its place betrays its cell
    #[arg(long, default_value_t = 3, value_parser = range::pixels)]
    pub jitter: usize,
    /// Pixels of the jitter that each color channel has for itself (0 to 32): the lens gives edges colored fringes, which betray their place
    #[arg(long, default_value_t = 1, value_parser = range::pixels)]
    pub channel_jitter: usize,
    /// Leave every patch as bright as it is: the lens darkens the corners, which betrays their place
    #[arg(long)]
    pub no_normalization: bool,
    /// Strength of a light that falls on each patch from a side of its own (0 to 1): that the lens darkens towards the corners is seen even in a
    /// normalized patch
    #[arg(long, default_value_t = 0.3, value_parser = range::fraction)]
    pub relight: f64,
    /// Share of images without color (0 to 1), as in the papers: shapes count then
    #[arg(long, default_value_t = 0.3, value_parser = range::fraction)]
    pub grayscale: f64,
}

/// Cuts a patch out of every cell of a grid in the middle of an image.
#[derive(Clone, Debug)]
pub struct Cutter {
    pub flags: TileFlags,
    /// Cells along each side.
    pub grid: usize,
    /// Side of a patch in pixels.
    pub patch: usize,
}

/// What the backbone sees of a whole image: a single normalized patch.
const NORMALIZED: Input = Input {
    name: "normalized RGB",
    channels: 3,
    prepare: &|images| normalize_patches(&images.unsqueeze(1)?)?.squeeze(1),
};

impl Cutter {
    /// What the backbone sees of whole images.
    pub fn input(&self) -> Input<'static> {
        if self.flags.no_normalization { Input::RGB } else { NORMALIZED }
    }

    /// Patches `[B, grid², 3, P, P]` with values in [0, 1].
    pub fn cut(&self, images: &Tensor, rng: &mut Rng) -> Result<Tensor> {
        let (batch, _, height, width) = images.dims4()?;
        let TileFlags { gap, jitter, channel_jitter, .. } = self.flags;
        let span = self.grid * (self.patch + gap + jitter);
        let middle = images.narrow(2, (height - span) / 2, span)?.narrow(3, (width - span) / 2, span)?;
        let middle = some_gray(&middle, self.flags.grayscale, rng)?;
        let apart = channel_jitter.min(jitter);
        let mut offset = |most: usize| (rng.random_range(0..=most), rng.random_range(0..=most));
        let common: Vec<_> = (0..batch * self.grid * self.grid).map(|_| offset(jitter - apart)).collect();
        let channels = (0..3).map(|channel| {
            let shifted = |&(dy, dx): &(usize, usize)| {
                let (down, right) = offset(apart);
                (dy + down, dx + right)
            };
            let jitter: Vec<_> = common.iter().map(shifted).collect();
            extract_patches(&middle.narrow(1, channel, 1)?, self.grid, self.patch, gap, &jitter)
        });
        Tensor::cat(&channels.collect::<Result<Vec<_>>>()?, 2)
    }

    /// What the network is shown of patches `[B, T, 3, P, P]`: each in a light of its own, and normalized.
    pub fn finish(&self, patches: &Tensor, rng: &mut Rng) -> Result<Tensor> {
        let relit = relight(patches, self.flags.relight as f32, rng)?;
        if self.flags.no_normalization { Ok(relit) } else { normalize_patches(&relit) }
    }
}

/// Each patch times 1 + a·x + b·y, with x and y from −1 to 1 and slopes a and b of its own.
fn relight(patches: &Tensor, strength: f32, rng: &mut Rng) -> Result<Tensor> {
    let (batch, tiles, _, size, _) = patches.dims5()?;
    let mut slopes = || {
        let slopes: Vec<f32> = (0..batch * tiles).map(|_| rng.random_range(-strength..=strength)).collect();
        Tensor::from_vec(slopes, (batch, tiles, 1, 1, 1), patches.device())
    };
    let ramp = Tensor::from_iter((0..size).map(|i| (2 * i + 1) as f32 / size as f32 - 1.0), patches.device())?;
    let down = slopes()?.broadcast_mul(&ramp.reshape((1, 1, 1, size, 1))?)?;
    let across = slopes()?.broadcast_mul(&ramp.reshape((1, 1, 1, 1, size))?)?;
    patches.broadcast_mul(&(down.broadcast_add(&across)? + 1.0)?) // [B, T, 3, P, P]
}

/// The images, a share of them without color.
fn some_gray(images: &Tensor, share: f64, rng: &mut Rng) -> Result<Tensor> {
    let batch = images.dims()[0];
    let gray: Vec<f32> = (0..batch).map(|_| f32::from(u8::from(rng.random_bool(share)))).collect();
    let gray = Tensor::from_vec(gray, (batch, 1, 1, 1), images.device())?;
    images + luminance(images)?.broadcast_sub(images)?.broadcast_mul(&gray)?
}
