//! Comparisons.
use ssl_experiment::Run;

use super::{Ablation, Settings};

pub fn compare(_: Ablation, _: Run, _: &Settings) -> anyhow::Result<()> {
    Ok(())
}
