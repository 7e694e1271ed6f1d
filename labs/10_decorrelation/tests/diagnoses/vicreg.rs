//! Mistakes of VICReg's terms and loss.

use ssl_grading::{Mistake, mistake};

pub const VARIANCE: &[Mistake] = &[
    mistake("population_variance", "B for B − 1", "The variance is divided by B: by B − 1."),
    mistake("variance_itself", "root forgotten", "The hinge is at the variance: at its root."),
    mistake(
        "epsilon_outside",
        "ε outside",
        "1e-4 is added to the root: to the variance, so that the root's slope stays finite.",
    ),
    mistake("epsilon_forgotten", "ε forgotten", "There is no 1e-4 below the root: its slope at 0 is infinite."),
    mistake("no_hinge", "no hinge", "Channels that vary by more than 1 earn something: max(0, …) is missing."),
    mistake("hinge_reversed", "hinge reversed", "Large deviations are punished: small ones are."),
    mistake("hinge_squared", "squared", "What is missing to 1 is squared: it is taken as it is."),
    mistake("summed", "sum for mean", "The channels are summed: take their mean."),
    mistake(
        "hinge_of_the_mean",
        "hinge of the mean",
        "The hinge is at the mean deviation: at each channel's, so that one can't stand for another.",
    ),
    mistake(
        "over_the_width",
        "another axis",
        "The variance is taken within each embedding: over the batch, for each channel.",
    ),
    mistake("mean_square", "mean not subtracted", "These are mean squares: a variance has the mean subtracted."),
];

pub const COVARIANCE: &[Mistake] = &[
    mistake("diagonal_kept", "diagonal kept", "The variances count, too, and are drawn to 0: leave the diagonal out."),
    mistake("population_covariance", "B for B − 1", "The covariance is divided by B: by B − 1."),
    mistake("not_centered", "mean not subtracted", "The means are not subtracted."),
    mistake("not_divided", "D forgotten", "The sum is not divided by the number of channels."),
    mistake("mean_of_all", "D² for D", "The sum is divided by D²: by D."),
    mistake("mean_of_the_others", "D(D − 1) for D", "The sum is divided by the number of pairs: by D."),
    mistake("divided_by_the_batch", "B for D", "The sum is divided by the number of images: by that of channels."),
    mistake("not_squared", "not squared", "The covariances' absolute values are summed: their squares."),
    mistake("signs_kept", "not squared", "The covariances are summed with their signs, which cancel: square them."),
    mistake(
        "one_triangle",
        "one half only",
        "Only the pairs above the diagonal count, or there is a ½ too much: the pairs below count, too.",
    ),
    mistake("correlations", "correlations", "These are correlations: covariances are not divided by deviations."),
    mistake(
        "images_for_channels",
        "images for channels",
        "The covariances are those of images over channels: of channels over the batch.",
    ),
    mistake("not_averaged", "B − 1 forgotten", "The products are summed over the batch: divide by B − 1."),
];

pub const VICREG: &[Mistake] = &[
    mistake("variance_not_halved", "½ forgotten", "The views' variance terms are summed: take half of that."),
    mistake("covariance_halved", "½ too many", "The views' covariance terms are averaged: sum them."),
    mistake(
        "invariance_summed",
        "sum over channels",
        "The squares are summed over the channels: take the mean over them, too.",
    ),
    mistake("invariance_halved", "½ too many", "The invariance term is halved."),
    mistake("invariance_rooted", "distance for square", "This is a distance: the invariance term has its square."),
    mistake("variance_of_one_view", "one view only", "Only the first view's variance term counts."),
    mistake("covariance_of_one_view", "one view only", "Only the first view's covariance term counts."),
    mistake("weights_swapped", "weights swapped", "λ and μ are swapped: λ weighs the invariance."),
    mistake("last_weights_swapped", "weights swapped", "μ and ν are swapped: μ weighs the variance."),
    mistake("weights_forgotten", "weights forgotten", "The terms are added as they are: weigh them."),
    mistake(
        "second_view_constant",
        "gradient stopped",
        "The value is right, but no gradient reaches the second view: nothing is constant here.",
    ),
];
