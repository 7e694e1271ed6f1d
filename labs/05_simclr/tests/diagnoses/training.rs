//! Mistakes in a step, its rate, and what is used afterwards.

use ssl_grading::{Mistake, mistake};

pub const STEP: &[Mistake] = &[
    mistake(
        "views_alternate",
        "views in turn",
        "The views of an image lie side by side in the batch, but partners are N rows apart: `cat` the views, do not `stack` them.",
    ),
    mistake(
        "backbone_detached",
        "detaches the features",
        "The backbone has not moved: its features are detached on the way to the head.",
    ),
    mistake(
        "two_passes",
        "one view after the other",
        "The views went through the backbone one after the other: batch norm saw each with statistics of its own, and its running \
         ones moved twice. Put the views together first.",
    ),
    mistake(
        "head_left_out",
        "loss on h",
        "The loss was taken of h, not of z: the head has not been trained, and the backbone had to do its work.",
    ),
    mistake(
        "one_view_gradient",
        "stop-gradient of another method",
        "The gradient flows through one view only. In SimCLR both views are trained: no `detach` (that belongs to other methods).",
    ),
    mistake(
        "evaluation_mode",
        "trains in evaluation mode",
        "The backbone ran in evaluation mode: `encode(images, true)` trains.",
    ),
    mistake(
        "no_update",
        "no update",
        "The loss is right, but the weights are as before: either the optimizer made no step, or no gradient reached the weights (a `detach` on the way to z).",
    ),
    mistake("two_updates", "two updates", "The weights have moved twice: one call, one update."),
    mistake(
        "temperature_ignored",
        "fixed temperature",
        "The loss was taken at temperature 1: pass on the one that was given.",
    ),
    mistake(
        "head_frozen",
        "head without gradient",
        "The head has not moved: its weights must be in the graph and in the update.",
    ),
    mistake("one_view_twice", "uses one view twice", "The first view went in twice: the second one has no effect."),
];

pub const SCHEDULE: &[Mistake] = &[
    mistake(
        "progress_by_total",
        "wrong length of the cosine",
        "The cosine does not end at 0: its length is total − warmup, not total.",
    ),
    mistake(
        "warmup_unscaled",
        "batch size after warm-up only",
        "While it warms up the rate rises to `base`: it rises to base · B/256.",
    ),
    mistake("batch_ignored", "forgets the batch size", "The batch size has no effect: scale `base` by batch / 256."),
    mistake(
        "square_root",
        "square-root scaling",
        "The rate grows with the root of the batch size, as the paper's appendix B.1 offers. This exercise asks for linear scaling.",
    ),
    mistake(
        "starts_at_zero",
        "warm-up from 0",
        "The first step would learn nothing: count from 1 while warming up, (step + 1) / warmup.",
    ),
    mistake(
        "cosine_from_the_start",
        "cosine from step 0",
        "The cosine begins at step 0: it has to begin where the warm-up ends, or the rate jumps there.",
    ),
    mistake(
        "cosine_not_halved",
        "cosine not halved",
        "The cosine starts at twice the peak: ½ · (1 + cos) runs from 1 to 0.",
    ),
    mistake("no_warmup", "no warm-up", "There is no warm-up: while step < warmup the rate rises linearly."),
    mistake("linear_decay", "linear decay", "The rate falls along a line: half a cosine is asked for."),
    mistake("both_views_counted", "counts both views", "The batch size counts images, not views: no factor 2."),
    mistake(
        "whole_batches",
        "integer division",
        "`batch / 256` is a division of whole numbers and drops what is left: convert to f64 before you divide.",
    ),
];

pub const REPRESENTATION: &[Mistake] = &[
    mistake(
        "swapped",
        "z for h",
        "h and z are swapped: the downstream task would get what the head has left over after making views alike. h comes first.",
    ),
    mistake(
        "training_mode",
        "evaluates in training mode",
        "The backbone ran in training mode: an image's features depend on its neighbors. Pass `false` as `train`.",
    ),
    mistake(
        "graph_kept",
        "keeps the graph of features",
        "The values are right, but they still hang on the backbone's graph: a probe would train the backbone.",
    ),
    mistake(
        "z_attached",
        "keeps the graph of z",
        "h is cut off, but z still holds on to the head's graph: detach both.",
    ),
];

pub const CACHED: &[Mistake] = &[
    mistake(
        "chunks_alone",
        "loss of each chunk alone",
        "Each chunk has a loss of its own: its images were compared with those of the same chunk only. Summing gradients does not make \
         a larger batch of them; the negatives have to come from all chunks.",
    ),
    mistake(
        "chunks_alone_averaged",
        "loss of each chunk alone",
        "Each chunk has a loss of its own: its images were compared with those of the same chunk only. Averaging gradients does not \
         make a larger batch of them; the negatives have to come from all chunks.",
    ),
    mistake(
        "chunks_alone_weighted",
        "loss of each chunk alone",
        "Each chunk has a loss of its own, if with the weight of its size: its images were compared with those of the same chunk only. The \
         negatives have to come from all chunks.",
    ),
    mistake(
        "last_chunk_dropped",
        "drops the last images",
        "The images that do not fill a chunk were left out: the last chunk may be smaller.",
    ),
    mistake(
        "last_chunk_only",
        "gradient of the last chunk",
        "Only the last chunk has moved the weights: `extend` adds gradients to those of the chunks before.",
    ),
    mistake(
        "averaged",
        "averages the gradients",
        "The gradient is divided by the number of chunks. g is already that of the mean over the whole batch: its parts are summed.",
    ),
    mistake(
        "update_after_each_chunk",
        "an update for each chunk",
        "The weights moved after each chunk, so that later chunks met weights for which g is wrong: one update, after all of them.",
    ),
    mistake(
        "views_apart",
        "one view after the other",
        "The two views of a chunk went through the backbone one after the other: batch norm saw each with statistics of its own.",
    ),
    mistake(
        "pairs_apart",
        "embeddings chunk after chunk",
        "The embeddings lie chunk after chunk, but partners are N rows apart: first views of all chunks first, then all second ones.",
    ),
    mistake(
        "gradients_in_chunk_order",
        "rows of other images",
        "The loss is right, but each chunk got other images' rows of g: those of its second views start N rows after those of its first.",
    ),
    mistake(
        "rows_by_view",
        "embeddings chunk after chunk",
        "The embeddings lie chunk after chunk, but partners are N rows apart, and so are the rows of g for a chunk's two views: first \
         views of all chunks first, then all second ones.",
    ),
    mistake(
        "evaluation_first",
        "first pass in evaluation mode",
        "The first pass ran in evaluation mode: its embeddings, and with them g, are not those of the second.",
    ),
    mistake(
        "evaluation_mode",
        "trains in evaluation mode",
        "Both passes ran in evaluation mode: `encode(images, true)` trains.",
    ),
    mistake(
        "undivided",
        "the whole batch at once",
        "The weights are those of exercise 7's step: the batch was not cut, and batch norm saw all of it.",
    ),
    mistake(
        "one_view_gradient",
        "stop-gradient of another method",
        "The gradient flows through the first views only: g has rows for both.",
    ),
    mistake(
        "temperature_ignored",
        "fixed temperature",
        "g was taken at temperature 1: pass on the one that was given.",
    ),
    mistake(
        "no_update",
        "no update",
        "The weights are as before: the optimizer made no step, or the gradients did not reach it, or g was not held fixed. (The sum of \
         z · g(z) is 0 whatever the weights are, since each row of g is at right angles to that of z: `detach` z first.)",
    ),
];

pub const CACHED_LOSS: &[Mistake] = &[
    mistake(
        "one_pass",
        "one pass in training mode",
        "The running statistics moved once for each chunk, not twice. Either one of the two passes ran in evaluation mode, or there \
         was only one: then the graphs of all chunks were in memory together, which is what this exercise is to avoid.",
    ),
    mistake(
        "mean_of_chunks",
        "mean of the chunks' losses",
        "The loss that is returned is the mean of losses within chunks: it is to be that of the whole batch, ln(2N − 1) at a collapse.",
    ),
];

pub const GRAPHS: &[Mistake] = &[mistake(
    "graphs_kept",
    "keeps graphs of other chunks",
    "More than two chunks' graphs were in memory at a time. A graph lives as long as anything that was computed with it: `detach` the \
     embeddings of the first pass chunk by chunk, and `remove` the gradient of g_c before `extend` keeps it: of the very tensor that stands in the product, not of \
     another view of it.",
)];
