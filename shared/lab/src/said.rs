//! What other programs say.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What a program prints, without the end of its last line.
///
/// # Errors
/// A program that can't be started, or fails: what it says of it.
pub fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {:?}", command.get_program()))?;
    ensure!(output.status.success(), "{:?}: {}", command, String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
