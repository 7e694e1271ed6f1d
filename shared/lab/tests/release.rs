//! The students' copy holds nothing that gives answers away, and leads nowhere that is not in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

fn course() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut open, mut found) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    Ok(found)
}

/// The lines of all answers: each two that follow one another, without blanks and comments.
fn answers(solution: &str) -> Vec<String> {
    let mut pairs = Vec::new();
    let mut before: Option<&str> = None;
    let mut inside = false;
    for line in solution.lines().map(str::trim) {
        inside = (inside || line.starts_with("// BEGIN SOLUTION")) && line != "// END SOLUTION";
        if !inside || line.starts_with("//") || line.len() < 4 {
            before = before.filter(|_| inside);
            continue;
        }
        if let Some(before) = before.replace(line) {
            pairs.push(format!("{before}\n{line}"));
        }
    }
    pairs
}

fn released() -> Result<(tempfile::TempDir, Vec<PathBuf>)> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("students");
    let output = Command::new(env!("CARGO_BIN_EXE_lab")).args(["release", "--out"]).arg(&out).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = files(&out)?;
    Ok((folder, files))
}

#[test]
fn no_file_has_two_lines_of_an_answer() -> Result<()> {
    let (_folder, files) = released()?;
    ensure!(files.len() > 100, "{} files", files.len());
    let mut texts = Vec::new();
    for path in &files {
        let name = path.display().to_string();
        ensure!(!name.contains("/solutions/") && !name.ends_with("tests/mistakes.rs"), "{name}");
        ensure!(!(name.contains("/golden/") && name.ends_with(".py")), "{name}");
        let Ok(text) = fs::read_to_string(path) else { continue };
        ensure!(!text.contains("BEGIN SOLUTION") || name.contains("shared/lab/src"), "{name} has marks of solutions");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        texts.push((name, lines.join("\n")));
    }
    let mut pairs = 0;
    for entry in fs::read_dir(course().join("solutions"))? {
        for pair in answers(&fs::read_to_string(entry?.path().join("src/lib.rs"))?) {
            pairs += 1;
            let found = texts.iter().find(|(name, text)| name.contains("/labs/") && text.contains(&pair));
            ensure!(found.is_none(), "{} has\n{pair}", found.map_or("", |(name, _)| name));
        }
    }
    ensure!(pairs > 100, "{pairs} pairs of lines");
    Ok(())
}

#[test]
fn every_link_leads_to_a_file_that_is_there() -> Result<()> {
    let (_folder, files) = released()?;
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(path)?;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let folder = path.parent().context("a folder")?;
            ensure!(folder.join(target).exists(), "{}: {link}", path.display());
        }
        ensure!(!text.contains("-solution"), "{} speaks of solutions", path.display());
    }
    Ok(())
}
