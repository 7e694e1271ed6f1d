//! Mistakes in k-means, balanced orders and mutual information.

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
    mistake(
        "generator_untouched",
        "no randomness",
        "Every call gives the same centroids: draw from `rng`, whose state goes on from call to call.",
    ),
];

pub const NEXT: &[Mistake] = &[
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
    mistake(
        "farthest",
        "the farthest taken",
        "The farthest feature is always taken: it is to be drawn, by its d², so that a stray feature need not become a centroid.",
    ),
    mistake(
        "generator_untouched",
        "no randomness",
        "Every call gives the same centroids: draw from `rng` itself, no copy of it, so that its state goes on from call to call.",
    ),
    mistake(
        "random_elsewhere",
        "a generator of one's own",
        "The same state of `rng` gives other centroids each time: all random numbers must come from `rng`.",
    ),
    mistake(
        "third_otherwise",
        "another rule from the third on",
        "The second centroid is drawn rightly, the third is not: its chance goes with d², squared once, d being the distance to the nearest of all \
         centroids so far.",
    ),
    mistake(
        "third_not_squared",
        "d for d² from the third on",
        "The second centroid is drawn by d², the third by d: square the distance to the nearest each time.",
    ),
    mistake(
        "third_farthest",
        "the farthest from the third on",
        "The second centroid is drawn, the third is always the farthest feature: draw each by its d².",
    ),
    mistake(
        "third_random_elsewhere",
        "a generator of one's own from the third on",
        "Up to the second centroid, all random numbers come from `rng`; the third is drawn from elsewhere.",
    ),
];

pub const LATER: &[Mistake] = &[mistake(
    "another_rule",
    "another rule later on",
    "After several centroids the next is not drawn by d²: the same rule holds for each, d being the distance to the nearest of all so far.",
)];

pub const SPREAD_OUT: &[Mistake] = &[
    mistake(
        "groups_missed",
        "other distances than to the nearest",
        "Groups that lie far apart are left without a centroid, and a feature can be one twice: d is the distance to the nearest of *all* chosen \
         centroids, not to the last or first, and no sum or mean.",
    ),
    mistake(
        "many_groups_missed",
        "not all chosen centroids",
        "Of many groups that lie far apart some are left without a centroid: d is the distance to the nearest of *all* chosen centroids, however \
         many there are.",
    ),
    mistake(
        "drawn_twice",
        "a feature drawn twice",
        "A feature can become a centroid twice, though others lie apart from it: its own d is 0. Where ‖x‖² − 2 x·c + ‖c‖² is computed in single \
         precision, rounding leaves something of it: subtract first. An ε that is added to d² does the same.",
    ),
    mistake(
        "single_not_drawn",
        "one centroid not drawn",
        "A single centroid is always the same feature: the first centroid is drawn uniformly from `rng`, whatever k is.",
    ),
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
        "greater_half",
        "the greater half",
        "Of an odd number of members the empty cluster takes the greater half: it takes ⌊n/2⌋.",
    ),
    mistake(
        "largest_of_the_start",
        "largest determined once",
        "One cluster gives to all empty ones: which is the largest has to be asked again for each of them.",
    ),
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
        "remainder_to_the_first",
        "remainder to one cluster",
        "The first cluster has all places that are left over: the first n mod C clusters have one each.",
    ),
    mistake(
        "remainder_to_the_last",
        "remainder to the last",
        "The last clusters have the places that are left over: the first ones do.",
    ),
    mistake(
        "empty_clusters_counted",
        "empty clusters counted",
        "n is divided by k, the empty clusters among them: only those that have images share the places.",
    ),
    mistake(
        "random_elsewhere",
        "a generator of one's own",
        "The same state of `rng` gives other orders: all random numbers must come from `rng`.",
    ),
];

pub const EXTRA_IMAGES: &[Mistake] = &[
    mistake(
        "always_the_same",
        "always the same images",
        "It is always the same images of a cluster that come once more: shuffle the cluster's images before, with `rng` itself.",
    ),
    mistake(
        "neighbors",
        "not drawn independently",
        "Each image comes once more as often as it should, but not each pair of them: shuffle the images, a run of neighbors is no random choice.",
    ),
    mistake(
        "one_draw_for_all_clusters",
        "the same draw for all clusters",
        "Of clusters of one size the images at the same places come once more: draw for each cluster anew, with `rng` itself and not with a copy of it.",
    ),
];

pub const ALL_PLACES: &[Mistake] = &[mistake(
    "in_turns",
    "shuffled turn by turn",
    "No image comes twice before all have come once: shuffle all places together at last, not those of each turn.",
)];

pub const NMI: &[Mistake] = &[
    mistake("not_normalized", "not normalized", "This is the mutual information: divide it by √(H(a) · H(b))."),
    mistake("arithmetic", "another mean", "You divide by the mean of the entropies: by the root of their product."),
    mistake("smaller_entropy", "another mean", "You divide by the smaller entropy: by the root of their product."),
    mistake("greater_entropy", "another mean", "You divide by the greater entropy: by the root of their product."),
    mistake("product", "root forgotten", "You divide by the product of the entropies: by its root."),
    mistake(
        "first_entropy",
        "one entropy",
        "You divide by the entropy of a alone: by the root of both entropies' product.",
    ),
    mistake(
        "second_entropy",
        "one entropy",
        "You divide by the entropy of b alone: by the root of both entropies' product.",
    ),
    mistake(
        "one_label_forgotten",
        "0/0",
        "Where a labeling has one label only, its entropy is 0, and this 0/0: NMI is 1 where both have one, else 0.",
    ),
    mistake(
        "base_2",
        "two bases",
        "The mutual information is in bits, the entropies are in nats, or the other way round: one logarithm for both.",
    ),
    mistake(
        "purity",
        "purity",
        "This is purity, the share of images in their cluster's commonest class: it is 1 for clusters of one image.",
    ),
    mistake("agreement", "names count", "This is how often the labels are equal: NMI does not know their names."),
];
