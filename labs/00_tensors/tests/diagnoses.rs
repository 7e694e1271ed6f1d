//! What to say to whom: the typical mistakes of each exercise of lab 00.

use ssl_grading::{Mistake, mistake};

pub const AFFINE: &[Mistake] = &[
    mistake(
        "swapped",
        "swaps scale and offset",
        "Scale and offset are swapped: `scale` multiplies, `offset` is added.",
    ),
    mistake("offset_scaled", "shifts before scaling", "The offset is scaled, too: multiply first, then add."),
    mistake("no_offset", "forgets the offset", "The offset is missing."),
];

pub const ROWS: &[Mistake] = &[
    mistake(
        "columns",
        "takes the mean over the rows",
        "The means are those of the columns: axis 0 runs over the rows, the last axis (`D::Minus1`) along each row.",
    ),
    mistake("whole", "one mean for all", "This is one mean for the whole tensor: every row has its own."),
    mistake("added", "adds the mean", "The mean is added: subtract it."),
    mistake(
        "mean_detached",
        "cuts the graph at the mean",
        "The values are right, but no gradient flows through the mean: leave it in the graph.",
    ),
];

pub const SHARE: &[Mistake] = &[
    mistake(
        "integer_division",
        "divides whole numbers",
        "Whole numbers were divided, which leaves 0 nearly always: make floats of them first.",
    ),
    mistake("count", "count for fraction", "This is how many agree: divide by how many there are."),
    mistake("percent", "percentage for fraction", "This is a percentage: a fraction between 0 and 1 is asked for."),
    mistake(
        "counted_in_bytes",
        "sums a comparison in u8",
        "`eq` gives bytes (u8), and a sum of bytes starts again at 256: convert with `to_dtype` before you add up.",
    ),
    mistake("share_different", "counts what differs", "This is the share that differs."),
];

pub const PICK: &[Mistake] = &[
    mistake(
        "rows_picked",
        "picks rows",
        "These are whole rows: `index_select` takes rows, `gather` takes one element of each row.",
    ),
    mistake(
        "column_kept",
        "keeps the axis",
        "The values are right, but they are still a column, [N, 1]: `squeeze` takes the axis away.",
    ),
    mistake("greatest", "picks the greatest", "These are the greatest elements of the rows, whatever the indices say."),
    mistake(
        "next_one",
        "counts from 1",
        "Each element is the one to the right of the right one: indices count from 0.",
    ),
];

pub const REFLECT: &[Mistake] = &[
    mistake(
        "reshaped",
        "reshape for transpose",
        "`reshape` deals the numbers out anew, row by row: `t` swaps rows and columns.",
    ),
    mistake(
        "transposed",
        "the other diagonal",
        "This is the reflection across the other diagonal: both axes still have to be flipped.",
    ),
    mistake("turned", "flips one axis", "This is a turn by 90°: only one axis was flipped, the first."),
    mistake("turned_back", "flips one axis", "This is a turn by 90°: only one axis was flipped, the second."),
    mistake(
        "half_turn",
        "forgets to transpose",
        "This is a turn by 180°: both axes are flipped, but rows and columns are not swapped.",
    ),
];

pub const GRADIENTS: &[Mistake] = &[
    mistake("sum", "sum for mean", "These are the sum over the points and its gradients: take the mean."),
    mistake("swapped", "mixes up gradients", "The two gradients are swapped."),
    mistake(
        "downhill",
        "the direction of descent",
        "The gradients have the wrong sign: `backward` gives what points uphill.",
    ),
    mistake("absolute", "forgets the square", "These are absolute errors: square them."),
];

pub const DESCEND: &[Mistake] = &[
    mistake("uphill", "adds the gradient", "The step goes uphill: subtract the gradient."),
    mistake(
        "rate_forgotten",
        "forgets the learning rate",
        "The learning rate has no effect: multiply the gradients by it.",
    ),
    mistake("offset_kept", "updates one variable", "Only the slope has moved: the offset has a gradient, too."),
    mistake(
        "one_after_the_other",
        "recomputes between the updates",
        "The offset's gradient was taken after the slope had moved: take both gradients first.",
    ),
    mistake(
        "loss_after",
        "returns the loss after the step",
        "The variables are right, but the loss is that after the step: return the one before.",
    ),
    mistake(
        "not_in_place",
        "changes a copy",
        "Slope and offset are as they were: `set` gives the variables that came in their new values; a new `Var` is another one.",
    ),
];
