//! What to say to whom: the typical mistakes of each exercise of lab 01.

use ssl_grading::{Mistake, mistake};

pub const TURNS: &[Mistake] = &[
    mistake(
        "reshaped",
        "reshape for transpose",
        "`reshape` deals the pixels out anew, row by row: `transpose` swaps the axes.",
    ),
    mistake("half_is_mirror", "a mirror for half a turn", "A turn by 180° is a mirror image here: flip both axes."),
    mistake("three_as_one", "no third turn", "A turn by 270° is one by 90° here: it goes the other way round."),
    mistake(
        "clockwise",
        "turns the wrong way",
        "The images are turned clockwise. Counter-clockwise, the upper right corner goes to the upper left: flip the other axis \
         (handout, equation 1).",
    ),
    mistake(
        "mirrored",
        "takes a reflection for a turn",
        "This is a mirror image: the axes are swapped, but nothing is flipped. A reflection and a flip make a turn.",
    ),
    mistake(
        "half_turn",
        "turns by 180° where 90° is asked for",
        "The images are turned twice as far as they should be: one quarter turn is 90°, not 180°.",
    ),
    mistake(
        "one_more",
        "counts turns from 1",
        "The images are turned by one quarter turn too many: 0 turns leave them as they are.",
    ),
    mistake(
        "wrong_axes",
        "mixes up the axes of a batch",
        "The images themselves are mixed: the batch axis was turned. Height and width are axes 2 and 3 of [B, C, H, W].",
    ),
];

pub const BLOCKS: &[Mistake] = &[
    mistake(
        "clockwise",
        "turns the other way",
        "The blocks of 90° and 270° are exchanged: images turn counter-clockwise.",
    ),
    mistake("unturned", "images left alone", "All four blocks are the images as they came in: turn each by its label."),
    mistake(
        "labels_interleaved",
        "labels repeat with the wrong period",
        "The images come in blocks (all at 0°, all at 90°, …), but the labels run 0, 1, 2, 3, 0, 1, 2, 3, …: each block needs one \
         label, once for every image.",
    ),
    mistake(
        "images_interleaved",
        "orders images by image, labels by rotation",
        "The labels come in blocks, but the images do not: the four rotations of one image follow each other. Put all images at 0° \
         first, then all at 90°, and so on.",
    ),
    mistake(
        "both_interleaved",
        "another convention for the order",
        "Images and labels agree, but the four rotations of one image follow each other. This course wants blocks: all images at 0° \
         first, then all at 90°, and so on.",
    ),
    mistake(
        "first_block_only",
        "forgets to label the rotations",
        "All labels are 0: each block has a label of its own, 0 to 3.",
    ),
];

pub const CROSS_ENTROPY: &[Mistake] = &[
    mistake(
        "no_log",
        "forgets the logarithm",
        "This is the mean probability with a minus: its logarithm is missing (handout, equation 2).",
    ),
    mistake(
        "log_of_mean",
        "mean before log",
        "This is the logarithm of the mean probability: take the logarithm of each first.",
    ),
    mistake("per_row", "no mean", "These are the losses of all rows: take their mean."),
    mistake("sum", "sum for mean", "This is the sum over the images: divide by how many there are."),
    mistake(
        "softmax_twice",
        "applies softmax to probabilities",
        "A softmax was taken of the logits, and then cross-entropy took another one. Cross-entropy starts from the logits.",
    ),
    mistake(
        "over_batch",
        "normalizes over the images",
        "The softmax runs over the images. The probabilities of one image's rotations add up to 1: take it along the last axis.",
    ),
    mistake(
        "no_minus",
        "forgets the minus",
        "The sign is wrong: the loss is minus the log probability, and never below 0.",
    ),
    mistake(
        "by_classes",
        "divides by the classes",
        "The sum is divided by the number of rotations: divide by the number of images.",
    ),
    mistake("twice_divided", "divides twice", "The mean was divided by the number of images once more."),
    mistake(
        "all_classes",
        "ignores the labels",
        "This is the mean over all rotations, whatever the labels say: pick the log probability of each image's own rotation.",
    ),
    mistake(
        "picked_detached",
        "cuts the graph at the label's logit",
        "The value is right, but no gradient flows through the logit of the label: it must stay in the graph.",
    ),
    mistake(
        "normalizer_detached",
        "cuts the graph at the normalizer",
        "The value is right, but no gradient flows through log Σ exp: it must stay in the graph. (Only the maximum that you subtract \
         may be detached.)",
    ),
    mistake(
        "maximum_kept",
        "subtracts the maximum on one side only",
        "The maximum was subtracted inside log Σ exp, but not from the logit of the label: equation 3 subtracts it in both places.",
    ),
];

pub const LARGE_LOGITS: &[Mistake] = &[
    mistake(
        "epsilon_in_log",
        "ε against log 0",
        "An ε in the logarithm keeps the loss from rising above −log ε, and its gradient from flowing: equation 3 needs none.",
    ),
    mistake(
        "global_maximum",
        "one maximum for all rows",
        "Every row needs its own greatest logit: in a row far below that of all, each exponential becomes 0.",
    ),
    mistake(
        "log_of_softmax",
        "takes the log of a probability",
        "At large logits a probability becomes 0 in f32, and its logarithm −∞. Do not go through the probability: equation 3 never \
         takes the logarithm of a softmax.",
    ),
    mistake(
        "log_of_sum",
        "no maximum subtracted",
        "exp(200) is larger than any f32, so log Σ exp is infinite: subtract the largest logit of each row first (equation 3).",
    ),
    mistake(
        "log_of_ratio",
        "no maximum subtracted",
        "exp(200) is larger than any f32, and ∞ / ∞ is not a number: subtract the largest logit of each row first, and do not go \
         through the probability (equation 3).",
    ),
];

pub const ACCURACY: &[Mistake] = &[
    mistake(
        "integer_division",
        "divides whole numbers",
        "Whole numbers were divided, which leaves 0 nearly always: make floats of them first.",
    ),
    mistake(
        "percent",
        "percentage for fraction",
        "This is a percentage. Accuracies in this course are fractions between 0 and 1.",
    ),
    mistake(
        "count",
        "count for fraction",
        "This is how many predictions are right: divide by how many images there are.",
    ),
    mistake(
        "argmax_over_batch",
        "looks for the maximum over the images",
        "The largest logit was looked for among the images. Classes are along the last axis.",
    ),
    mistake(
        "error_rate",
        "error rate for accuracy",
        "This is the share of wrong predictions: you want that of right ones.",
    ),
    mistake(
        "by_classes",
        "divides by the classes",
        "You divide by the number of rotations: divide by the number of images.",
    ),
    mistake(
        "counted_in_bytes",
        "sums a comparison in u8",
        "`eq` gives bytes (u8), and a sum of bytes starts again at 256: convert with `to_dtype` before you add up.",
    ),
];

pub const FROZEN: &[Mistake] = &[
    mistake(
        "training_mode",
        "evaluates in training mode",
        "The backbone ran in training mode: batch norm used the batch's own statistics, so that an image's features depend on its \
         neighbors. Pass `false` as `train`.",
    ),
    mistake(
        "graph_kept",
        "keeps the graph of features",
        "The features are right, but they still hold on to the backbone's graph: a probe would train the backbone, and memory would \
         grow with every batch. Detach them.",
    ),
    mistake(
        "last_batch_dropped",
        "drops the last batch",
        "The last, smaller batch is missing: 8 images in batches of 3 are 3 + 3 + 2.",
    ),
    mistake(
        "as_many_parts",
        "takes the batch size for the number of batches",
        "The images were cut into `batch` parts: `batch` is how many images go through the backbone at a time. (`chunk` takes the \
         number of parts.)",
    ),
    mistake(
        "all_at_once",
        "ignores the batch size",
        "All images went through the backbone at once: memory would grow with their number. Take `batch` at a time.",
    ),
];
