//! What a submission may not use, whatever the exercise: files, processes, the network, the environment.
//!
//! Some words are looked for before anything is compiled, for the compiler itself would read a file that a macro includes. What names
//! resolve to is then looked at by clippy, so that an alias helps as little as a macro of one's own.

use super::words::Word;

/// Names that have no other meaning.
const NEVER: [&str; 4] = ["include_str", "include_bytes", "option_env", "global_asm"];
/// Attributes that lead to other files, or to functions that are not written here.
const ATTRIBUTES: [&str; 6] = ["path", "link", "link_name", "link_section", "no_mangle", "export_name"];
/// Macros whose names one may well give to a variable.
const MACROS: [&str; 3] = ["include", "env", "asm"];

/// The first word that no submission may use.
pub fn banned(words: &[Word]) -> Option<&str> {
    let at = |i: Option<usize>| i.and_then(|i| words.get(i)).map_or("", |word| word.text.as_str());
    let mut importing = false;
    for (i, word) in words.iter().enumerate() {
        importing = (importing || word.text == "use") && word.text != ";";
        let (before, next, second) = (at(i.checked_sub(1)), at(Some(i + 1)), at(Some(i + 2)));
        let text = word.text.as_str();
        // `env != x` is a comparison.
        let called = next == "!" && matches!(second, "(" | "[" | "{") || before == ":" || importing;
        let is_banned = NEVER.contains(&text)
            || MACROS.contains(&text) && called
            || ATTRIBUTES.contains(&text) && word.in_attribute && matches!(next, "=" | "(" | "]" | ")")
            // Code that clippy does not get to see.
            || text == "clippy" && next != ":";
        if word.is_name && is_banned {
            return Some(text);
        }
    }
    None
}

/// What clippy is told to forbid.
pub const CLIPPY: &str = include_str!("gate.toml");

/// Lints that a submission can't allow itself.
pub const FORBIDDEN: [&str; 4] =
    ["unsafe_code", "clippy::disallowed_methods", "clippy::disallowed_types", "clippy::disallowed_macros"];

#[cfg(test)]
mod tests {
    use super::banned;
    use crate::grade::words::words;

    fn is_banned(source: &str) -> bool {
        let words = words(source).expect("few brackets").expect("Rust");
        banned(&words).is_some()
    }

    #[test]
    fn macros_that_read_are_found_wherever_they_stand_and_ordinary_words_are_not() {
        for source in [
            "const A: &str = include_str!(\"x\");",
            "use std::include_bytes as b;",
            "use std::{env as e, vec};",
            "fn f() { std::r#include!(\"x\") }",
            "macro_rules! m { () => { option_env!(\"A\") } }",
            "const A: &str = env!(\"A\");",
            "#[path = \"/etc/passwd\"] mod a;",
            "core::arch::asm!(\"nop\");",
            "#[cfg(not(clippy))] fn f() {}",
            "#![cfg_attr(not(clippy), allow(unsafe_code))]",
        ] {
            assert!(is_banned(source), "{source}");
        }
        for source in [
            "// include_str!(\"x\")",
            "fn f(path: &str, env: u8) { let includes = path; }",
            "fn f() { let path = 1; let include = path == 2; let asm = include != true; }",
            "\"include!\"",
            "#[allow(clippy::all)] fn f() {}",
            "#[cfg(test)] mod tests {}",
        ] {
            assert!(!is_banned(source), "{source}");
        }
    }
}
