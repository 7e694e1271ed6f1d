//! What the functions of lab 02 promise to refuse or to pass on.

use candle_core::{DType, Device, Result, Tensor, bail};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::Bad;

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

/// Two images of 9 × 12 pixels in a 3 × 3 grid: cells of 3 × 4 pixels, patches of 2, a gap of 1 unless said.
fn cut(e: &Exercises, gap: usize, jitter: &[(usize, usize)]) -> Result<()> {
    (e.extract_patches)(&ones(&[2, 3, 9, 12])?, 3, 2, gap, jitter).map(drop)
}

pub const EXTRACT_PATCHES: &[Bad<Exercises>] = &[
    ("an image without a batch axis", |e| (e.extract_patches)(&ones(&[3, 9, 12])?, 3, 2, 0, &[(0, 0); 9]).map(drop)),
    ("a grid without cells", |e| (e.extract_patches)(&ones(&[2, 3, 9, 12])?, 0, 2, 0, &[]).map(drop)),
    ("one jitter for two images of nine cells", |e| cut(e, 0, &[(0, 0); 1])),
    ("a jitter for each cell of one image only", |e| cut(e, 0, &[(0, 0); 9])),
    ("more jitters than patches", |e| cut(e, 0, &[(0, 0); 19])),
    ("a patch that leaves its cell downwards", |e| {
        let mut jitter = [(0, 0); 18];
        jitter[3] = (2, 0);
        cut(e, 0, &jitter)
    }),
    ("a patch that leaves its cell to the right", |e| {
        let mut jitter = [(0, 0); 18];
        jitter[10] = (0, 3);
        cut(e, 0, &jitter)
    }),
    ("a patch that enters the gap below", |e| {
        let mut jitter = [(0, 0); 18];
        jitter[4] = (1, 0);
        cut(e, 1, &jitter)
    }),
    ("a patch that enters the gap on the right", |e| {
        let mut jitter = [(0, 0); 18];
        jitter[17] = (0, 2);
        cut(e, 1, &jitter)
    }),
    ("a gap that leaves no room", |e| cut(e, 2, &[(0, 0); 18])),
];

pub const NORMALIZE_PATCHES: &[Bad<Exercises>] = &[
    ("a rank of 4", |e| (e.normalize_patches)(&ones(&[2, 3, 4, 4])?).map(drop)),
    ("a rank of 6", |e| (e.normalize_patches)(&ones(&[1, 2, 3, 2, 4, 4])?).map(drop)),
];

fn choose(e: &Exercises, tiles: usize, count: usize) -> Result<()> {
    (e.hamming_permutations)(tiles, count, &mut Rng::seed_from_u64(0)).map(drop)
}

pub const HAMMING_PERMUTATIONS: &[Bad<Exercises>] = &[
    ("7 permutations of 3 tiles", |e| choose(e, 3, 7)),
    ("25 permutations of 4 tiles", |e| choose(e, 4, 25)),
    ("16 tiles", |e| choose(e, 16, 2)),
    ("21 tiles", |e| choose(e, 21, 2)),
    ("70 tiles", |e| choose(e, 70, 2)),
];

/// Patches of two images, shuffled.
fn shuffle(e: &Exercises, permutations: &[Vec<usize>], labels: &[u32]) -> Result<()> {
    (e.shuffle_patches)(&ones(&[2, 4, 3, 2, 2])?, permutations, &Tensor::new(labels, &Device::Cpu)?).map(drop)
}

pub const SHUFFLE_PATCHES: &[Bad<Exercises>] = &[
    ("patches of rank 4", |e| {
        (e.shuffle_patches)(&ones(&[2, 4, 3, 2])?, &[vec![1, 0, 3, 2]], &Tensor::new(&[0u32, 0], &Device::Cpu)?)
            .map(drop)
    }),
    ("patches of rank 6", |e| {
        (e.shuffle_patches)(&ones(&[2, 4, 3, 2, 2, 1])?, &[vec![1, 0, 3, 2]], &Tensor::new(&[0u32, 0], &Device::Cpu)?)
            .map(drop)
    }),
    ("two images and three labels", |e| shuffle(e, &[vec![1, 0, 3, 2]], &[0, 0, 0])),
    ("two images and one label", |e| shuffle(e, &[vec![1, 0, 3, 2]], &[0])),
    ("a label that names no permutation", |e| shuffle(e, &[vec![1, 0, 3, 2]], &[0, 1])),
    ("a permutation that is too short", |e| shuffle(e, &[vec![1, 0, 2]], &[0, 0])),
    ("a permutation that is too long", |e| shuffle(e, &[vec![1, 0, 2, 4, 3]], &[0, 0])),
];

pub const PUZZLE_FEATURES: &[Bad<Exercises>] = &[
    ("patches of rank 4", |e| (e.puzzle_features)(&|x, _| x.flatten_from(1), &ones(&[2, 3, 4, 4])?, true).map(drop)),
    ("patches of rank 6", |e| {
        (e.puzzle_features)(&|x, _| x.flatten_from(1), &ones(&[2, 4, 3, 2, 2, 1])?, true).map(drop)
    }),
    ("an error that `encode` reports", |e| {
        (e.puzzle_features)(&|_, _| bail!("no features today"), &ones(&[2, 4, 3, 2, 2])?, false).map(drop)
    }),
];
