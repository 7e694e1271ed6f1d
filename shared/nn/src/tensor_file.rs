//! Named tensors on disk, with a word on what they are: safetensors files that are whole or absent, never half.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use atomic_write_file::AtomicWriteFile;
use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use crate::params::fnv1a;

/// The one entry of the file's metadata: several would come in another order every time.
const HEADER: &str = "header";

/// Tensors by name, and a header in the words of their writer. Equal contents give equal bytes.
#[derive(Clone, Debug)]
pub struct TensorFile {
    /// What the tensors are.
    pub header: String,
    /// Their values.
    pub tensors: BTreeMap<String, Tensor>,
}

impl TensorFile {
    /// Writes the file whole or not at all; a file of that name is replaced. The header is kept with a checksum over everything.
    ///
    /// # Errors
    /// A value that is not finite; a directory that can't be written to.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let of_file = || format!("writing {}", path.display());
        self.expect_finite().with_context(of_file)?;
        let header = format!("{:016x} {}", self.checksum()?, self.header);
        let metadata = HashMap::from([(HEADER.to_string(), header)]);
        let bytes = safetensors::serialize(&self.tensors, Some(metadata))?;
        let write = || -> std::io::Result<()> {
            let mut file = AtomicWriteFile::open(path)?;
            file.write_all(&bytes)?;
            file.commit()
        };
        write().with_context(of_file)
    }

    /// Reads a file onto the CPU.
    ///
    /// # Errors
    /// A file that is missing, of another kind, changed since it was written, or holds values that are not finite.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || {
            let bytes = fs::read(path)?;
            let (_, metadata) = SafeTensors::read_metadata(&bytes)?;
            let header = metadata.metadata().as_ref().and_then(|entries| entries.get(HEADER));
            let (checksum, header) = header.and_then(|header| header.split_once(' ')).context("it has no header")?;
            let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?.into_iter().collect();
            let file = Self { header: header.to_string(), tensors };
            ensure!(
                format!("{:016x}", file.checksum()?) == checksum,
                "its contents do not match its checksum: it was damaged or altered"
            );
            file.expect_finite()?;
            Ok(file)
        };
        read().with_context(|| format!("reading {}", path.display()))
    }

    fn checksum(&self) -> anyhow::Result<u64> {
        let tensors = safetensors::serialize(&self.tensors, None)?;
        Ok(fnv1a(self.header.bytes().chain(tensors)))
    }

    fn expect_finite(&self) -> anyhow::Result<()> {
        for (name, tensor) in &self.tensors {
            if tensor.dtype().is_float() {
                // Anything times 0 is 0, unless it is infinite or not a number.
                let zero = (tensor.to_dtype(DType::F64)? * 0.0)?.sum_all()?.to_scalar::<f64>()?;
                ensure!(zero == 0.0, anyhow!("{name} holds values that are not finite"));
            }
        }
        Ok(())
    }
}
