//! Where everything is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

/// The workspace and its labs.
pub struct Course {
    pub root: PathBuf,
    pub labs: Vec<Lab>,
}

/// One lab: `labs/NN_topic` and its mirror `solutions/NN_topic`.
pub struct Lab {
    /// `NN_topic`.
    pub name: String,
    /// The lab's folder.
    pub folder: PathBuf,
    /// The solution's folder.
    pub solution: PathBuf,
}

impl Course {
    /// Finds the labs of the workspace that this program is run in by cargo, or else was built in. Cargo does not build again for
    /// a workspace that has been copied or moved with its target folder.
    pub fn open() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).join("../..");
        let root = root.canonicalize().with_context(|| format!("looking for {}", root.display()))?;
        let labs = root.join("labs");
        let mut names = Vec::new();
        for entry in fs::read_dir(&labs).with_context(|| format!("reading {}", labs.display()))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.split_once('_').is_some_and(|(number, _)| number.parse::<u32>().is_ok()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(Self { labs: names.into_iter().map(|name| Lab::new(&root, name)).collect(), root })
    }

    /// Makes sure that this copy of the course has the solutions, as instructors' copies do.
    pub fn solutions(&self) -> Result<()> {
        match self.labs.iter().find(|lab| !lab.solution.is_dir()) {
            Some(lab) => bail!("this copy of the course has no solutions: {} is missing", lab.solution.display()),
            None => Ok(()),
        }
    }

    /// A lab by its number (`1`, `01`), topic (`rotation`) or full name.
    pub fn lab(&self, word: &str) -> Result<&Lab> {
        let found = self.labs.iter().find(|lab| {
            let same_number = word.parse::<u32>().is_ok_and(|n| lab.number().parse() == Ok(n));
            same_number || lab.package() == word || lab.name == word
        });
        match found {
            Some(lab) => Ok(lab),
            None => {
                let known: Vec<&str> = self.labs.iter().map(|lab| lab.name.as_str()).collect();
                bail!("no lab {word:?}; there are {}", known.join(", "))
            }
        }
    }
}

impl Lab {
    /// The lab of this name, whether it is there or not.
    pub fn new(root: &Path, name: String) -> Self {
        Self { folder: root.join("labs").join(&name), solution: root.join("solutions").join(&name), name }
    }

    /// `NN`.
    pub fn number(&self) -> &str {
        self.name.split('_').next().unwrap_or_default()
    }

    /// The topic, which is the name of the package.
    pub fn package(&self) -> &str {
        self.name.split_once('_').map_or("", |(_, topic)| topic)
    }

    /// The name of the solution's package.
    pub fn solution_package(&self) -> String {
        format!("{}-solution", self.package())
    }
}

/// Reads a file; its path is in the error.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// The cargo that this program was started by, in the workspace.
pub fn cargo(root: &Path) -> Command {
    let mut command = cargo_here();
    command.current_dir(root);
    command
}

/// `cargo run` of one of the workspace's packages, where the user stands: that is where relative paths among its arguments begin.
pub fn cargo_run(root: &Path, package: &str) -> Command {
    let mut command = cargo_here();
    command.args(["run", "--quiet", "--package", package, "--manifest-path"]).arg(root.join("Cargo.toml")).arg("--");
    command
}

fn cargo_here() -> Command {
    Command::new(cargo_program())
}

/// The cargo that this program was started by, or else the one on the path.
pub fn cargo_program() -> String {
    env::var("CARGO").unwrap_or("cargo".to_string())
}
