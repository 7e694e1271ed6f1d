//! Mistakes of the predictor, the target network, its momentum and the collapse level.

use ssl_grading::{Mistake, mistake};

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
