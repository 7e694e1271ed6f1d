//! Reading a student's source for ready-made functions that an exercise is not about.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The first of `names` that the source calls, names in a path, or imports, outside of the functions `others`. A variable of that
/// name is none, nor is a function that the source defines itself. Source that is not Rust uses nothing: it does not compile
/// either.
pub fn uses<'a>(source: &str, names: &[&'a str], others: &[&str]) -> Option<&'a str> {
    let tokens: TokenStream = source.parse().ok()?;
    let mut found = Found { others, ..Found::default() };
    found.read(tokens);
    names.iter().find(|name| found.used.contains(**name) && !found.defined.contains(**name)).copied()
}

#[derive(Default)]
struct Found<'a> {
    /// Functions that are not looked into.
    others: &'a [&'a str],
    used: BTreeSet<String>,
    defined: BTreeSet<String>,
}

impl Found<'_> {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (mut importing, mut passing_over) = (false, false);
        for (i, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) if importing => self.import(group.stream()),
                TokenTree::Group(group) if passing_over && group.delimiter() == Delimiter::Brace => {
                    passing_over = false
                }
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Punct(punct) if punct.as_char() == ';' => importing = false,
                TokenTree::Ident(ident) => {
                    let name = ident.to_string().trim_start_matches("r#").to_string();
                    let before = |word: &str| i > 0 && tokens[i - 1].to_string() == word;
                    let after =
                        |at: usize, word: &str| tokens.get(i + at).is_some_and(|token| token.to_string() == word);
                    if name == "use" {
                        importing = true;
                    } else if before("fn") {
                        passing_over = self.others.contains(&name.as_str());
                        self.defined.insert(name);
                    } else {
                        let path =
                            before(":") && i > 1 && tokens[i - 2].to_string() == ":" || after(1, ":") && after(2, ":");
                        if importing || path || is_call(tokens.get(i + 1)) {
                            self.used.insert(name);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// All names inside the braces of an import.
    fn import(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.import(group.stream()),
                TokenTree::Ident(ident) => {
                    self.used.insert(ident.to_string().trim_start_matches("r#").to_string());
                }
                _ => {}
            }
        }
    }
}

fn is_call(next: Option<&TokenTree>) -> bool {
    matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

#[cfg(test)]
mod tests {
    use super::uses;

    #[test]
    fn finds_a_call_an_import_and_a_path() {
        for source in [
            "fn f() { cross_entropy(a, b) }",
            "use nn::loss::cross_entropy as ce;",
            "use nn::{loss::{cross_entropy, mse}, ops};",
            "fn f() { let g = x::cross_entropy; }",
            "fn f() { nn::loss::cross_entropy::<f32>(a) }",
            "fn f() { x.cross_entropy(y)? }",
            "fn f() { r#cross_entropy(a) }",
            "fn f<'a>(x: &'a str) { let q = '\"'; let s = r\"\\\"; cross_entropy(x) }",
        ] {
            assert_eq!(uses(source, &["cross_entropy"], &["other"]), Some("cross_entropy"), "{source}");
        }
    }

    #[test]
    fn passes_over_comments_strings_variables_and_functions_of_one_s_own() {
        for source in [
            "// cross_entropy(a)",
            "/* a /* cross_entropy(a) */ cross_entropy(a) */",
            "/// `cross_entropy(a)`\nfn f() {}",
            r#"const A: &str = "cross_entropy(a) \" cross_entropy(a)";"#,
            "fn f() { my_cross_entropy(a) }",
            "fn f() { let cross_entropy = 1.0; g(cross_entropy) }",
            "fn cross_entropy(a: f64) -> f64 { a } fn f() { cross_entropy(1.0) }",
            "fn other(a: f64) -> f64 { cross_entropy(a) } fn f() {}",
            "no Rust at all: ' \" (",
        ] {
            assert_eq!(uses(source, &["cross_entropy"], &["other"]), None, "{source}");
        }
    }
}
