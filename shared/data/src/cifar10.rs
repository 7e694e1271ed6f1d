//! CIFAR-10's binary version: five training files and one test file of 10,000 images each (Krizhevsky 2009).

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::{Dataset, Images, Split};

const TRAIN: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const TEST: [&str; 1] = ["test_batch.bin"];
const SIZE: usize = 32;
/// A label, then the red, the green and the blue plane of an image.
const RECORD: usize = 1 + 3 * SIZE * SIZE;
const RECORDS: usize = 10_000;
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Reads the directory that holds the six `.bin` files.
///
/// # Errors
/// A file that is missing or not 30,730,000 bytes long, or a label above 9; the message names the file.
pub fn load(dir: &Path) -> anyhow::Result<Dataset> {
    Ok(Dataset {
        name: format!("cifar10:{}", dir.display()),
        classes: CLASSES.map(String::from).to_vec(),
        train: split(dir, &TRAIN)?.into(),
        test: split(dir, &TEST)?.into(),
    })
}

fn split(dir: &Path, names: &[&str]) -> anyhow::Result<Split> {
    let mut bytes = Vec::with_capacity(names.len() * RECORDS * (RECORD - 1));
    let mut labels = Vec::with_capacity(names.len() * RECORDS);
    for name in names {
        let path = dir.join(name);
        let length = fs::metadata(&path).with_context(|| format!("reading {}", path.display()))?.len();
        ensure!(
            length == (RECORDS * RECORD) as u64,
            "{}: expected {} bytes, got {length}",
            path.display(),
            RECORDS * RECORD
        );
        let file = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        for (i, record) in file.chunks_exact(RECORD).enumerate() {
            let label = u32::from(record[0]);
            ensure!(label < CLASSES.len() as u32, "{}: image {i} has label {label}, expected 0 to 9", path.display());
            labels.push(label);
            bytes.extend(&record[1..]);
        }
    }
    Split::new(Images::new(bytes, SIZE, SIZE)?, Some(labels))
}
