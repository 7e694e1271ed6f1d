//! Golden values: cases and expected answers from an independent implementation.
//!
//! `datasets/golden/LAB.py` writes `LAB.safetensors`. Names in it read `CHECK/INDEX/case/NAME`, `CHECK/INDEX/expected/NAME` and
//! `CHECK/INDEX/mistake/ID/NAME`; the file carries the script's SHA-256 and the versions of the libraries it ran with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

use crate::Values;

/// One of a check's cases.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// What goes in.
    pub input: Values,
    /// What a right answer gives.
    pub expected: Values,
    /// What each known mistake gives, by its id; a mistake that gives no values for this case is left out.
    pub mistakes: BTreeMap<String, Values>,
}

/// A lab's golden file.
pub struct Golden {
    path: PathBuf,
    cases: BTreeMap<String, Vec<Case>>,
}

impl Golden {
    /// Reads `datasets/golden/LAB.safetensors`, found from a lab's or solution's own folder.
    ///
    /// # Errors
    /// A file that is missing or damaged, or whose names are not as above.
    pub fn load(package: &Path, lab: &str) -> anyhow::Result<Self> {
        let path = package.join(format!("../../datasets/golden/{lab}.safetensors"));
        let read = || format!("golden values {}", path.display());
        let bytes = fs::read(&path).with_context(read)?;
        let (values, _) = Values::from_bytes(&bytes).with_context(read)?;
        let mut cases: BTreeMap<String, Vec<Case>> = BTreeMap::new();
        for (name, tensor) in values.iter() {
            let parts: Vec<&str> = name.split('/').collect();
            let unexpected = || format!("{}: unexpected name {name:?}", read());
            let [check, index, part, ..] = parts[..] else { anyhow::bail!(unexpected()) };
            let index: usize = index.parse().with_context(unexpected)?;
            let cases = cases.entry(check.to_string()).or_default();
            cases.resize_with(cases.len().max(index + 1), Case::default);
            let case = &mut cases[index];
            let place = match (part, parts.len()) {
                ("case", 4) => &mut case.input,
                ("expected", 4) => &mut case.expected,
                ("mistake", 5) => case.mistakes.entry(parts[3].to_string()).or_default(),
                _ => anyhow::bail!(unexpected()),
            };
            *place = std::mem::take(place).with(parts[parts.len() - 1], tensor);
        }
        Ok(Self { path, cases })
    }

    /// The cases of a check.
    ///
    /// # Errors
    /// A check that the file does not have.
    pub fn cases(&self, check: &str) -> anyhow::Result<&[Case]> {
        let cases = self.cases.get(check).with_context(|| format!("{}: no case {check:?}", self.path.display()))?;
        Ok(cases)
    }

    /// Names of all checks that the file has values for.
    pub fn checks(&self) -> impl Iterator<Item = &str> {
        self.cases.keys().map(String::as_str)
    }
}

/// Makes sure that a golden file was written by the script that lies beside it.
///
/// # Errors
/// A script that has changed since, or is missing; a file that can't be read.
pub fn verify_script(golden: &Path) -> anyhow::Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("reading {}", path.display()));
    let script = golden.with_extension("py");
    let hash: String = Sha256::digest(read(&script)?).iter().map(|byte| format!("{byte:02x}")).collect();
    let (_, words) = Values::from_bytes(&read(golden)?)?;
    let recorded = words.get("script_sha256").map_or("nothing", String::as_str);
    ensure!(
        hash == recorded,
        "{} has changed since it wrote the golden values (now {hash}, then {recorded}): run it again",
        script.display()
    );
    Ok(())
}
