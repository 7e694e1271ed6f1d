//! Mistakes in what is learned of colors, and painted.

use ssl_grading::{Mistake, mistake};

pub const WEIGHTS: &[Mistake] = &[
    mistake(
        "lambda_swapped",
        "λ on the wrong side",
        "λ weighs the prior: it weighs the uniform distribution, 1 − λ the prior.",
    ),
    mistake("not_normalized", "not normalized", "The weights are not divided by Σ p · w (handout, equation 6)."),
    mistake("sum_of_1", "another sum", "The weights sum to 1: their mean *under the prior*, Σ p · w, must be 1."),
    mistake("mean_of_1", "another mean", "The mean over bins is 1: the mean *under the prior*, Σ p · w, must be."),
    mistake("lambda_not_divided", "λ for λ/Q", "λ is added whole: each of the Q bins has a share of λ/Q."),
    mistake("not_inverted", "frequent bins count more", "The weights grow with the prior: take the inverse."),
    mistake("lambda_ignored", "λ unused", "λ changes nothing: mix the prior with a uniform distribution first."),
];

pub const LOSS: &[Mistake] = &[
    mistake(
        "weight_of_the_prediction",
        "weight of the answer",
        "Pixels are weighed by the bin that the network *answers*: v is the weight of the target's greatest bin.",
    ),
    mistake(
        "divided_by_the_weights",
        "another divisor",
        "You divide by Σ v: equation 7 divides by the number of pixels.",
    ),
    mistake(
        "weights_inside",
        "weights inside the sum",
        "Each bin's term has its own weight, inside the sum over bins: one weight v a pixel, outside of it.",
    ),
    mistake(
        "expected_weight",
        "mean weight",
        "Pixels are weighed by the mean weight of their target: v is the weight of the target's *greatest* bin.",
    ),
    mistake(
        "hard_targets",
        "hard targets",
        "Only the target's greatest bin counts: the cross-entropy sums over all bins of the soft target.",
    ),
    mistake("unweighted", "weights unused", "All pixels count alike: multiply by v."),
    mistake("summed", "sum for mean", "This is the sum over pixels: divide by B · H · W."),
    mistake("divided_by_images", "divided by images only", "You divide by the number of images: divide by B · H · W."),
    mistake("divided_by_bins_too", "divided by Q too", "You divide by Q, too: bins are summed, pixels averaged."),
    mistake("softmax_over_the_batch", "another axis", "The softmax runs over the batch: bins are axis 1."),
    mistake(
        "softmax_over_a_row",
        "another axis",
        "The softmax runs over the last axis, a row of pixels: bins are axis 1.",
    ),
    mistake("no_logarithm", "logarithm forgotten", "The probabilities stand for their logarithms: take log softmax."),
    mistake("sign", "sign", "The sign is wrong: the loss is positive."),
];

pub const COLD_LOGITS: &[Mistake] = &[
    mistake(
        "underflow",
        "log of 0",
        "Large logits make a probability of 0, and 0 · log 0 is no number: `log_softmax` does not leave the logarithm.",
    ),
    mistake(
        "one_maximum",
        "one maximum for all pixels",
        "The greatest logit of *all* pixels is taken away, which leaves nothing of pixels whose logits are far below: each pixel has its own.",
    ),
];

pub const ANNEALED: &[Mistake] = &[
    mistake("multiplied", "times T", "The logits are multiplied by T, which makes the mean duller: divide."),
    mistake(
        "not_normalized",
        "powers without division",
        "The powers p^(1/T) no longer sum to 1: divide by their sum, or take the softmax of logits / T.",
    ),
    mistake("mode", "the mode", "This is the color of the greatest bin: take the mean under the sharper softmax."),
    mistake("temperature_ignored", "T unused", "This is the plain mean, T = 1: divide the logits by T."),
    mistake("softmax_over_the_batch", "another axis", "The softmax runs over the batch: bins are axis 1."),
    mistake(
        "softmax_over_a_row",
        "another axis",
        "The softmax runs over the last axis, a row of pixels: bins are axis 1.",
    ),
    mistake(
        "divided_by_bins",
        "divided by Q",
        "The mean over bins has been taken, divided by Q: the probabilities sum to 1 already.",
    ),
    mistake("b_and_a", "a for b", "a and b are mixed up: channel 0 is a."),
    mistake(
        "bins_reshaped",
        "reshape for transpose",
        "The bins are reshaped to [2, Q], which mixes a and b of several bins: transpose them.",
    ),
];

pub const LARGE_LOGITS: &[Mistake] = &[
    mistake(
        "overflow",
        "exp overflows",
        "exp of large logits is infinite, and ∞/∞ is no number: `softmax` subtracts the largest logit first.",
    ),
    mistake(
        "one_maximum",
        "one maximum for all pixels",
        "The greatest logit of *all* pixels is taken away, which leaves nothing of pixels whose logits are far below: each pixel has its own.",
    ),
];
