//! Mistakes of scores, losses and the measure of invariance.

use ssl_grading::{Mistake, mistake};

pub const LOGITS: &[Mistake] = &[
    mistake("own_key_last", "another column", "The own key's score is in the last column: put it into the first."),
    mistake("own_key_forgotten", "own key forgotten", "Only the queue is scored: the query's own key comes first."),
    mistake("temperature_forgotten", "temperature forgotten", "The scores are not divided by the temperature."),
    mistake("times_temperature", "times T", "The scores are multiplied by the temperature: divide by it."),
    mistake(
        "temperature_on_the_own_key_only",
        "temperature on one part",
        "Only the own key's score is divided by the temperature: all are.",
    ),
    mistake(
        "temperature_on_the_queue_only",
        "temperature on one part",
        "Only the queue's scores are divided by the temperature: all are.",
    ),
    mistake(
        "normalized_again",
        "normalizes",
        "Rows are brought to length 1 here: they are taken as they are, whoever calls has done that.",
    ),
    mistake(
        "gradient_into_keys",
        "keys with gradient",
        "The scores are right, but gradients reach the keys k: detach them, only queries learn.",
    ),
    mistake(
        "gradient_into_the_queue",
        "queue with gradient",
        "The scores are right, but gradients reach the queue: detach it, it holds constants.",
    ),
    mistake(
        "gradient_into_both",
        "keys with gradient",
        "The scores are right, but gradients reach k and the queue: only queries learn.",
    ),
    mistake(
        "query_detached",
        "stop-gradient on the wrong side",
        "The queries are detached, so that nothing is learned.",
    ),
    mistake(
        "all_keys_of_the_batch",
        "the batch's other keys",
        "Every query is scored against all keys of the batch: against its own only, the negatives are in the queue.",
    ),
    mistake(
        "queue_scored_by_keys",
        "keys for queries",
        "The queue is scored by the keys k: by the queries, which are to learn from it.",
    ),
];

pub const LOSS: &[Mistake] = &[
    mistake("summed", "sum for mean", "The loss is summed over the queries: take the mean."),
    mistake("sign", "sign", "The sign is wrong: the loss falls as the own key's probability grows."),
    mistake("last_column", "another column", "The last column is taken for the own key's: it is column 0."),
    mistake(
        "diagonal",
        "another column",
        "Query i's class is column i, as within a batch: here the own key is in column 0 for every query.",
    ),
    mistake(
        "own_key_not_in_the_sum",
        "own key left out",
        "The sum in the denominator has the negatives only: the own key belongs to it, too.",
    ),
    mistake("over_the_batch", "another axis", "The softmax is over the batch: over the scores of each query."),
    mistake(
        "mean_over_all",
        "another mean",
        "The sum is divided by the number of all scores: divide by that of queries.",
    ),
    mistake(
        "probability",
        "logarithm forgotten",
        "This is the mean probability of the own key, negative: take its logarithm.",
    ),
    mistake(
        "log_of_the_mean",
        "logarithm of the mean",
        "The logarithm is taken of the mean probability: the mean of logarithms is asked for.",
    ),
    mistake(
        "score_alone",
        "denominator forgotten",
        "This is the own key's score alone: the logarithm of the sum is missing.",
    ),
];

pub const PIRL: &[Mistake] = &[
    mistake("lambda_reversed", "λ on the wrong side", "λ weighs the image's term: it weighs that of the patches."),
    mistake("summed", "λ ignored", "The two terms are added: weigh them by λ and 1 − λ."),
    mistake("halves", "λ ignored", "The two terms are averaged: weigh them by λ and 1 − λ."),
    mistake("patches_only", "one term only", "Only the patches are compared with the memory: the image is, too."),
    mistake("image_only", "one term only", "Only the image is compared with the memory: the patches are, too."),
    mistake(
        "image_instead_of_memory",
        "image for memory",
        "The patches are compared with the image's embedding: with its memory, as the image is.",
    ),
    mistake(
        "gradient_into_memory",
        "memory with gradient",
        "The loss is right, but gradients reach the memories: they are constants.",
    ),
    mistake(
        "memory_is_the_query",
        "memory for query",
        "The memory is scored against the negatives: v is the query, the memory its key.",
    ),
];

pub const INVARIANCE: &[Mistake] = &[
    mistake(
        "not_centered",
        "mean not subtracted",
        "What all pictures have in common counts: subtract the mean over the pictures first, from each side its own.",
    ),
    mistake("one_side_centered", "one side only", "The mean is subtracted from one side only."),
    mistake("centered_together", "one mean for both", "Both sides have one mean: each has its own."),
    mistake(
        "centered_within_rows",
        "another axis",
        "Each row's own mean is subtracted: the mean is over the pictures, for each feature.",
    ),
    mistake(
        "one_mean_for_all",
        "one mean for all",
        "One number is subtracted from all features: each has its own mean.",
    ),
    mistake(
        "not_normalized",
        "lengths count",
        "These are dot products: bring each row to length 1 after the mean is gone.",
    ),
    mistake("summed", "sum for mean", "The cosines are summed: take their mean."),
    mistake("columns", "another axis", "Cosines of features over the pictures: of pictures over their features."),
    mistake("all_pairs", "all pairs", "Every picture is compared with every puzzle: with its own only."),
    mistake(
        "mean_over_dimensions",
        "mean over dimensions",
        "The products are averaged over the features, too: sum there.",
    ),
    mistake("absolute", "sign lost", "The cosines' absolute values are averaged: their signs count."),
];
