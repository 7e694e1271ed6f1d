//! Lab 02: relative patches and jigsaw puzzles (Doersch, Gupta and Efros 2015; Noroozi and Favaro 2016).
//!
//! Cut an image into tiles, shuffle them, and train a network to tell in which order they came. To know where a tile belongs one has to
//! know what it shows, unless the lens gives it away. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

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
    // BEGIN SOLUTION 1: cut a patch out of every cell
    let (batch, channels, height, width) = images.dims4()?;
    let cells = grid * grid;
    if cells == 0 || jitter.len() != batch * cells {
        bail!("extract_patches: {batch} images of {cells} cells, got {} jitters", jitter.len());
    }
    let (cell_height, cell_width) = (height / grid, width / grid);
    let mut patches = Vec::with_capacity(jitter.len());
    for (i, &(dy, dx)) in jitter.iter().enumerate() {
        if dy + patch + gap > cell_height || dx + patch + gap > cell_width {
            bail!(
                "extract_patches: a patch of {patch} at ({dy}, {dx}) with a gap of {gap} leaves its cell of {cell_height}×{cell_width}"
            );
        }
        let (row, column) = (i % cells / grid, i % grid);
        let rows = images.narrow(0, i / cells, 1)?.narrow(2, row * cell_height + dy, patch)?;
        patches.push(rows.narrow(3, column * cell_width + dx, patch)?); // [1, C, patch, patch]
    }
    Tensor::cat(&patches, 0)?.reshape((batch, cells, channels, patch, patch))
    // END SOLUTION
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
    // BEGIN SOLUTION 2: mean 0 and standard deviation 1, per patch and channel
    if patches.rank() != 5 {
        bail!("normalize_patches expects patches [B, T, C, P, P], got {:?}", patches.dims());
    }
    let centered = patches.broadcast_sub(&patches.mean_keepdim((3, 4))?)?;
    let variance = centered.sqr()?.mean_keepdim((3, 4))?; // [B, T, C, 1, 1]
    centered.broadcast_div(&(variance + 1e-5)?.sqrt()?)
    // END SOLUTION
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
    // BEGIN SOLUTION 3: the number of the neighbor, row by row
    let (row, column) = ((neighbor.0 + 1).checked_sub(center.0)?, (neighbor.1 + 1).checked_sub(center.1)?);
    if row > 2 || column > 2 {
        return None;
    }
    match 3 * row + column {
        4 => None,
        place => Some((place - usize::from(place > 4)) as u32),
    }
    // END SOLUTION
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
    // BEGIN SOLUTION 4: each new one as far as possible from the nearest of the others
    let all = all_permutations(tiles)?;
    if count > all.len() {
        bail!("hamming_permutations: {tiles} tiles have {} permutations, got {count}", all.len());
    }
    let distance = |a: &[usize], b: &[usize]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let mut least = vec![usize::MAX; all.len()];
    let mut next = rng.random_range(0..all.len());
    let mut chosen: Vec<Vec<usize>> = Vec::with_capacity(count);
    while chosen.len() < count {
        chosen.push(all[next].clone());
        for (least, permutation) in least.iter_mut().zip(&all) {
            *least = distance(permutation, &all[next]).min(*least);
        }
        next = (0..all.len()).max_by_key(|&i| least[i]).unwrap_or(next);
    }
    Ok(chosen)
    // END SOLUTION
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
    // BEGIN SOLUTION 5: each image's patches in the order that its label names
    let (batch, tiles, ..) = patches.dims5()?;
    let labels: Vec<u32> = labels.to_vec1()?;
    if labels.len() != batch {
        bail!("shuffle_patches: {batch} images, {} labels", labels.len());
    }
    let mut rows = Vec::with_capacity(batch * tiles);
    for (image, &label) in labels.iter().enumerate() {
        match permutations.get(label as usize) {
            Some(order) if order.len() == tiles => rows.extend(order.iter().map(|tile| (image * tiles + tile) as u32)),
            Some(order) => bail!("shuffle_patches: {tiles} tiles, a permutation of {}", order.len()),
            None => bail!("shuffle_patches: label {label}, but {} permutations", permutations.len()),
        }
    }
    let rows = Tensor::from_vec(rows, batch * tiles, patches.device())?;
    patches.flatten_to(1)?.index_select(&rows, 0)?.reshape(patches.shape())
    // END SOLUTION
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
    // BEGIN SOLUTION 6: all patches at once, their features side by side
    let (batch, tiles, ..) = patches.dims5()?;
    let features = encode(&patches.flatten_to(1)?, train)?; // [B · T, D]
    let (_, width) = features.dims2()?;
    features.reshape((batch, tiles * width))
    // END SOLUTION
}
