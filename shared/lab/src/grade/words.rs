//! A submission's text as words, with what stands around them.

use anyhow::{Result, bail};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Levels of brackets that no program needs; deeper ones would exhaust the stacks of those who read them.
const DEEPEST: usize = 200;

/// A word and its place.
pub struct Word {
    pub text: String,
    /// A name, not a sign or a number.
    pub is_name: bool,
    /// Inside the brackets of an attribute.
    pub in_attribute: bool,
}

/// All words in order, brackets among them. `Ok(None)` is what is no Rust at all: the compiler says why.
pub fn words(source: &str) -> Result<Option<Vec<Word>>> {
    let Ok(tokens) = source.parse::<TokenStream>() else { return Ok(None) };
    let mut found: Vec<Word> = Vec::new();
    let mut open = vec![(tokens.into_iter(), false, "")];
    while let Some((tokens, in_attribute, close)) = open.last_mut() {
        let in_attribute = *in_attribute;
        let word = |text: String, is_name| Word { text, is_name, in_attribute };
        match tokens.next() {
            None => {
                if !close.is_empty() {
                    found.push(word(close.to_string(), false));
                }
                open.pop();
            }
            Some(TokenTree::Group(group)) => {
                let (begin, end) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let before: Vec<&str> = found.iter().rev().take(2).map(|word| word.text.as_str()).collect();
                let attribute = begin == "[" && matches!(before[..], ["#", ..] | ["!", "#"]);
                found.push(word(begin.to_string(), false));
                if open.len() >= DEEPEST {
                    bail!("brackets stand {DEEPEST} deep in one another");
                }
                open.push((group.stream().into_iter(), in_attribute || attribute, end));
            }
            Some(TokenTree::Ident(name)) => {
                found.push(word(name.to_string().trim_start_matches("r#").to_string(), true));
            }
            Some(other) => found.push(word(other.to_string(), false)),
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn brackets_attributes_and_raw_names_are_known_and_depth_has_an_end() -> anyhow::Result<()> {
        let found = words("#[a(b)] fn r#c() {}")?.unwrap_or_default();
        let texts: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["#", "[", "a", "(", "b", ")", "]", "fn", "c", "(", ")", "{", "}"]);
        assert!(found[4].in_attribute && !found[8].in_attribute);
        assert!(words("fn f( {")?.is_none());
        let deep = format!("{}{}", "(".repeat(400_000), ")".repeat(400_000));
        assert!(words(&deep).is_err());
        Ok(())
    }
}
