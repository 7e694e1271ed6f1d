//! What the typical mistakes of lab 07 are, and what to say of each.

use ssl_grading::{Mistake, mistake};

pub const NEGATIVE_COSINE: &[Mistake] = &[
    mistake(
        "gradient_to_both",
        "no stop-gradient",
        "The value is right, but a gradient reaches z: it is a constant here, so detach it.",
    ),
    mistake(
        "gradient_to_z",
        "stop-gradient on the wrong side",
        "p is detached and z is not: it is the other way round.",
    ),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "The dot product of p and z as they are: divide both by their lengths.",
    ),
    mistake("z_not_normalized", "normalizes p only", "z is not divided by its length."),
    mistake("p_not_normalized", "normalizes z only", "p is not divided by its length."),
    mistake(
        "normalized_over_the_batch",
        "normalizes columns",
        "The lengths are taken over the batch: each row has its own, over the last axis.",
    ),
    mistake("sign", "sign", "The sign is wrong: the same direction gives −1."),
    mistake("summed", "sum for mean", "The cosines are summed over the batch: take their mean."),
    mistake(
        "mean_over_all",
        "mean over dimensions",
        "The products are averaged over dimensions, too: sum there, and average over the batch.",
    ),
    mistake("squared_distance", "distance for cosine", "This is ‖p̂ − ẑ‖², which is 2 + 2·D: exercise 4 asks for it."),
    mistake(
        "length_detached",
        "detaches too much",
        "The value is right, but p's own length is taken for a constant: only z is one.",
    ),
    mistake("all_pairs", "all pairs", "Each prediction is compared with every z of the batch: only with its own."),
];

pub const PREDICTOR: &[Mistake] = &[
    mistake(
        "no_relu",
        "ReLU missing",
        "There is no ReLU: two linear layers with batch norm between are nearly one linear layer.",
    ),
    mistake("no_batch_norm", "batch norm missing", "There is no batch norm in the hidden layer."),
    mistake("relu_before_batch_norm", "order", "The ReLU comes before batch norm: it comes after."),
    mistake(
        "relu_at_the_end",
        "ReLU after the last layer",
        "The predictions are rectified: after the last layer there is nothing.",
    ),
    mistake("residual", "z added", "z is added to the prediction: the predictor gives W₂ · … + b₂ alone."),
    mistake(
        "normalized",
        "normalized",
        "The predictions have length 1: the loss divides by their length, not the predictor.",
    ),
    mistake("evaluation_mode", "`train` ignored", "Batch norm is always in evaluation mode: hand `train` on."),
    mistake("training_mode", "`train` ignored", "Batch norm is always in training mode: hand `train` on."),
];

const OWN_EMBEDDING: Mistake = mistake(
    "own_embedding",
    "not crossed",
    "Each prediction is compared with its own view's embedding: with the *other* views'.",
);
const ALL_VIEWS: Mistake = mistake(
    "all_views",
    "mean over all views",
    "The target is the mean over all views, the predicted one among them: leave it out.",
);
const SUMMED: Mistake =
    mistake("summed", "sum for mean", "The sum over two views is not divided by 2: equation 2 divides by V.");
const GRADIENT_INTO_Z: Mistake =
    mistake("gradient_into_z", "no stop-gradient", "The value is right, but gradients reach z: targets are constants.");
const NOT_NORMALIZED: Mistake =
    mistake("not_normalized", "forgets to normalize", "Dot products stand for cosines: use exercise 1.");

pub const TWO_VIEWS: &[Mistake] = &[OWN_EMBEDDING, ALL_VIEWS, SUMMED, GRADIENT_INTO_Z, NOT_NORMALIZED];

pub const THREE_VIEWS: &[Mistake] = &[
    OWN_EMBEDDING,
    ALL_VIEWS,
    SUMMED,
    GRADIENT_INTO_Z,
    NOT_NORMALIZED,
    mistake(
        "next_view",
        "one other view",
        "Each view predicts the next one only: the mean of *all* others is its target.",
    ),
    mistake(
        "mean_of_distances",
        "mean of distances",
        "Each prediction is compared with every other view by itself, and the distances are averaged: compare it with the mean of the other z.",
    ),
    mistake(
        "mean_of_directions",
        "mean of directions",
        "The target is the mean of the other views' directions: of their z as they are.",
    ),
    mistake("half", "½ for 1/V", "The sum over three views is divided by 2: divide by V."),
];

pub const BYOL_LOSS: &[Mistake] = &[
    mistake("averaged", "mean of both directions", "The two directions are averaged: BYOL sums them."),
    mistake("one_direction", "one direction", "Only the first view predicts: the second one, too."),
    mistake(
        "not_crossed",
        "not crossed",
        "Each prediction is compared with its own view's target: p_a with t_b, p_b with t_a.",
    ),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "Squared distances of the vectors as they are: divide all by their lengths.",
    ),
    mistake(
        "constant_forgotten",
        "constant forgotten",
        "This is −2·cos: the squared distance of unit vectors is 2 − 2·cos.",
    ),
    mistake(
        "cosines_once",
        "half of it",
        "This is the sum of the negative cosines: the squared distance is twice that, plus a constant.",
    ),
    mistake(
        "mean_over_dimensions",
        "mean over dimensions",
        "The squares are averaged over dimensions: sum there, and average over the batch.",
    ),
    mistake("summed_over_the_batch", "sum for mean", "The distances are summed over the batch: take their mean."),
    mistake("not_squared", "distance not squared", "These are distances: the loss has their squares."),
    mistake(
        "gradient_into_the_target",
        "no stop-gradient",
        "The value is right, but gradients reach the targets: they are constants.",
    ),
    mistake(
        "predictions_detached",
        "stop-gradient on the wrong side",
        "The predictions are detached, so that nothing is learned, and the targets are not.",
    ),
];

pub const FOLLOWED: &[Mistake] = &[
    mistake(
        "momentum_reversed",
        "momentum on the wrong side",
        "m weighs the online network: it weighs the old target, 1 − m the online network.",
    ),
    mistake("copied", "copies", "The target is the online network: keep m of what it was."),
    mistake("left_alone", "nothing done", "The target is as it was."),
    mistake(
        "buffers_left_alone",
        "buffers forgotten",
        "The running statistics of batch norm stay as they were: copy the online network's.",
    ),
    mistake(
        "buffers_averaged",
        "buffers averaged",
        "The running statistics are averaged, too: copy the online network's as they are.",
    ),
    mistake(
        "old_forgotten",
        "old target forgotten",
        "This is (1 − m) times the online network: add m times the old target.",
    ),
];

pub const MOMENTA: &[Mistake] = &[
    mistake("constant", "no schedule", "The momentum is always `base`: it rises to 1."),
    mistake(
        "whole_numbers",
        "divides whole numbers",
        "step / total of two whole numbers is 0 until the end: make floats of them first.",
    ),
    mistake("line", "a line", "The momentum rises along a line: along half a cosine."),
    mistake("falling", "falls", "The momentum begins at 1 and falls to `base`: it is the other way round."),
    mistake(
        "whole_period",
        "a whole period",
        "The cosine goes through a whole period, and ends at `base` again: cos(π · step / total).",
    ),
    mistake(
        "quarter_period",
        "a quarter of a period",
        "The cosine goes through a quarter of a period: cos(π · step / total), plus 1, halved.",
    ),
    mistake("not_halved", "a factor of 2", "The cosine plus 1 goes from 2 to 0: halve it."),
    mistake("from_one", "counts from 1", "This is the momentum of the next step: steps are counted from 0."),
    mistake("degrees", "degrees", "The angle is in degrees, 180 · step / total: `cos` takes radians."),
];

pub const LEVEL: &[Mistake] = &[
    mistake("not_normalized", "forgets to normalize", "The embeddings' lengths count: divide each by its own first."),
    mistake(
        "not_centered",
        "mean not subtracted",
        "This is the root of the mean square: subtract each channel's mean first.",
    ),
    mistake("sample_deviation", "B − 1 for B", "The deviation is the sample's, divided by B − 1: divide by B."),
    mistake(
        "not_scaled",
        "√D forgotten",
        "The factor √D is missing, without which a spread-out level depends on the width.",
    ),
    mistake("scaled_by_the_width", "D for √D", "The factor is D: it is √D."),
    mistake("scaled_by_the_batch", "√B for √D", "The factor is the root of the number of embeddings: of their width."),
    mistake(
        "over_the_width",
        "another axis",
        "The deviation is taken within each embedding: over the batch, for each channel.",
    ),
    mistake("variance", "variance", "These are variances: take their roots."),
    mistake(
        "root_of_the_mean_variance",
        "root after the mean",
        "The root is taken of the mean variance: the mean is taken of the roots.",
    ),
    mistake(
        "normalized_over_the_batch",
        "normalizes columns",
        "The lengths are taken over the batch: each embedding has its own.",
    ),
    mistake(
        "everything_together",
        "one deviation for all",
        "All numbers have one deviation: each channel has its own, and their mean is taken.",
    ),
];

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
    mistake("no_update", "no update", "The weights are as they were: an optimizer's step is missing."),
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
    mistake("no_update", "no update", "The weights are as they were: an optimizer's step is missing."),
];
