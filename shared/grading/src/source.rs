//! Reading a student's source for ready-made functions that an exercise is not about.

/// The first of `names` that occurs in Rust source as an identifier, outside of comments and strings.
pub fn uses<'a>(source: &str, names: &[&'a str]) -> Option<&'a str> {
    let code = without_comments_and_strings(source);
    let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    names.iter().find(|name| words.contains(name)).copied()
}

/// The source with comments and string literals blanked out.
fn without_comments_and_strings(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '"' {
            string(rest)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skipped..];
    }
    code
}

/// Length of the (nested) block comment that `text` begins with.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of the string literal that `text` begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::uses;

    #[test]
    fn finds_a_call_an_import_and_a_path() {
        for source in ["cross_entropy(a, b)", "use nn::loss::cross_entropy as ce;", "x::cross_entropy"] {
            assert_eq!(uses(source, &["cross_entropy"]), Some("cross_entropy"), "{source}");
        }
    }

    #[test]
    fn passes_over_comments_strings_and_longer_names() {
        let sources = [
            "// cross_entropy",
            "/* a /* cross_entropy */ cross_entropy */",
            r#""cross_entropy \" cross_entropy""#,
            "my_cross_entropy()",
        ];
        for source in sources {
            assert_eq!(uses(source, &["cross_entropy"]), None, "{source}");
        }
    }

    #[test]
    fn goes_on_after_a_string_and_a_quote_character() {
        assert_eq!(uses(r#"let a = "x"; let q = '"'; flip()"#, &["flip"]), Some("flip"));
    }
}
