//! Mistakes of correlations, of the loss of Barlow Twins, and of the effective rank.

use ssl_grading::{Mistake, mistake};

pub const CORRELATION: &[Mistake] = &[
    mistake(
        "not_standardized",
        "not standardized",
        "The embeddings are taken as they are: subtract means, divide by deviations.",
    ),
    mistake(
        "not_divided_by_deviations",
        "covariance",
        "The means are subtracted, but nothing is divided by the deviations.",
    ),
    mistake("not_centered", "mean not subtracted", "The deviations are divided by, but the means are not subtracted."),
    mistake("sample_deviation", "B − 1 for B", "The variance is the sample's, divided by B − 1: divide by B."),
    mistake("divided_by_variances", "root forgotten", "The embeddings are divided by variances: by their roots."),
    mistake("not_averaged", "sum for mean", "The products are summed over the batch: divide by B."),
    mistake(
        "averaged_over_the_width",
        "divided by D",
        "The products are divided by the number of channels: by that of images.",
    ),
    mistake("one_less", "B − 1 for B", "The products are divided by B − 1: by B."),
    mistake(
        "rows_standardized",
        "another axis",
        "Each embedding is standardized by itself: each channel is, over the batch.",
    ),
    mistake("transposed", "transposed", "Rows are the second view's channels: they are the first view's."),
    mistake("first_view_twice", "one view only", "The first view is correlated with itself: with the second one."),
    mistake(
        "images_for_channels",
        "images for channels",
        "This is a matrix of images, [B, B]: the sum is over the batch, so that channels stay.",
    ),
    mistake(
        "statistics_together",
        "one mean for both",
        "Both views have the same mean and deviation: each has its own.",
    ),
    mistake(
        "epsilon_forgotten",
        "ε forgotten",
        "There is no 1e-5 added to the variance, which keeps a channel that stays the same from dividing by 0.",
    ),
];

pub const BARLOW: &[Mistake] = &[
    mistake("lambda_on_the_diagonal", "λ on the wrong side", "λ weighs the diagonal: it weighs the others."),
    mistake("lambda_on_both", "λ on both sides", "λ weighs the diagonal, too: the others only."),
    mistake("lambda_forgotten", "λ forgotten", "The two sums are added as they are: weigh the second by λ."),
    mistake("lambda_squared", "λ squared", "λ is squared with what it weighs: multiply after squaring."),
    mistake("diagonal_to_zero", "no ones", "The diagonal is drawn to 0: to 1."),
    mistake("diagonal_not_squared", "not squared", "What the diagonal lacks to 1 is not squared."),
    mistake("others_not_squared", "not squared", "The others are taken by their absolute values: square them."),
    mistake("averaged", "mean for sum", "Means are taken: both are sums."),
    mistake("one_triangle", "one half only", "Only the pairs above the diagonal count: those below, too."),
    mistake(
        "diagonal_among_the_others",
        "diagonal among the others",
        "The second sum has the diagonal, too, which then is drawn to 0 and to 1: leave it out.",
    ),
    mistake("ones_everywhere", "ones everywhere", "The others are drawn to 1, too: to 0."),
];

pub const RANK: &[Mistake] = &[
    mistake("squares", "squares", "p is made of squared values: of the values as they are."),
    mistake("entropy_itself", "exponential forgotten", "This is the entropy: the rank is e to its power."),
    mistake("two_to_the_entropy", "2 for e", "This is 2 to the power of an entropy in nats: take `exp`."),
    mistake("bits", "another logarithm", "The logarithm is that to base 2: `exp` undoes the natural one."),
    mistake("counted", "counted", "These are the values above 0: what is small counts less."),
    mistake("participation", "another measure", "This is (Σ σ)² / Σ σ²: the exponential of the entropy is asked for."),
    mistake("divided_by_the_greatest", "another divisor", "The values are divided by the greatest: by their sum."),
    mistake("sign", "sign", "The entropy has the wrong sign: p · ln p is negative."),
    mistake(
        "sum_over_greatest",
        "another measure",
        "This is the sum over the greatest value: the exponential of the entropy is asked for.",
    ),
];
