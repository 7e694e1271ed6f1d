//! Mistakes of twins, orders and the training step.

use ssl_grading::{Mistake, mistake};

pub const FOLLOWED: &[Mistake] = &[
    mistake(
        "momentum_reversed",
        "momentum on the wrong side",
        "m weighs the query encoder: it weighs the old key encoder, 1 − m the query encoder.",
    ),
    mistake("copied", "copies", "The key encoder is the query encoder: keep m of what it was."),
    mistake("left_alone", "nothing done", "The key encoder is as it was."),
    mistake(
        "buffers_left_alone",
        "buffers forgotten",
        "The running statistics of batch norm stay as they were: they follow as the weights do.",
    ),
    mistake(
        "buffers_copied",
        "buffers copied",
        "The running statistics are the query encoder's: here they follow with momentum, as the weights do.",
    ),
    mistake("weights_left_alone", "weights forgotten", "Only the running statistics follow: the weights, too."),
    mistake(
        "old_forgotten",
        "old encoder forgotten",
        "This is (1 − m) times the query encoder: add m times the old one.",
    ),
    mistake("new_added_whole", "1 − m forgotten", "The query encoder is added as a whole: weigh it by 1 − m."),
];

pub const ORDERS: &[Mistake] = &[
    mistake("not_shuffled", "nothing shuffled", "The batch is as it was: draw an order."),
    mistake(
        "rotated",
        "turned only",
        "The batch is turned by a number of places, so that neighbors stay neighbors: draw from all orders.",
    ),
    mistake(
        "rotated_by_something",
        "turned only",
        "The batch is turned by one place or more, so that neighbors stay neighbors: draw from all orders.",
    ),
    mistake("reversed", "reversed", "The batch is reversed each time: draw an order."),
    mistake(
        "inverse_order",
        "the inverse order",
        "shuffled[i] = x[order[i]] does not hold: is the order that of the way back, or another one than the rows have, or has the batch another shape?",
    ),
    mistake("with_replacement", "rows twice", "Rows come twice and others never: each comes once."),
    mistake(
        "own_seed",
        "a generator of its own",
        "The same order is drawn each time: draw from `rng` itself, not from a copy or a generator of your own.",
    ),
];

pub const RESTORED: &[Mistake] = &[
    mistake(
        "shuffled_again",
        "shuffled again",
        "The order is applied a second time: row i goes back to place order[i], which is the inverse.",
    ),
    mistake("left_alone", "nothing done", "The rows are as they were."),
    mistake("reversed", "reversed", "The rows are reversed: put each one back where `order` says that it was."),
    mistake("inverse_reversed", "reversed", "The rows are in their old order, but the last one comes first."),
];

pub const STEP: &[Mistake] = &[
    mistake("views_swapped", "views swapped", "The second view goes through the query encoder: the first one does."),
    mistake(
        "keys_by_the_query_encoder",
        "no key encoder",
        "The keys come from the query encoder: use `step.key`, which changes slowly.",
    ),
    mistake("keys_in_evaluation_mode", "evaluation mode", "The key encoder is in evaluation mode: hand it `true`."),
    mistake(
        "queries_in_evaluation_mode",
        "evaluation mode",
        "The query encoder is in evaluation mode: hand it `true`.",
    ),
    mistake("both_in_evaluation_mode", "evaluation mode", "Both encoders are in evaluation mode: hand them `true`."),
    mistake(
        "no_update",
        "no update",
        "The query encoder is as it was: an optimizer's step is missing, or no gradient gets there.",
    ),
    mistake(
        "key_encoder_left_alone",
        "key encoder forgotten",
        "The key encoder does not follow: exercise 1 is missing.",
    ),
    mistake(
        "follows_before_the_update",
        "follows too early",
        "The key encoder follows before the optimizer's step: after it.",
    ),
    mistake(
        "follows_before_the_keys",
        "follows too early",
        "The key encoder follows before the keys are computed: after the update.",
    ),
    mistake(
        "queue_before_the_loss",
        "positive in the queue",
        "The keys join the queue before the loss, so that each query finds its own key among the negatives.",
    ),
    mistake("queue_left_alone", "queue forgotten", "The keys do not join the queue: exercise 2 is missing."),
    mistake(
        "other_keys_remembered",
        "keys computed twice",
        "The queue gets keys of the key encoder after it has followed: those that the loss saw.",
    ),
    mistake("queries_remembered", "queries remembered", "The queries join the queue: the keys do."),
];

pub const SHUFFLED_KEYS: &[Mistake] = &[
    mistake(
        "keys_not_shuffled",
        "keys not shuffled",
        "The key encoder sees the batch in its order: shuffle it first (exercise 5).",
    ),
    mistake(
        "keys_not_put_back",
        "keys not put back",
        "The keys are not back in the order of their queries, which meet other images' keys: exercise 6 is missing, or the order is applied once more instead of undone.",
    ),
    mistake(
        "queries_shuffled_too",
        "queries shuffled",
        "The query encoder sees something else than the first view in its order: only the second view is shuffled, and each encoder sees its own.",
    ),
    mistake("one_order_for_all_steps", "one order", "Every step has the same order: draw from `rng`."),
];
