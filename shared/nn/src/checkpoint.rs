//! Training states on disk: safetensors files that are whole or absent, never half.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

use crate::optim::Optimiser;
use crate::params::Params;

const PARAMETER: &str = "param/";
const OPTIMISER: &str = "optimiser/";
const SETTINGS: &str = "settings";
const EPOCH: &str = "epoch";

/// Where a training stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Epochs that are done.
    pub epoch: usize,
    /// The run's settings in words; a run resumes only what was started with the same.
    pub settings: String,
}

impl Checkpoint {
    /// Writes parameters, buffers and the optimiser's state. The file appears whole or not at all: it is written under
    /// another name beside its place and then renamed.
    ///
    /// # Errors
    /// A directory that can't be written to.
    pub fn save(&self, path: &Path, params: &Params, optimiser: &impl Optimiser) -> anyhow::Result<()> {
        let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
        for (name, var) in params.all() {
            tensors.insert(format!("{PARAMETER}{name}"), var.as_tensor().clone());
        }
        for (name, tensor) in optimiser.state() {
            tensors.insert(format!("{OPTIMISER}{name}"), tensor);
        }
        let metadata =
            HashMap::from([(EPOCH.to_string(), self.epoch.to_string()), (SETTINGS.to_string(), self.settings.clone())]);
        let bytes = safetensors::serialize(&tensors, Some(metadata))?;
        write_atomically(path, &bytes)
    }

    /// Reads a state back into `params` and `optimiser`, which must have the same names and shapes.
    ///
    /// # Errors
    /// A missing or damaged file, other settings than `settings`, other names or shapes.
    pub fn load(path: &Path, settings: &str, params: &Params, optimiser: &mut impl Optimiser) -> anyhow::Result<Self> {
        let of_file = || format!("checkpoint {}", path.display());
        let bytes = fs::read(path).with_context(of_file)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).with_context(of_file)?;
        let entry = |key: &str| {
            let value = header.metadata().as_ref().and_then(|metadata| metadata.get(key));
            value.cloned().ok_or_else(|| anyhow!("no {key} in the file")).with_context(of_file)
        };
        let checkpoint = Self { epoch: entry(EPOCH)?.parse().with_context(of_file)?, settings: entry(SETTINGS)? };
        if checkpoint.settings != settings {
            return Err(anyhow!("it was made with other settings: {}", checkpoint.settings)).with_context(of_file);
        }
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).with_context(of_file)?;
        let strip = |prefix: &str| {
            let named = tensors.iter().filter_map(|(name, t)| Some((name.strip_prefix(prefix)?, t)));
            named.map(|(name, t)| Ok((name.to_string(), t.to_device(params.device())?))).collect()
        };
        let weights: candle_core::Result<BTreeMap<String, Tensor>> = strip(PARAMETER);
        let state: candle_core::Result<BTreeMap<String, Tensor>> = strip(OPTIMISER);
        optimiser.load_state(state?).with_context(of_file)?;
        params.load(&weights?).with_context(of_file)?;
        Ok(checkpoint)
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// A directory that can't be written to.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let write = || -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("writing {}", path.display()))
}
