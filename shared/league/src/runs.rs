//! What finished runs left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A run that ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// `NN_method`.
    pub label: String,
    /// Where it is.
    pub folder: PathBuf,
    pub record: Record,
    /// By `NN_method`; of lab 08 only.
    pub measures: BTreeMap<String, Measures>,
}

/// `evaluation.json`, as far as it is read here.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    pub data: String,
    pub seed: u64,
    /// What its backbones are shown of images.
    pub sees: String,
    pub command: String,
    pub protocol: String,
    pub hardware: String,
    pub versions: String,
    pub evaluations: Vec<Named>,
}

/// A backbone's name and its evaluation.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    pub name: String,
    pub evaluation: Evaluation,
}

/// Fractions.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Evaluation {
    pub linear_by_depth: Vec<f64>,
    pub knn: f64,
    pub collapse_level: f64,
}

/// What lab 08 measures of a backbone, as far as it is read here. Fractions; none where images are no toys.
#[derive(Clone, Debug, Deserialize)]
pub struct Measures {
    pub fine_tuned: Vec<f64>,
    pub transfer: Option<f64>,
    pub segmentation: Option<f64>,
    pub boxes: Option<[f64; 2]>,
    pub invariance: Option<[f64; 3]>,
}

/// All runs of a folder, by label and seed.
pub fn read(folder: &Path) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for (label, methods) in folders(folder)? {
        for (seed, run) in folders(&methods)? {
            let path = run.join("evaluation.json");
            if seed.starts_with("seed_") && path.is_file() {
                let measures: Vec<(String, Measures)> = json(&run.join("measures.json"))?.unwrap_or_default();
                let record = json(&path)?.with_context(|| format!("{} is gone", path.display()))?;
                runs.push(Run { label: label.clone(), folder: run, record, measures: measures.into_iter().collect() });
            }
        }
    }
    runs.sort_by(|a, b| (&a.label, a.record.seed).cmp(&(&b.label, b.record.seed)));
    Ok(runs)
}

/// The folders in a folder, by name.
fn folders(folder: &Path) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path);
        }
    }
    Ok(found)
}

/// A JSON file; none where there is no such file.
fn json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no record of a run", path.display())).map(Some)
}
