//! What `--data` accepts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail, ensure};

use crate::{Dataset, Toybox, cifar10, folder};

/// Where images come from: `toybox`, `cifar10:DIR` or `folder:DIR`.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The built-in world of toys; `toybox:size=64,lens=off,toys=off` changes it.
    Toybox(Toybox),
    /// CIFAR-10's binary version in a directory.
    Cifar10(PathBuf),
    /// A folder of image files.
    Folder(PathBuf),
}

/// Heights and widths that toys are recognizable at.
const SIZES: std::ops::RangeInclusive<usize> = 16..=256;

impl FromStr for Source {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "toybox" => Ok(Self::Toybox(toybox(rest)?)),
            "cifar10" if !rest.is_empty() => Ok(Self::Cifar10(rest.into())),
            "folder" if !rest.is_empty() => Ok(Self::Folder(rest.into())),
            _ => bail!("expected toybox, cifar10:DIR or folder:DIR, got {text:?}"),
        }
    }
}

/// The world that `size=N,lens=on|off,toys=on|off,classes=usual|held-out` asks for; each may be left out.
fn toybox(options: &str) -> anyhow::Result<Toybox> {
    let mut world = Toybox::default();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let expected =
            || format!("expected toybox:size=N,lens=on|off,toys=on|off,classes=usual|held-out, got {option:?}");
        let (name, value) = option.split_once('=').with_context(expected)?;
        let switch = || match value {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => bail!(expected()),
        };
        match name {
            "size" => world.size = value.parse().with_context(expected)?,
            "lens" => world.lens = switch()?,
            "toys" => world.toys = switch()?,
            "classes" if ["usual", "held-out"].contains(&value) => world.held_out = value == "held-out",
            _ => bail!(expected()),
        }
    }
    let (least, greatest) = (SIZES.start(), SIZES.end());
    ensure!(SIZES.contains(&world.size), "expected a toybox size from {least} to {greatest}, got {}", world.size);
    Ok(world)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toybox(world) => write!(f, "{}", world.name()),
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
            Self::Toybox(world) => world.dataset(),
            Self::Cifar10(dir) => cifar10::load(dir),
            Self::Folder(dir) => folder::load(dir),
        }
    }
}
