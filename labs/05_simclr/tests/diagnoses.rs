//! What to say to whom: the typical mistakes of each exercise of lab 05, by their ids in the golden file.

/// A mistake's id, and words for who made it.
type Diagnoses = &'static [(&'static str, &'static str)];

pub const BOXES: Diagnoses = &[
    (
        "aspect_uniform",
        "The ratio itself is uniform, so that wide boxes are far more frequent than high ones. Draw its logarithm uniformly: 1:2 \
         then is as likely as 2:1.",
    ),
    (
        "scale_of_side",
        "`scale` was taken as a share of the side: the boxes are too small. It is a share of the area; the side is its root.",
    ),
    ("ratio_inverted", "The boxes are high where they should be wide: the ratio is width ÷ height."),
    (
        "outside",
        "Some boxes reach outside the image: the last place for the upper edge is height − the box's height, not height.",
    ),
    ("corner", "All boxes lie in the upper left corner: draw their place as well."),
];

pub const CENTER: Diagnoses = &[
    (
        "whole_image",
        "After ten tries the whole image was taken, whatever its ratio: take the largest box with a ratio that is allowed.",
    ),
    ("not_centered", "After ten tries the box has the right size, but it lies in the corner: put it in the center."),
];

pub const ORDER: Diagnoses = &[
    ("reversed", "The steps were taken in reverse order, the last one first."),
    ("probability_ignored", "A step whose probability is 0 was taken: every step has to be drawn for."),
    ("probability_inverted", "The steps are left out with their probability: they are to be taken with it."),
    (
        "last_only",
        "Every step was given the original image, so that only the last one shows: each goes on with what the one before gave.",
    ),
];

pub const CHANCE: Diagnoses = &[
    (
        "one_draw_for_all",
        "One random number decides on all steps, so that they come together or not at all. Draw one for every step.",
    ),
    ("probability_ignored", "Every step is taken every time: each has to be drawn for, with its own probability."),
    ("probability_inverted", "The steps are left out with their probability: they are to be taken with it."),
];

pub const VIEWS: Diagnoses = &[
    (
        "same_view_twice",
        "Both views are the same: nothing is left to learn, the loss falls at once. Call the transform a second time.",
    ),
    ("original_first", "The first view is the image itself: both have to be drawn."),
    ("original_second", "The second view is the image itself: both have to be drawn."),
    (
        "same_random_numbers",
        "The transform was called twice, but with the same random numbers (a clone of `rng`, or the same seed), so that both views \
         are the same.",
    ),
    ("view_of_a_view", "The second view was made of the first one: both have to be views of the image."),
];

pub const HEAD: Diagnoses = &[
    ("no_relu", "There is no ReLU between the layers: two linear layers are one."),
    ("relu_on_output", "There is a ReLU on the output as well: embeddings could point into one orthant only."),
    ("relu_at_the_end_only", "The ReLU follows the last layer: it belongs between the two."),
    ("output_layer_missing", "This is the hidden layer: the second linear layer is missing."),
];

pub const NT_XENT: Diagnoses = &[
    (
        "neighbors",
        "The partners are rows 2k and 2k + 1. In this course the views come one after the other: row i belongs to row i ± N.",
    ),
    (
        "anchor_in_denominator",
        "This is what you get when the anchor itself stays in the denominator, with the greatest cosine of all: mask the diagonal \
         (handout, equation 2).",
    ),
    (
        "diagonal_zero",
        "The diagonal was set to 0, and exp(0) = 1 is still in the denominator. Set it to −∞ before the exponential.",
    ),
    (
        "positive_left_out",
        "The positive is missing from the denominator. Only the anchor itself is left out: 2N − 1 terms remain.",
    ),
    ("temperature_multiplied", "The cosines are multiplied by the temperature: divide by it."),
    ("temperature_forgotten", "The temperature is missing: divide the cosines by it."),
    ("only_n_anchors", "Only the first view's rows are anchors: all 2N rows are."),
    (
        "other_view_only",
        "The negatives of an anchor come from the other view only. The other images of its own view are negatives as well.",
    ),
    ("sum", "This is the sum over the anchors: divide by 2N."),
    ("not_normalized", "The embeddings are not normalized: bring each row to length 1 first."),
];

pub const COLD: Diagnoses = &[
    (
        "overflow",
        "exp(1 / 0.01) = exp(100) is larger than any f32. Take each row's greatest logit away before exp, as `log_softmax` does.",
    ),
    (
        "overflow_of_a_ratio",
        "exp(1 / 0.01) = exp(100) is larger than any f32, and ∞ / ∞ is not a number. Take each row's greatest logit away before \
         exp, as `log_softmax` does.",
    ),
];

pub const STEP: Diagnoses = &[
    (
        "two_passes",
        "The views went through the backbone one after the other: batch norm saw each with statistics of its own, and its running \
         ones moved twice. Put the views together first.",
    ),
    (
        "head_left_out",
        "The loss was taken of h, not of z: the head has not been trained, and the backbone had to do its work.",
    ),
    (
        "one_view_gradient",
        "The gradient flows through one view only. In SimCLR both views are trained: no `detach` (that belongs to other methods).",
    ),
    ("evaluation_mode", "The backbone ran in evaluation mode: `encode(images, true)` trains."),
    ("no_update", "The loss is right, but the weights are as before: the optimizer has not made its step."),
    ("two_updates", "The weights have moved twice: one call, one update."),
    ("temperature_ignored", "The loss was taken at temperature 1: pass on the one that was given."),
];

pub const SCHEDULE: Diagnoses = &[
    ("batch_ignored", "The batch size has no effect: scale `base` by batch / 256."),
    (
        "square_root",
        "The rate grows with the root of the batch size, as the paper's appendix B.1 offers. This exercise asks for linear scaling.",
    ),
    ("starts_at_zero", "The first step would learn nothing: count from 1 while warming up, (step + 1) / warmup."),
    (
        "cosine_from_the_start",
        "The cosine begins at step 0: it has to begin where the warm-up ends, or the rate jumps there.",
    ),
    ("cosine_not_halved", "The cosine starts at twice the peak: ½ · (1 + cos) runs from 1 to 0."),
    ("no_warmup", "There is no warm-up: while step < warmup the rate rises linearly."),
    ("linear_decay", "The rate falls along a line: half a cosine is asked for."),
];

pub const REPRESENTATION: Diagnoses = &[
    (
        "swapped",
        "h and z are swapped: the downstream task would get what the head has left over after making views alike. h comes first.",
    ),
    (
        "training_mode",
        "The backbone ran in training mode: an image's features depend on its neighbors. Pass `false` as `train`.",
    ),
    (
        "graph_kept",
        "The values are right, but they still hang on the backbone's graph: a probe would train the backbone.",
    ),
];
