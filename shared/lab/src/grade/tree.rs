//! The tree in which submissions are built: the course without solutions and golden values, and of one lab its library and checks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::gate;
use crate::course::{Course, Lab, read};
use crate::release::{settle, without_solutions};

/// Parts of `shared/` that no lab needs.
const TOOLS: [&str; 2] = ["lab", "league"];
/// The folder of all packages. Cargo tells packages of two workspaces apart by their paths from the root: under one of their own,
/// these share Candle's build with the course, and replace nothing of the course's.
const PACKAGES: &str = "class";

/// Where a lab's submissions are built.
pub struct Tree {
    /// The workspace.
    pub root: PathBuf,
    /// The lab's folder in it.
    pub lab: PathBuf,
    /// Where clippy finds what is forbidden.
    pub gate: PathBuf,
}

impl Tree {
    /// Lays the tree anew.
    pub fn lay(course: &Course, lab: &Lab) -> Result<Self> {
        let root = course.root.join("target/grading").join(&lab.name);
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("removing {}", root.display()))?;
        }
        let tree = Self { lab: root.join(PACKAGES).join("labs").join(&lab.name), gate: root.join("gate"), root };
        for entry in fs::read_dir(course.root.join("shared")).context("reading shared")? {
            let entry = entry?;
            if !TOOLS.iter().any(|tool| entry.file_name() == *tool) {
                copy(&entry.path(), &tree.root.join(PACKAGES).join("shared").join(entry.file_name()))?;
            }
        }
        // The experiments' crate reads it to name versions.
        for folder in [tree.root.clone(), tree.root.join(PACKAGES)] {
            copy(&course.root.join("Cargo.lock"), &folder.join("Cargo.lock"))?;
        }
        let manifest = below(&without_solutions(&read(&course.root.join("Cargo.toml"))?)?);
        fs::write(tree.root.join("Cargo.toml"), manifest).context("writing the tree's Cargo.toml")?;
        fs::create_dir_all(tree.lab.join("src"))?;
        copy(&lab.folder.join("tests"), &tree.lab.join("tests"))?;
        let manifest = without_program(&read(&lab.folder.join("Cargo.toml"))?)?;
        fs::write(tree.lab.join("Cargo.toml"), manifest).context("writing the lab's Cargo.toml")?;
        fs::create_dir_all(&tree.gate)?;
        fs::write(tree.gate.join("clippy.toml"), gate::CLIPPY)?;
        tree.put(&read(&lab.folder.join("src/lib.rs"))?)?;
        settle(&tree.root)?;
        Ok(tree)
    }

    /// Puts a submission's text in place; false where it was there already.
    pub fn put(&self, source: &str) -> Result<bool> {
        let path = self.lab.join("src/lib.rs");
        if fs::read_to_string(&path).is_ok_and(|now| now == source) {
            return Ok(false);
        }
        fs::write(&path, source).with_context(|| format!("writing {}", path.display()))?;
        Ok(true)
    }
}

/// The workspace's manifest with all packages in a folder of their own.
fn below(manifest: &str) -> String {
    ["labs/", "shared/"].iter().fold(manifest.to_string(), |text, folder| {
        text.replace(&format!("\"{folder}"), &format!("\"{PACKAGES}/{folder}"))
    })
}

/// What the compiler says, with paths as students know them.
pub fn as_at_home(words: &str) -> String {
    words.replace(&format!("{PACKAGES}/labs/"), "labs/")
}

/// A lab's manifest without its program: the checks do not need it, and linking takes time.
fn without_program(manifest: &str) -> Result<String> {
    let (before, after) = manifest.split_once("[[bin]]\n").context("a lab's manifest without [[bin]]")?;
    let (_, after) = after.split_once("\n\n").context("a lab's manifest that ends with its program")?;
    Ok(format!("{before}{after}"))
}

/// Copies a file, or a folder with all that is in it. Times stay, so that cargo builds nothing again that has not changed.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let of_file = || format!("copying {} to {}", from.display(), to.display());
    if from.is_dir() {
        fs::create_dir_all(to).with_context(of_file)?;
        for entry in fs::read_dir(from).with_context(of_file)? {
            let entry = entry.with_context(of_file)?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to)).with_context(of_file)?;
    fs::copy(from, to).with_context(of_file)?;
    let time = from.metadata().and_then(|metadata| metadata.modified()).with_context(of_file)?;
    File::options().append(true).open(to).and_then(|file| file.set_modified(time)).with_context(of_file)
}
