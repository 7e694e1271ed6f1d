//! Shuffled batches as tensors.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;

use crate::{Rng, Split};

/// Batches that wait while the model trains.
const AHEAD: usize = 2;

/// Some images and what is known of them.
pub struct Batch {
    /// `[B, 3, H, W]`, `f32` in [0, 1].
    pub images: Tensor,
    /// `[B]`, `u32`; none where the images have no classes.
    pub labels: Option<Tensor>,
    /// Their numbers in the split.
    pub indices: Vec<usize>,
}

/// Gives the images of a split in batches, in another order every epoch.
#[derive(Clone)]
pub struct Loader {
    split: Arc<Split>,
    batch_size: usize,
    seed: u64,
    device: Device,
}

impl Loader {
    /// # Errors
    /// A batch size of 0 or more than there are images.
    pub fn new(split: Split, batch_size: usize, seed: u64, device: &Device) -> anyhow::Result<Self> {
        if batch_size == 0 || batch_size > split.len() {
            anyhow::bail!("expected a batch size from 1 to {} (the number of images), got {batch_size}", split.len());
        }
        Ok(Self { split: Arc::new(split), batch_size, seed, device: device.clone() })
    }

    /// Batches of an epoch: whole ones only, so that each step sees as many images.
    pub fn batches(&self) -> usize {
        self.split.len() / self.batch_size
    }

    /// The order of the images in an epoch; it depends on seed and epoch alone.
    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut rng = Rng::seed_from_u64(self.seed);
        rng.set_stream(epoch as u64);
        let mut order: Vec<usize> = (0..self.split.len()).collect();
        order.shuffle(&mut rng);
        order
    }

    /// The batches of epoch `epoch`, prepared on another thread while the caller trains on the one before.
    pub fn epoch(&self, epoch: usize) -> Epoch {
        let (sender, receiver) = sync_channel(AHEAD);
        let (split, batch_size, order) = (self.split.clone(), self.batch_size, self.order(epoch));
        thread::spawn(move || {
            for indices in order.chunks_exact(batch_size) {
                let floats = split.images().to_floats(indices);
                // The receiver is gone when the caller leaves the epoch early.
                if sender.send((indices.to_vec(), floats)).is_err() {
                    return;
                }
            }
        });
        Epoch { split: self.split.clone(), device: self.device.clone(), receiver }
    }
}

/// The batches of one epoch: see [`Loader::epoch`].
pub struct Epoch {
    split: Arc<Split>,
    device: Device,
    receiver: Receiver<(Vec<usize>, Vec<f32>)>,
}

impl Iterator for Epoch {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let (indices, floats) = self.receiver.recv().ok()?;
        Some(self.batch(indices, floats))
    }
}

impl Epoch {
    fn batch(&self, indices: Vec<usize>, floats: Vec<f32>) -> Result<Batch> {
        let (height, width) = self.split.images().size();
        let count = indices.len();
        let images = Tensor::from_vec(floats, (count, 3, height, width), &self.device)?;
        let labels = self.split.labels().map(|labels| {
            let labels: Vec<u32> = indices.iter().map(|&i| labels[i]).collect();
            Tensor::from_vec(labels, count, &self.device)
        });
        Ok(Batch { images, labels: labels.transpose()?, indices })
    }
}
