//! Mistakes of directions, of the test against a Gaussian, and of its loss.

use ssl_grading::{Mistake, mistake};

pub const DIRECTIONS: &[Mistake] = &[
    mistake(
        "uniform_numbers",
        "corners preferred",
        "Directions towards the corners of a cube are preferred, as of uniform numbers: take normal ones.",
    ),
    mistake(
        "positive_numbers",
        "one corner only",
        "All components are positive: numbers around 0 are needed, normal ones.",
    ),
    mistake(
        "lengths_forgotten",
        "lengths",
        "The columns have not length 1: divide each by its own, the root of the sum of the squares in the column.",
    ),
    mistake("one_direction", "one direction", "All columns are the same: draw each."),
    mistake("at_right_angles", "not independent", "Neighbors are at right angles: each is drawn by itself."),
    mistake(
        "own_seed",
        "a generator of its own",
        "The same directions are drawn each time: draw from `rng` itself, not from a copy or a generator of your own.",
    ),
    mistake("transposed", "transposed", "The directions are rows: they are columns, [width, count]."),
];

pub const SIGREG: &[Mistake] = &[
    mistake("window_forgotten", "window forgotten", "The errors are not weighed by e^(−t²/2)."),
    mistake("not_times_the_batch", "B forgotten", "The sum is not multiplied by the number of embeddings."),
    mistake("another_gaussian", "another Gaussian", "The Gaussian's function is e^(−t²): e^(−t²/2)."),
    mistake("sines_forgotten", "sines forgotten", "The sines are missing: what is not symmetric goes unseen."),
    mistake("cosines_forgotten", "cosines forgotten", "The cosines are missing."),
    mistake(
        "ends_not_halved",
        "ends not halved",
        "Not both ends have half the weight of the other points: the first and the last have.",
    ),
    mistake("half_of_the_line", "half of the line", "The rule goes from 0 to 3: from −3 to 3, so twice that."),
    mistake(
        "weights_forgotten",
        "distances forgotten",
        "The points are summed: each stands for a piece of the line, w(t).",
    ),
    mistake("last_point_forgotten", "16 points", "The last point, t = 3, is missing."),
    mistake("directions_summed", "sum for mean", "The directions are summed: take their mean."),
    mistake(
        "directions_together",
        "directions together",
        "The projections on all directions are one sample: each direction has its own characteristic function.",
    ),
    mistake(
        "standardized",
        "standardized",
        "The projections are standardized, so that mean and variance no longer count: take them as they are.",
    ),
];

pub const SIGREG_LOSS: &[Mistake] = &[
    mistake("lambda_reversed", "λ on the wrong side", "λ weighs the views' distance: it weighs the test."),
    mistake("lambda_on_one_side", "1 − λ forgotten", "The views' distance is not weighed: by 1 − λ."),
    mistake("tests_summed", "sum for mean", "The views' tests are summed: take their mean."),
    mistake("first_view_tested", "one view only", "Only the first view is tested: each is."),
    mistake("mean_tested", "mean tested", "The views' mean is tested: each view is."),
    mistake("views_together", "views together", "All views are tested as one sample: each by itself."),
    mistake(
        "first_view_for_the_mean",
        "first view for the mean",
        "The views are compared with the first one: with their mean.",
    ),
    mistake(
        "distances_summed",
        "sum over channels",
        "The squares are summed over the channels: take the mean over them, too.",
    ),
    mistake("views_summed", "sum for mean", "The views' distances are summed: take their mean."),
    mistake(
        "pairs_of_views",
        "pairs of views",
        "Views are compared with each other, pair by pair: each with the mean of all.",
    ),
];
