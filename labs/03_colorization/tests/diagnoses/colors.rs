//! Mistakes in colors, and in the bins that hold them.

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
    mistake(
        "gamma_threshold_of_the_inverse",
        "0.0031308 for 0.04045",
        "The line of the gamma curve ends at 0.0031308: that is where u ends, in exercise 2; c ends at 0.04045.",
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
    mistake(
        "gamma_threshold_of_rgb_to_lab",
        "0.04045 for 0.0031308",
        "The line of the gamma curve ends at 0.04045: that is where c ends, in exercise 1; u ends at 0.0031308.",
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
