//! Mistakes of the losses.

use ssl_grading::{Mistake, mistake};

pub const NEGATIVE_COSINE: &[Mistake] = &[
    mistake(
        "gradient_to_both",
        "no stop-gradient",
        "The value is right, but a gradient reaches z: it is a constant here, so detach it.",
    ),
    mistake(
        "gradient_to_z",
        "stop-gradient on the wrong side",
        "p is detached and z is not: it is the other way round.",
    ),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "The dot product of p and z as they are: divide both by their lengths.",
    ),
    mistake("z_not_normalized", "normalizes p only", "z is not divided by its length."),
    mistake("p_not_normalized", "normalizes z only", "p is not divided by its length."),
    mistake(
        "normalized_over_the_batch",
        "normalizes columns",
        "The lengths are taken over the batch: each row has its own, over the last axis.",
    ),
    mistake("sign", "sign", "The sign is wrong: the same direction gives −1."),
    mistake("summed", "sum for mean", "The cosines are summed over the batch: take their mean."),
    mistake(
        "mean_over_all",
        "mean over dimensions",
        "The products are averaged over dimensions, too: sum there, and average over the batch.",
    ),
    mistake("squared_distance", "distance for cosine", "This is ‖p̂ − ẑ‖², which is 2 + 2·D: exercise 4 asks for it."),
    mistake(
        "length_detached",
        "detaches too much",
        "The value is right, but p's own length is taken for a constant: only z is one.",
    ),
    mistake("all_pairs", "all pairs", "Each prediction is compared with every z of the batch: only with its own."),
];

const OWN_EMBEDDING: Mistake = mistake(
    "own_embedding",
    "not crossed",
    "Each prediction is compared with its own view's embedding: with the *other* views'.",
);
const ALL_VIEWS: Mistake = mistake(
    "all_views",
    "mean over all views",
    "The target is the mean over all views, the predicted one among them: leave it out.",
);
const SUMMED: Mistake =
    mistake("summed", "sum for mean", "The sum over two views is not divided by 2: equation 2 divides by V.");
const GRADIENT_INTO_Z: Mistake =
    mistake("gradient_into_z", "no stop-gradient", "The value is right, but gradients reach z: targets are constants.");
const NOT_NORMALIZED: Mistake =
    mistake("not_normalized", "forgets to normalize", "Dot products stand for cosines: use exercise 1.");

pub const TWO_VIEWS: &[Mistake] = &[OWN_EMBEDDING, ALL_VIEWS, SUMMED, GRADIENT_INTO_Z, NOT_NORMALIZED];

pub const THREE_VIEWS: &[Mistake] = &[
    OWN_EMBEDDING,
    ALL_VIEWS,
    SUMMED,
    GRADIENT_INTO_Z,
    NOT_NORMALIZED,
    mistake(
        "next_view",
        "one other view",
        "Each view predicts the next one only: the mean of *all* others is its target.",
    ),
    mistake(
        "mean_of_distances",
        "mean of distances",
        "Each prediction is compared with every other view by itself, and the distances are averaged: compare it with the mean of the other z.",
    ),
    mistake(
        "mean_of_directions",
        "mean of directions",
        "The target is the mean of the other views' directions: of their z as they are.",
    ),
    mistake("half", "½ for 1/V", "The sum over three views is divided by 2: divide by V."),
];

pub const BYOL_LOSS: &[Mistake] = &[
    mistake("averaged", "mean of both directions", "The two directions are averaged: BYOL sums them."),
    mistake("one_direction", "one direction", "Only the first view predicts: the second one, too."),
    mistake(
        "not_crossed",
        "not crossed",
        "Each prediction is compared with its own view's target: p_a with t_b, p_b with t_a.",
    ),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "Squared distances of the vectors as they are: divide all by their lengths.",
    ),
    mistake(
        "constant_forgotten",
        "constant forgotten",
        "This is −2·cos: the squared distance of unit vectors is 2 − 2·cos.",
    ),
    mistake(
        "cosines_once",
        "half of it",
        "This is the sum of the negative cosines: the squared distance is twice that, plus a constant.",
    ),
    mistake(
        "mean_over_dimensions",
        "mean over dimensions",
        "The squares are averaged over dimensions: sum there, and average over the batch.",
    ),
    mistake("summed_over_the_batch", "sum for mean", "The distances are summed over the batch: take their mean."),
    mistake("not_squared", "distance not squared", "These are distances: the loss has their squares."),
    mistake(
        "gradient_into_the_target",
        "no stop-gradient",
        "The value is right, but gradients reach the targets: they are constants.",
    ),
    mistake(
        "predictions_detached",
        "stop-gradient on the wrong side",
        "The predictions are detached, so that nothing is learned, and the targets are not.",
    ),
];
