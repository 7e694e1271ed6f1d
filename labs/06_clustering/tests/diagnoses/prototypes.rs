//! Mistakes in codes, concentrations and losses.

use ssl_grading::{Mistake, mistake};

pub const CODES: &[Mistake] = &[
    mistake("softmax", "rows only", "This is a softmax of each row: the columns have to be divided, too."),
    mistake(
        "rows_first",
        "rows before columns",
        "Rows are divided before columns, so that at the end they do not sum to 1: columns first.",
    ),
    mistake(
        "row_maximum",
        "maximum of each row",
        "Each row's own maximum is taken away, which changes how samples weigh: one maximum for the batch.",
    ),
    mistake("one_iteration", "one iteration", "There is one iteration, whatever `iterations` says."),
    mistake("one_iteration_less", "one iteration too few", "There is one iteration less than `iterations` says."),
    mistake(
        "means_for_sums",
        "mean for sum",
        "Columns and rows are divided by their means, so that a row sums to K: divide by the sums.",
    ),
    mistake("hard_codes", "hard codes", "Each row has one 1 and zeros: codes stay soft, as the iterations leave them."),
    mistake("one_more_iteration", "one iteration too many", "There is one iteration more than `iterations` says."),
    mistake("columns_only", "columns only", "Only the columns are divided: the rows at last, so that they sum to 1."),
    mistake("multiplied", "ε multiplied", "The scores are multiplied by ε: divide."),
    mistake(
        "divided_by_the_batch",
        "rows sum to 1/B",
        "The rows sum to 1/B, as in SwAV's transport plan: here each is a distribution.",
    ),
    mistake(
        "gradient_left_on",
        "gradient left on",
        "The codes are right, but gradients flow through them: they are targets, so detach the scores first.",
    ),
];

pub const LARGE_SCORES: &[Mistake] = &[mistake(
    "overflow",
    "exp overflows",
    "exp of large scores is infinite, or all 0: take the greatest of all scores away first, before ε divides.",
)];

pub const SWAPPED: &[Mistake] = &[
    mistake("not_swapped", "not swapped", "Each view predicts its own code: the other view's."),
    mistake("summed", "sum for mean", "Both directions are summed: take half of it, as SwAV's code does."),
    mistake("one_direction", "one direction", "Only view a predicts: view b, too."),
    mistake("gradient_into_codes", "codes not cut", "The value is right, but gradients reach the codes: detach them."),
    mistake("temperature_multiplied", "times τ", "The scores are multiplied by τ: divide."),
    mistake("temperature_ignored", "τ unused", "The scores are not divided by τ."),
    mistake(
        "divided_by_prototypes",
        "mean over prototypes",
        "The terms are averaged over prototypes, too: sum there, and average over the batch.",
    ),
    mistake("summed_over_the_batch", "sum for mean", "The samples are summed: take their mean."),
    mistake("sign", "sign", "The sign is wrong: the loss is positive."),
    mistake(
        "softmax_over_the_batch",
        "another axis",
        "The softmax runs over the batch: over the prototypes, which are the last axis.",
    ),
    mistake(
        "logarithm_of_softmax",
        "softmax, then log",
        "A probability of 0 has no logarithm: `log_softmax` in one step, instead of a softmax and then a logarithm.",
    ),
    mistake(
        "temperature_outside",
        "τ outside",
        "The logarithms of the softmax are divided by τ: the scores are, before the softmax.",
    ),
];

pub const CONCENTRATIONS: &[Mistake] = &[
    mistake("squared_distances", "squared distances", "Squared distances are summed: the distances themselves."),
    mistake("number_forgotten", "Z forgotten", "The sum of distances is not divided by the number of members Z."),
    mistake(
        "logarithm_forgotten",
        "logarithm forgotten",
        "The mean distance is not divided by ln(Z + α), Z being the number of the cluster's own members.",
    ),
    mistake("alpha_outside", "α outside", "It is ln(Z + α), not ln(Z) + α."),
    mistake(
        "root_of_squares",
        "root of squares",
        "The root of the squares' mean stands for the mean of the distances.",
    ),
    mistake("alpha_forgotten", "α forgotten", "It is ln(Z + α), not ln Z."),
    mistake(
        "singles_zero",
        "single members",
        "Clusters of one member or none have φ = 0: they take the greatest of the others.",
    ),
    mistake(
        "singles_mean",
        "single members",
        "Clusters of one member or none take the mean of the others: the greatest.",
    ),
    mistake(
        "singles_kept",
        "single members",
        "Clusters of one member keep their own value: they take the greatest of the others, as empty ones do.",
    ),
    mistake(
        "nearest_percentile",
        "percentile of a member",
        "The percentiles are the nearest of the values: between two values they lie on the line between them.",
    ),
    mistake("lower_percentile", "percentile cut off", "The place of a percentile is cut to the value below it."),
    mistake("upper_only", "one end", "Only values above the 90th percentile are clipped: those below the 10th, too."),
    mistake("lower_only", "one end", "Only values below the 10th percentile are clipped: those above the 90th, too."),
    mistake(
        "clipped_last",
        "clipped after scaling",
        "You clip after scaling, so that the mean is no longer τ: clip first.",
    ),
    mistake("times_tau", "times τ", "The values are multiplied by τ, but not divided by their mean."),
    mistake("not_clipped", "not clipped", "The values are not clipped to their 10th and 90th percentile."),
    mistake(
        "clipped_at_quartiles",
        "other percentiles",
        "The values are clipped at the 25th and 75th percentile: the 10th and 90th.",
    ),
    mistake("not_scaled", "not scaled", "The values are not scaled to a mean of τ."),
];

pub const PROTO_NCE: &[Mistake] = &[
    mistake("one_temperature", "one temperature", "All prototypes share the mean φ: each has its own."),
    mistake(
        "temperature_of_the_own",
        "φ by row",
        "Each row is divided by the φ of its own prototype: each *column* by that of its prototype.",
    ),
    mistake("multiplied", "times φ", "The products are multiplied by φ: divide."),
    mistake("temperature_forgotten", "φ unused", "The products are not divided by φ."),
    mistake(
        "gradient_into_prototypes",
        "prototypes not cut",
        "The value is right, but gradients reach prototypes or φ: they are constants.",
    ),
    mistake("normalized", "normalizes", "z and prototypes are divided by their lengths: nothing is normalized here."),
    mistake("summed", "sum for mean", "The losses are summed: take their mean."),
    mistake("sign", "sign", "The sign is wrong: the loss is positive."),
    mistake(
        "logarithm_of_softmax",
        "softmax, then log",
        "A probability of 0 has no logarithm: `log_softmax` in one step, instead of a softmax and then a logarithm.",
    ),
    mistake("softmax_over_the_batch", "another axis", "The softmax runs over the batch: over the prototypes."),
    mistake(
        "temperature_outside",
        "φ outside",
        "The logarithms of the softmax are divided by φ: the products are, before the softmax.",
    ),
    mistake(
        "own_left_out",
        "own left out",
        "The own prototype is missing in the denominator: the softmax runs over all prototypes.",
    ),
    mistake("distances", "distance for product", "Squared distances stand for the products z·c."),
];
