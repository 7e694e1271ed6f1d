//! What the typical mistakes of lab 03 are, and what to say of each.

use ssl_grading::{Mistake, mistake};

pub const LAB: &[Mistake] = &[
    mistake(
        "no_gamma",
        "gamma forgotten",
        "sRGB is taken for linear: undo the gamma curve first (handout, equation 1).",
    ),
    mistake(
        "power_of_2_2",
        "gamma as a plain power",
        "The gamma curve is a plain power of 2.2: sRGB's has a straight start and a power of 2.4.",
    ),
    mistake(
        "curve_everywhere",
        "gamma without its straight start",
        "Dark channels take the curve, too: up to 0.04045 a channel is divided by 12.92.",
    ),
    mistake(
        "gamma_backwards",
        "gamma the wrong way",
        "The gamma curve is applied once more instead of undone: this is the one of exercise 2.",
    ),
    mistake(
        "branches_inverted",
        "branches swapped",
        "Dark channels take the curve and bright ones the line: it is the other way round.",
    ),
    mistake(
        "white_d50",
        "another white",
        "These are the values for the white D50: sRGB's is D65, (0.95047, 1, 1.08883).",
    ),
    mistake(
        "white_forgotten",
        "white forgotten",
        "X, Y and Z are not divided by those of the white: gray gets a color.",
    ),
    mistake(
        "matrix_transposed",
        "matrix transposed",
        "The matrix is transposed: each row of it gives one of X, Y, Z (handout, equation 1).",
    ),
    mistake(
        "matrix_inverted",
        "matrix of the other way",
        "This is the matrix that leads from XYZ to RGB: take `XYZ_OF_RGB`.",
    ),
    mistake(
        "root_everywhere",
        "cube root near black",
        "Dark colors take the cube root, too: up to δ³ there is a straight line (handout, equation 2).",
    ),
    mistake("square_root", "square for cube root", "A square root is taken: equation 2 has a cube root."),
    mistake(
        "slope_of_the_inverse",
        "multiplies for divides",
        "The line near black is multiplied by 3δ²: it is divided (handout, equation 2).",
    ),
    mistake(
        "threshold_of_the_inverse",
        "δ for δ³",
        "The line ends at δ: that is where f ends, in exercise 2; here it is at δ³.",
    ),
    mistake("lightness_from_0_to_1", "units of L", "L lies in [0, 1]: it goes to 100."),
    mistake(
        "from_0_to_1",
        "units",
        "All three are a hundredth of what they should be: L goes to 100, a and b to about 100.",
    ),
    mistake("green_and_red", "sign of a", "a has the wrong sign: it is f(X) − f(Y), so that red is positive."),
    mistake("blue_and_yellow", "sign of b", "b has the wrong sign: it is f(Y) − f(Z), so that yellow is positive."),
    mistake("bgr", "channels reversed", "Red and blue are mixed up: channel 0 is red."),
];

pub const RGB: &[Mistake] = &[
    mistake(
        "negative_f_clipped",
        "a negative f as 0",
        "A negative fX or fZ is taken for 0, as some libraries do: the line goes on below 0, and only the linear channels are clipped.",
    ),
    mistake(
        "branches_inverted",
        "branches swapped",
        "Dark channels take the curve and bright ones the line: it is the other way round.",
    ),
    mistake(
        "matrix_transposed",
        "matrix transposed",
        "The matrix is transposed: each row of it gives one of red, green, blue.",
    ),
    mistake(
        "matrix_of_rgb_to_lab",
        "matrix of the other way",
        "This is the matrix that leads from RGB to XYZ: take `RGB_OF_XYZ`.",
    ),
    mistake("not_clipped", "not clipped", "Colors that no screen shows leave [0, 1]: clip the linear channels."),
    mistake("no_gamma", "gamma forgotten", "These are the linear channels: the gamma curve is missing."),
    mistake(
        "power_of_2_2",
        "gamma as a plain power",
        "The gamma curve is a plain power of 1/2.2: sRGB's has a straight start and a power of 1/2.4.",
    ),
    mistake(
        "curve_everywhere",
        "gamma without its straight start",
        "Dark channels take the curve, too, and black falls below 0: up to 0.0031308 a channel is multiplied by 12.92.",
    ),
    mistake(
        "white_d50",
        "another white",
        "These are the values for the white D50: sRGB's is D65, (0.95047, 1, 1.08883).",
    ),
    mistake("white_forgotten", "white forgotten", "X, Y and Z are not multiplied by those of the white."),
    mistake(
        "cube_everywhere",
        "cube near black",
        "Dark colors are cubed, too: up to δ there is a straight line (handout, equation 3).",
    ),
    mistake(
        "threshold_of_rgb_to_lab",
        "δ³ for δ",
        "The line ends at δ³: that is where t ends, in exercise 1; here it is at δ, and dark colors are cubed though they should not be.",
    ),
    mistake("lightness_from_0_to_1", "units of L", "L is taken to lie in [0, 1]: it goes to 100."),
    mistake("green_and_red", "sign of a", "a has the wrong sign: fX = fY + a/500."),
    mistake("blue_and_yellow", "sign of b", "b has the wrong sign: fZ = fY − b/200."),
    mistake("a_and_b_swapped", "a for b", "a and b are mixed up: channel 1 is a, channel 2 is b."),
    mistake("bytes", "bytes", "The colors go to 255: sRGB lies in [0, 1] here."),
];

pub const BINS: &[Mistake] = &[
    mistake(
        "whole_square",
        "every color",
        "Every mark of the grid has a bin: leave out those for which no lightness gives a color of sRGB.",
    ),
    mistake(
        "one_lightness",
        "one lightness",
        "These are the colors of lightness 50 only: a bin counts if *some* whole number from 0 to 100 will do.",
    ),
    mistake(
        "every_lightness",
        "all for some",
        "These bins lie in sRGB at *every* lightness: one lightness at which they do is enough.",
    ),
    mistake(
        "b_first",
        "order",
        "The right bins in another order: they come in the order of a, and for equal a in that of b.",
    ),
    mistake("a_and_b_swapped", "a for b", "a and b are mixed up: the first number of a bin is a."),
    mistake(
        "not_negative",
        "half of the plane",
        "Only a and b that are not negative have bins: green and blue are missing.",
    ),
];

pub const SOFT: &[Mistake] = &[
    mistake("not_normalized", "does not sum to 1", "The weights of a pixel do not sum to 1: divide by their sum."),
    mistake("sigma_as_variance", "σ for σ²", "σ stands for the variance: divide by 2σ², not by 2σ."),
    mistake("factor_2_forgotten", "a factor of 2", "The exponent is −d²/σ²: it is −d²/(2σ²)."),
    mistake("distance_not_squared", "d for d²", "The exponent has the distance: it has its square."),
    mistake("all_bins", "all bins", "Every bin has a weight: only the nearest `neighbors` have one."),
    mistake("nearest_only", "one bin", "All weight is on the nearest bin: spread it over the nearest `neighbors`."),
    mistake("unweighted", "equal weights", "The neighbors have equal weights: nearer ones count more."),
    mistake(
        "normalized_over_all_bins",
        "divides before it chooses",
        "The weights are divided by the sum over *all* bins: divide by that over the nearest ones.",
    ),
    mistake("a_and_b_swapped", "a for b", "a and b of the pixels or of the bins are mixed up."),
    mistake("farthest", "the farthest bins", "These are the farthest bins: sort in ascending order."),
    mistake("greatest_is_1", "another divisor", "The greatest weight is 1: it is their sum that must be."),
];

pub const FAR_COLORS: &[Mistake] = &[mistake(
    "underflow",
    "0/0",
    "Far from all bins every exp is 0 in f32, and 0/0 is no number: a softmax of −d²/(2σ²) subtracts the largest exponent first.",
)];

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
