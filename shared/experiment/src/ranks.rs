//! Several ranks in one experiment: all train, the first one writes and reports.

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ssl_nn::collective::{self, Solo};
use tempfile::TempDir;

/// What a rank other than the first returns when the rest is the first one's to do: no error, but the end of its part.
#[derive(Debug)]
pub(crate) struct Done;

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this rank's part is done")
    }
}

impl std::error::Error for Done {}

/// From here on the first rank works alone.
///
/// # Errors
/// [`Done`] on all others.
pub(crate) fn leave_to_the_first() -> Result<(), Done> {
    if !collective::is_first() {
        return Err(Done);
    }
    collective::join(Rc::new(Solo));
    Ok(())
}

/// Where a rank writes what it writes: the first one to the run's folder, any other to a folder that goes when the run ends.
pub(crate) fn folder(out: &Path) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    if collective::is_first() {
        return Ok((out.to_path_buf(), None));
    }
    let folder = tempfile::tempdir()?;
    Ok((folder.path().to_path_buf(), Some(folder)))
}

/// Prints a line for the user, once for all ranks.
pub(crate) fn say(line: &str) {
    if collective::is_first() {
        println!("{line}");
    }
}
