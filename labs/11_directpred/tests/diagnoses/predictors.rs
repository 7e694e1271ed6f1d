//! Mistakes of the correlation and of what is made of it.

use ssl_grading::{Mistake, mistake};

pub const REMEMBERED: &[Mistake] = &[
    mistake("rho_reversed", "ρ on the wrong side", "ρ weighs the new batch: it weighs the old correlation."),
    mistake(
        "old_forgotten",
        "old correlation forgotten",
        "This is the batch's correlation alone: ρ of the old one stays.",
    ),
    mistake("new_added_whole", "1 − ρ forgotten", "The batch's correlation is added as a whole: weigh it by 1 − ρ."),
    mistake("not_averaged", "sum for mean", "The outer products are summed over the batch: take their mean."),
    mistake("averaged_over_the_width", "D for B", "The sum is divided by the width D: it should be the batch's B."),
    mistake(
        "centered",
        "mean subtracted",
        "The mean is subtracted, which gives a covariance: take the features as they are.",
    ),
    mistake("directions", "normalizes", "The features are brought to length 1: take them as they are."),
    mistake(
        "mean_s_product",
        "mean first",
        "This is the outer product of the mean: the mean of outer products is asked for.",
    ),
    mistake(
        "gradient_into_features",
        "graph kept",
        "The value is right, but it hangs on the features' graph: detach them.",
    ),
];

pub const PREDICTOR: &[Mistake] = &[
    mistake("root_forgotten", "root forgotten", "The eigenvalues are not rooted: this is exercise 3's predictor."),
    mistake("epsilon_forgotten", "ε forgotten", "ε is missing: directions with no features yet could never grow."),
    mistake(
        "greater_of_root_and_epsilon",
        "maximum for sum",
        "The greater of root and ε is taken: ε is added to the root.",
    ),
    mistake("epsilon_inside", "ε inside", "ε is below the root: it is added to the root."),
    mistake(
        "epsilon_times_the_greatest",
        "ε scaled",
        "ε is multiplied by the greatest eigenvalue, as in the paper's text: here it is added as it is.",
    ),
    mistake("not_divided", "not divided", "The eigenvalues are not divided by the greatest one."),
    mistake(
        "divided_after_the_root",
        "divided after the root",
        "The roots are divided by the greatest eigenvalue: divide before the root.",
    ),
    mistake("divided_by_the_sum", "sum for maximum", "The eigenvalues are divided by their sum: by the greatest one."),
    mistake("epsilon_everywhere", "ε everywhere", "ε is added to every entry of W: to the eigenvalues."),
    mistake("squared", "square for root", "The eigenvalues are squared: take their roots."),
    mistake("values_alone", "eigenvectors forgotten", "This is diag(p): U · diag(p) · Uᵀ has the eigenvectors, too."),
];

pub const BELOW_ZERO: &[Mistake] = &[
    mistake(
        "negative_rooted",
        "negative eigenvalues",
        "An eigenvalue below 0, which rounding leaves, has no root: take 0 for it, as the equation says.",
    ),
    mistake("absolute", "negative eigenvalues", "Eigenvalues below 0 count by their absolute values: take 0 for them."),
];

pub const COPIED: &[Mistake] = &[
    mistake("epsilon_forgotten", "ε forgotten", "ε · I is missing."),
    mistake("not_divided", "not divided", "F is not divided by its greatest eigenvalue."),
    mistake(
        "divided_by_the_sum",
        "trace for maximum",
        "F is divided by the sum of its eigenvalues: by the greatest one.",
    ),
    mistake(
        "divided_by_the_length",
        "another norm",
        "F is divided by the root of the sum of its squares: by the greatest eigenvalue.",
    ),
    mistake(
        "divided_by_the_greatest_entry",
        "entry for eigenvalue",
        "F is divided by its greatest entry: by its greatest eigenvalue.",
    ),
    mistake(
        "divided_as_a_whole",
        "ε divided, too",
        "ε is divided by the greatest eigenvalue, too: it is added after that.",
    ),
    mistake("epsilon_everywhere", "ε everywhere", "ε is added to every entry: to the diagonal."),
    mistake("root", "root", "The eigenvalues are rooted: this is exercise 2's predictor."),
];

pub const ALIGNMENT: &[Mistake] = &[
    mistake("not_weighed", "not weighed", "All directions count alike: weigh each by its eigenvalue."),
    mistake("not_divided", "not divided", "The weighed sum is not divided by the sum of the weights."),
    mistake(
        "lengths_forgotten",
        "lengths forgotten",
        "These are dot products uᵀ W u: divide each by the length of W u.",
    ),
    mistake("transposed", "transposed", "This is Wᵀ u: W u, which differs where W is not symmetric."),
    mistake(
        "absolute",
        "sign lost",
        "The cosines' absolute values are taken: a predictor that turns around is not aligned.",
    ),
    mistake("squared", "squares", "The cosines are squared: take them as they are."),
    mistake("roots_for_weights", "other weights", "The weights are the eigenvalues' roots: the eigenvalues."),
    mistake("best_direction", "one direction", "Only the greatest eigenvalue's direction counts: all do."),
];
