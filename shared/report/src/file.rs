//! Files that are written whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use atomic_write_file::AtomicWriteFile;

/// Writes a file under another name and then renames it, so that nobody ever reads half of it.
///
/// # Errors
/// A directory that is missing or can't be written to.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = AtomicWriteFile::open(path)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().with_context(|| format!("writing {}", path.display()))
}
