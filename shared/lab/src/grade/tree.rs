//! The tree in which submissions are built: the course without solutions and golden values, and of one lab its library and checks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::gate;
use super::judge::hex;
use crate::course::{Course, Lab, cargo, read};
use crate::release::{settle, without_solutions};
use crate::said::said;

/// Parts of `shared/` that no lab needs.
const TOOLS: [&str; 2] = ["lab", "league"];
/// The folder of all packages. Cargo tells packages of two workspaces apart by their paths from the root: under one of their own,
/// these share Candle's build with the course, and replace nothing of the course's.
const PACKAGES: &str = "class";

/// Where a lab's submissions are built.
pub struct Tree {
    /// The workspace.
    pub root: PathBuf,
    /// The lab's package.
    pub package: String,
    /// What students began with.
    pub stub: String,
    /// Where cargo keeps builds.
    pub target: PathBuf,
    /// Where the toolchain lies.
    pub sysroot: PathBuf,
    /// The lab's folder in the workspace.
    lab: PathBuf,
    /// Held while this tree is in use: there is one for each lab of a course.
    _lock: File,
}

impl Tree {
    /// Lays the tree anew, unless another grader is at work in it.
    pub fn lay(course: &Course, lab: &Lab) -> Result<Self> {
        let target = target(&course.root)?;
        let root = target.join("grading").join(&lab.name);
        let lock = locked(&root.with_extension("lock"))?;
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("removing {}", root.display()))?;
        }
        let stub = crate::sync::stub_of(lab).or_else(|_| read(&lab.folder.join("src/lib.rs")))?;
        let tree = Self {
            package: lab.package().to_string(),
            stub,
            sysroot: PathBuf::from(said(Command::new("rustc").args(["--print", "sysroot"]).current_dir(&course.root))?),
            lab: root.join(PACKAGES).join("labs").join(&lab.name),
            target,
            root,
            _lock: lock,
        };
        tree.copy_packages(course, lab)?;
        fs::create_dir_all(tree.gate()).and_then(|()| fs::write(tree.gate().join("clippy.toml"), gate::CLIPPY))?;
        fs::create_dir_all(tree.temporary())?;
        fs::create_dir_all(tree.lab.join("src"))?;
        tree.put(&tree.stub)?;
        settle(&tree.root)?;
        Ok(tree)
    }

    fn copy_packages(&self, course: &Course, lab: &Lab) -> Result<()> {
        let packages = shared_packages(&course.root)?;
        let shared = version_of(&packages)?;
        for package in &packages {
            let name = package.file_name().context("a package's name")?;
            copy(package, &self.root.join(PACKAGES).join(&shared).join(name))?;
        }
        // The experiments' crate reads it to name versions.
        for folder in [self.root.clone(), self.root.join(PACKAGES)] {
            copy(&course.root.join("Cargo.lock"), &folder.join("Cargo.lock"))?;
        }
        let manifest = below(&without_solutions(&read(&course.root.join("Cargo.toml"))?)?, &shared);
        fs::write(self.root.join("Cargo.toml"), manifest).context("writing the tree's Cargo.toml")?;
        copy(&lab.folder.join("tests"), &self.lab.join("tests"))?;
        let manifest = strict(&without_program(&read(&lab.folder.join("Cargo.toml"))?)?)?;
        fs::write(self.lab.join("Cargo.toml"), manifest).context("writing the lab's Cargo.toml")
    }

    /// Where clippy finds what is forbidden.
    pub fn gate(&self) -> PathBuf {
        self.root.join("gate")
    }

    /// Where the compiler keeps what it needs for a moment.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Where the program of a submission lies while it is graded.
    pub fn program(&self, id: &str) -> PathBuf {
        self.root.join("workers").join(hex(&Sha256::digest(id)))
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

/// A file that nobody else has locked.
pub fn locked(path: &Path) -> Result<File> {
    let of_file = || format!("writing {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(path)).with_context(of_file)?;
    let file = File::create(path).with_context(of_file)?;
    file.try_lock().with_context(|| format!("another grader is at work: it holds {}", path.display()))?;
    Ok(file)
}

/// What cargo says of a workspace: the part that is looked at here.
#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// Where cargo keeps the course's builds.
fn target(root: &Path) -> Result<PathBuf> {
    let mut command = cargo(root);
    command.args(["metadata", "--no-deps", "--offline", "--quiet", "--format-version", "1"]);
    let metadata: Metadata = serde_json::from_str(&said(&mut command)?).context("asking cargo for its folder")?;
    Ok(metadata.target_directory)
}

/// The packages that labs need, in the order of their names.
fn shared_packages(root: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root.join("shared")).context("reading shared")?;
    let mut packages = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    packages.retain(|path| !TOOLS.iter().any(|tool| path.ends_with(tool)));
    packages.sort();
    Ok(packages)
}

/// A folder's name that differs where a file of the packages does. Cargo takes a package for built while the files of the tree that it was first
/// built from are as they were, whatever tree that is: other files have to be another package.
fn version_of(packages: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    packages.iter().try_for_each(|package| hash_files(package, &mut hash))?;
    Ok(format!("shared_{}", &hex(&hash.finalize())[..8]))
}

/// Names and contents of all files below.
fn hash_files(path: &Path, hash: &mut Sha256) -> Result<()> {
    let of_file = || format!("reading {}", path.display());
    hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
    if !path.is_dir() {
        hash.update(fs::read(path).with_context(of_file)?);
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(of_file)?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    entries.sort();
    entries.iter().try_for_each(|entry| hash_files(entry, hash))
}

/// The workspace's manifest with all packages in a folder of their own.
fn below(manifest: &str, shared: &str) -> String {
    let labs = manifest.replace("\"labs/", &format!("\"{PACKAGES}/labs/"));
    labs.replace("\"shared/", &format!("\"{PACKAGES}/{shared}/"))
}

/// What is said of a submission, with paths as students know them.
pub fn as_at_home(words: &str) -> String {
    words.replace(&format!("{PACKAGES}/labs/"), "labs/")
}

/// A lab's manifest whose lints no submission can soften; what only warns is not told, for a submission may give millions of reasons.
fn strict(manifest: &str) -> Result<String> {
    const LINTS: &str = "[lints.rust]\nunsafe_code = \"forbid\"\nwarnings = { level = \"allow\", priority = -1 }\n";
    let ours = "[lints]\nworkspace = true\n";
    ensure!(manifest.contains(ours), "a lab's manifest without the workspace's lints");
    Ok(manifest.replace(ours, LINTS))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_go_by_another_name_as_soon_as_a_file_of_theirs_is_another() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let version = |course: &str, file: &str, text: &str| {
            let root = folder.path().join(course);
            for package in ["nn", "lab"] {
                fs::create_dir_all(root.join("shared").join(package).join("src"))?;
            }
            fs::write(root.join("shared/lab/src/lib.rs"), course)?;
            fs::write(root.join("shared/nn/src").join(file), text)?;
            version_of(&shared_packages(&root)?)
        };
        let first = version("first", "lib.rs", "one")?;
        assert_eq!(version("elsewhere", "lib.rs", "one")?, first, "a tool that no lab needs, and another place");
        assert_ne!(version("text", "lib.rs", "two")?, first);
        assert_ne!(version("name", "main.rs", "one")?, first);
        Ok(())
    }
}
