//! Mistakes in features, probes and votes.

use ssl_grading::{Mistake, mistake};

pub const FEATURES: &[Mistake] = &[
    mistake(
        "training_mode",
        "training mode",
        "The backbone runs in training mode: an image's features depend on the images beside it, and running statistics move. Pass `false`.",
    ),
    mistake(
        "graph_left_on",
        "graph left on",
        "The features are right, but they hang on the backbone's graph: `detach` them.",
    ),
    mistake("counted_from_0", "blocks from 0", "The first block is number 1: this is the one behind it."),
    mistake("counted_from_the_end", "from the end", "Blocks are counted from the images on, the shallowest first."),
    mistake("last_block", "always the last block", "This is always the last block, whatever `depth` says."),
    mistake("maximum", "greatest of places", "The greatest value of each map is taken: its mean."),
    mistake("summed_over_places", "sum for mean", "The places of each map are summed: take their mean."),
    mistake("first_batch_only", "first batch only", "Only the first batch comes back: put all together with `cat`."),
    mistake(
        "all_at_once",
        "one batch",
        "All images go through the backbone at once: `batch` at a time, so that memory does not grow with their number.",
    ),
    mistake("one_by_one", "one image at a time", "The images go through the backbone one by one: `batch` at a time."),
    mistake("last_images_lost", "a rest is lost", "The last batch is smaller than the others, and is lost."),
];

pub const STANDARDIZED: &[Mistake] = &[
    mistake(
        "of_each_split",
        "each by its own",
        "The test features are shifted and scaled by their own mean and deviation: by those of the training features.",
    ),
    mistake(
        "of_both_splits",
        "test images used",
        "Mean and deviation are those of training and test features together: the test images must not be used.",
    ),
    mistake("sample_deviation", "n − 1", "σ² is divided by N − 1 (as Candle's `var` does): by N."),
    mistake("variance", "root forgotten", "The features are divided by σ²: by σ."),
    mistake("not_shifted", "mean left in", "The mean is not taken away."),
    mistake(
        "test_by_its_mean",
        "the test's own mean",
        "The test features are shifted by their own mean: by that of the training features.",
    ),
    mistake(
        "rows",
        "rows for columns",
        "Each image has a mean and deviation of its own: each *feature* has them, over the images.",
    ),
    mistake(
        "zero_for_constant",
        "constant features at 0",
        "A feature that is constant while training gives 0 everywhere: it is shifted, and keeps what it has in other images.",
    ),
    mistake("one_deviation", "one σ for all", "All features share one σ: each has its own."),
    mistake(
        "not_a_number",
        "0/0",
        "A feature that is the same for all images is divided by a σ of 0, or by what rounding leaves of it.",
    ),
];

pub const EPOCH: &[Mistake] = &[
    mistake(
        "backbone_trained",
        "the probe trains its backbone",
        "The gradients go on into the backbone, whose weights change: `detach` the features first.",
    ),
    mistake("one_batch", "one batch", "All rows are one batch with one update: each batch has its own."),
    mistake("summed", "sum for mean", "The losses of a batch are summed: take their mean."),
    mistake(
        "first_labels",
        "labels not picked",
        "The first labels are taken, whichever rows the batch has: `index_select` labels as well.",
    ),
    mistake("losses_summed", "sum for mean", "The batches' losses are summed: return their mean."),
    mistake(
        "weighted_by_size",
        "weighted mean",
        "The losses are weighted by the batches' sizes: return the mean of the batches' losses, each counting alike.",
    ),
    mistake(
        "rows_in_sequence",
        "rows not picked",
        "The rows are taken one after the other, whichever numbers the batch has.",
    ),
    mistake("last_loss", "last loss", "The last batch's loss is returned: the mean of all."),
];

pub const TOP_K: &[Mistake] = &[
    mistake("top_1", "k unused", "This is the accuracy of the greatest logit alone, whatever k is."),
    mistake("one_more", "one too many", "k + 1 logits count: fewer than k may come before the label."),
    mistake("one_less", "one too few", "k − 1 logits count: the label may be the k-th."),
    mistake(
        "itself_counted",
        "counts itself",
        "The label's own logit counts among those before it: strictly greater ones do.",
    ),
    mistake(
        "greater_number_first",
        "ties",
        "Of equal logits the greater number comes first, as where a list is sorted and reversed: the lower does.",
    ),
    mistake("least_logits", "the least", "The k least logits count: the k greatest."),
    mistake("percent", "percent", "It is a percentage: a fraction is asked for."),
    mistake(
        "ties_count",
        "ties",
        "A label counts whenever fewer than k logits are greater: of equal ones, those of lower number come first, too.",
    ),
    mistake("ties_lose", "ties", "Every equal logit comes before the label: only those of lower number do."),
];

pub const NEIGHBORS: &[Mistake] = &[
    mistake("unweighted", "unweighted votes", "All neighbors' votes count alike: each is worth exp(cosine / T)."),
    mistake("by_cosine", "votes by cosine", "A vote is worth the cosine: exp(cosine / T)."),
    mistake(
        "not_normalized",
        "not normalized",
        "Products of features that keep their lengths decide: divide each by its length first.",
    ),
    mistake("euclidean", "distance for cosine", "Euclidean distances decide: cosines do."),
    mistake("farthest", "the farthest", "The k of least cosine vote: those of the greatest."),
    mistake("nearest_only", "k unused", "Only the nearest neighbor votes, whatever k is."),
    mistake("all_vote", "k unused", "All training features vote: the k nearest."),
    mistake("mean_vote", "mean for sum", "The votes of a class are averaged: sum them."),
    mistake("temperature_multiplied", "times T", "The cosine is multiplied by T: divide."),
    mistake("fewest_votes", "fewest votes", "The class with fewest votes wins."),
];

pub const COLD_NEIGHBORS: &[Mistake] = &[
    mistake(
        "overflow",
        "exp overflows",
        "exp(cosine / T) is infinite in f32 where T is small, so that votes can't be compared: take the row's greatest cosine away first.",
    ),
    mistake(
        "overflow_in_double",
        "exp overflows",
        "exp(cosine / T) is infinite even in f64 where T is 0.001: take the row's greatest cosine away first.",
    ),
    mistake(
        "underflow",
        "exp underflows",
        "exp((cosine − 1) / T) is 0 for all neighbors of a row that is far from all: take away the row's own greatest cosine.",
    ),
];

pub const EQUAL_VOTES: &[Mistake] = &[
    mistake(
        "greater_number",
        "ties",
        "Of classes with equally many votes the greatest number wins: the lowest does. `max_by` returns the last of equals.",
    ),
    mistake(
        "nearest_decides",
        "ties",
        "Of classes with equally many votes the first neighbor's wins: the lowest number does.",
    ),
];
