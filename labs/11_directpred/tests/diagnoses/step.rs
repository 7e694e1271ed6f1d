//! Mistakes of the training step.

use ssl_grading::{Mistake, mistake};

const ONE_BATCH: &str =
    "The views go through the network as one batch, so that batch norm sees both: one after the other.";

pub const STEP: &[Mistake] = &[
    mistake("evaluation_mode", "evaluation mode", "The networks are in evaluation mode: hand them `true`."),
    mistake(
        "correlation_of_one_view",
        "one view only",
        "The correlation takes in the first view only: both, as one batch.",
    ),
    mistake(
        "correlation_of_the_target",
        "the target's features",
        "The correlation takes in the target's features: the online network's.",
    ),
    mistake(
        "old_correlation",
        "old correlation",
        "The predictor is made of the correlation before this batch: of the new one.",
    ),
    mistake("transposed", "transposed", "The predictions are fᵢᵀ W: features are rows, so that W fᵢ is f · Wᵀ."),
    mistake("predictor_forgotten", "predictor forgotten", "The features are compared themselves: multiply them by W."),
    mistake("not_crossed", "not crossed", "Each view predicts its own target: the other view's."),
    mistake("one_direction", "one direction", "Only the first view predicts: both do, and the losses are added."),
    mistake("averaged", "mean of both directions", "The two directions are averaged: add them."),
    mistake(
        "no_update",
        "no update",
        "The online network is as it was: an optimizer's step is missing, or no gradient gets there.",
    ),
    mistake("target_left_alone", "target forgotten", "The target stays as it was: `trailing_average` is missing."),
    mistake(
        "follows_before_the_update",
        "follows too early",
        "The target follows before the optimizer's step: after it.",
    ),
    mistake("gradient_into_the_predictor", "predictor with gradient", "Gradients go through W, too: it is a constant."),
    mistake("both_views_in_one_batch", "both views in one batch", ONE_BATCH),
    mistake("one_batch_in_both_networks", "both views in one batch", ONE_BATCH),
    mistake(
        "target_of_itself",
        "no target network",
        "The targets are the online network's own features: use `step.target`.",
    ),
    mistake(
        "correlation_not_kept",
        "correlation not kept",
        "The correlation is as it was: put the new one into its place.",
    ),
    mistake(
        "graph_kept",
        "graph kept",
        "The correlation hangs on the features' graph, which grows with every step: detach it.",
    ),
];
