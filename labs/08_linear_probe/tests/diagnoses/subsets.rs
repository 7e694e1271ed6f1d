//! Mistakes in subsets, splits and choices.

use ssl_grading::{Mistake, mistake};

const NOT_SORTED: Mistake = mistake("not_sorted", "not sorted", "The numbers are right, but not in ascending order.");
const GENERATOR_UNTOUCHED: Mistake = mistake(
    "generator_untouched",
    "no randomness",
    "Two calls give the same images: draw from `rng`, whose state goes on from call to call.",
);
const RANDOM_ELSEWHERE: Mistake = mistake(
    "random_elsewhere",
    "a generator of one's own",
    "The same state of `rng` gives other images: all random numbers must come from `rng`, in an order that is always the same (a `HashMap`'s is not).",
);

pub const FEW_LABELS: &[Mistake] = &[
    mistake("none_of_small_classes", "empty classes", "Small classes have no image at all: at least 1 of each."),
    mistake("rounded_down", "rounded down", "fraction · n is rounded down: to the nearest."),
    mistake("rounded_up", "rounded up", "fraction · n is rounded up: to the nearest."),
    mistake(
        "same_number_of_each",
        "not in proportion",
        "Every class has the same number of images: each its share of its own size.",
    ),
    NOT_SORTED,
    GENERATOR_UNTOUCHED,
    RANDOM_ELSEWHERE,
];

const WINDOW: Mistake = mistake(
    "window",
    "images side by side",
    "Each image is drawn as often as it should be, but not each subset: a window of neighbors, or images at equal distances, are no random draw.",
);
const ONE_ORDER_FOR_ALL: Mistake = mistake(
    "one_order_for_all",
    "one order for all classes",
    "All classes have the same places drawn: shuffle each class for itself.",
);

pub const DRAWN_ALIKE: &[Mistake] = &[
    mistake("first_images", "always the first", "It is always the first images of a class: shuffle them before."),
    WINDOW,
    ONE_ORDER_FOR_ALL,
];

pub const PARTS: &[Mistake] = &[
    mistake(
        "swapped",
        "swapped",
        "The parts are swapped, or the fraction goes to training: training comes first, and validation has the fraction.",
    ),
    mistake(
        "overlapping",
        "overlap",
        "Images of validation are among those for training as well: what is chosen by them looks better than it is.",
    ),
    mistake(
        "only_image_taken",
        "an only image",
        "A class's only image is put aside, and nothing of it is left to train on.",
    ),
    mistake(
        "none_of_small_classes",
        "empty classes",
        "Small classes are missing in validation: at least 1 of each, if it has two.",
    ),
    mistake("rounded_down", "rounded down", "fraction · n is rounded down: to the nearest."),
    mistake("rounded_up", "rounded up", "fraction · n is rounded up: to the nearest."),
    mistake(
        "none_left_to_train",
        "no upper bound",
        "All images of a class are put aside where the fraction is large: at most n − 1, so that one stays for training.",
    ),
    NOT_SORTED,
    GENERATOR_UNTOUCHED,
    RANDOM_ELSEWHERE,
];

pub const PUT_ASIDE_ALIKE: &[Mistake] = &[
    mistake("first_images", "always the first", "It is always the first images of a class: shuffle them before."),
    mistake("last_images", "always the last", "It is always the last images of a class: shuffle them before."),
    WINDOW,
    ONE_ORDER_FOR_ALL,
];

pub const CHOSEN: &[Mistake] = &[
    mistake(
        "chosen_on_test",
        "chosen on the test images",
        "The setting is chosen by the test accuracy, which is then no estimate for new images: choose by `validate`.",
    ),
    mistake(
        "chosen_on_test_too",
        "chosen on the test images",
        "`validate` is asked, but the test accuracy decides: choose by `validate`, and ask `test` once, about the winner.",
    ),
    mistake(
        "test_not_reported",
        "validation reported",
        "`test` is asked, but the validation accuracy is returned, which is the best of several, and so too good.",
    ),
    mistake("chosen_on_both", "chosen on the test images", "The test accuracy has a say in the choice: it must not."),
    mistake(
        "tested_each_time",
        "tested each time",
        "The test images are asked for every candidate: once, about the winner.",
    ),
    mistake("last_of_equals", "ties", "Of equally good candidates the last wins: the first does."),
    mistake(
        "validation_reported",
        "validation reported",
        "The validation accuracy is returned: it is the best of several, and so too good. Ask `test` about the winner.",
    ),
    mistake("worst", "the worst", "The candidate with the least validation accuracy wins."),
];
