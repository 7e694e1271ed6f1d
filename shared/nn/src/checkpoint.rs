//! Training states on disk.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use candle_core::{Device, Result, Tensor, bail};
use serde::{Deserialize, Serialize};

use crate::tensor_file::TensorFile;

/// Something that a training must remember to go on: parameters, an optimizer, a queue, a number.
pub trait Part {
    /// Everything that is to be remembered, by name.
    fn state(&self) -> BTreeMap<String, Tensor>;

    /// Puts back what [`Part::state`] gave.
    ///
    /// # Errors
    /// A name or shape that does not belong here; then nothing is changed.
    fn load_state(&mut self, state: BTreeMap<String, Tensor>) -> Result<()>;
}

/// # Errors
/// Shapes or types that differ, with the name and both.
pub(crate) fn expect_alike(name: &str, expected: &Tensor, got: &Tensor) -> Result<()> {
    if expected.shape() != got.shape() {
        bail!("{name}: expected shape {:?}, got {:?}", expected.dims(), got.dims());
    }
    if expected.dtype() != got.dtype() {
        bail!("{name}: expected type {:?}, got {:?}", expected.dtype(), got.dtype());
    }
    Ok(())
}

/// The name of the only value of a part that has no more.
const VALUE: &str = "value";

fn only_value(mut state: BTreeMap<String, Tensor>) -> Result<Tensor> {
    match state.remove(VALUE) {
        Some(value) if state.is_empty() => Ok(value),
        _ => bail!("expected one value, got {:?}", state.keys().collect::<Vec<_>>()),
    }
}

/// A queue, a memory bank, the clusters of all images: a tensor whose shape stays.
impl Part for Tensor {
    fn state(&self) -> BTreeMap<String, Tensor> {
        BTreeMap::from([(VALUE.to_string(), self.detach())])
    }

    fn load_state(&mut self, state: BTreeMap<String, Tensor>) -> Result<()> {
        let value = only_value(state)?;
        expect_alike(VALUE, self, &value)?;
        *self = value.to_device(self.device())?.copy()?;
        Ok(())
    }
}

/// A number, such as a running mean or a queue's place.
impl Part for f64 {
    fn state(&self) -> BTreeMap<String, Tensor> {
        Tensor::new(*self, &Device::Cpu).map(|value| (VALUE.to_string(), value)).into_iter().collect()
    }

    fn load_state(&mut self, state: BTreeMap<String, Tensor>) -> Result<()> {
        *self = only_value(state)?.to_scalar()?;
        Ok(())
    }
}

/// The state of a training after some epochs.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Epochs that are done.
    pub epoch: usize,
    /// The run's settings; a run resumes only what was started with the same.
    pub settings: String,
    /// Names of the parts; a fresh optimizer is a part without tensors.
    parts: Vec<String>,
    tensors: BTreeMap<String, Tensor>,
}

/// What a checkpoint's file says of itself.
#[derive(Serialize, Deserialize)]
struct Header {
    epoch: usize,
    settings: String,
    parts: Vec<String>,
}

impl Checkpoint {
    /// The state of some named parts; it shares their memory, so it is to be saved before they change.
    ///
    /// # Errors
    /// Two parts of one name.
    pub fn new(epoch: usize, settings: &str, parts: &[(&str, &dyn Part)]) -> anyhow::Result<Self> {
        let names: Vec<String> = parts.iter().map(|(part, _)| part.to_string()).collect();
        let twice = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name));
        if let Some((_, name)) = twice {
            anyhow::bail!("two parts of a checkpoint are called {name:?}");
        }
        let states = parts.iter().flat_map(|(part, state)| {
            state.state().into_iter().map(move |(name, value)| (format!("{part}/{name}"), value))
        });
        let tensors = states.collect();
        Ok(Self { epoch, settings: settings.to_string(), parts: names, tensors })
    }

    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// As [`TensorFile::save`].
    pub fn save(self, path: &Path) -> anyhow::Result<()> {
        let header = serde_json::to_string(&Header { epoch: self.epoch, settings: self.settings, parts: self.parts })?;
        TensorFile { header, tensors: self.tensors }.save(path)
    }

    /// Reads a checkpoint, without putting anything back.
    ///
    /// # Errors
    /// As [`TensorFile::read`]; a file that is no checkpoint.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let TensorFile { header, tensors } = TensorFile::read(path)?;
        let header = serde_json::from_str(&header).with_context(|| format!("{}: no checkpoint", path.display()))?;
        let Header { epoch, settings, parts } = header;
        Ok(Self { epoch, settings, parts, tensors })
    }

    /// Puts the state of each part back.
    ///
    /// # Errors
    /// Other parts than were saved; a name, a shape or a type that does not belong to one of them.
    pub fn restore(mut self, parts: &mut [(&str, &mut dyn Part)]) -> anyhow::Result<()> {
        let names: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
        ensure!(names == self.parts, "the checkpoint holds {:?}, expected {names:?}", self.parts);
        for (part, state) in parts {
            let prefix = format!("{part}/");
            let mine = self.tensors.extract_if(.., |name, _| name.starts_with(&prefix));
            let mine = mine.map(|(name, value)| (name[prefix.len()..].to_string(), value)).collect();
            state.load_state(mine).with_context(|| format!("the checkpoint's {part}"))?;
        }
        Ok(())
    }
}
