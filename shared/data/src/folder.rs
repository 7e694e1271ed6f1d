//! A folder of image files.
//!
//! `train/<class>/*.png` and `test/<class>/*.png`, or the same without the classes, or without `train` and `test`: then
//! every sixth image of a class is for testing. PNG, JPEG and WebP files of one size; names that begin with a dot are
//! passed over.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use image::{DynamicImage, ImageReader};
use rayon::prelude::*;

use crate::{Dataset, Images, Split};

/// One image in this many is for testing where the folder does not say.
const TEST_EVERY: usize = 6;

/// Reads all images below `dir`.
///
/// # Errors
/// The first file (by path) that is no image, no regular file, or has another size than the first; classes of `test` that are not those
/// of `train`, a folder without images or with both images and subfolders.
pub fn load(dir: &Path) -> anyhow::Result<Dataset> {
    let (train, test) = if dir.join("train").is_dir() && dir.join("test").is_dir() {
        let (train, test) = (Listing::read(&dir.join("train"))?, Listing::read(&dir.join("test"))?);
        if train.classes != test.classes {
            bail!("{}: the classes of train {:?} and of test {:?} differ", dir.display(), train.classes, test.classes);
        }
        (train, test)
    } else {
        let root = if dir.join("train").is_dir() { dir.join("train") } else { dir.to_path_buf() };
        Listing::read(&root)?.hold_out()
    };
    let first = train.files.first().with_context(|| format!("{}: no images", dir.display()))?;
    let (height, width) = size(&open(&first.0)?);
    let split = |listing: &Listing| listing.split(height, width);
    Ok(Dataset {
        name: format!("folder:{}", dir.display()),
        train: split(&train)?.into(),
        test: split(&test)?.into(),
        classes: train.classes,
    })
}

/// Files and the class of each, in the order of their paths.
struct Listing {
    classes: Vec<String>,
    files: Vec<(PathBuf, u32)>,
}

impl Listing {
    fn read(dir: &Path) -> anyhow::Result<Self> {
        let (folders, loose): (Vec<_>, Vec<_>) = entries(dir)?.into_iter().partition(|p| p.is_dir());
        if let (Some(folder), Some(file)) = (folders.first(), loose.first()) {
            bail!(
                "{}: expected either images or one folder a class, got both ({} and {})",
                dir.display(),
                file.display(),
                folder.display()
            );
        }
        let mut listing = Self { classes: Vec::new(), files: Vec::new() };
        for (label, folder) in folders.iter().enumerate() {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            listing.classes.push(name);
            let files = entries(folder)?;
            if files.is_empty() {
                bail!("{}: the folder is empty, expected images", folder.display());
            }
            listing.files.extend(files.into_iter().map(|file| (file, label as u32)));
        }
        listing.files.extend(loose.into_iter().map(|file| (file, 0)));
        if listing.files.is_empty() {
            bail!("{}: the folder is empty, expected images", dir.display());
        }
        Ok(listing)
    }

    /// Splits off every sixth file of each class.
    fn hold_out(self) -> (Self, Self) {
        let mut counts = vec![0_usize; self.classes.len().max(1)];
        let (test, train) = self.files.into_iter().partition(|(_, label)| {
            let count = &mut counts[*label as usize];
            *count += 1;
            count.is_multiple_of(TEST_EVERY)
        });
        let classes = self.classes;
        (Self { classes: classes.clone(), files: train }, Self { classes, files: test })
    }

    fn split(&self, height: usize, width: usize) -> anyhow::Result<Split> {
        // Errors are collected in order, so that the same file is named on every run.
        let planes: Vec<anyhow::Result<Vec<u8>>> = self
            .files
            .par_iter()
            .map(|(path, _)| {
                let image = open(path)?;
                if size(&image) != (height, width) {
                    let (h, w) = size(&image);
                    bail!("{}: expected {height}×{width} as the first image, got {h}×{w}", path.display());
                }
                Ok(planar(&image))
            })
            .collect();
        let planes = planes.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let labels = self.files.iter().map(|(_, label)| *label).collect();
        let labels = (!self.classes.is_empty()).then_some(labels);
        Split::new(Images::new(planes.concat(), height, width)?, labels)
    }
}

/// Files and folders in `dir` by name, without hidden ones.
fn entries(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || format!("reading the folder {}", dir.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).with_context(read)? {
        let entry = entry.with_context(read)?;
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with('.') {
            // A pipe or a socket would keep the reader waiting for ever.
            ensure!(path.is_file() || path.is_dir(), "{}: expected a file or a folder", path.display());
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn open(path: &Path) -> anyhow::Result<DynamicImage> {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let reader = reader.with_context(|| format!("reading {}", path.display()))?;
    reader.decode().with_context(|| format!("{}: not a readable image", path.display()))
}

fn size(image: &DynamicImage) -> (usize, usize) {
    (image.height() as usize, image.width() as usize)
}

/// Red, green and blue planes one after the other.
fn planar(image: &DynamicImage) -> Vec<u8> {
    let rgb = image.to_rgb8();
    (0..3).flat_map(|channel| rgb.pixels().map(move |pixel| pixel[channel])).collect()
}
