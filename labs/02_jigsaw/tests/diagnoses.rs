//! What the typical mistakes of lab 02 are, and what to say of each.

use ssl_grading::{Mistake, mistake};

pub const PATCHES: &[Mistake] = &[
    mistake(
        "column_major",
        "rows and columns mixed up",
        "The cells are counted column by column: cell t lies in row ⌊t / grid⌋ and column t mod grid.",
    ),
    mistake(
        "jitter_swapped",
        "x before y",
        "Down and right are mixed up: the first number of a jitter moves the patch down, the second to the right.",
    ),
    mistake("jitter_forgotten", "jitter unused", "Every patch lies in the corner of its cell: add its jitter."),
    mistake(
        "jitter_of_the_first_image",
        "one jitter for all images",
        "All images have the jitter of the first: image b's begin at number b · grid² (handout, equation 1).",
    ),
    mistake(
        "one_jitter_an_image",
        "one jitter for all cells",
        "All patches of an image have the jitter of its first cell: each cell has its own, number b · grid² + t.",
    ),
    mistake(
        "jitter_cell_by_cell",
        "order of the jitters",
        "The jitters are read cell by cell: they come image by image, number b · grid² + t.",
    ),
    mistake(
        "gap_between_cells",
        "the gap as a distance of cells",
        "Cells are moved apart by the gap: a cell begins at its row times ⌊H/grid⌋; the gap only limits the jitter.",
    ),
    mistake(
        "gap_above_and_left",
        "the gap above and to the left",
        "The gap comes before the patch: it stays free below and to the right, and moves no patch.",
    ),
    mistake(
        "gap_off_the_cell",
        "the gap as a smaller cell",
        "Cells are ⌊H/grid⌋ − gap apart: a cell begins at its row times ⌊H/grid⌋; the gap only limits the jitter.",
    ),
    mistake(
        "cells_as_large_as_patches",
        "patch for cell",
        "Cells are as far apart as a patch is large: they are ⌊H/grid⌋ and ⌊W/grid⌋ apart.",
    ),
];

pub const NORMALIZED: &[Mistake] = &[
    mistake(
        "whole_image",
        "statistics of the image",
        "Mean and variance are those of the whole image: how bright each patch is remains, and betrays its place. Take them per patch.",
    ),
    mistake(
        "channels_together",
        "one statistic for all channels",
        "The channels of a patch share mean and variance: each channel has its own.",
    ),
    mistake(
        "whole_batch",
        "statistics of the batch",
        "Mean and variance are taken over the batch, too, as in batch normalization: take them per patch.",
    ),
    mistake(
        "everything_together",
        "statistics of everything",
        "All patches and channels share one mean and variance: take them per patch and channel.",
    ),
    mistake(
        "sample_variance",
        "n − 1 for n",
        "The variance is divided by the number of pixels − 1, as Candle's `var` does: divide by their number (handout, equation 2).",
    ),
    mistake("not_rooted", "variance for deviation", "You divide by the variance: equation 2 divides by its root."),
    mistake(
        "centered_only",
        "forgets to scale",
        "The patches have mean 0 but keep their contrast: divide by the deviation.",
    ),
    mistake("scaled_only", "forgets to center", "The patches keep their mean: take it away before you divide."),
    mistake(
        "statistics_detached",
        "detaches too much",
        "Values are right, but the gradient takes mean and deviation for constants: do not detach them.",
    ),
];

pub const FLAT: &[Mistake] = &[
    mistake(
        "no_epsilon",
        "divides by 0",
        "A patch of one color has variance 0, and 0/0 is not a number: add ε inside the root.",
    ),
    mistake(
        "epsilon_outside",
        "ε outside the root",
        "ε stands outside the root: a faint patch becomes too strong, and the gradient of a flat one is not a number. Equation 2 has it inside.",
    ),
];

pub const POSITIONS: &[Mistake] = &[
    mistake("column_major", "rows and columns mixed up", "The places are numbered column by column: count row by row."),
    mistake(
        "seen_from_the_neighbor",
        "the direction reversed",
        "This is where the center lies, seen from the neighbor: number the neighbor, seen from the center.",
    ),
    mistake(
        "center_counted",
        "the center has a number",
        "The center has a number of its own, so that the last places are one too high: skip it.",
    ),
    mistake(
        "distance_forgotten",
        "every cell is a neighbor",
        "Cells that do not touch the center get a number, too: only the eight around it are neighbors.",
    ),
    mistake("same_cell_numbered", "the center is a neighbor", "The center itself gets a number: it is no neighbor."),
    mistake("from_one", "counts from 1", "The places are numbered from 1: start with 0."),
    mistake(
        "rows_only",
        "four neighbors",
        "Diagonal neighbors are left out: cells that touch at a corner are neighbors, too.",
    ),
];

pub const PERMUTATIONS: &[Mistake] = &[
    mistake(
        "too_close",
        "any permutations will do",
        "Some of these permutations are closer to an earlier one than they need be: each new one must be as far as possible from the nearest \
         of *all* those before it.",
    ),
    mistake(
        "mean",
        "mean for least distance",
        "Each new permutation has the greatest *mean* distance (the paper's rule), which lets two of them come close: maximize the *least*.",
    ),
    mistake(
        "with_repeats",
        "draws with replacement",
        "A permutation comes twice, so that two classes are the same puzzle: the least distance of a chosen one to all that are chosen is 0, and it \
         must not be chosen again.",
    ),
    mistake(
        "generator_untouched",
        "no randomness",
        "Another state of the generator gives the same first permutation: draw it from `rng`.",
    ),
    mistake(
        "generator_copied",
        "a copy of the generator",
        "`rng` is as it was: draw from it and not from a copy, or the next draw from it is the same once more.",
    ),
    mistake(
        "random_elsewhere",
        "a generator of one's own",
        "The same state of `rng` gives other permutations each time: all random numbers must come from `rng`.",
    ),
];

pub const ALL_AND_NONE: &[Mistake] = &[mistake(
    "one_for_none",
    "the first one always",
    "None were asked for, and there is one: push the first one only where it is wanted.",
)];

pub const SHUFFLED: &[Mistake] = &[
    mistake(
        "inverse",
        "the inverse permutation",
        "Patch t goes to slot π[t]: this is the inverse. Slot t receives patch π[t].",
    ),
    mistake(
        "one_for_the_batch",
        "one permutation for all",
        "All images are shuffled by the permutation of the first: each has its own label.",
    ),
    mistake(
        "labels_ignored",
        "labels unused",
        "Image b is shuffled by permutation number b: its label says which one to take.",
    ),
    mistake(
        "image_forgotten",
        "tiles of the first image",
        "All images have the tiles of the first: with all patches in a row, image b's begin at number b · T.",
    ),
    mistake("unshuffled", "nothing done", "The patches are in their old order."),
    mistake("backwards", "reads from the end", "The permutations are read from their end: slot 0 receives patch π[0]."),
];

pub const FEATURES: &[Mistake] = &[
    mistake(
        "averaged",
        "order does not matter",
        "The features are averaged over the tiles, so that their order is lost: join them.",
    ),
    mistake(
        "summed",
        "order does not matter",
        "The features are summed over the tiles, so that their order is lost: join them.",
    ),
    mistake(
        "tile_by_tile",
        "one pass for each tile",
        "Each place goes through the encoder by itself, so that batch normalization takes its own mean away from every place: one call for all \
         patches.",
    ),
    mistake(
        "image_by_image",
        "one pass for each image",
        "Each image goes through the encoder by itself, so that batch normalization sees one image only: one call for all patches.",
    ),
    mistake(
        "batch_and_tile_mixed",
        "reshapes in another order",
        "Patches of different images are joined: the reshape takes tiles for the first axis. Rows come image by image.",
    ),
    mistake(
        "features_interleaved",
        "features before tiles",
        "The first features of all patches come first: all features of patch 0 come before those of patch 1.",
    ),
    mistake("evaluation_mode", "`train` ignored", "The encoder is always in evaluation mode: hand `train` on."),
    mistake("training_mode", "`train` ignored", "The encoder is always in training mode: hand `train` on."),
    mistake(
        "not_joined",
        "an axis too many",
        "The features still have an axis for the tiles: join them to [B, T · D].",
    ),
    mistake("detached", "detaches too much", "No gradient reaches the encoder: do not detach its features."),
];
