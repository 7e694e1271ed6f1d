//! Mistakes in what is measured on the sphere.

use ssl_grading::{Mistake, mistake};

pub const COSINES: &[Mistake] = &[
    mistake(
        "distance",
        "distance for similarity",
        "This is 1 − cosine, a distance: the similarity is the cosine itself.",
    ),
    mistake(
        "batch_axis",
        "normalizes columns",
        "The columns were brought to length 1: that is the batch axis. Each row is an embedding; sum its squares \
                     along the last axis.",
    ),
    mistake("not_normalized", "forgets to normalize", "These are inner products: bring each row to length 1 first."),
    mistake(
        "columns",
        "compares columns",
        "These are products of columns, [D, D]: z · zᵀ compares rows, zᵀ · z compares columns.",
    ),
    mistake(
        "one_side",
        "normalizes one factor",
        "Only one of the two factors was normalized: the matrix has to be symmetric, with ones on its diagonal.",
    ),
    mistake(
        "whole_matrix",
        "one length for all rows",
        "All rows were divided by the length of the whole matrix: each row needs its own.",
    ),
    mistake("no_root", "divides by the squared length", "The rows are divided by their squared length: take the root."),
    mistake(
        "length_detached",
        "cuts the graph at the length",
        "The cosines are right, but the gradient does not flow through the length: it must stay in the graph.",
    ),
];

pub const ZERO_VECTOR: &[Mistake] = &[
    mistake(
        "zero_vector",
        "divides 0 by 0",
        "A row of zeros was divided by its length: 0/0. With ε = 1e-12 inside the root its cosines are 0.",
    ),
    mistake(
        "epsilon_outside",
        "ε outside the root",
        "The cosines are right, but with ε outside the root the gradient of a row of zeros is not a number: add ε inside.",
    ),
];

pub const INFO_NCE: &[Mistake] = &[
    mistake(
        "positive_twice",
        "positive and all others",
        "The positive is in the denominator twice: once as the positive, once among all other rows.",
    ),
    mistake("temperature_twice", "τ used twice", "The cosines are divided by τ twice."),
    mistake(
        "neighbors",
        "views side by side",
        "The partner of row i is taken to be its neighbor: the views come one after the other, so it is i ± N.",
    ),
    mistake(
        "anchor_in_denominator",
        "keeps the anchor",
        "This is what you get when the anchor itself stays in the denominator, with the greatest cosine of all: mask the diagonal \
         (handout, equation 4).",
    ),
    mistake(
        "diagonal_zero",
        "masks with 0",
        "The diagonal was set to 0, and exp(0) = 1 is still in the denominator. Set it to −∞ before the exponential.",
    ),
    mistake(
        "positive_left_out",
        "leaves the positive out",
        "The positive is missing from the denominator. Only the anchor itself is left out: 2N − 1 terms remain.",
    ),
    mistake(
        "temperature_multiplied",
        "multiplies by τ",
        "The cosines are multiplied by the temperature: divide by it.",
    ),
    mistake("temperature_forgotten", "forgets τ", "The temperature is missing: divide the cosines by it."),
    mistake(
        "only_n_anchors",
        "half the anchors",
        "Only the first view's rows are anchors. All 2N rows are, each with the other view of its image as positive.",
    ),
    mistake(
        "other_view_only",
        "negatives from one view",
        "The negatives of an anchor come from the other view only. The other images of its own view are negatives as well: \
         2N − 2 in all.",
    ),
    mistake(
        "one_direction",
        "half the anchors, one view",
        "Only the first view's rows are anchors, and their negatives come from the second view only. Put the views together: \
         2N anchors with 2N − 2 negatives each.",
    ),
    mistake("sum", "sum for mean", "This is the sum over the anchors: divide by 2N."),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "The embeddings are not normalized: similarities are cosines (exercise 5).",
    ),
    mistake("no_minus", "forgets the minus", "The sign is wrong: a loss is minus the log probability."),
    mistake(
        "normalizer_detached",
        "cuts the graph at the normalizer",
        "The value is right, but no gradient flows through the denominator: it must stay in the graph.",
    ),
    mistake(
        "second_view_detached",
        "stop-gradient of another method",
        "The value is right, but no gradient reaches the second view: InfoNCE trains both (a stop-gradient belongs to other methods).",
    ),
];

pub const COLD: &[Mistake] = &[
    mistake(
        "overflow",
        "no maximum subtracted",
        "exp(1 / 0.01) = exp(100) is larger than any f32. Take each row's greatest logit away before exp, as \
                     `log_softmax` does.",
    ),
    mistake(
        "overflow_of_a_ratio",
        "no maximum subtracted",
        "exp(1 / 0.01) = exp(100) is larger than any f32, and ∞ / ∞ is not a number. Take each row's greatest logit \
                     away before exp, as `log_softmax` does.",
    ),
];

pub const ZERO_ROW: &[Mistake] = &[mistake(
    "not_a_number",
    "divides by a length of 0",
    "A row of zeros is divided by its length, 0: the ε inside the root keeps the length from being 0.",
)];

pub const ALIGNMENT: &[Mistake] = &[
    mistake("cosine_distance", "1 − cos for ‖·‖²", "This is a power of 1 − cos: ‖ẑ_a − ẑ_b‖² is 2 − 2 · cos."),
    mistake(
        "alpha_forgotten",
        "forgets α",
        "This is the mean distance: the distances have to be raised to the power of α first.",
    ),
    mistake("alpha_two", "fixed power", "This is the mean squared distance, whatever α is."),
    mistake(
        "power_of_square",
        "doubles the power",
        "The squared distance was raised to the power of α: ‖x‖^α = (‖x‖²)^(α/2).",
    ),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "The embeddings are not normalized: bring each row to length 1 first.",
    ),
    mistake(
        "power_of_mean",
        "power of the mean",
        "The mean was raised to the power of α: raise each distance, then take the mean.",
    ),
    mistake("sum", "sum for mean", "This is the sum over the pairs: take the mean."),
];

pub const COINCIDING: &[Mistake] = &[mistake(
    "root_of_zero",
    "roots have a slope everywhere",
    "The gradient is not a number where two views are equal, because a root has an infinite slope at 0: ‖x‖^α = (‖x‖²)^(α/2) needs none.",
)];

pub const UNIFORMITY: &[Mistake] = &[
    mistake(
        "half_the_exponent",
        "1 − cos for ‖·‖²",
        "The exponent is half as large as it should be: ‖ẑᵢ − ẑⱼ‖² is 2 − 2 · cos.",
    ),
    mistake(
        "self_pairs",
        "pairs points with themselves",
        "Each embedding is paired with itself, at distance 0: the mean is over pairs i < j of different ones.",
    ),
    mistake(
        "mean_of_logs",
        "mean of logarithms",
        "This is the mean of the logarithms: take the mean of the exponentials first, then one logarithm.",
    ),
    mistake("distance_not_squared", "forgets the square", "The distance in the exponent has to be squared."),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "The embeddings are not normalized: bring each row to length 1 first.",
    ),
    mistake(
        "sum",
        "sum for mean",
        "This is the logarithm of the sum: divide by the number of pairs first, N(N − 1)/2.",
    ),
    mistake("no_log", "forgets the logarithm", "The logarithm is missing."),
    mistake("by_n_squared", "divides by n²", "The sum over pairs is divided by n²: there are n(n − 1)/2 pairs i < j."),
    mistake("t_forgotten", "forgets t", "t has no effect: the squared distance is multiplied by it."),
    mistake("plus", "sign of the exponent", "The exponent has the wrong sign: exp(−t · ‖ẑᵢ − ẑⱼ‖²)."),
];
