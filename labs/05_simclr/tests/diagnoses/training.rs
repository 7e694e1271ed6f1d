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
