//! Wrong answers that the checks of lab 02 must name, and right ones that they must accept.

extern crate jigsaw_solution as jigsaw;
#[path = "../../../labs/02_jigsaw/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;
mod orders;
mod tiles;

use std::process::ExitCode;

use candle_core::{Result, Tensor};
use graded::{EXERCISES, Exercises};
use jigsaw::{
    extract_patches, hamming_permutations, normalize_patches, puzzle_features, relative_position, shuffle_patches,
};
use orders::*;
use ssl_data::Rng;
use ssl_grading::mistakes::Cases;
use ssl_nn::Encode;
use tiles::*;

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn extract(extract_patches: fn(&Tensor, usize, usize, usize, &[(usize, usize)]) -> Result<Tensor>) -> Exercises {
    Exercises { extract_patches, ..EXERCISES }
}

const fn normal(normalize_patches: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { normalize_patches, ..EXERCISES }
}

const fn place(relative_position: fn((usize, usize), (usize, usize)) -> Option<u32>) -> Exercises {
    Exercises { relative_position, ..EXERCISES }
}

const fn choice(hamming_permutations: fn(usize, usize, &mut Rng) -> Result<Vec<Vec<usize>>>) -> Exercises {
    Exercises { hamming_permutations, ..EXERCISES }
}

const fn shuffle(shuffle_patches: fn(&Tensor, &[Vec<usize>], &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { shuffle_patches, ..EXERCISES }
}

const fn features(puzzle_features: fn(&Encode, &Tensor, bool) -> Result<Tensor>) -> Exercises {
    Exercises { puzzle_features, ..EXERCISES }
}

#[rustfmt::skip]
const MISTAKES: &[(&str, Exercises)] = &[
    ("column_major", extract(|x, g, p, _, j| cut(x, g, p, j, &Rule { transposed: true, ..RIGHT }))),
    ("jitter_swapped", extract(|x, g, p, _, j| cut(x, g, p, &swapped(j), &RIGHT))),
    ("jitter_forgotten", extract(|x, g, p, n, j| extract_patches(x, g, p, n, &vec![(0, 0); j.len()]))),
    ("jitter_of_the_first_image", extract(|x, g, p, _, j| cut(x, g, p, j, &Rule { jitter: |_, t, _, _| t, ..RIGHT }))),
    ("one_jitter_an_image", extract(|x, g, p, _, j| cut(x, g, p, j, &Rule { jitter: |b, _, n, _| b * n, ..RIGHT }))),
    ("jitter_cell_by_cell", extract(|x, g, p, _, j| cut(x, g, p, j, &Rule { jitter: |b, t, _, k| t * k + b, ..RIGHT }))),
    ("gap_between_cells", extract(|x, g, p, n, j| cut(x, g, p, j, &Rule { longer: n as isize, ..RIGHT }))),
    ("gap_above_and_left", extract(|x, g, p, n, j| cut(x, g, p, &beyond(j, n), &RIGHT))),
    ("gap_off_the_cell", extract(|x, g, p, n, j| cut(x, g, p, j, &Rule { longer: -(n as isize), ..RIGHT }))),
    ("cells_as_large_as_patches", extract(|x, g, p, _, j| cut(x, g, p, j, &Rule { side: Some(p), ..RIGHT }))),
    ("whole_image", normal(|x| normalized(x, &[1, 3, 4], 0.0))),
    ("channels_together", normal(|x| normalized(x, &[2, 3, 4], 0.0))),
    ("whole_batch", normal(|x| normalized(x, &[0, 3, 4], 0.0))),
    ("everything_together", normal(|x| normalized(x, &[0, 1, 2, 3, 4], 0.0))),
    ("sample_variance", normal(|x| normalized(x, &[3, 4], 1.0))),
    ("not_rooted", normal(|x| centered(x)?.broadcast_div(&(variance(x)? + 1e-5)?))),
    ("centered_only", normal(centered)),
    ("scaled_only", normal(|x| x.broadcast_div(&(variance(x)? + 1e-5)?.sqrt()?))),
    ("statistics_detached", normal(statistics_detached)),
    ("no_epsilon", normal(|x| centered(x)?.broadcast_div(&variance(x)?.sqrt()?))),
    ("epsilon_outside", normal(|x| centered(x)?.broadcast_div(&(variance(x)?.sqrt()? + 1e-5)?))),
    ("column_major", place(|c, n| relative_position((c.1, c.0), (n.1, n.0)))),
    ("seen_from_the_neighbor", place(|c, n| relative_position(n, c))),
    ("center_counted", place(|c, n| relative_position(c, n).map(|place| place + u32::from(place > 3)))),
    ("distance_forgotten", place(distance_forgotten)),
    ("same_cell_numbered", place(|c, n| if c == n { Some(4) } else { relative_position(c, n) })),
    ("from_one", place(|c, n| relative_position(c, n).map(|place| place + 1))),
    ("rows_only", place(|c, n| relative_position(c, n).filter(|_| c.0.abs_diff(n.0) + c.1.abs_diff(n.1) < 2))),
    ("too_close", choice(random)),
    ("too_close", choice(first_of_all)),
    ("too_close", choice(greedy_to_the_last)),
    ("mean", choice(by_mean)),
    ("with_repeats", choice(with_repeats)),
    ("generator_untouched", choice(|tiles, count, _| hamming_permutations(tiles, count, &mut seeded()))),
    ("generator_copied", choice(|tiles, count, rng| hamming_permutations(tiles, count, &mut rng.clone()))),
    ("random_elsewhere", choice(|tiles, count, _| hamming_permutations(tiles, count, &mut of_the_system()))),
    ("one_for_none", choice(|tiles, count, rng| hamming_permutations(tiles, count.max(1), rng))),
    ("image_forgotten", shuffle(image_forgotten)),
    ("inverse", shuffle(|x, p, y| shuffle_patches(x, &inverted(p), y))),
    ("one_for_the_batch", shuffle(|x, p, y| shuffle_patches(x, p, &y.get(0)?.broadcast_as(y.shape())?.contiguous()?))),
    ("labels_ignored", shuffle(labels_ignored)),
    ("unshuffled", shuffle(|x, _, _| Ok(x.clone()))),
    ("backwards", shuffle(|x, p, y| shuffle_patches(x, &backwards(p), y))),
    ("averaged", features(|e, x, train| by_tile(e, x, train)?.mean(1))),
    ("summed", features(|e, x, train| by_tile(e, x, train)?.sum(1))),
    ("tile_by_tile", features(|e, x, train| parts(x, 1, |x| puzzle_features(e, x, train)))),
    ("image_by_image", features(|e, x, train| parts(x, 0, |x| puzzle_features(e, x, train)))),
    ("batch_and_tile_mixed", features(batch_and_tile_mixed)),
    ("features_interleaved", features(|e, x, train| by_tile(e, x, train)?.transpose(1, 2)?.flatten_from(1))),
    ("evaluation_mode", features(|e, x, _| puzzle_features(e, x, false))),
    ("training_mode", features(|e, x, _| puzzle_features(e, x, true))),
    ("not_joined", features(by_tile)),
    ("detached", features(|e, x, train| Ok(puzzle_features(e, x, train)?.detach()))),
];

/// Wrong, but nothing that anybody would write: it has to lose points, and needs no name.
#[rustfmt::skip]
const NAMELESS: &[(&str, Exercises)] = &[
    ("board_of_five", place(|center, neighbor| if neighbor.0 > 4 || neighbor.1 > 4 { None } else { relative_position(center, neighbor) })),
    ("labels_as_bytes", shuffle(|x, p, y| shuffle_patches(x, p, &y.to_dtype(candle_core::DType::U8)?.to_dtype(candle_core::DType::U32)?))),
    ("gap_ignored", extract(|x, g, p, _, j| extract_patches(x, g, p, 0, j))),
    ("square_cells", extract(|x, g, p, n, j| { let (.., h, w) = x.dims4()?; extract_patches(&x.narrow(2, 0, h.min(w))?.narrow(3, 0, h.min(w))?, g, p, n, j) })),
    ("first_channel", extract(|x, g, p, n, j| { let patches = extract_patches(x, g, p, n, j)?; patches.narrow(2, 0, 1)?.broadcast_as(patches.shape()) })),
    ("extra_jitters", extract(|x, g, p, n, j| extract_patches(x, g, p, n, &j[..j.len().min(x.dims()[0] * g * g)]))),
    ("row_by_row", normal(|x| normalized(x, &[4], 0.0))),
    ("rank_of_four", normal(|x| if x.rank() == 4 { Ok(x.clone()) } else { normalize_patches(x) })),
    ("larger_epsilon", normal(|x| centered(x)?.broadcast_div(&(variance(x)? + 1e-4)?.sqrt()?))),
    ("flat_left_alone", normal(|x| if x.dims()[1] == 2 { Ok(x.clone()) } else { normalize_patches(x) })),
    ("mean_detached", normal(|x| x.broadcast_sub(&x.mean_keepdim((3, 4))?.detach())?.broadcast_div(&(variance(x)? + 1e-5)?.sqrt()?))),
    ("last_neighbor_lost", place(|c, n| relative_position(c, n).filter(|place| *place < 7))),
    ("middle_only", place(|c, n| relative_position((1, 1), (n.0 + 1 - c.0.min(n.0 + 1), n.1 + 1 - c.1.min(n.1 + 1))))),
    ("one_less", choice(|tiles, count, rng| hamming_permutations(tiles, count.saturating_sub(1).max(1), rng))),
    ("first_ones_forgotten", choice(first_ones_forgotten)),
    ("patches_detached", shuffle(|x, p, y| shuffle_patches(&x.detach(), p, y))),
    ("relu_of_features", features(|e, x, train| puzzle_features(e, x, train)?.relu())),
    ("refuses_all", choice(refuses_all)),
    ("labels_wrap", shuffle(labels_wrap)),
    ("short_permutations", shuffle(short_permutations)),
    ("errors_swallowed", features(|e, x, train| puzzle_features(e, x, train).or_else(|_| x.flatten_from(1)))),
    ("two_images_only", features(|e, x, train| { let n = x.dims()[0].min(2); puzzle_features(e, &x.narrow(0, 0, n)?, train) })),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("patches_by_index", extract(patches_by_index)),
    ("cells_first", extract(cells_first)),
    ("normalized_by_moments", normal(normalized_by_moments)),
    ("normalized_by_row", normal(normalized_by_row)),
    ("position_by_table", place(position_by_table)),
    ("all_ties_at_random", choice(all_ties_at_random)),
    ("shuffled_one_by_one", shuffle(shuffled_one_by_one)),
    ("features_by_cat", features(features_by_cat)),
];
