//! `cargo lab release`: the students' copy of the course, without anything that gives answers away.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::course::{Course, cargo, read};
use crate::said::said;
use crate::sync;

/// What is left out, besides the solutions: by how its path begins.
const OURS: [&str; 13] = [
    "solutions/",
    "tools/",
    ".ci/",
    "docs/adding_a_lab.md",
    "docs/architecture.md",
    "docs/instructors.md",
    "shared/lab/bundle/",
    "shared/lab/release/",
    "shared/lab/template/",
    "shared/lab/tests/",
    "shared/league/",
    "shared/grading/tests/",
    "CONTRIBUTING.md",
];
/// Where the compiler's version is kept that submissions are graded with.
const SERVER: &str = "shared/lab/server.txt";

pub fn run(course: &Course, out: &Path) -> Result<()> {
    course.solutions()?;
    let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    ensure!(is_empty, "{}: expected a new or an empty folder", out.display());
    let files = write(course, out)?;
    println!("{}: the students' copy, {} files; try it: cd there, cargo lab list", out.display(), files.len());
    Ok(())
}

/// Writes the copy, and says which files are in it.
pub fn write(course: &Course, out: &Path) -> Result<Vec<String>> {
    // What is given away must be the stubs, whatever somebody has tried in them.
    sync::run(course, true, false)?;
    let mut files = files(&course.root)?;
    files.retain(|file| is_for_students(file));
    for file in &files {
        let (from, to) = (course.root.join(file), out.join(file));
        let of_file = || format!("copying {}", from.display());
        fs::create_dir_all(to.parent().unwrap_or(&to)).with_context(of_file)?;
        match file.as_str() {
            "Cargo.toml" => fs::write(&to, without_solutions(&read(&from)?)?),
            "README.md" => fs::copy(course.root.join("shared/lab/release/README.md"), &to).map(drop),
            text if text.ends_with(".md") => fs::write(&to, for_students(&read(&from)?)),
            _ => fs::copy(&from, &to).map(drop),
        }
        .with_context(of_file)?;
    }
    fs::write(out.join(SERVER), compiler()?).context("writing the compiler's version")?;
    settle(out)?;
    files.push(SERVER.to_string());
    Ok(files)
}

fn is_for_students(file: &str) -> bool {
    let golden_script = file.starts_with("datasets/golden/") && file.ends_with(".py");
    !golden_script && !OURS.iter().any(|start| file.starts_with(start))
}

/// All files that belong to the course, as git knows them.
pub fn files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output().context("starting git")?;
    ensure!(output.status.success(), "which files belong to the course, only git knows: release from a clone");
    let text = String::from_utf8(output.stdout).context("names of files")?;
    let there = |name: &&str| !name.is_empty() && root.join(name).is_file();
    Ok(text.split('\0').filter(there).map(str::to_string).collect())
}

/// The workspace's manifest without the solutions, and without the tools that are built of them.
pub fn without_solutions(manifest: &str) -> Result<String> {
    let without = manifest.replace("\"solutions/*\", ", "").replace(", \"tools/gpu_kit\"", "");
    ensure!(!without.contains("\"solutions/"), "the manifest names solutions in a way that is not known here");
    Ok(without)
}

/// A text whose commands are the students' own.
fn for_students(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.ends_with("# the solution's"));
    lines.map(|line| line.replace("-solution", "") + "\n").collect()
}

/// Takes out of a workspace's lock file what it has no use for.
pub fn settle(root: &Path) -> Result<()> {
    let update = ["update", "--workspace", "--offline", "--quiet"];
    said(cargo(root).args(update)).with_context(|| format!("no lock file for {}", root.display()))?;
    Ok(())
}

/// The compiler's version, as it says it.
pub fn compiler() -> Result<String> {
    said(Command::new("rustc").arg("--version"))
}

/// What to say where the server's compiler is another than this one.
pub fn other_compiler(course: &Course) -> Result<Option<String>> {
    let (Ok(server), here) = (fs::read_to_string(course.root.join(SERVER)), compiler()?) else { return Ok(None) };
    Ok((server != here).then(|| format!("note: submissions are graded with {server}; here it is {here}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_the_students_own_and_other_lines_stay() {
        let text = "a\ncargo run -p x     # yours\ncargo run -p x-solution     # the solution's\n`cargo run -p x-solution -- --seed S`\n";
        assert_eq!(for_students(text), "a\ncargo run -p x     # yours\n`cargo run -p x -- --seed S`\n");
    }

    #[test]
    fn a_manifest_that_still_names_solutions_is_refused() {
        let manifest = "members = [\"labs/*\", \"solutions/*\", \"shared/*\", \"tools/gpu_kit\"]\n";
        assert_eq!(without_solutions(manifest).ok().as_deref(), Some("members = [\"labs/*\", \"shared/*\"]\n"));
        assert!(without_solutions("members = [\"solutions/*\"]").is_err());
    }
}
