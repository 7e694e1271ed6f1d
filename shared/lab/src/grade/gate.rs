//! What a submission may not use, whatever the exercise: files, processes, the network, the environment.
//!
//! The words are looked for before anything is compiled, for the compiler itself would read a file that a macro includes. What names
//! resolve to is then looked at by clippy, so that an alias helps as little as a macro of one's own.

use proc_macro2::{TokenStream, TokenTree};

/// Macros that read files or the environment while compiling, and attributes that do so.
const WORDS: [&str; 7] = ["include", "include_str", "include_bytes", "option_env", "asm", "global_asm", "proc_macro"];

/// The first word in the source that no submission may use.
pub fn banned(source: &str) -> Option<String> {
    find(source.parse().ok()?)
}

fn find(tokens: TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().find_map(|(i, token)| match token {
        TokenTree::Group(group) => find(group.stream()),
        TokenTree::Ident(ident) => {
            let name = ident.to_string();
            let name = name.trim_start_matches("r#");
            let next = tokens.get(i + 1).map(ToString::to_string);
            let is_macro = name == "env" && next.as_deref() == Some("!");
            let is_path = name == "path" && next.as_deref() == Some("=");
            (WORDS.contains(&name) || is_macro || is_path).then(|| name.to_string())
        }
        _ => None,
    })
}

/// What clippy is told to forbid.
pub const CLIPPY: &str = include_str!("gate.toml");

/// Lints that a submission can't allow itself.
pub const FORBIDDEN: [&str; 4] =
    ["unsafe_code", "clippy::disallowed_methods", "clippy::disallowed_types", "clippy::disallowed_macros"];

#[cfg(test)]
mod tests {
    use super::banned;

    #[test]
    fn macros_that_read_are_found_wherever_they_stand_and_ordinary_words_are_not() {
        for source in [
            "const A: &str = include_str!(\"x\");",
            "use std::include_bytes as b;",
            "fn f() { std::r#include!(\"x\") }",
            "macro_rules! m { () => { option_env!(\"A\") } }",
            "const A: &str = env!(\"A\");",
            "#[path = \"/etc/passwd\"] mod a;",
            "core::arch::asm!(\"nop\");",
        ] {
            assert!(banned(source).is_some(), "{source}");
        }
        for source in ["// include_str!(\"x\")", "fn f(path: &str, env: u8) { let includes = path; }", "\"include!\""] {
            assert_eq!(banned(source), None, "{source}");
        }
    }
}
