//! `cargo lab new`: lays the files of a lab, with one example exercise, so that it verifies at once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::course::{Course, Lab, cargo};
use crate::sync;

/// The files of a lab as they lie in the workspace; names and texts have placeholders.
const TEMPLATE: &str = "shared/lab/template";

pub fn run(course: &Course, name: &str) -> Result<()> {
    course.solutions()?;
    let lab = Lab::new(&course.root, name.to_string());
    let (number, topic) = (lab.number(), lab.package());
    let letters = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    ensure!(
        number.len() == 2
            && number.parse::<u32>().is_ok()
            && topic.starts_with(|c: char| c.is_ascii_lowercase())
            && letters(topic),
        "expected NN_topic, such as 12_inpainting, got {name:?}"
    );
    if let Some(other) = course.labs.iter().find(|other| other.number() == number || other.package() == topic) {
        anyhow::bail!("there is a lab {} already", other.name);
    }
    let fill = |text: &str| text.replace("__NAME__", name).replace("__NUMBER__", number).replace("__TOPIC__", topic);
    let template = course.root.join(TEMPLATE);
    for file in files(&template)? {
        let relative = file.strip_prefix(&template)?.to_string_lossy().into_owned();
        let target = course.root.join(fill(&relative));
        ensure!(!target.exists(), "{} is there already", target.display());
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        // Golden values are no text; they hold no names either.
        let bytes = String::from_utf8(bytes).map_or_else(|error| error.into_bytes(), |text| fill(&text).into_bytes());
        write(&target, &bytes)?;
    }
    write(&lab.folder.join("src/lib.rs"), sync::stub_of(&lab)?.as_bytes())?;
    // The order of imports depends on the topic.
    let packages = ["fmt", "-p", topic, "-p", &lab.solution_package()];
    let formatted = cargo(&course.root).args(packages).status().context("starting cargo fmt")?;
    ensure!(formatted.success(), "cargo fmt fails on the new files");
    println!("\nNow: cargo lab verify {number}; then docs/adding_a_lab.md says what to write where.");
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let of_file = || format!("writing {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(path)).with_context(of_file)?;
    fs::write(path, bytes).with_context(of_file)?;
    println!("wrote {}", path.display());
    Ok(())
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
