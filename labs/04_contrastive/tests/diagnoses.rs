//! What to say to whom: the typical mistakes of each exercise of lab 04, by their ids in the golden file.

/// A mistake's id, and words for who made it.
type Diagnoses = &'static [(&'static str, &'static str)];

pub const DISTANCE: Diagnoses = &[
    ("squared", "This is the squared distance: take the root."),
    ("manhattan", "This is the sum of absolute differences. Square them, add up, take the root."),
    (
        "over_batch",
        "The sum runs over the rows. Each row is a vector of its own: sum along the last axis, so that one \
                     distance a row remains.",
    ),
    ("mean_inside", "The squares are averaged instead of added up: this is the distance divided by √D."),
];

pub const EQUAL_ROWS: Diagnoses = &[(
    "epsilon_outside",
    "The root's gradient at 0 is infinite, and ∞ · 0 is not a number: one pair of equal rows would turn all weights \
                 into NaN. Add ε = 1e-12 inside the root.",
)];

pub const PAIRS: Diagnoses = &[
    (
        "branches_swapped",
        "Positive pairs are pushed apart and negative ones drawn together: the two branches are swapped.",
    ),
    (
        "hadsell",
        "This is the loss of Hadsell, Chopra and LeCun (2006), ½d² and ½max(0, α − d)². This lab takes the lecture's \
                 form, without squares and halves (handout, equation 2).",
    ),
    (
        "squares",
        "Both terms are squared, as in Hadsell, Chopra and LeCun (2006). This lab takes the lecture's form, without \
                 squares (handout, equation 2).",
    ),
    (
        "pulled_beyond_margin",
        "The margin is on the wrong side: max(0, d − α) draws distant negatives in. Those closer than the margin are to \
                 be pushed away: max(0, α − d).",
    ),
    ("no_hinge", "Negatives beyond the margin still pull: α − d is below 0 there. max(0, ·) leaves them alone."),
    ("sum", "This is the sum over the pairs: divide by their number."),
];

pub const TRIPLETS: Diagnoses = &[
    (
        "signs_swapped",
        "The signs are swapped: this draws the negative in and pushes the positive away. It has to be \
                 d(a, p) − d(a, n) + α.",
    ),
    (
        "active_only",
        "This is the mean over the triplets whose loss is above 0. Divide by the number of all triplets: those that are \
                 right already count as 0 (handout, equation 3).",
    ),
    ("no_margin", "The margin is missing: a negative has to be farther away by α."),
    ("margin_subtracted", "The margin is subtracted: so a negative may even be nearer than the positive. Add it."),
    (
        "squared",
        "These are squared distances, as in Schroff et al. (2015). This lab takes distances as they are (exercise 1).",
    ),
    ("no_hinge", "Triplets that are right already give a negative loss: cut it off with max(0, ·)."),
    ("sum", "This is the sum over the triplets: divide by their number."),
];

pub const SEMI_HARD: Diagnoses = &[
    (
        "hardest",
        "These are the hardest negatives, closer to the anchor than its positive among them: such triplets make a network \
                 collapse early on. Semi-hard ones are farther away than the positive.",
    ),
    (
        "beyond_margin",
        "Some of these are farther away than the positive by more than the margin: their loss is 0, nothing is learned \
                 from them. Where nothing lies in between, the answer is `None`.",
    ),
    ("own_class", "Some of these have the anchor's own label: a negative is a sample of another label."),
    ("last_at_tie", "Where several negatives are equally close, the one with the lowest index is asked for."),
    ("farthest", "These are the farthest semi-hard negatives: the closest ones are asked for."),
    ("absolute_margin", "The margin counts from the positive's distance, not from 0: d(i, n) < d(i, p) + α."),
];

pub const COSINES: Diagnoses = &[
    (
        "batch_axis",
        "The columns were brought to length 1: that is the batch axis. Each row is an embedding; sum its squares \
                     along the last axis.",
    ),
    ("not_normalized", "These are inner products: bring each row to length 1 first."),
    ("columns", "These are products of columns, [D, D]: z · zᵀ compares rows, zᵀ · z compares columns."),
    (
        "one_side",
        "Only one of the two factors was normalized: the matrix has to be symmetric, with ones on its diagonal.",
    ),
    ("whole_matrix", "All rows were divided by the length of the whole matrix: each row needs its own."),
];

pub const ZERO_VECTOR: Diagnoses = &[(
    "zero_vector",
    "A row of zeros was divided by its length: 0/0. With ε = 1e-12 inside the root its cosines are 0.",
)];

pub const INFO_NCE: Diagnoses = &[
    (
        "anchor_in_denominator",
        "This is what you get when the anchor itself stays in the denominator, with the greatest cosine of all: mask the diagonal \
         (handout, equation 4).",
    ),
    (
        "diagonal_zero",
        "The diagonal was set to 0, and exp(0) = 1 is still in the denominator. Set it to −∞ before the exponential.",
    ),
    (
        "positive_left_out",
        "The positive is missing from the denominator. Only the anchor itself is left out: 2N − 1 terms remain.",
    ),
    ("temperature_multiplied", "The cosines are multiplied by the temperature: divide by it."),
    ("temperature_forgotten", "The temperature is missing: divide the cosines by it."),
    (
        "only_n_anchors",
        "Only the first view's rows are anchors. All 2N rows are, each with the other view of its image as positive.",
    ),
    (
        "other_view_only",
        "The negatives of an anchor come from the other view only. The other images of its own view are negatives as well: \
         2N − 2 in all.",
    ),
    (
        "one_direction",
        "Only the first view's rows are anchors, and their negatives come from the second view only. Put the views together: \
         2N anchors with 2N − 2 negatives each.",
    ),
    ("sum", "This is the sum over the anchors: divide by 2N."),
    ("not_normalized", "The embeddings are not normalized: similarities are cosines (exercise 5)."),
];

pub const COLD: Diagnoses = &[
    (
        "overflow",
        "exp(1 / 0.01) = exp(100) is larger than any f32. Take each row's greatest logit away before exp, as \
                     `log_softmax` does.",
    ),
    (
        "overflow_of_a_ratio",
        "exp(1 / 0.01) = exp(100) is larger than any f32, and ∞ / ∞ is not a number. Take each row's greatest logit \
                     away before exp, as `log_softmax` does.",
    ),
];

pub const ALIGNMENT: Diagnoses = &[
    ("alpha_forgotten", "This is the mean distance: the distances have to be raised to the power of α first."),
    ("alpha_two", "This is the mean squared distance, whatever α is."),
    ("power_of_square", "The squared distance was raised to the power of α: ‖x‖^α = (‖x‖²)^(α/2)."),
    ("not_normalized", "The embeddings are not normalized: bring each row to length 1 first."),
    ("power_of_mean", "The mean was raised to the power of α: raise each distance, then take the mean."),
];

pub const UNIFORMITY: Diagnoses = &[
    (
        "self_pairs",
        "Each embedding is paired with itself, at distance 0: the mean is over pairs i < j of different ones.",
    ),
    (
        "mean_of_logs",
        "This is the mean of the logarithms: take the mean of the exponentials first, then one logarithm.",
    ),
    ("distance_not_squared", "The distance in the exponent has to be squared."),
    ("not_normalized", "The embeddings are not normalized: bring each row to length 1 first."),
    ("sum", "This is the logarithm of the sum: divide by the number of pairs first, N(N − 1)/2."),
    ("no_log", "The logarithm is missing."),
];
