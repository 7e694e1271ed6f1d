//! What to say to whom: the typical mistakes of each exercise of lab 05.

use ssl_grading::{Mistake, mistake};

pub const BOXES: &[Mistake] = &[
    mistake(
        "aspect_uniform",
        "ratio uniform, not its logarithm",
        "The ratio itself is uniform, so that wide boxes are far more frequent than high ones. Draw its logarithm uniformly: 1:2 \
         then is as likely as 2:1.",
    ),
    mistake(
        "scale_of_side",
        "scale of the side",
        "`scale` was taken as a share of the side: the boxes are too small. It is a share of the area; the side is its root.",
    ),
    mistake(
        "ratio_inverted",
        "height ÷ width",
        "The boxes are high where they should be wide: the ratio is width ÷ height.",
    ),
    mistake(
        "outside",
        "ignores the size of the box",
        "Some boxes reach outside the image: the last place for the upper edge is height − the box's height, not height.",
    ),
    mistake("corner", "no random place", "All boxes lie in the upper left corner: draw their place as well."),
    mistake(
        "last_place_left_out",
        "exclusive range",
        "The last row and column are never reached: the range of places includes height − the box's height (`0..=n`, not `0..n`).",
    ),
    mistake(
        "ratio_once",
        "one ratio for all tries",
        "The ratio is drawn once for all tries: where a box does not fit, draw the area and the ratio again, or narrow boxes come too often.",
    ),
    mistake(
        "truncated",
        "truncates instead of rounding",
        "The sides are cut off instead of rounded: on small images the boxes are too small. `round()` before `as usize`.",
    ),
];

pub const CENTER: &[Mistake] = &[
    mistake(
        "whole_image",
        "fallback to the whole image",
        "After ten tries the whole image was taken, whatever its ratio: take the largest box with a ratio that is allowed.",
    ),
    mistake(
        "not_centered",
        "fallback in the corner",
        "After ten tries the box has the right size, but it lies in the corner: put it in the center.",
    ),
];

/// Made where chance decides, and where it does not.
const PROBABILITY_INVERTED: Mistake = mistake(
    "probability_inverted",
    "inverts probabilities",
    "The steps are left out with their probability: they are to be taken with it.",
);

pub const ORDER: &[Mistake] = &[
    mistake("reversed", "steps in reverse order", "The steps were taken in reverse order, the last one first."),
    mistake(
        "probability_ignored",
        "ignores probabilities",
        "A step whose probability is 0 was taken: every step has to be drawn for.",
    ),
    PROBABILITY_INVERTED,
    mistake(
        "last_only",
        "every step starts from the original",
        "Every step was given the original image, so that only the last one shows: each goes on with what the one before gave.",
    ),
    mistake("first_only", "stops after the first step", "Only the first step shows: go on with what it gives."),
    mistake(
        "one_at_most",
        "one step for all",
        "Only one step is taken, the first that chance allows: go on with what it gives.",
    ),
    mistake(
        "stops_when_skipped",
        "break for continue",
        "Where a step is left out, all later ones are as well: go on with the next one (`continue`, not `break`).",
    ),
];

pub const STEPS_DRAW: &[Mistake] = &[
    mistake(
        "same_random_numbers",
        "clones the generator",
        "The steps are given the same random numbers (a clone of `rng`, or the same seed): give each of them `rng` itself.",
    ),
    mistake(
        "random_elsewhere",
        "global randomness",
        "The same state of `rng` gives the steps other random numbers each time: all must come from it, or no run can be repeated.",
    ),
];

pub const CHANCE: &[Mistake] = &[
    mistake(
        "one_draw_for_all",
        "one draw for all steps",
        "One random number decides on all steps, so that they come together or not at all. Draw one for every step.",
    ),
    mistake(
        "probability_ignored",
        "ignores probabilities",
        "Every step is taken every time: each has to be drawn for, with its own probability.",
    ),
    PROBABILITY_INVERTED,
];

pub const VIEWS: &[Mistake] = &[
    mistake(
        "same_view_twice",
        "one view for both",
        "Both views are the same: nothing is left to learn, the loss falls at once. Call the transform a second time.",
    ),
    mistake("original", "the image as a view", "One of the views is the image itself: both have to be drawn."),
    mistake(
        "same_random_numbers",
        "clones the generator",
        "The transform was called twice, but with the same random numbers (a clone of `rng`, or the same seed), so that both views \
         are the same.",
    ),
    mistake(
        "view_of_a_view",
        "a view of the view",
        "The second view was made of the first one: both have to be views of the image.",
    ),
    mistake(
        "generator_untouched",
        "a generator of one's own",
        "One or both of the views do not depend on the generator that is passed in, or leave it as it was (a clone, or one with a seed of \
         its own): every image would get the same view. Draw both from `rng` itself.",
    ),
    mistake(
        "random_elsewhere",
        "global randomness",
        "The same state of `rng` gives other views each time: all random numbers must come from it, or no run can be repeated.",
    ),
];

pub const HEAD: &[Mistake] = &[
    mistake(
        "relu_before",
        "ReLU in the wrong place",
        "The ReLU comes before the first layer: it belongs between the two.",
    ),
    mistake(
        "gelu_exact",
        "another non-linearity",
        "The hidden layer is followed by GELU: SimCLR's head has a ReLU (handout, equation 3).",
    ),
    mistake(
        "leaky_relu",
        "another non-linearity",
        "The hidden layer is followed by leaky ReLU: SimCLR's head has a ReLU (handout, equation 3).",
    ),
    mistake(
        "tanh",
        "another non-linearity",
        "The hidden layer is followed by tanh: SimCLR's head has a ReLU (handout, equation 3).",
    ),
    mistake(
        "silu",
        "another non-linearity",
        "The hidden layer is followed by SiLU: SimCLR's head has a ReLU (handout, equation 3).",
    ),
    mistake("no_relu", "no non-linearity", "There is no ReLU between the layers: two linear layers are one."),
    mistake(
        "relu_on_output",
        "ReLU on the output",
        "There is a ReLU on the output as well: embeddings could point into one orthant only.",
    ),
    mistake(
        "relu_at_the_end_only",
        "ReLU in the wrong place",
        "The ReLU follows the last layer: it belongs between the two.",
    ),
    mistake(
        "output_layer_missing",
        "forgets the second layer",
        "This is the hidden layer: the second linear layer is missing.",
    ),
    mistake("gelu", "another non-linearity", "This is a GELU: the paper's head has a ReLU."),
];

pub const NT_XENT: &[Mistake] = &[
    mistake(
        "length_detached",
        "length taken for a constant",
        "The value is right, but the gradient takes the lengths for constants: do not detach them.",
    ),
    mistake("temperature_twice", "τ used twice", "The cosines are divided by τ twice."),
    mistake(
        "neighbors",
        "pairs neighboring rows",
        "The partners are rows 2k and 2k + 1. In this course the views come one after the other: row i belongs to row i ± N.",
    ),
    mistake(
        "anchor_in_denominator",
        "keeps the anchor",
        "This is what you get when the anchor itself stays in the denominator, with the greatest cosine of all: mask the diagonal \
         (handout, equation 2).",
    ),
    mistake(
        "diagonal_zero",
        "masks with 0",
        "The diagonal was set to 0, and exp(0) = 1 is still in the denominator. Set it to −∞ before the exponential.",
    ),
    mistake(
        "positive_left_out",
        "leaves the positive out",
        "The positive is missing from the denominator. Only the anchor itself is left out: 2N − 1 terms remain.",
    ),
    mistake(
        "temperature_multiplied",
        "multiplies by τ",
        "The cosines are multiplied by the temperature: divide by it.",
    ),
    mistake("temperature_forgotten", "forgets τ", "The temperature is missing: divide the cosines by it."),
    mistake("only_n_anchors", "half the anchors", "Only the first view's rows are anchors: all 2N rows are."),
    mistake(
        "other_view_only",
        "negatives from one view",
        "The negatives of an anchor come from the other view only. The other images of its own view are negatives as well.",
    ),
    mistake("sum", "sum for mean", "This is the sum over the anchors: divide by 2N."),
    mistake(
        "not_normalized",
        "forgets to normalize",
        "The embeddings are not normalized: bring each row to length 1 first.",
    ),
    mistake(
        "normalizer_detached",
        "cuts the graph at the normalizer",
        "The value is right, but no gradient flows through the denominator: it must stay in the graph.",
    ),
    mistake(
        "second_view_detached",
        "stop-gradient of another method",
        "The value is right, but no gradient reaches the second view: SimCLR trains both (a stop-gradient belongs to other methods).",
    ),
];

pub const COLD: &[Mistake] = &[
    mistake(
        "overflow",
        "no maximum subtracted",
        "exp(1 / 0.01) = exp(100) is larger than any f32. Take each row's greatest logit away before exp, as `log_softmax` does.",
    ),
    mistake(
        "overflow_of_a_ratio",
        "no maximum subtracted",
        "exp(1 / 0.01) = exp(100) is larger than any f32, and ∞ / ∞ is not a number. Take each row's greatest logit away before \
         exp, as `log_softmax` does.",
    ),
];

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

pub const GENERATOR: &[Mistake] = &[
    mistake(
        "generator_untouched",
        "a generator of one's own",
        "The boxes do not depend on the generator that is passed in, or leave it as it was (a clone, or one with a seed of its own): draw \
         from `rng` itself.",
    ),
    mistake(
        "random_elsewhere",
        "global randomness",
        "The same state of `rng` gives another box each time: all random numbers must come from it, or no run can be repeated.",
    ),
];

pub const GRADIENT: &[Mistake] = &[
    mistake(
        "anchor_in_softmax",
        "anchor in the softmax",
        "The anchor itself is in the softmax: mask the diagonal before it.",
    ),
    mistake(
        "columns_only",
        "only as a column",
        "Each row counts only where it is compared with an anchor, not where it is the anchor itself: add ∂L/∂S to its transpose.",
    ),
    mistake(
        "doubled",
        "takes P for symmetric",
        "∂L/∂S is doubled: it is not symmetric, so its transpose has to be added.",
    ),
    mistake(
        "anchors_only",
        "forgets the columns",
        "Each embedding is counted as an anchor only. It is also a column of every other row: add the transpose of ∂L/∂S.",
    ),
    mistake("temperature_forgotten", "forgets τ", "1/τ is missing: S = ẑ · ẑᵀ / τ, so ∂L/∂ẑ has the factor 1/τ."),
    mistake(
        "normalization_forgotten",
        "gradient at ẑ",
        "This is the gradient at ẑ, not at z: it still has to go through the normalization, (G − ẑ (ẑ · G)) / ‖z‖.",
    ),
    mistake(
        "not_projected",
        "only divides by the length",
        "The gradient is divided by the length, but its part along ẑ is left in: a change of the length changes no cosine.",
    ),
    mistake(
        "length_forgotten",
        "forgets the length",
        "The division by the length ‖zᵢ‖ is missing: a long embedding turns less.",
    ),
    mistake("sum", "sum for mean", "This is the gradient of the sum over the anchors: divide by 2N."),
    mistake(
        "positives_forgotten",
        "no pull of the positive",
        "Y is missing: without it all others push, and the positive does not pull.",
    ),
    mistake(
        "downhill",
        "the direction of descent",
        "The sign is wrong: the gradient points uphill; the optimizer subtracts it.",
    ),
];

pub const ZERO_ROW: &[Mistake] = &[mistake(
    "not_a_number",
    "divides by a length of 0",
    "A row of zeros is divided by its length, 0: the ε inside the root keeps the length from being 0.",
)];

pub const COLD_GRADIENT: &[Mistake] = &[
    mistake(
        "overflow",
        "exponentials stay finite",
        "At a low temperature exp(S) leaves f32 and ∞/∞ is not a number: take each row's greatest logit away first.",
    ),
    mistake(
        "not_a_number",
        "divides by a length of 0",
        "A row of zeros is divided by its length, 0: the ε inside the root keeps the length from being 0.",
    ),
];
