//! Mistakes of the queue, the memory bank and the negatives.

use ssl_grading::{Mistake, mistake};

pub const ENQUEUED: &[Mistake] = &[
    mistake(
        "place_not_moved",
        "place not moved",
        "The next place stays where it was, so that the same keys are replaced each time.",
    ),
    mistake("place_from_the_start", "place ignored", "Every batch is written from place 0 on: begin at `next`."),
    mistake(
        "cut_at_the_end",
        "does not go around",
        "Keys that do not fit before the end of the ring are lost: they go to its start.",
    ),
    mistake(
        "begins_again",
        "does not go around",
        "A batch that does not fit before the end is written to the start as a whole: only what does not fit goes there.",
    ),
    mistake("backwards", "order reversed", "The batch's last key comes first: key i goes to place next + i."),
    mistake(
        "newest_replaced",
        "a stack",
        "The newest keys are replaced, last in, first out: the oldest ones have to go.",
    ),
    mistake(
        "shifted",
        "moves the keys",
        "All keys move up and the new ones go to the end: here they stay where they are, and `next` moves.",
    ),
    mistake(
        "in_front",
        "moves the keys",
        "The new keys go to the front and the others move down: here they stay where they are, and `next` moves.",
    ),
    mistake("one_further", "place moved by 1", "The next place moves by 1 for each batch: by the number of its keys."),
    mistake("normalized_again", "normalizes", "Keys are brought to length 1: they are remembered as they are."),
];

pub const REMEMBERED: &[Mistake] = &[
    mistake("not_normalized", "not of length 1", "The new memory is the average as it is: bring it to length 1."),
    mistake(
        "momentum_reversed",
        "momentum on the wrong side",
        "The momentum weighs the new embedding: it weighs the old memory.",
    ),
    mistake("replaced", "old memory lost", "The new embedding replaces the memory: keep `momentum` of the old one."),
    mistake("left_alone", "nothing done", "The bank is as it was."),
    mistake(
        "v_normalized_first",
        "v normalized first",
        "v is brought to length 1 before the average is taken: only the average is.",
    ),
    mistake("first_rows", "images ignored", "The first rows of the bank are written: those of the batch's images."),
    mistake(
        "sorted_images",
        "order of the images",
        "The embeddings go to the images in sorted order: row i belongs to images[i].",
    ),
    mistake("all_rows", "other images changed", "Memories of other images change, too: only those of the batch."),
    mistake(
        "old_forgotten",
        "momentum ignored",
        "Old and new have the same weight, whatever the momentum is: weigh them by momentum and 1 − momentum.",
    ),
];

pub const NEGATIVES: &[Mistake] = &[
    mistake("own_images_too", "the batch among them", "Images of the batch are drawn, too: leave them out."),
    mistake("first_images", "not drawn", "The first images are taken each time: draw them."),
    mistake(
        "places_for_images",
        "places for images",
        "Places in the list of candidates are returned: look up which images are there.",
    ),
    mistake(
        "first_places_left_out",
        "wrong images left out",
        "As many images as the batch has are left out, but the first ones: leave out those of the batch.",
    ),
    mistake("with_replacement", "the same image twice", "An image may be drawn twice: draw different ones."),
    mistake(
        "own_seed",
        "a generator of its own",
        "The same images are drawn each time: draw from `rng` itself, not from a copy or a generator of your own.",
    ),
];
