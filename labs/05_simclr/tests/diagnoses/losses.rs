//! Mistakes in the head, the loss and its gradient.

use ssl_grading::{Mistake, mistake};

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

pub const ZERO_ROW: &[Mistake] = &[mistake(
    "not_a_number",
    "divides by a length of 0",
    "A row of zeros is divided by its length, 0: the ε inside the root keeps the length from being 0.",
)];

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
