//! How many negatives and groups there are, and whether the settings go together.

use anyhow::ensure;
use ssl_experiment::{Run, Settings as _};

use super::{Method, Settings};

/// MoCo's: longer queues are stale in a short run.
const OF_MOCO: usize = 256;
const OF_PIRL: usize = 1024;

/// Of a batch.
const GROUPS: usize = 4;

impl Settings {
    /// What can be told before images are loaded.
    ///
    /// # Errors
    /// A queue shorter than a batch, or groups of fewer than two images.
    pub fn fit(&self) -> anyhow::Result<()> {
        let batch = self.batch_size();
        if self.method == Method::Moco {
            let queue = self.negatives.unwrap_or(batch);
            ensure!(queue >= batch, "--queue {queue}: expected at least the {batch} keys of a batch");
            let (groups, most) = (self.groups.unwrap_or(1), (batch / 2).max(1));
            ensure!(
                groups <= most,
                "--groups {groups}: expected at most {most}, for two images of a batch of {batch} in each"
            );
        }
        Ok(())
    }

    /// The groups that go through batch norm by themselves.
    pub fn groups(&self) -> usize {
        self.groups.unwrap_or(GROUPS.min(self.batch_size() / 2).max(1))
    }

    /// The negatives of a query.
    ///
    /// # Errors
    /// Fewer images beside the batch than PIRL's negatives.
    pub fn negatives(&self, run: &Run) -> anyhow::Result<usize> {
        let (images, batch) = (run.data.train.len(), self.batch_size());
        if self.method == Method::Moco {
            return Ok(self.negatives.unwrap_or(OF_MOCO.max(batch)));
        }
        let others = images.saturating_sub(batch);
        ensure!(others > 0, "PIRL: expected more than {batch} training images, the batch, got {images}");
        let negatives = self.negatives.unwrap_or(OF_PIRL.min(others));
        ensure!(
            negatives <= others,
            "--queue {negatives}: expected at most {others}, the images beside a batch of {batch}"
        );
        Ok(negatives)
    }
}
