//! Mistakes in fine-tuning and overlaps.

use ssl_grading::{Mistake, mistake};

pub const FINE_TUNED: &[Mistake] = &[
    mistake("rates_swapped", "rates swapped", "The two learning rates are swapped."),
    mistake("head_rate_for_both", "one rate", "The head's learning rate moves the backbone, too: it has its own."),
    mistake("backbone_rate_for_both", "one rate", "The backbone's learning rate moves the head, too: it has its own."),
    mistake(
        "backbone_frozen",
        "backbone frozen",
        "The backbone's weights stay as they are: this is a probe, no fine-tuning.",
    ),
    mistake("head_frozen", "head frozen", "The head's weights stay as they are."),
    mistake(
        "evaluation_mode",
        "evaluation mode",
        "The backbone runs in evaluation mode: batch norm is to see the batch, and its running statistics are to move.",
    ),
    mistake(
        "two_backward_passes",
        "two passes",
        "The head's gradients come from a second pass, after the backbone has changed: compute all of them once, before any update.",
    ),
    mistake("summed", "sum for mean", "The losses of the batch are summed: take their mean."),
];

pub const OVERLAP: &[Mistake] = &[
    mistake(
        "averaged_over_images",
        "per image",
        "IoU is computed for each image and averaged: count over all images together first.",
    ),
    mistake("absent_as_0", "absent classes", "Classes that occur on neither side count as 0: leave them out."),
    mistake("absent_as_1", "absent classes", "Classes that occur on neither side count as 1: leave them out."),
    mistake("dice", "Dice", "This is the Dice coefficient, 2 |a ∩ b| / (|a| + |b|)."),
    mistake("recall", "recall", "You divide by the true pixels alone: by those that are the class on either side."),
    mistake(
        "precision",
        "precision",
        "You divide by the predicted pixels alone: by those that are the class on either side.",
    ),
    mistake("accuracy", "accuracy", "This is the share of right pixels, which a large background decides."),
    mistake("without_background", "background left out", "Class 0 is left out: it counts like the others."),
    mistake("counted_twice", "sum for union", "You divide by |a| + |b|, where the common pixels count twice."),
    mistake(
        "true_classes_only",
        "true classes only",
        "Classes that are predicted, and nowhere true, are left out: their IoU is 0, and counts.",
    ),
    mistake(
        "predicted_classes_only",
        "predicted classes only",
        "Classes that are true, and nowhere predicted, are left out: their IoU is 0, and counts.",
    ),
    mistake(
        "classes_in_both_only",
        "common classes only",
        "Classes that only one side has are left out: their IoU is 0, and counts.",
    ),
    mistake("summed", "sum for mean", "The classes' IoUs are summed: take their mean."),
    mistake(
        "bytes",
        "bytes overflow",
        "Counts begin again at 256: `eq` gives bytes (u8), whose sum is a byte, too. Convert them before you sum.",
    ),
    mistake("weighted_by_pixels", "weighted", "Classes count by their pixels: all alike."),
];

pub const BOXES: &[Mistake] = &[
    mistake(
        "negative_sides",
        "negative sides",
        "Boxes that are apart have a common part with negative sides: cut each side off at 0 before you multiply.",
    ),
    mistake("pixels_counted", "one pixel more", "Sides are one longer than the distance of the edges."),
    mistake(
        "union_is_the_sum",
        "sum for union",
        "You divide by the sum of both areas, where the common part counts twice.",
    ),
    mistake("over_the_smaller", "smaller for union", "You divide by the smaller area: by that of the union."),
    mistake("over_the_prediction", "one area", "You divide by the area of a alone: by that of the union."),
    mistake("over_the_greater", "greater for union", "You divide by the greater area: by that of the union."),
    mistake(
        "product_cut_off",
        "product cut off",
        "The *product* of the sides is cut off at 0, but two negative sides give a positive one: cut off each side before.",
    ),
    mistake(
        "absolute_sides",
        "absolute sides",
        "Negative sides count as positive ones: boxes that are apart have nothing in common.",
    ),
    mistake("dice", "Dice", "This is the Dice coefficient, 2 · common / (area of a + area of b): divide by the union."),
    mistake("over_the_truth", "one area", "You divide by the area of b alone: by that of the union."),
    mistake("common_area", "not divided", "This is the common area: divide it by that of the union."),
    mistake(
        "corner_and_size",
        "corner and size",
        "The last two numbers are the bottom and right edges, not height and width.",
    ),
];

pub const EMPTY_BOXES: &[Mistake] = &[
    mistake(
        "inside_out",
        "negative areas",
        "A box whose bottom lies above its top, or right edge left of its left, has area 0: cut its sides off at 0.",
    ),
    mistake(
        "not_a_number",
        "0/0",
        "Where both areas are 0, so is the union, and 0/0 is no number: the IoU is 0 there.",
    ),
];
