//! What the typical mistakes of lab 06 are, and what to say of each.

use ssl_grading::{Mistake, mistake};

pub const FIRST: &[Mistake] = &[
    mistake(
        "first_feature_first",
        "no first draw",
        "The first centroid is always the first feature: draw it uniformly.",
    ),
    mistake("last_feature_first", "no first draw", "The first centroid is always the last feature: draw it uniformly."),
    mistake(
        "random_elsewhere",
        "a generator of one's own",
        "The same state of `rng` gives other centroids each time: all random numbers must come from `rng`.",
    ),
];

pub const SECOND: &[Mistake] = &[
    mistake(
        "uniform",
        "drawn uniformly",
        "All other features are equally likely: the farther a feature is, the likelier it must be.",
    ),
    mistake(
        "with_replacement",
        "drawn with replacement",
        "All features are equally likely, the chosen one among them: weigh by d².",
    ),
    mistake("distance_not_squared", "d for d²", "The chance grows with the distance: with its square."),
    mistake("nearest", "the inverse", "The nearer a feature is, the likelier it is: it is the other way round."),
];

pub const ASSIGNED: &[Mistake] = &[
    mistake(
        "product",
        "product for distance",
        "The greatest product with a centroid decides, which long centroids win: the least distance must.",
    ),
    mistake("cosine", "cosine for distance", "The greatest cosine decides: here lengths count, too."),
    mistake("farthest", "the farthest", "These are the farthest centroids."),
    mistake("sum_of_differences", "another distance", "The absolute differences are summed: square them."),
    mistake("length_once", "a factor of 2", "‖c‖² − x·c decides: it is ‖c‖² − 2 x·c."),
];

pub const UPDATED: &[Mistake] = &[
    mistake("not_a_number", "0/0", "An empty cluster's mean is 0/0: first give it half of the largest cluster."),
    mistake(
        "at_the_origin",
        "empty at the origin",
        "An empty cluster lies at the origin: give it half of the largest cluster.",
    ),
    mistake(
        "first_half",
        "the first half",
        "The empty cluster has the first half of the largest one's members: it takes the last ⌊n/2⌋.",
    ),
    mistake(
        "copy_of_the_largest",
        "a copy",
        "The empty cluster has the same centroid as the largest: they share its members between them.",
    ),
    mistake("one_member", "one member", "The empty cluster takes one member: half of the largest cluster."),
    mistake(
        "members_in_both",
        "members in both",
        "The members that the empty cluster takes still count in the largest.",
    ),
    mistake(
        "last_of_the_largest",
        "another largest",
        "Of several largest clusters the last one gives: the first does.",
    ),
    mistake("summed", "sum for mean", "These are sums: divide by the number of members."),
    mistake(
        "divided_by_all",
        "divided by all",
        "The sums are divided by the number of all features: each by that of its cluster's members.",
    ),
];

pub const BALANCED: &[Mistake] = &[
    mistake(
        "in_order",
        "not shuffled",
        "The clusters come one after the other, or in turns: shuffle all places at last.",
    ),
    mistake("generator_untouched", "no randomness", "Another state of the generator gives the same order."),
    mistake(
        "random_elsewhere",
        "a generator of one's own",
        "The same state of `rng` gives other orders: all random numbers must come from `rng`.",
    ),
];

pub const EXTRA_IMAGES: &[Mistake] = &[mistake(
    "always_the_same",
    "always the same images",
    "It is always the first images of a cluster that come once more: shuffle them before.",
)];

pub const NMI: &[Mistake] = &[
    mistake("not_normalized", "not normalized", "This is the mutual information: divide it by √(H(a) · H(b))."),
    mistake("arithmetic", "another mean", "You divide by the mean of the entropies: by the root of their product."),
    mistake("smaller_entropy", "another mean", "You divide by the smaller entropy: by the root of their product."),
    mistake("greater_entropy", "another mean", "You divide by the greater entropy: by the root of their product."),
    mistake("product", "root forgotten", "You divide by the product of the entropies: by its root."),
    mistake(
        "purity",
        "purity",
        "This is purity, the share of images in their cluster's commonest class: it is 1 for clusters of one image.",
    ),
    mistake("agreement", "names count", "This is how often the labels are equal: NMI does not know their names."),
];

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
    "exp of large scores is infinite: take the greatest of all scores away first.",
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
];

pub const CONCENTRATIONS: &[Mistake] = &[
    mistake("squared_distances", "squared distances", "Squared distances are summed: the distances themselves."),
    mistake("number_forgotten", "Z forgotten", "The sum of distances is not divided by the number of members Z."),
    mistake("logarithm_forgotten", "logarithm forgotten", "The mean distance is not divided by ln(Z + α)."),
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
    mistake("distances", "distance for product", "Squared distances stand for the products z·c."),
];
