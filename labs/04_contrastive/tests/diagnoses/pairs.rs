//! Mistakes in losses of pairs and triplets.

use ssl_grading::{Mistake, mistake};

pub const DISTANCE: &[Mistake] = &[
    mistake("squared", "forgets the root", "This is the squared distance: take the root."),
    mistake(
        "manhattan",
        "sums absolute differences",
        "This is the sum of absolute differences. Square them, add up, take the root.",
    ),
    mistake(
        "over_batch",
        "sums over the rows",
        "The sum runs over the rows. Each row is a vector of its own: sum along the last axis, so that one \
                     distance a row remains.",
    ),
    mistake(
        "mean_inside",
        "mean for sum",
        "The squares are averaged instead of added up: this is the distance divided by √D.",
    ),
    mistake(
        "added",
        "adds instead of subtracting",
        "The rows are added: a distance is the length of their difference.",
    ),
    mistake(
        "one_side_detached",
        "cuts the graph of one input",
        "The distance is right, but no gradient reaches one of the two inputs: both must stay in the graph.",
    ),
];

pub const EQUAL_ROWS: &[Mistake] = &[
    mistake(
        "epsilon_in_difference",
        "PyTorch's convention",
        "ε was added to the difference, as PyTorch's `pairwise_distance` does, which gives equal rows a gradient: it belongs under the root.",
    ),
    mistake(
        "epsilon_outside",
        "ε outside the root",
        "The root's gradient at 0 is infinite, and ∞ · 0 is not a number: one pair of equal rows would turn all weights \
                 into NaN. Add ε = 1e-12 inside the root.",
    ),
];

pub const PAIRS: &[Mistake] = &[
    mistake(
        "negatives_squared",
        "another paper's form",
        "The term of negative pairs is squared: equation 2 has it plain.",
    ),
    mistake(
        "active_only",
        "mean over active pairs",
        "The mean is taken over the pairs whose loss is not 0: divide by all pairs.",
    ),
    mistake(
        "branches_swapped",
        "swaps positive and negative",
        "Positive pairs are pushed apart and negative ones drawn together: the two branches are swapped.",
    ),
    mistake(
        "hadsell",
        "another paper's form",
        "This is the loss of Hadsell, Chopra and LeCun (2006), ½d² and ½max(0, α − d)². This lab takes the plain \
                 form, without squares and halves (handout, equation 2).",
    ),
    mistake(
        "squares",
        "another paper's form",
        "Both terms are squared, as in Hadsell, Chopra and LeCun (2006). This lab takes the plain form, without \
                 squares (handout, equation 2).",
    ),
    mistake(
        "pulled_beyond_margin",
        "margin on the wrong side",
        "The margin is on the wrong side: max(0, d − α) draws distant negatives in. Those closer than the margin are to \
                 be pushed away: max(0, α − d).",
    ),
    mistake(
        "no_hinge",
        "forgets the maximum with 0",
        "Negatives beyond the margin still pull: α − d is below 0 there. max(0, ·) leaves them alone.",
    ),
    mistake("sum", "sum for mean", "This is the sum over the pairs: divide by their number."),
    mistake(
        "margin_outside",
        "margin outside the hinge",
        "The margin is outside the maximum: it is max(0, α − d), not α + max(0, −d).",
    ),
    mistake(
        "negatives_left_out",
        "leaves negatives out",
        "Negative pairs count as 0: they have a loss, too, while they are closer than the margin.",
    ),
];

pub const TRIPLETS: &[Mistake] = &[
    mistake(
        "swapped_anchor",
        "PyTorch's `swap`",
        "The negative is measured from the anchor or the positive, whichever is nearer (PyTorch's `swap`): equation 3 measures it from the          anchor.",
    ),
    mistake(
        "signs_swapped",
        "swaps positive and negative",
        "The signs are swapped: this draws the negative in and pushes the positive away. It has to be \
                 d(a, p) − d(a, n) + α.",
    ),
    mistake(
        "active_only",
        "mean over active triplets",
        "This is the mean over the triplets whose loss is above 0. Divide by the number of all triplets: those that are \
                 right already count as 0 (handout, equation 3).",
    ),
    mistake("no_margin", "forgets the margin", "The margin is missing: a negative has to be farther away by α."),
    mistake(
        "margin_subtracted",
        "margin with the wrong sign",
        "The margin is subtracted: so a negative may even be nearer than the positive. Add it.",
    ),
    mistake(
        "squared",
        "forgets the root",
        "These are squared distances, as in Schroff et al. (2015). This lab takes distances as they are (exercise 1).",
    ),
    mistake(
        "no_hinge",
        "forgets the maximum with 0",
        "Triplets that are right already give a negative loss: cut it off with max(0, ·).",
    ),
    mistake("sum", "sum for mean", "This is the sum over the triplets: divide by their number."),
    mistake(
        "margin_outside",
        "margin outside the hinge",
        "The margin is added outside the maximum, so that no triplet is ever done: max(0, d(a, p) − d(a, n) + α).",
    ),
    mistake(
        "negative_of_positive",
        "measures the negative from the positive",
        "The negative is measured from the positive: both distances are the anchor's.",
    ),
];

pub const SEMI_HARD: &[Mistake] = &[
    mistake(
        "closest_then_checked",
        "closest first",
        "Only the closest of all negatives is looked at: first keep those between positive and margin, then take the closest.",
    ),
    mistake("at_the_margin", "bounds not strict", "A negative exactly at the margin is taken: both bounds are strict."),
    mistake(
        "at_the_positive",
        "bounds not strict",
        "A negative exactly as far as the positive is taken: both bounds are strict.",
    ),
    mistake(
        "hardest",
        "takes the hardest negative",
        "These are the hardest negatives, closer to the anchor than its positive among them: such triplets make a network \
                 collapse early on. Semi-hard ones are farther away than the positive.",
    ),
    mistake(
        "beyond_margin",
        "ignores the margin",
        "Some of these are farther away than the positive by more than the margin: their loss is 0, nothing is learned \
                 from them. Where nothing lies in between, the answer is `None`.",
    ),
    mistake(
        "own_class",
        "ignores the labels",
        "Some of these have the anchor's own label: a negative is a sample of another label.",
    ),
    mistake(
        "last_at_tie",
        "breaks ties the other way",
        "Where several negatives are equally close, the one with the lowest index is asked for.",
    ),
    mistake(
        "farthest",
        "farthest for closest",
        "These are the farthest semi-hard negatives: the closest ones are asked for.",
    ),
    mistake(
        "absolute_margin",
        "margin counted from 0",
        "The margin counts from the positive's distance, not from 0: d(i, n) < d(i, p) + α.",
    ),
    mistake(
        "first",
        "first for closest",
        "These are the first semi-hard negatives by index: the closest ones are asked for.",
    ),
];
