//! What `--data` accepts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::bail;

use crate::{Dataset, Toybox, cifar10, folder};

/// Where images come from: `toybox`, `cifar10:DIR` or `folder:DIR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The built-in world of toys.
    Toybox,
    /// CIFAR-10's binary version in a directory.
    Cifar10(PathBuf),
    /// A folder of image files.
    Folder(PathBuf),
}

impl FromStr for Source {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.split_once(':') {
            None if text == "toybox" => Ok(Self::Toybox),
            Some(("cifar10", dir)) if !dir.is_empty() => Ok(Self::Cifar10(dir.into())),
            Some(("folder", dir)) if !dir.is_empty() => Ok(Self::Folder(dir.into())),
            _ => bail!("expected toybox, cifar10:DIR or folder:DIR, got {text:?}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toybox => f.write_str("toybox"),
            Self::Cifar10(dir) => write!(f, "cifar10:{}", dir.display()),
            Self::Folder(dir) => write!(f, "folder:{}", dir.display()),
        }
    }
}

impl Source {
    /// Reads or renders all images.
    ///
    /// # Errors
    /// The first file that is missing, damaged or of another size, with its path and what was expected.
    pub fn load(&self) -> anyhow::Result<Dataset> {
        match self {
            Self::Toybox => Toybox::default().dataset(),
            Self::Cifar10(dir) => cifar10::load(dir),
            Self::Folder(dir) => folder::load(dir),
        }
    }
}
