//! Reading a student's source for ready-made functions that an exercise is not about.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// The first of `names` that the source calls, names in a path or imports. Functions called as one of `others`, at the top of the file
/// or in an `impl` there, are not looked into. A variable of such a name does not count, nor does a call of a function that
/// the source itself defines at its top, or of a function or closure that it defines further in. Source that is not Rust uses
/// nothing: it does not compile either.
pub fn uses<'a>(source: &str, names: &[&'a str], others: &[&str]) -> Option<&'a str> {
    let tokens: TokenStream = source.parse().ok()?;
    let mut found = Found { others, top: functions(&tokens), ..Found::default() };
    found.read(tokens, Place::Top);
    // After a glob import any mention may be the ready-made function; so may one that is handed to a macro of one's own.
    let is_called = |name: &str| found.called.contains(name) && !found.local.contains(name);
    let is_used =
        |name: &str| found.used.contains(name) || is_called(name) || found.glob && found.mentioned.contains(name);
    let is_handed = |name: &str| found.mentioned.contains("macro_rules") && found.handed.contains(name);
    let ready_made =
        |name: &str| found.elsewhere.contains(name) || is_handed(name) || is_used(name) && !found.top.contains(name);
    names.iter().find(|name| ready_made(name)).copied()
}

/// The names of all functions at the top of the file.
fn functions(tokens: &TokenStream) -> BTreeSet<String> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let name = |pair: &[TokenTree]| match pair {
        [before, TokenTree::Ident(name)] if is(before, "fn") => Some(plain(name)),
        _ => None,
    };
    tokens.windows(2).filter_map(name).collect()
}

#[derive(Default)]
struct Found<'a> {
    /// Functions that are not looked into.
    others: &'a [&'a str],
    /// Functions at the top of the file.
    top: BTreeSet<String>,
    /// Imported, or named by a path.
    used: BTreeSet<String>,
    /// Called by the name alone.
    called: BTreeSet<String>,
    /// Functions and variables inside of functions.
    local: BTreeSet<String>,
    /// Anything of that name, a variable among it.
    mentioned: BTreeSet<String>,
    /// Of these, what is an argument of a macro.
    handed: BTreeSet<String>,
    /// Whether all of some module is imported.
    glob: bool,
    /// Called on a value, or by its path: no function at the top of the file is meant.
    elsewhere: BTreeSet<String>,
}

/// Where tokens stand.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At the top of the file.
    Top,
    /// In the body of an `impl` there.
    Impl,
    /// Among a macro's arguments.
    Macro,
    /// Anywhere else.
    Inside,
}

impl Found<'_> {
    fn read(&mut self, tokens: TokenStream, place: Place) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (mut importing, mut passing_over, mut in_impl) = (false, false, false);
        for (i, token) in tokens.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| &tokens[i]);
            match token {
                TokenTree::Group(group) if importing => self.import(group.stream()),
                TokenTree::Group(group) => {
                    let body = group.delimiter() == Delimiter::Brace;
                    if !(body && passing_over) {
                        let in_macro = place == Place::Macro || before.is_some_and(|before| is(before, "!"));
                        self.read(
                            group.stream(),
                            match in_macro {
                                true => Place::Macro,
                                false if place == Place::Top && body && in_impl => Place::Impl,
                                false => Place::Inside,
                            },
                        );
                    }
                    (passing_over, in_impl) = (passing_over && !body, in_impl && !body);
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => importing = false,
                TokenTree::Punct(punct) if punct.as_char() == '*' && importing => self.glob = true,
                TokenTree::Ident(ident) if ident == "use" => importing = true,
                TokenTree::Ident(ident) if ident == "impl" => {
                    in_impl = before.is_none_or(|before| matches!(before, TokenTree::Group(_)) || is(before, ";"));
                }
                TokenTree::Ident(ident) if before.is_some_and(|before| is(before, "fn")) => {
                    self.local.extend((place == Place::Inside).then(|| plain(ident)));
                    passing_over = self.is_other(&plain(ident), place);
                }
                TokenTree::Ident(ident) if ident != "mut" && follows_let(&tokens[..i]) => {
                    self.mentioned.insert(plain(ident));
                    self.local.insert(plain(ident));
                }
                TokenTree::Ident(ident) => {
                    self.handed.extend((place == Place::Macro).then(|| plain(ident)));
                    self.name(ident, &tokens, i, importing);
                }
                _ => {}
            }
        }
    }

    /// Whether a function is one of the other exercises: a method only where no function at the top has its name.
    fn is_other(&self, name: &str, place: Place) -> bool {
        let is_exercise = match place {
            Place::Top => true,
            Place::Impl => !self.top.contains(name),
            Place::Inside | Place::Macro => false,
        };
        is_exercise && self.others.contains(&name)
    }

    /// A name at place `i`, which may be a call, a path, a part of an import, or nothing of these.
    fn name(&mut self, ident: &Ident, tokens: &[TokenTree], i: usize, importing: bool) {
        let at = |place: Option<usize>, word| place.and_then(|i| tokens.get(i)).is_some_and(|token| is(token, word));
        let call =
            matches!(tokens.get(i + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
        let path =
            at(i.checked_sub(1), ":") && at(i.checked_sub(2), ":") || at(Some(i + 1), ":") && at(Some(i + 2), ":");
        let module = i.checked_sub(3).and_then(|i| tokens.get(i)).map(ToString::to_string).unwrap_or_default();
        let at_home = ["self", "crate", "super", "Self"].contains(&module.as_str());
        self.mentioned.insert(plain(ident));
        let of_a_value = at(i.checked_sub(1), ".") && call;
        let of_a_module = at(i.checked_sub(1), ":") && !importing && !at_home;
        if of_a_value || of_a_module {
            self.elsewhere.insert(plain(ident));
        } else if importing || path {
            self.used.insert(plain(ident));
        } else if call {
            self.called.insert(plain(ident));
        }
    }

    /// All names inside the braces of an import.
    fn import(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.import(group.stream()),
                TokenTree::Ident(ident) => {
                    self.used.insert(plain(&ident));
                }
                TokenTree::Punct(punct) => self.glob |= punct.as_char() == '*',
                TokenTree::Literal(_) => {}
            }
        }
    }
}

/// Whether a variable is named next: behind `let` or `let mut`.
fn follows_let(before: &[TokenTree]) -> bool {
    match before {
        [.., first, second] if is(second, "mut") => is(first, "let"),
        [.., last] => is(last, "let"),
        [] => false,
    }
}

fn is(token: &TokenTree, word: &str) -> bool {
    token.to_string() == word
}

/// A name without the mark of a raw one.
fn plain(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_string()
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
            "use nn::loss::*; fn f() { let g = cross_entropy; g(a) }",
            "use nn::{loss::*, ops}; fn f() { a.map(cross_entropy) }",
            "macro_rules! m { ($a:ident) => { nn::$a(1) } } fn f() { m!(cross_entropy) }",
            "fn other() {} struct H; impl H { fn other() { cross_entropy(a) } } fn f() { H::other() }",
            "mod g { pub use nn::*; } fn cross_entropy() {} fn f() { g::cross_entropy(a) }",
            "mod decoy { fn cross_entropy() {} } fn f() { x.cross_entropy(y)? }",
            "fn cross_entropy() {} fn f() { x.cross_entropy(y)? }",
            "mod inner { pub fn other() { x.cross_entropy(y) } } fn f() { inner::other() }",
            "use nn::cross_entropy; fn f() { let cross_entropy = cross_entropy; cross_entropy(a) }",
            "use nn::*; fn f() { let cross_entropy = cross_entropy; cross_entropy(a) }",
            "fn f() { let cross_entropy = nn::cross_entropy; cross_entropy(a) }",
            "fn f() { let r#cross_entropy = 1.0; x.cross_entropy(y) }",
            "use nn::cross_entropy; fn f() { let mut cross_entropy = cross_entropy; cross_entropy(a) }",
            "fn f() { g(&mut cross_entropy(a)) }",
            "struct S; impl S { fn cross_entropy() {} } fn f() { nn::cross_entropy(a) }",
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
            "struct S; impl S { fn other(&self) { cross_entropy(a) } } fn f() {}",
            "fn cross_entropy(a: f64) -> f64 { a } fn f() { self::cross_entropy(1.0) }",
            "fn f() { let cross_entropy = 1.0; println!(\"{}\", cross_entropy) }",
            "fn f() { let cross_entropy = |x: f64| x; cross_entropy(1.0) }",
            "fn f() { let mut cross_entropy = |x: f64| x; cross_entropy(1.0) }",
            "fn f() { fn cross_entropy(x: f64) -> f64 { x } cross_entropy(1.0) }",
            "no Rust at all: ' \" (",
        ] {
            assert_eq!(uses(source, &["cross_entropy"], &["other"]), None, "{source}");
        }
    }
}
