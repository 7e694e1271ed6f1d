//! From images to puzzles, with the lab's functions.

use anyhow::ensure;
use candle_core::{Device, Result, Tensor};
use clap::{Args, ValueEnum};
use jigsaw::{extract_patches, hamming_permutations, normalize_patches, relative_position, shuffle_patches};
use rand::{Rng as _, SeedableRng};
use serde::Serialize;
use ssl_data::Rng;
use ssl_experiment::{Input, Run, range};

/// What is to be told from the patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Task {
    /// In which order the tiles of a puzzle are, of some permutations (Noroozi and Favaro)
    Jigsaw,
    /// Where a patch lies, seen from the middle of the image (Doersch, Gupta and Efros)
    Relative,
}

impl Task {
    pub fn name(self) -> &'static str {
        match self {
            Self::Jigsaw => "jigsaw",
            Self::Relative => "relative",
        }
    }
}

/// How puzzles are made.
#[derive(Args, Clone, Debug, Serialize)]
pub struct PuzzleFlags {
    /// The pretext task
    #[arg(long, value_enum, default_value_t = Task::Jigsaw)]
    pub task: Task,
    /// Cells along each side (2 to 3) [default: 3, or 2 for images of less than 48 pixels]
    #[arg(long, value_name = "N", value_parser = range::grid)]
    pub grid: Option<usize>,
    /// Permutations of the jigsaw (1 to 1000000; more than there are is an error) [default: 64, or all 24 of four tiles]
    #[arg(long, value_name = "N", value_parser = range::count)]
    pub permutations: Option<usize>,
    /// Pixels between the patches of neighboring cells, at least (0 to 32): without a gap lines that go on betray neighbors
    #[arg(long, default_value_t = 2, value_parser = range::pixels)]
    pub gap: usize,
    /// Pixels by which a patch may lie to the right and down in its cell (0 to 32): without jitter its place betrays its cell
    #[arg(long, default_value_t = 3, value_parser = range::pixels)]
    pub jitter: usize,
    /// Leave every patch as bright as it is: the lens darkens the corners, which betrays their place
    #[arg(long)]
    pub no_normalization: bool,
    /// Strength of a light that falls on each patch from a side of its own (0 to 1): the lens darkens towards the corners, and that slope
    /// betrays a place even in a normalized patch
    #[arg(long, default_value_t = 0.3, value_parser = range::fraction)]
    pub relight: f64,
    /// Pixels of the jitter that each color channel has for itself (0 to 32): the lens gives edges colored fringes, which betray their place
    #[arg(long, default_value_t = 1, value_parser = range::pixels)]
    pub channel_jitter: usize,
    /// Share of images without color (0 to 1), as in the papers: shapes count then
    #[arg(long, default_value_t = 0.3, value_parser = range::fraction)]
    pub grayscale: f64,
}

/// The generator of everything that is drawn outside of training.
pub fn generator(seed: u64) -> Rng {
    Rng::seed_from_u64(seed)
}

/// Patches and what is to be told from them.
pub struct Puzzle {
    /// `[B, T, 3, P, P]`
    pub patches: Tensor,
    /// `[B]`, `u32`
    pub labels: Tensor,
}

/// Makes puzzles of images of one size.
pub struct Maker {
    flags: PuzzleFlags,
    pub grid: usize,
    pub patch: usize,
    /// Of the tiles, for the jigsaw.
    pub permutations: Vec<Vec<usize>>,
    /// Cells around the middle, for relative positions: each with its class.
    neighbors: Vec<(usize, u32)>,
}

/// The least side of a patch in pixels: the backbone halves it three times.
const LEAST_PATCH: usize = 8;

/// Images of fewer pixels are cut into four tiles.
const FOUR_TILES_BELOW: usize = 48;

impl Maker {
    /// Settles what the flags leave open for the run's images.
    ///
    /// # Errors
    /// Patches that are too small; more permutations than there are; relative positions without a middle cell.
    pub fn new(run: &Run, flags: &PuzzleFlags) -> anyhow::Result<Self> {
        let (height, width) = run.data.train.images().size();
        let side = height.min(width);
        let grid = flags.grid.unwrap_or(if side < FOUR_TILES_BELOW { 2 } else { 3 });
        let patch = (side / grid).saturating_sub(flags.gap + flags.jitter);
        ensure!(
            patch >= LEAST_PATCH,
            "--gap {} --jitter {}: they leave patches of {patch} pixels in cells of {}, expected at least {LEAST_PATCH}",
            flags.gap,
            flags.jitter,
            side / grid
        );
        Self::with_patch(run.seed(), flags, grid, patch)
    }

    /// As [`Maker::new`], with patches of a given size, whose cells may fill only the middle of the images.
    pub fn with_patch(seed: u64, flags: &PuzzleFlags, grid: usize, patch: usize) -> anyhow::Result<Self> {
        let (tiles, mut rng) = (grid * grid, generator(seed));
        let flags = flags.clone();
        let (mut permutations, mut neighbors) = (Vec::new(), Vec::new());
        match flags.task {
            Task::Jigsaw => {
                let count = flags.permutations.unwrap_or(if tiles == 4 { 24 } else { 64 });
                permutations = hamming_permutations(tiles, count, &mut rng)?;
            }
            Task::Relative => {
                ensure!(grid == 3, "--task relative needs a middle cell: expected --grid 3, got {grid}");
                let class = |cell: usize| Some((cell, relative_position((1, 1), (cell / grid, cell % grid))?));
                neighbors = (0..tiles).filter_map(class).collect();
            }
        }
        Ok(Self { flags, grid, patch, permutations, neighbors })
    }

    /// Patches of a puzzle.
    pub fn patches(&self) -> usize {
        match self.flags.task {
            Task::Jigsaw => self.grid * self.grid,
            Task::Relative => 2,
        }
    }

    /// Answers to choose from.
    pub fn classes(&self) -> usize {
        match self.flags.task {
            Task::Jigsaw => self.permutations.len(),
            Task::Relative => self.neighbors.len(),
        }
    }

    /// What the backbone sees of whole images: as a single patch.
    pub fn input(&self) -> Input<'static> {
        const NORMALIZED: Input =
            Input { channels: 3, prepare: &|images| normalize_patches(&images.unsqueeze(1)?)?.squeeze(1) };
        if self.flags.no_normalization { Input::RGB } else { NORMALIZED }
    }

    fn normalized(&self, patches: &Tensor) -> Result<Tensor> {
        if self.flags.no_normalization { Ok(patches.clone()) } else { normalize_patches(patches) }
    }

    /// A puzzle of each image.
    pub fn puzzles(&self, images: &Tensor, rng: &mut Rng) -> Result<Puzzle> {
        let tiles = self.tiles(images, rng)?;
        let batch = images.dims()[0];
        let classes = self.classes() as u32;
        let labels: Vec<u32> = (0..batch).map(|_| rng.random_range(0..classes)).collect();
        let patches = match self.flags.task {
            Task::Jigsaw => {
                shuffle_patches(&tiles, &self.permutations, &Tensor::new(labels.as_slice(), &Device::Cpu)?)?
            }
            Task::Relative => {
                let middle = self.grid * self.grid / 2;
                let pair = |(i, label): (usize, &u32)| {
                    let of = |cell: usize| tiles.narrow(0, i, 1)?.narrow(1, cell, 1);
                    Tensor::cat(&[of(middle)?, of(self.neighbors[*label as usize].0)?], 1)
                };
                Tensor::cat(&labels.iter().enumerate().map(pair).collect::<Result<Vec<_>>>()?, 0)?
            }
        };
        let labels = labels.into_iter().map(|label| match self.flags.task {
            Task::Jigsaw => label,
            Task::Relative => self.neighbors[label as usize].1,
        });
        Ok(Puzzle { patches, labels: Tensor::from_iter(labels, images.device())? })
    }

    /// A patch of every cell of each image, in order.
    pub fn tiles(&self, images: &Tensor, rng: &mut Rng) -> Result<Tensor> {
        let (batch, _, height, width) = images.dims4()?;
        let span = self.grid * (self.patch + self.flags.gap + self.flags.jitter);
        let middle = images.narrow(2, (height - span) / 2, span)?.narrow(3, (width - span) / 2, span)?;
        let middle = self.without_some_color(&middle, rng)?;
        let count = batch * self.grid * self.grid;
        let apart = self.flags.channel_jitter.min(self.flags.jitter);
        let common: Vec<_> =
            (0..count).map(|_| [(); 2].map(|()| rng.random_range(0..=self.flags.jitter - apart))).collect();
        let mut channel = |c: usize| {
            let jitter =
                common.iter().map(|[dy, dx]| (dy + rng.random_range(0..=apart), dx + rng.random_range(0..=apart)));
            let jitter: Vec<_> = jitter.collect();
            extract_patches(&middle.narrow(1, c, 1)?, self.grid, self.patch, self.flags.gap, &jitter)
        };
        let patches = Tensor::cat(&[channel(0)?, channel(1)?, channel(2)?], 2)?;
        self.normalized(&self.relit(&patches, rng)?)
    }

    /// Each patch in a light from a side of its own.
    fn relit(&self, patches: &Tensor, rng: &mut Rng) -> Result<Tensor> {
        let (batch, tiles, _, size, _) = patches.dims5()?;
        let strength = self.flags.relight as f32;
        let mut slopes = || {
            let slopes = (0..batch * tiles).map(|_| rng.random_range(-strength..=strength));
            Tensor::from_iter(slopes.collect::<Vec<_>>(), patches.device())?.reshape((batch, tiles, 1, 1, 1))
        };
        let ramp = Tensor::from_iter((0..size).map(|i| (2 * i + 1) as f32 / size as f32 - 1.0), patches.device())?;
        let down = slopes()?.broadcast_mul(&ramp.reshape((1, 1, 1, size, 1))?)?;
        let across = slopes()?.broadcast_mul(&ramp.reshape((1, 1, 1, 1, size))?)?;
        patches.broadcast_mul(&(down.broadcast_add(&across)? + 1.0)?)
    }

    /// The images, some of them gray.
    fn without_some_color(&self, images: &Tensor, rng: &mut Rng) -> Result<Tensor> {
        let (batch, ..) = images.dims4()?;
        let gray = (0..batch).map(|_| f32::from(u8::from(rng.random_bool(self.flags.grayscale))));
        let gray = Tensor::from_iter(gray, images.device())?.reshape((batch, 1, 1, 1))?;
        let weights = Tensor::new(&[0.299f32, 0.587, 0.114], images.device())?.reshape((1, 3, 1, 1))?;
        let luminance = images.broadcast_mul(&weights)?.sum_keepdim(1)?; // [B, 1, H, W]
        // x + gray · (luminance − x)
        images + luminance.broadcast_sub(images)?.broadcast_mul(&gray)?
    }
}
