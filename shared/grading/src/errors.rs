//! Candle's errors in a student's function: where, and what to do about the common ones.

use candle_core::Error;

/// What an error says, where in `src/lib.rs` it arose, and, for the common ones, what to do.
pub fn explain(error: &Error) -> String {
    let (message, trace) = split(error);
    let place = place(&trace).map_or(String::new(), |place| format!(" ({place})"));
    let remedy = remedy(&message).map_or(String::new(), |remedy| format!("\n{remedy}"));
    format!("{message}{place}{remedy}")
}

/// The message and the backtrace, which Candle appends where the environment asks for one.
fn split(error: &Error) -> (String, String) {
    match error {
        Error::WithBacktrace { inner, backtrace } => (split(inner).0, backtrace.to_string()),
        other => (other.to_string(), String::new()),
    }
}

/// The innermost place in an exercise's source, as `src/lib.rs:12`. A trace shows paths below the working folder from there on,
/// and `cargo test` works in the lab's folder.
fn place(trace: &str) -> Option<String> {
    let frames = trace.lines().filter_map(|line| line.trim().strip_prefix("at "));
    let mut places = frames.filter_map(|frame| frame.split_once("/src/lib.rs:"));
    let (_, place) = places
        .find(|(folder, _)| *folder == "." || ["/labs/", "/solutions/"].iter().any(|part| folder.contains(part)))?;
    place.split(':').next().map(|line| format!("src/lib.rs:{line}"))
}

const EQUAL_SHAPES: &str = "This operation wants equal shapes. To stretch an axis of length 1, use `broadcast_add`, `broadcast_sub`, \
     `broadcast_mul` or `broadcast_div`.";

/// Stretching [N] over [N, 1] gives [N, N], which is never what was meant.
const ONE_AXIS_MORE: &str = "This operation wants equal shapes, and one has an axis of length 1 more: is a `keepdim` or an `unsqueeze` too much, or a \
     `squeeze` missing?";

/// What a message of Candle's contains, and what to do: the first that fits.
const REMEDIES: [(&str, &str); 15] = [
    (
        "shape mismatch in matmul",
        "The inner sizes of a matrix product must agree: [a, b] · [b, c]. Is one of the two to be transposed with `t()`?",
    ),
    ("shape mismatch in cat", "Tensors that are joined have one shape; with `cat`, only the joined axis may differ."),
    (
        "shape mismatch in gather",
        "`gather` wants indices of the tensor's own rank: `unsqueeze(1)` makes a column [N, 1] of labels [N].",
    ),
    (
        "shape mismatch in broadcast",
        "Axes are aligned from the right, and only an axis of length 1 is stretched. Is a `keepdim` or an `unsqueeze` missing?",
    ),
    (
        "shape mismatch in where_cond",
        "`where_cond` wants condition and both tensors in one shape: `broadcast_as` stretches.",
    ),
    ("shape mismatch in", EQUAL_SHAPES),
    (
        "Shape mismatch, got buffer",
        "`reshape` keeps all elements: the sizes of the new shape must multiply to as many.",
    ),
    (
        "dtype mismatch",
        "Both sides need one type: `to_dtype` converts. A comparison such as `eq` gives u8, `argmax` gives u32.",
    ),
    ("for op where-cond", "The condition of `where_cond` has type u8, as comparisons such as `eq` give it."),
    ("for op gather", "`gather` and `index_select` want indices of type u32: `to_dtype(DType::U32)`."),
    (
        "unexpected dtype",
        "`to_scalar`, `to_vec1` and `to_vec2` want the tensor's own type: often f32, u32 for labels, u8 for comparisons.",
    ),
    (
        "no unary function for",
        "`exp`, `log`, `sqrt` and the like work on floats: convert with `to_dtype(DType::F32)` first. A comparison such as `eq` gives u8.",
    ),
    (
        "unexpected rank",
        "The tensor has another number of axes than this call expects: look at `dims()`. `unsqueeze` adds an axis; `squeeze`, \
         `flatten_all` and reductions take axes away.",
    ),
    (
        "contiguous",
        "`t`, `transpose` and `narrow` only change how memory is read, and this operation wants it in order: `contiguous()?` first.",
    ),
    (
        "narrow invalid args",
        "`narrow(axis, start, length)` takes a length, not an end, and start + length must not exceed that axis, of which height and width differ.",
    ),
];

/// What to do about a message, if it is a common one.
pub fn remedy(message: &str) -> Option<&'static str> {
    let (_, remedy) = REMEDIES.iter().find(|(part, _)| message.contains(part))?;
    let one_axis_more = axes(message, "lhs: [").zip(axes(message, "rhs: [")).is_some_and(|(a, b)| {
        let ranks = (a.len(), b.len());
        let [a, b] = [a, b].map(|axes| axes.into_iter().filter(|length| *length != "1").collect::<Vec<_>>());
        ranks.0 != ranks.1 && a == b
    });
    Some(if *remedy == EQUAL_SHAPES && one_axis_more { ONE_AXIS_MORE } else { remedy })
}

/// The lengths of a shape that a message names after `side`.
fn axes<'a>(message: &'a str, side: &str) -> Option<Vec<&'a str>> {
    let (shape, _) = message.split_once(side)?.1.split_once(']')?;
    Some(shape.split(", ").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_innermost_line_of_the_exercises() {
        let library = "   1: matmul\n             at /home/me/.cargo/candle-core/src/lib.rs:7:1\n";
        let in_the_lab = "   2: rotate90\n             at ./src/lib.rs:35:20\n";
        let elsewhere = "   2: rotate90\n             at /course/labs/01_rotation/src/lib.rs:36:20\n";
        assert_eq!(place(&format!("{library}{in_the_lab}{elsewhere}")), Some("src/lib.rs:35".to_string()));
        assert_eq!(place(&format!("{library}{elsewhere}{in_the_lab}")), Some("src/lib.rs:36".to_string()));
        assert_eq!(place(library), None);
    }
}
