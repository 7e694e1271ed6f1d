//! CIFAR-10's binary version: five training files and one test file of 10,000 images each (Krizhevsky 2009).

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use candle_core::{DType, Tensor};
use candle_datasets::vision::cifar;

use crate::{Dataset, Images, Split};

const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];
/// A label and 3 · 32 · 32 bytes for each of 10,000 images.
const FILE_LEN: u64 = 10_000 * (1 + 3 * 32 * 32);
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Reads the directory that holds the six `.bin` files.
///
/// # Errors
/// A file that is missing or not 30,730,000 bytes long, or a label above 9.
pub fn load(dir: &Path) -> anyhow::Result<Dataset> {
    for name in FILES {
        let path = dir.join(name);
        let metadata = fs::metadata(&path).with_context(|| format!("reading {}", path.display()))?;
        if metadata.len() != FILE_LEN {
            bail!("{}: expected {FILE_LEN} bytes, got {}", path.display(), metadata.len());
        }
    }
    let read = || format!("reading CIFAR-10 in {}", dir.display());
    let data = cifar::load_dir(dir).with_context(read)?;
    Ok(Dataset {
        name: format!("cifar10:{}", dir.display()),
        classes: CLASSES.map(String::from).to_vec(),
        train: split(&data.train_images, &data.train_labels).with_context(read)?,
        test: split(&data.test_images, &data.test_labels).with_context(read)?,
    })
}

/// Back to bytes: Candle gives floats in [0, 1], a multiple of 1/255 each.
fn split(images: &Tensor, labels: &Tensor) -> anyhow::Result<Split> {
    let bytes = (images * 255.0)?.round()?.to_dtype(DType::U8)?.flatten_all()?.to_vec1()?;
    let labels: Vec<u32> = labels.to_dtype(DType::U32)?.to_vec1()?;
    if let Some(label) = labels.iter().find(|&&label| label as usize >= CLASSES.len()) {
        bail!("expected labels from 0 to 9, got {label}");
    }
    Split::new(Images::new(bytes, 32, 32)?, Some(labels))
}
