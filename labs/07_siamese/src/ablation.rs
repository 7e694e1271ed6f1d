//! `--ablate`.

use ssl_experiment::Run;

use super::{Ablation, Settings};

pub fn compare(_ablation: Ablation, _run: Run, _settings: &Settings) -> anyhow::Result<()> {
    Ok(())
}
