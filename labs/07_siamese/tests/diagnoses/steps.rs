//! Mistakes of the training steps.

use ssl_grading::{Mistake, mistake};

pub const STEP_OF_SIMSIAM: &[Mistake] = &[
    PREDICTS_IN_EVALUATION_MODE,
    mistake(
        "gradient_into_z",
        "no stop-gradient",
        "The loss is right, the weights are not: gradients go through the targets, too. Exercise 3 stops them.",
    ),
    mistake(
        "one_batch",
        "all views in one batch",
        "The views go through the network as one batch, so that batch norm sees both at once: one after the other.",
    ),
    mistake(
        "embedded_twice",
        "embeds twice",
        "Every view goes through `embed` twice, which moves the running statistics twice: keep z for both uses.",
    ),
    mistake(
        "without_predictor",
        "predictor left out",
        "The embeddings are compared with each other: p = predict(z) stands on one side.",
    ),
    mistake(
        "views_backwards",
        "order of the views",
        "The last view goes through the network first, which the running statistics tell: in their order.",
    ),
    mistake("two_views_only", "two views only", "Only the first two views count: use all."),
    mistake("one_view_twice", "one view only", "All views are the first one."),
    mistake("evaluation_mode", "evaluation mode", "The network is in evaluation mode: hand `true` to `embed`."),
    mistake(
        "no_update",
        "no update",
        "The weights are as they were: an optimizer's step is missing, or no gradient gets there.",
    ),
    mistake("two_updates", "two updates", "The weights are updated twice."),
];

const PREDICTS_IN_EVALUATION_MODE: Mistake = mistake(
    "predicts_in_evaluation_mode",
    "predictor in evaluation mode",
    "The predictor is in evaluation mode: hand `true` to `predict`, too.",
);

pub const STEP_OF_BYOL: &[Mistake] = &[
    PREDICTS_IN_EVALUATION_MODE,
    mistake(
        "not_crossed",
        "not crossed",
        "Each view predicts its own target: view a predicts the target of view b, and b that of a.",
    ),
    mistake(
        "one_batch",
        "both views in one batch",
        "The views go through the networks as one batch, so that batch norm sees both at once: one after the other.",
    ),
    mistake(
        "target_predicts_too",
        "predictor on both sides",
        "The target's embeddings go through the predictor, too: only the online network's do.",
    ),
    mistake(
        "without_predictor",
        "predictor left out",
        "The online embeddings are compared themselves: p = predict(z).",
    ),
    mistake("averaged", "another loss", "The two directions are averaged: use exercise 4, which sums them."),
    mistake(
        "target_of_itself",
        "no target network",
        "The targets are the online network's own embeddings, as in SimSiam: use `target.embed`.",
    ),
    mistake(
        "target_in_evaluation_mode",
        "target in evaluation mode",
        "The target is in evaluation mode: hand `true` to its `embed`, too.",
    ),
    mistake(
        "follows_before_the_step",
        "follows too early",
        "The target follows before the optimizer's step: after it.",
    ),
    mistake("target_left_alone", "target forgotten", "The target stays as it was: let it follow with exercise 5."),
    mistake("evaluation_mode", "evaluation mode", "The networks are in evaluation mode: hand `true` to `embed`."),
    mistake(
        "no_update",
        "no update",
        "The weights are as they were: an optimizer's step is missing, or no gradient gets there.",
    ),
];
