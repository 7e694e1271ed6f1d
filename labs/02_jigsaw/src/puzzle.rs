//! From images to puzzles, with the lab's functions.

use anyhow::ensure;
use candle_core::{D, DType, Result, Tensor};
use clap::{Args, ValueEnum};
use jigsaw::{hamming_permutations, relative_position, shuffle_patches};
use rand::{Rng as _, SeedableRng};
use serde::Serialize;
use ssl_data::Rng;
use ssl_experiment::{Run, range};

use super::tiles::{Cutter, TileFlags};

/// What is to be told from the patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Task {
    /// In which of some orders the tiles of a puzzle are (Noroozi and Favaro)
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
    /// Permutations of the jigsaw (1 to 1000000, but no more than there are) [default: 64, or all 24 of four tiles]
    #[arg(long, value_name = "N", value_parser = range::count)]
    pub permutations: Option<usize>,
    #[command(flatten)]
    #[serde(flatten)]
    pub tiles: TileFlags,
}

/// The generator of everything that is drawn outside of training.
pub fn generator(seed: u64) -> Rng {
    Rng::seed_from_u64(seed)
}

/// Patches, and what is to be told from them.
pub struct Puzzle {
    /// As they were cut, `[B, T, 3, P, P]` with values in [0, 1].
    pub pictures: Tensor,
    /// As the network sees them.
    pub patches: Tensor,
    /// `[B]`, `u32`
    pub labels: Tensor,
}

impl Puzzle {
    /// The share of puzzles that logits `[B, answers]` solve.
    pub fn solved(&self, logits: &Tensor) -> Result<f64> {
        let right = logits.argmax(D::Minus1)?.eq(&self.labels)?.to_dtype(DType::F32)?;
        Ok(f64::from(right.mean_all()?.to_scalar::<f32>()?))
    }
}

/// Makes puzzles of images of one size.
pub struct Maker {
    pub cutter: Cutter,
    /// For every answer the tiles that are shown, in their order.
    pub orders: Vec<Vec<usize>>,
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
        let TileFlags { gap, jitter, .. } = flags.tiles;
        let patch = (side / grid).saturating_sub(gap + jitter);
        ensure!(
            patch >= LEAST_PATCH,
            "--gap {gap} --jitter {jitter}: they leave patches of {patch} pixels in cells of {}, expected at least {LEAST_PATCH}",
            side / grid
        );
        let cutter = Cutter { flags: flags.tiles.clone(), grid, patch };
        Ok(Self { cutter, orders: orders(flags, grid, &mut generator(run.seed()))? })
    }

    /// Patches of a puzzle.
    pub fn tiles(&self) -> usize {
        self.orders[0].len()
    }

    /// Answers to choose from.
    pub fn classes(&self) -> usize {
        self.orders.len()
    }

    /// A puzzle of each image.
    pub fn puzzles(&self, images: &Tensor, rng: &mut Rng) -> Result<Puzzle> {
        let cut = self.cutter.cut(images, rng)?; // [B, grid², 3, P, P]
        let classes = self.classes() as u32;
        let labels: Vec<u32> = (0..images.dims()[0]).map(|_| rng.random_range(0..classes)).collect();
        let labels = Tensor::from_vec(labels, images.dims()[0], images.device())?;
        // The tiles that are shown come first.
        let pictures = shuffle_patches(&cut, &self.permutations(), &labels)?.narrow(1, 0, self.tiles())?;
        let patches = self.cutter.finish(&pictures, rng)?;
        Ok(Puzzle { pictures, patches, labels })
    }

    /// The orders, and behind them the tiles that are not shown.
    fn permutations(&self) -> Vec<Vec<usize>> {
        let cells = self.cutter.grid * self.cutter.grid;
        let whole = |order: &Vec<usize>| {
            let rest = (0..cells).filter(|cell| !order.contains(cell));
            order.iter().copied().chain(rest).collect()
        };
        self.orders.iter().map(whole).collect()
    }
}

/// The tiles that each answer shows: all of them in some order, or the middle one and a neighbor.
fn orders(flags: &PuzzleFlags, grid: usize, rng: &mut Rng) -> anyhow::Result<Vec<Vec<usize>>> {
    let cells = grid * grid;
    if flags.task == Task::Jigsaw {
        let all: usize = (1..=cells).product();
        let count = flags.permutations.unwrap_or(all.min(64));
        ensure!(count <= all, "--permutations {count}: {cells} tiles have {all}");
        return Ok(hamming_permutations(cells, count, rng)?);
    }
    ensure!(grid == 3, "--task relative needs a cell in the middle: expected --grid 3, got {grid}");
    let place = |cell: usize| (cell / grid, cell % grid);
    let mut neighbors: Vec<_> =
        (0..cells).filter_map(|cell| Some((relative_position(place(cells / 2), place(cell))?, cell))).collect();
    neighbors.sort_unstable();
    Ok(neighbors.into_iter().map(|(_, cell)| vec![cells / 2, cell]).collect())
}
