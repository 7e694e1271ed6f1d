//! Mistakes on the way from an image to its views.

use ssl_grading::{Mistake, mistake};

pub const BOXES: &[Mistake] = &[
    mistake(
        "aspect_uniform",
        "ratio uniform, not its logarithm",
        "The ratio itself is uniform, so that wide boxes are far more frequent than high ones. Draw its logarithm uniformly: 1:2 \
         then is as likely as 2:1.",
    ),
    mistake(
        "scale_of_side",
        "scale of the side",
        "`scale` was taken as a share of the side: the boxes are too small. It is a share of the area; the side is its root.",
    ),
    mistake(
        "ratio_inverted",
        "height ÷ width",
        "The boxes are high where they should be wide: the ratio is width ÷ height.",
    ),
    mistake(
        "outside",
        "ignores the size of the box",
        "Some boxes reach outside the image: the last place for the upper edge is height − the box's height, not height.",
    ),
    mistake("corner", "no random place", "All boxes lie in the upper left corner: draw their place as well."),
    mistake(
        "last_place_left_out",
        "exclusive range",
        "The last row and column are never reached: the range of places includes height − the box's height (`0..=n`, not `0..n`).",
    ),
    mistake(
        "ratio_once",
        "one ratio for all tries",
        "The ratio is drawn once for all tries: where a box does not fit, draw the area and the ratio again, or narrow boxes come too often.",
    ),
    mistake(
        "truncated",
        "truncates instead of rounding",
        "The sides are cut off instead of rounded: on small images the boxes are too small. `round()` before `as usize`.",
    ),
];

pub const CENTER: &[Mistake] = &[
    mistake(
        "whole_image",
        "fallback to the whole image",
        "After ten tries the whole image was taken, whatever its ratio: take the largest box with a ratio that is allowed.",
    ),
    mistake(
        "not_centered",
        "fallback in the corner",
        "After ten tries the box has the right size, but it lies in the corner: put it in the center.",
    ),
];

/// Made where chance decides, and where it does not.
const PROBABILITY_INVERTED: Mistake = mistake(
    "probability_inverted",
    "inverts probabilities",
    "The steps are left out with their probability: they are to be taken with it.",
);

pub const GENERATOR: &[Mistake] = &[
    mistake(
        "generator_untouched",
        "a generator of one's own",
        "The boxes do not depend on the generator that is passed in, or leave it as it was (a clone, or one with a seed of its own): draw \
         from `rng` itself.",
    ),
    mistake(
        "random_elsewhere",
        "global randomness",
        "The same state of `rng` gives another box each time: all random numbers must come from it, or no run can be repeated.",
    ),
];

pub const ORDER: &[Mistake] = &[
    mistake("reversed", "steps in reverse order", "The steps were taken in reverse order, the last one first."),
    mistake(
        "probability_ignored",
        "ignores probabilities",
        "A step whose probability is 0 was taken: every step has to be drawn for.",
    ),
    PROBABILITY_INVERTED,
    mistake(
        "last_only",
        "every step starts from the original",
        "Every step was given the original image, so that only the last one shows: each goes on with what the one before gave.",
    ),
    mistake("first_only", "stops after the first step", "Only the first step shows: go on with what it gives."),
    mistake(
        "one_at_most",
        "one step for all",
        "Only one step is taken, the first that chance allows: go on with what it gives.",
    ),
    mistake(
        "stops_when_skipped",
        "break for continue",
        "Where a step is left out, all later ones are as well: go on with the next one (`continue`, not `break`).",
    ),
];

pub const STEPS_DRAW: &[Mistake] = &[
    mistake(
        "same_random_numbers",
        "clones the generator",
        "The steps are given the same random numbers (a clone of `rng`, or the same seed): give each of them `rng` itself.",
    ),
    mistake(
        "random_elsewhere",
        "global randomness",
        "The same state of `rng` gives the steps other random numbers each time: all must come from it, or no run can be repeated.",
    ),
];

pub const CHANCE: &[Mistake] = &[
    mistake(
        "one_draw_for_all",
        "one draw for all steps",
        "One random number decides on all steps, so that they come together or not at all. Draw one for every step.",
    ),
    mistake(
        "probability_ignored",
        "ignores probabilities",
        "Every step is taken every time: each has to be drawn for, with its own probability.",
    ),
    PROBABILITY_INVERTED,
];

pub const VIEWS: &[Mistake] = &[
    mistake(
        "same_view_twice",
        "one view for both",
        "Both views are the same: nothing is left to learn, the loss falls at once. Call the transform a second time.",
    ),
    mistake("original", "the image as a view", "One of the views is the image itself: both have to be drawn."),
    mistake(
        "same_random_numbers",
        "clones the generator",
        "The transform was called twice, but with the same random numbers (a clone of `rng`, or the same seed), so that both views \
         are the same.",
    ),
    mistake(
        "view_of_a_view",
        "a view of the view",
        "The second view was made of the first one: both have to be views of the image.",
    ),
    mistake(
        "generator_untouched",
        "a generator of one's own",
        "One or both of the views do not depend on the generator that is passed in, or leave it as it was (a clone, or one with a seed of \
         its own): every image would get the same view. Draw both from `rng` itself.",
    ),
    mistake(
        "random_elsewhere",
        "global randomness",
        "The same state of `rng` gives other views each time: all random numbers must come from it, or no run can be repeated.",
    ),
];
