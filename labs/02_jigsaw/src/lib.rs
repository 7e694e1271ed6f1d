//! Lab 02: relative patches and jigsaw puzzles (Doersch, Gupta and Efros 2015; Noroozi and Favaro 2016).
//!
//! Cut an image into tiles, shuffle them, and train a network to tell in which order they came. To know where a tile belongs one has to
//! know what it shows, unless the lens gives it away. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use candle_core::{Result, Tensor, bail};
use rand::Rng as _;
use ssl_data::Rng;
use ssl_nn::Encode;

/// Exercise 1: cuts every image into a grid of cells, and one patch out of every cell.
///
/// A cell is ⌊H/grid⌋ high and ⌊W/grid⌋ wide. In every cell a border of `gap` pixels, at the bottom and at the right, stays out of reach, so
/// that patches of neighboring cells are never closer than `gap`. Where in the rest of its cell a patch lies is its jitter:
///
/// ```text
/// patches[b, t, c, y, x] = images[b, c, row · ⌊H/grid⌋ + dy + y, column · ⌊W/grid⌋ + dx + x]
///                                        with t = row · grid + column,  (dy, dx) = jitter[b · grid² + t]
/// ```
///
/// # Shapes
/// `[B, C, H, W]` → `[B, grid², C, patch, patch]`; one jitter for each image and cell, cell by cell within an image.
///
/// # Units
/// `patch`, `gap` and `jitter` in pixels; dy points down, dx to the right.
///
/// # Errors
/// Images that are not of rank 4; no cells; another number of jitters than B · grid²; a patch that would leave its cell or enter the gap:
/// dy + patch and dx + patch are at most the cell's side − gap.
///
/// # Hint
/// `narrow` cuts an axis; `Tensor::cat` and a `reshape` put the patches together again.
pub fn extract_patches(
    images: &Tensor,
    grid: usize,
    patch: usize,
    gap: usize,
    jitter: &[(usize, usize)],
) -> Result<Tensor> {
    todo!("exercise 1: cut a patch out of every cell")
}

/// Exercise 2: gives every channel of every patch mean 0 and standard deviation 1.
///
/// ```text
/// normalized = (x − mean) / √(variance + ε),   ε = 1e-5
/// ```
///
/// with mean and variance over the pixels of one channel of one patch, the variance divided by their number. How bright a patch is, and
/// how much contrast it has, can then no longer tell where it was cut out.
///
/// # Shapes
/// `[B, T, C, P, P]` → the same.
///
/// # Errors
/// A rank other than 5.
///
/// # Hint
/// Which axes hold the pixels of one channel of one patch? `mean_keepdim` takes several at once.
pub fn normalize_patches(patches: &Tensor) -> Result<Tensor> {
    todo!("exercise 2: mean 0 and standard deviation 1, per patch and channel")
}

/// Exercise 3: which of the eight neighbors of a cell another cell is (Doersch, Gupta and Efros 2015, figure 2).
///
/// ```text
/// 0 1 2
/// 3 · 4
/// 5 6 7
/// ```
///
/// None where the cells are the same or do not touch.
///
/// # Units
/// Cells as (row, column), counted from above and from the left.
///
/// # Hint
/// Without the center the places would have the numbers 0 to 8.
pub fn relative_position(center: (usize, usize), neighbor: (usize, usize)) -> Option<u32> {
    todo!("exercise 3: the number of the neighbor, row by row")
}

/// Exercise 4: permutations that are easy to tell apart: each is as far from those before it as any can be.
///
/// The Hamming distance of two permutations is the number of places in which they differ. The first permutation is drawn from
/// `rng`; each further one is one, of all `tiles`! permutations, whose *least* distance to those that are chosen already is greatest. Any of
/// those that are equally far may be taken. (Noroozi and Favaro, algorithm 1, maximize the *mean* distance, which lets two permutations come
/// close to each other.)
///
/// # Shapes
/// `count` permutations of the numbers 0 to `tiles` − 1.
///
/// # Errors
/// More tiles than [`MOST_TILES`]; more permutations than `tiles`! (all of them, or none, are no error).
///
/// # Hint
/// [`all_permutations`] gives all of them. Keep for each the least distance to the chosen ones: a new one can only lower it.
pub fn hamming_permutations(tiles: usize, count: usize, rng: &mut Rng) -> Result<Vec<Vec<usize>>> {
    todo!("exercise 4: each new one as far as possible from the nearest of the others")
}

/// More tiles have more permutations than fit into memory.
pub const MOST_TILES: usize = 9;

/// All permutations of the numbers 0 to `tiles` − 1, in the order of a dictionary.
///
/// # Errors
/// More tiles than [`MOST_TILES`].
pub fn all_permutations(tiles: usize) -> Result<Vec<Vec<usize>>> {
    if tiles > MOST_TILES {
        bail!("expected at most {MOST_TILES} tiles, got {tiles}");
    }
    let mut all = vec![Vec::new()];
    for _ in 0..tiles {
        let longer = all.iter().flat_map(|start: &Vec<usize>| {
            (0..tiles).filter(|tile| !start.contains(tile)).map(|tile| [start.as_slice(), &[tile]].concat())
        });
        all = longer.collect();
    }
    Ok(all)
}

/// Exercise 5: puts the patches of every image into the order of its own permutation.
///
/// Slot t receives patch π\[t\], where π is the permutation that the image's label names:
///
/// ```text
/// shuffled[b, t] = patches[b, permutations[labels[b]][t]]
/// ```
///
/// # Shapes
/// patches `[B, T, C, P, P]`, labels `[B]` of type `u32` → `[B, T, C, P, P]`.
///
/// # Errors
/// Patches that are not of rank 5; another number of labels than images; a label that names no permutation; a permutation of another
/// length than T, where a label names it.
///
/// # Hint
/// With all patches in a row, patch t of image b has the number b · T + t: one `index_select` takes all of them.
pub fn shuffle_patches(patches: &Tensor, permutations: &[Vec<usize>], labels: &Tensor) -> Result<Tensor> {
    todo!("exercise 5: each image's patches in the order that its label names")
}

/// Exercise 6: what the network knows of a puzzle: the features of all its patches, one after the other.
///
/// All patches of all images go through the same encoder, in one batch (the papers' *siamese* branches), so that batch normalization sees
/// all places alike. The features of an image's patches are then joined in their order:
///
/// ```text
/// features[b] = h(patches[b, 0]) ‖ h(patches[b, 1]) ‖ … ‖ h(patches[b, T − 1])
/// ```
///
/// # Shapes
/// `[B, T, C, P, P]` → `[B, T · D]`, where `encode(patches, train)` gives `[N, D]` for `[N, C, P, P]`.
///
/// # Errors
/// A rank other than 5; what `encode` reports.
///
/// # Hint
/// Two reshapes and one call. `train` is for `encode`.
pub fn puzzle_features(encode: &Encode, patches: &Tensor, train: bool) -> Result<Tensor> {
    todo!("exercise 6: all patches at once, their features side by side")
}
