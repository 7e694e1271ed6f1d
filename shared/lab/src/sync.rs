//! `cargo lab sync`: a lab's `src/lib.rs` is its solution's without the answers.
//!
//! What lies between `// BEGIN SOLUTION 2: words` and `// END SOLUTION` becomes `todo!("exercise 2: words")`; what lies
//! between `// BEGIN SOLUTION helper` and `// END SOLUTION` goes without a trace.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::course::{Course, Lab, read};

const BEGIN: &str = "// BEGIN SOLUTION";
const END: &str = "// END SOLUTION";
const ALLOW: &str = "#![allow(unused)] // delete this line when you are done";

pub fn run(course: &Course, check: bool, force: bool) -> Result<()> {
    course.solutions()?;
    for lab in &course.labs {
        let path = lab.folder.join("src/lib.rs");
        let stub = stub_of(lab)?;
        if fs::read_to_string(&path).is_ok_and(|now| now == stub) {
            continue;
        }
        if check {
            bail!("{} is not what its solution says: run `cargo lab sync`", path.display());
        }
        if !force && has_uncommitted_changes(&path)? {
            bail!("{} has changes that are not committed: commit them, or add --force", path.display());
        }
        fs::write(&path, stub).with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// What a lab's `src/lib.rs` has to be.
pub fn stub_of(lab: &Lab) -> Result<String> {
    let path = lab.solution.join("src/lib.rs");
    stub(&read(&path)?).with_context(|| format!("in {}", path.display()))
}

/// Names of the functions with an exercise in them, in order.
pub fn exercises(solution: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut function = None;
    for line in solution.lines() {
        let signature = line.trim_start().trim_start_matches("pub ");
        if let Some(rest) = signature.strip_prefix("fn ") {
            function = rest.split(['(', '<']).next().map(str::to_string);
        }
        if marker(line).is_some_and(|words| words != "helper") {
            names.push(function.clone().context("a solution outside of any function")?);
        }
    }
    Ok(names)
}

/// The words after `// BEGIN SOLUTION`, if the line is one.
fn marker(line: &str) -> Option<&str> {
    line.trim().strip_prefix(BEGIN).map(str::trim)
}

/// The solution with its answers taken out.
fn stub(solution: &str) -> Result<String> {
    let mut out = String::new();
    let mut open = None;
    let mut allowed = false;
    for (number, line) in (1..).zip(solution.lines()) {
        if !allowed && !line.starts_with("//!") {
            out.push_str(&format!("\n{ALLOW}\n"));
            allowed = true;
        }
        if let Some(words) = marker(line) {
            if let Some(first) = open.replace(number) {
                bail!("line {number}: a solution begins inside the one that began in line {first}");
            }
            if words != "helper" {
                let indent = &line[..line.len() - line.trim_start().len()];
                out.push_str(&format!("{indent}{}\n", todo(words).with_context(|| format!("line {number}"))?));
            }
        } else if line.trim() == END {
            ensure!(open.take().is_some(), "line {number}: {END} without {BEGIN}");
        } else if open.is_none() && !(line.is_empty() && out.ends_with("\n\n")) {
            // A helper that has gone leaves the blank lines on both sides of it: one is enough.
            out.push_str(line);
            out.push('\n');
        }
    }
    if let Some(first) = open {
        bail!("the solution that begins in line {first} does not end");
    }
    Ok(out)
}

/// `2: words` → `todo!("exercise 2: words")`.
fn todo(words: &str) -> Result<String> {
    let (number, text) = words.split_once(": ").context("expected `// BEGIN SOLUTION 2: words` or `helper`")?;
    number.parse::<u32>().with_context(|| format!("expected the exercise's number, got {number:?}"))?;
    Ok(format!("todo!(\"exercise {number}: {text}\")"))
}

/// Whether git knows of changes to a file; a file outside of any repository counts as changed.
fn has_uncommitted_changes(path: &Path) -> Result<bool> {
    let folder = path.parent().context("a file without a folder")?;
    let output = Command::new("git")
        .args(["status", "--porcelain", "--"])
        .arg(path)
        .current_dir(folder)
        .output()
        .context("starting git")?;
    Ok(path.exists() && (!output.status.success() || !output.stdout.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::{exercises, stub};

    const SOLUTION: &str = "//! Lab.\n\nuse a::b;\n\npub fn one(x: u8) -> u8 {\n    // BEGIN SOLUTION 1: add\n    x + two()\n    // END SOLUTION\n}\n// BEGIN SOLUTION helper\nfn two() -> u8 {\n    2\n}\n// END SOLUTION\n";

    #[test]
    fn answers_become_todos_and_helpers_vanish() {
        let expected = "//! Lab.\n\n#![allow(unused)] // delete this line when you are done\n\nuse a::b;\n\npub fn one(x: u8) -> u8 {\n    todo!(\"exercise 1: add\")\n}\n";
        assert_eq!(stub(SOLUTION).expect("a well-formed solution"), expected);
    }

    #[test]
    fn a_helper_that_vanishes_leaves_one_blank_line() {
        let solution = "//! Lab.\n\nfn a() {}\n\n// BEGIN SOLUTION helper\nfn b() {}\n// END SOLUTION\n\nfn c() {}\n";
        let stub = stub(solution).expect("a well-formed solution");
        assert!(stub.ends_with("fn a() {}\n\nfn c() {}\n"), "{stub}");
    }

    #[test]
    fn exercises_are_the_functions_with_markers() {
        assert_eq!(exercises(SOLUTION).expect("a well-formed solution"), ["one"]);
    }

    #[test]
    fn refuses_nested_unclosed_unopened_and_unnumbered_markers() {
        let cases = [
            ("// BEGIN SOLUTION 1: a\n// BEGIN SOLUTION 2: b\n", "begins inside"),
            ("// BEGIN SOLUTION 1: a\n", "does not end"),
            ("// END SOLUTION\n", "without"),
            ("// BEGIN SOLUTION one: a\n", "line 1"),
        ];
        for (text, word) in cases {
            let message = format!("{:#}", stub(text).expect_err(text));
            assert!(message.contains(word), "{message}");
        }
    }
}
