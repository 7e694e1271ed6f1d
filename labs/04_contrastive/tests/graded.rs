//! The graded checks of lab 04: `cargo test -p contrastive`.

use std::process::ExitCode;

use candle_core::{Device, Result, Tensor, Var};
use ssl_grading::{Check, Exercise, Lab, Values};

/// What a student writes.
#[derive(Clone, Copy)]
pub struct Exercises {
    pub pairwise_distance: fn(&Tensor, &Tensor) -> Result<Tensor>,
    pub contrastive_loss: fn(&Tensor, &Tensor, f64) -> Result<Tensor>,
    pub triplet_loss: fn(&Tensor, &Tensor, &Tensor, f64) -> Result<Tensor>,
    pub semi_hard_negatives: fn(&Tensor, &Tensor, &[usize], f64) -> Result<Vec<Option<usize>>>,
    pub cosine_similarity_matrix: fn(&Tensor) -> Result<Tensor>,
    pub info_nce: fn(&Tensor, &Tensor, f64) -> Result<Tensor>,
    pub alignment: fn(&Tensor, &Tensor, f64) -> Result<Tensor>,
    pub uniformity: fn(&Tensor, f64) -> Result<Tensor>,
}

pub const EXERCISES: Exercises = Exercises {
    pairwise_distance: contrastive::pairwise_distance,
    contrastive_loss: contrastive::contrastive_loss,
    triplet_loss: contrastive::triplet_loss,
    semi_hard_negatives: contrastive::semi_hard_negatives,
    cosine_similarity_matrix: contrastive::cosine_similarity_matrix,
    info_nce: contrastive::info_nce,
    alignment: contrastive::alignment,
    uniformity: contrastive::uniformity,
};

pub fn main() -> ExitCode {
    ssl_grading::main(lab(), EXERCISES, env!("CARGO_MANIFEST_DIR"))
}

pub fn lab() -> Lab<Exercises> {
    let exercise = |name, needs| Exercise { name, refuses: &[], needs };
    Lab {
        name: "04_contrastive",
        exercises: vec![
            exercise("pairwise_distance", &[]),
            exercise("contrastive_loss", &[]),
            exercise("triplet_loss", &["pairwise_distance"]),
            exercise("semi_hard_negatives", &[]),
            exercise("cosine_similarity_matrix", &[]),
            exercise("info_nce", &["cosine_similarity_matrix"]),
            exercise("alignment", &[]),
            exercise("uniformity", &["cosine_similarity_matrix"]),
        ],
        checks: [distances(), vec![pairs(), triplets(), semi_hard()], cosines(), nt_xent(), vec![aligned(), uniform()]]
            .concat(),
    }
}

fn distances() -> Vec<Check<Exercises>> {
    vec![
        Check {
            id: "distance",
            exercise: "pairwise_distance",
            points: 5,
            tolerance: 1e-5,
            run: |exercises, case| {
                let (a, b) = (variable(case, "a")?, variable(case, "b")?);
                let distance = (exercises.pairwise_distance)(&a, &b)?;
                with_gradients("distance", &distance, &[("a", &a), ("b", &b)])
            },
            mistakes: &[
                ("squared", "This is the squared distance: take the root."),
                ("manhattan", "This is the sum of absolute differences. Square them, add up, take the root."),
                (
                    "over_batch",
                    "The sum runs over the rows. Each row is a vector of its own: sum along the last axis, so that one \
                     distance a row remains.",
                ),
                ("mean_inside", "The squares are averaged instead of added up: this is the distance divided by √D."),
            ],
        },
        Check {
            id: "distance_of_equal_rows",
            exercise: "pairwise_distance",
            points: 5,
            tolerance: 1e-5,
            run: |exercises, case| {
                let a = variable(case, "a")?;
                let distance = (exercises.pairwise_distance)(&a, case.tensor("b")?)?;
                with_gradients("distance", &distance, &[("a", &a)])
            },
            mistakes: &[(
                "epsilon_outside",
                "The root's gradient at 0 is infinite, and ∞ · 0 is not a number: one pair of equal rows would turn all weights \
                 into NaN. Add ε = 1e-12 inside the root.",
            )],
        },
    ]
}

fn pairs() -> Check<Exercises> {
    Check {
        id: "contrastive",
        exercise: "contrastive_loss",
        points: 10,
        tolerance: 1e-5,
        run: |exercises, case| {
            let distance = variable(case, "distance")?;
            let loss = (exercises.contrastive_loss)(&distance, case.tensor("is_positive")?, case.number("margin")?)?;
            with_gradients("loss", &loss, &[("distance", &distance)])
        },
        mistakes: &[
            (
                "branches_swapped",
                "Positive pairs are pushed apart and negative ones drawn together: the two branches are swapped.",
            ),
            (
                "hadsell",
                "This is the loss of Hadsell, Chopra and LeCun (2006), ½d² and ½max(0, α − d)². This lab takes the lecture's \
                 form, without squares and halves (handout, equation 2).",
            ),
            (
                "squares",
                "Both terms are squared, as in Hadsell, Chopra and LeCun (2006). This lab takes the lecture's form, without \
                 squares (handout, equation 2).",
            ),
            (
                "pulled_beyond_margin",
                "The margin is on the wrong side: max(0, d − α) draws distant negatives in. Those closer than the margin are to \
                 be pushed away: max(0, α − d).",
            ),
            (
                "no_hinge",
                "Negatives beyond the margin still pull: α − d is below 0 there. max(0, ·) leaves them alone.",
            ),
            ("sum", "This is the sum over the pairs: divide by their number."),
        ],
    }
}

fn triplets() -> Check<Exercises> {
    Check {
        id: "triplet",
        exercise: "triplet_loss",
        points: 15,
        tolerance: 1e-5,
        run: |exercises, case| {
            let [anchor, positive, negative] =
                [variable(case, "anchor")?, variable(case, "positive")?, variable(case, "negative")?];
            let loss = (exercises.triplet_loss)(&anchor, &positive, &negative, case.number("margin")?)?;
            let inputs = [("anchor", &anchor), ("positive", &positive), ("negative", &negative)];
            with_gradients("loss", &loss, &inputs)
        },
        mistakes: &[
            (
                "signs_swapped",
                "The signs are swapped: this draws the negative in and pushes the positive away. It has to be \
                 d(a, p) − d(a, n) + α.",
            ),
            (
                "active_only",
                "This is the mean over the triplets whose loss is above 0. Divide by the number of all triplets: those that are \
                 right already count as 0 (handout, equation 3).",
            ),
            ("no_margin", "The margin is missing: a negative has to be farther away by α."),
            (
                "margin_subtracted",
                "The margin is subtracted: so a negative may even be nearer than the positive. Add it.",
            ),
            (
                "squared",
                "These are squared distances, as in Schroff et al. (2015). This lab takes distances as they are (exercise 1).",
            ),
            ("no_hinge", "Triplets that are right already give a negative loss: cut it off with max(0, ·)."),
            ("sum", "This is the sum over the triplets: divide by their number."),
        ],
    }
}

fn semi_hard() -> Check<Exercises> {
    Check {
        id: "semi_hard",
        exercise: "semi_hard_negatives",
        points: 15,
        tolerance: 1e-9,
        run: |exercises, case| {
            let positives: Vec<u32> = case.tensor("positives")?.to_vec1()?;
            let positives: Vec<usize> = positives.into_iter().map(|i| i as usize).collect();
            let (distances, labels) = (case.tensor("distances")?, case.tensor("labels")?);
            let found = (exercises.semi_hard_negatives)(distances, labels, &positives, case.number("margin")?)?;
            // −1 stands for none.
            let found: Vec<f64> = found.into_iter().map(|index| index.map_or(-1.0, |i| i as f64)).collect();
            Ok(Values::new().with("negatives", &Tensor::new(found, &Device::Cpu)?))
        },
        mistakes: &[
            (
                "hardest",
                "These are the hardest negatives, closer to the anchor than its positive among them: such triplets make a network \
                 collapse early on. Semi-hard ones are farther away than the positive.",
            ),
            (
                "beyond_margin",
                "Some of these are farther away than the positive by more than the margin: their loss is 0, nothing is learnt \
                 from them. Where nothing lies in between, the answer is `None`.",
            ),
            ("own_class", "Some of these have the anchor's own label: a negative is a sample of another label."),
            ("last_at_tie", "Where several negatives are equally close, the one with the lowest index is asked for."),
            ("farthest", "These are the farthest semi-hard negatives: the closest ones are asked for."),
            ("absolute_margin", "The margin counts from the positive's distance, not from 0: d(i, n) < d(i, p) + α."),
        ],
    }
}

fn cosines() -> Vec<Check<Exercises>> {
    vec![
        Check {
            id: "cosines",
            exercise: "cosine_similarity_matrix",
            points: 7,
            tolerance: 1e-5,
            run: |exercises, case| {
                let z = variable(case, "z")?;
                let similarity = (exercises.cosine_similarity_matrix)(&z)?;
                with_gradients("similarity", &similarity, &[("z", &z)])
            },
            mistakes: &[
                (
                    "batch_axis",
                    "The columns were brought to length 1: that is the batch axis. Each row is an embedding; sum its squares \
                     along the last axis.",
                ),
                ("not_normalised", "These are inner products: bring each row to length 1 first."),
                ("columns", "These are products of columns, [D, D]: z · zᵀ compares rows, zᵀ · z compares columns."),
                (
                    "one_side",
                    "Only one of the two factors was normalised: the matrix has to be symmetric, with ones on its diagonal.",
                ),
                ("whole_matrix", "All rows were divided by the length of the whole matrix: each row needs its own."),
            ],
        },
        Check {
            id: "cosine_of_zero",
            exercise: "cosine_similarity_matrix",
            points: 3,
            tolerance: 1e-5,
            run: |exercises, case| {
                let similarity = (exercises.cosine_similarity_matrix)(case.tensor("z")?)?;
                Ok(Values::new().with("similarity", &similarity))
            },
            mistakes: &[(
                "zero_vector",
                "A row of zeros was divided by its length: 0/0. With ε = 1e-12 inside the root its cosines are 0.",
            )],
        },
    ]
}

const NT_XENT_MISTAKES: &[(&str, &str)] = &[
    (
        "anchor_in_denominator",
        "This is what you get when the anchor itself stays in the denominator, with the greatest cosine of all: mask the diagonal \
         (handout, equation 4).",
    ),
    (
        "diagonal_zero",
        "The diagonal was set to 0, and exp(0) = 1 still stands in the denominator. Set it to −∞ before the exponential.",
    ),
    (
        "positive_left_out",
        "The positive is missing from the denominator. Only the anchor itself is left out: 2N − 1 terms remain.",
    ),
    ("temperature_multiplied", "The cosines are multiplied by the temperature: divide by it."),
    ("temperature_forgotten", "The temperature is missing: divide the cosines by it."),
    (
        "only_n_anchors",
        "Only the first view's rows are anchors. All 2N rows are, each with the other view of its image as positive.",
    ),
    (
        "other_view_only",
        "The negatives of an anchor come from the other view only. The other images of its own view are negatives as well: \
         2N − 2 in all.",
    ),
    (
        "one_direction",
        "Only the first view's rows are anchors, and their negatives come from the second view only. Put the views together: \
         2N anchors with 2N − 2 negatives each.",
    ),
    ("sum", "This is the sum over the anchors: divide by 2N."),
    ("not_normalised", "The embeddings are not normalised: similarities are cosines (exercise 5)."),
];

fn nt_xent() -> Vec<Check<Exercises>> {
    let check = |id, points, mistakes| Check {
        id,
        exercise: "info_nce",
        points,
        tolerance: 1e-5,
        run: |exercises: &Exercises, case: &Values| {
            let (z_a, z_b) = (variable(case, "z_a")?, variable(case, "z_b")?);
            let loss = (exercises.info_nce)(&z_a, &z_b, case.number("temperature")?)?;
            with_gradients("loss", &loss, &[("z_a", &z_a), ("z_b", &z_b)])
        },
        mistakes,
    };
    vec![
        check("info_nce_of_views", 15, NT_XENT_MISTAKES),
        check("info_nce_of_equal_embeddings", 5, &[]),
        check(
            "info_nce_when_cold",
            5,
            &[
                (
                    "overflow",
                    "exp(1 / 0.01) = exp(100) is larger than any f32. Take each row's greatest logit away before exp, as \
                     `log_softmax` does.",
                ),
                (
                    "overflow_of_a_ratio",
                    "exp(1 / 0.01) = exp(100) is larger than any f32, and ∞ / ∞ is not a number. Take each row's greatest logit \
                     away before exp, as `log_softmax` does.",
                ),
            ],
        ),
    ]
}

fn aligned() -> Check<Exercises> {
    Check {
        id: "aligned",
        exercise: "alignment",
        points: 5,
        tolerance: 1e-5,
        run: |exercises, case| {
            let (z_a, z_b) = (variable(case, "z_a")?, variable(case, "z_b")?);
            let loss = (exercises.alignment)(&z_a, &z_b, case.number("alpha")?)?;
            with_gradients("loss", &loss, &[("z_a", &z_a), ("z_b", &z_b)])
        },
        mistakes: &[
            ("alpha_forgotten", "This is the mean distance: the distances have to be raised to the power of α first."),
            ("alpha_two", "This is the mean squared distance, whatever α is."),
            ("power_of_square", "The squared distance was raised to the power of α: ‖x‖^α = (‖x‖²)^(α/2)."),
            ("not_normalised", "The embeddings are not normalised: bring each row to length 1 first."),
            ("power_of_mean", "The mean was raised to the power of α: raise each distance, then take the mean."),
        ],
    }
}

fn uniform() -> Check<Exercises> {
    Check {
        id: "uniform",
        exercise: "uniformity",
        points: 10,
        tolerance: 1e-5,
        run: |exercises, case| {
            let z = variable(case, "z")?;
            let value = (exercises.uniformity)(&z, case.number("t")?)?;
            with_gradients("uniformity", &value, &[("z", &z)])
        },
        mistakes: &[
            (
                "self_pairs",
                "Each embedding is paired with itself, at distance 0: the mean is over pairs i < j of different ones.",
            ),
            (
                "mean_of_logs",
                "This is the mean of the logarithms: take the mean of the exponentials first, then one logarithm.",
            ),
            ("distance_not_squared", "The distance in the exponent has to be squared."),
            ("not_normalised", "The embeddings are not normalised: bring each row to length 1 first."),
            ("sum", "This is the logarithm of the sum: divide by the number of pairs first, N(N − 1)/2."),
            ("no_log", "The logarithm is missing."),
        ],
    }
}

/// A tensor of the case whose gradient is wanted.
fn variable(case: &Values, name: &str) -> Result<Var> {
    Var::from_tensor(case.tensor(name)?)
}

/// An output and its gradients with respect to named inputs.
fn with_gradients(name: &str, output: &Tensor, inputs: &[(&str, &Var)]) -> Result<Values> {
    let values = Values::new().with(name, output);
    inputs.iter().try_fold(values, |values, (input, var)| values.with_gradient(input, output, var))
}
