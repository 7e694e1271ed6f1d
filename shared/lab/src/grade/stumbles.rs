//! The compiler's errors that come up most with Candle, explained in a sentence.

/// What a diagnostic says, with a sentence below it where it is a common one.
pub fn explained(code: &str, rendered: &str) -> String {
    match sentence(code, rendered) {
        Some(sentence) => format!("{rendered}\n→ {sentence}"),
        None => rendered.to_string(),
    }
}

const QUESTION_MARK: &str = "Candle's operations return a `Result`: put a `?` behind each, in parentheses where operators follow, as in \
     `((x + y)? * 2.0)?`.";
const CONVERT: &str = "Numbers beside tensors are f64: convert with `f64::from(x)`, or `x as f64`.";

/// Code, a part of the text (the first that fits counts), and what to say.
const STUMBLES: [(&str, &str, &str); 19] = [
    (
        "E0308",
        "tests/graded.rs",
        "The checks call this function with the signature that it has in the lab: name, parameters and result must stay.",
    ),
    ("E0308", "found `Result<", QUESTION_MARK),
    (
        "E0308",
        "expected `Result<",
        "The function returns a `Result`: wrap the value, as in `Ok(loss)`, or leave out the last `?`.",
    ),
    ("E0308", "expected `f64`, found `f32`", CONVERT),
    ("E0308", "expected `&Tensor`, found `Tensor`", "This call borrows the tensor: put a `&` before it."),
    (
        "E0308",
        "expected `Error`, found",
        "The function's errors are Candle's: `candle_core::bail!(\"expected …, got {x}\")` makes one and returns it.",
    ),
    (
        "E0277",
        "couldn't convert the error",
        "The function's errors are Candle's: convert others with `candle_core::Error::wrap`.",
    ),
    ("E0277", "Result<candle_core::Tensor", QUESTION_MARK),
    ("E0599", "Result<", QUESTION_MARK),
    ("E0369", "Result<", QUESTION_MARK),
    ("E0277", "`f32: Borrow<candle_core::Tensor>`", CONVERT),
    ("E0277", "cannot be indexed by", "An index is a `usize`: convert with `i as usize`."),
    ("E0277", "Dim", "An axis is a `usize`, or `D::Minus1` for the last one."),
    ("E0277", "`usize: std::ops::Neg`", "An axis is a `usize`, or `D::Minus1` for the last one."),
    ("E0600", "Tensor", "A tensor's negative is `x.neg()?`."),
    (
        "E0382",
        "",
        "An operator uses up a tensor that it is not lent: write `(&x + &y)?` where x is needed again. A clone of a tensor costs nothing.",
    ),
    (
        "E0453",
        "",
        "A submission can't allow itself what is forbidden, nor a group of lints in which that is: name single lints.",
    ),
    ("E0583", "", "Only src/lib.rs is handed in: put everything into it."),
    ("E0432", "", "Only what the lab's Cargo.toml names can be used; nothing can be added to it."),
];

fn sentence(code: &str, rendered: &str) -> Option<&'static str> {
    let rendered = rendered.replace("std::result::Result", "Result");
    STUMBLES.iter().find(|(known, part, _)| *known == code && rendered.contains(part)).map(|(_, _, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use super::sentence;

    /// What rustc 1.95 says of common slips, in its main line.
    #[test]
    fn what_students_meet_first_is_explained() {
        for (code, line, part) in [
            ("E0308", "expected `Tensor`, found `Result<Tensor, Error>`", "put a `?`"),
            (
                "E0277",
                "cannot multiply `std::result::Result<candle_core::Tensor, candle_core::Error>` by `{float}`",
                "put a `?`",
            ),
            ("E0599", "no method named `sum_all` found for enum `Result<T, E>`", "put a `?`"),
            ("E0308", "expected `Result<Tensor, Error>`, found `Tensor`", "`Ok(loss)`"),
            ("E0277", "the trait bound `f32: Borrow<candle_core::Tensor>` is not satisfied", "f64"),
            ("E0308", "expected `f64`, found `f32`", "f64::from"),
            ("E0277", "the type `[f64]` cannot be indexed by `u32`", "usize"),
            ("E0308", "expected `&Tensor`, found `Tensor`", "`&`"),
            ("E0600", "cannot apply unary operator `-` to type `&candle_core::Tensor`", "neg()"),
            ("E0277", "the trait bound `i64: Dims` is not satisfied", "D::Minus1"),
            ("E0308", "expected `Error`, found `&str`", "bail!"),
            ("E0382", "use of moved value: `y`", "&x + &y"),
        ] {
            assert!(sentence(code, line).is_some_and(|sentence| sentence.contains(part)), "{line}");
        }
        assert_eq!(sentence("E0425", "cannot find value `y` in this scope"), None);
    }
}
