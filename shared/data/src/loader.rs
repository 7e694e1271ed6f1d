//! Shuffled batches as tensors.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::{Augmentation, Rng, Split};

/// Batches that wait while the model trains.
const AHEAD: usize = 2;

/// Some images and what is known of them.
pub struct Batch {
    /// `[B, 3, H, W]` each, `f32` in [0, 1]: the images themselves, or views of them.
    pub views: Vec<Tensor>,
    /// `[B]`, `u32`; none where the images have no classes.
    pub labels: Option<Tensor>,
    /// Their numbers in the split.
    pub indices: Vec<usize>,
}

impl Batch {
    /// The images, or the first view of them.
    pub fn images(&self) -> &Tensor {
        &self.views[0]
    }
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
        let split = self.split.clone();
        self.prepared(epoch, move |indices| Ok(vec![split.images().to_floats(indices)]))
    }

    /// As [`Loader::epoch`], with one view of every image for each of `augmentations`: see [`Batch::views`]. What a view
    /// looks like depends on the seed, the epoch, the image's number and the view's, and on nothing else.
    ///
    /// # Errors
    /// Images that are not square; no augmentations.
    pub fn views(&self, epoch: usize, augmentations: &[Augmentation]) -> anyhow::Result<Epoch> {
        self.expect_square()?;
        if augmentations.is_empty() {
            anyhow::bail!("expected an augmentation for each view, got none");
        }
        let (split, seed, augmentations) = (self.split.clone(), self.seed, augmentations.to_vec());
        Ok(self.prepared(epoch, move |indices| {
            let views = augmentations.iter().enumerate();
            let stream = |index: usize, view: usize| VIEWS | (epoch << 40 | index << 8 | view) as u64;
            Ok(views.map(|(v, augmentation)| render(&split, indices, augmentation, seed, |i| stream(i, v))).collect())
        }))
    }

    /// As [`Loader::views`], with two views of every image that `pair` makes: it is given the image's bytes, `[3, H, W]`, and
    /// random numbers that depend on the seed, the epoch and the image's number.
    ///
    /// # Errors
    /// Images that are not square. What `pair` reports comes with the batch; where it panics, so does the epoch.
    pub fn pairs(
        &self,
        epoch: usize,
        pair: impl Fn(&Tensor, &mut Rng) -> Result<(Tensor, Tensor)> + Send + Sync + 'static,
    ) -> anyhow::Result<Epoch> {
        self.expect_square()?;
        let (split, seed) = (self.split.clone(), self.seed);
        Ok(self.prepared(epoch, move |indices| {
            let views = indices.par_iter().map(|&i| {
                let mut rng = Rng::seed_from_u64(seed);
                rng.set_stream(VIEWS | (epoch << 40 | i << 8) as u64);
                let (a, b) = pair(&split.images().image(i)?, &mut rng)?;
                Ok((a.flatten_all()?.to_vec1()?, b.flatten_all()?.to_vec1()?))
            });
            let (a, b): (Vec<Vec<f32>>, Vec<Vec<f32>>) = views.collect::<Result<Vec<_>>>()?.into_iter().unzip();
            Ok(vec![a.concat(), b.concat()])
        }))
    }

    fn expect_square(&self) -> anyhow::Result<()> {
        let (height, width) = self.split.images().size();
        anyhow::ensure!(height == width, "views are square: expected square images, got {height}×{width}");
        Ok(())
    }

    fn prepared(&self, epoch: usize, prepare: impl Fn(&[usize]) -> Result<Vec<Vec<f32>>> + Send + 'static) -> Epoch {
        let (sender, receiver) = sync_channel(AHEAD);
        let (batch_size, order) = (self.batch_size, self.order(epoch));
        let worker = thread::spawn(move || {
            for indices in order.chunks_exact(batch_size) {
                // The receiver is gone when the caller leaves the epoch early.
                if sender.send((indices.to_vec(), prepare(indices))).is_err() {
                    return;
                }
            }
        });
        Epoch { split: self.split.clone(), device: self.device.clone(), receiver, worker: Some(worker) }
    }
}

/// Set in the numbers of the random streams that views are drawn from, and in no epoch's number.
const VIEWS: u64 = 1 << 63;

/// One view of every image, one after the other.
fn render(
    split: &Split,
    indices: &[usize],
    augmentation: &Augmentation,
    seed: u64,
    stream: impl Fn(usize) -> u64 + Sync,
) -> Vec<f32> {
    let (height, width) = split.images().size();
    let mut floats = vec![0.0; indices.len() * 3 * height * width];
    floats.par_chunks_mut(3 * height * width).zip(indices).for_each(|(view, &i)| {
        let mut rng = Rng::seed_from_u64(seed);
        rng.set_stream(stream(i));
        augmentation.draw(&mut rng, height, width).apply(split.images().get(i), (height, width), width, view);
    });
    floats
}

/// Numbers of images, and the floats of each of their views.
type Prepared = (Vec<usize>, Result<Vec<Vec<f32>>>);

/// The batches of one epoch: see [`Loader::epoch`], [`Loader::views`] and [`Loader::pairs`].
pub struct Epoch {
    split: Arc<Split>,
    device: Device,
    receiver: Receiver<Prepared>,
    worker: Option<JoinHandle<()>>,
}

impl Iterator for Epoch {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.receiver.recv() {
            Ok((indices, views)) => Some(views.and_then(|views| self.batch(indices, views))),
            Err(_) => {
                // The worker has come to its end: a good one, or a panic that must not pass for one.
                if let Some(Err(panic)) = self.worker.take().map(JoinHandle::join) {
                    std::panic::resume_unwind(panic);
                }
                None
            }
        }
    }
}

impl Epoch {
    fn batch(&self, indices: Vec<usize>, views: Vec<Vec<f32>>) -> Result<Batch> {
        let (height, width) = self.split.images().size();
        let count = indices.len();
        let tensor = |floats: Vec<f32>| Tensor::from_vec(floats, (count, 3, height, width), &self.device);
        let views = views.into_iter().map(tensor).collect::<Result<_>>()?;
        let labels = self.split.labels().map(|labels| {
            let labels: Vec<u32> = indices.iter().map(|&i| labels[i]).collect();
            Tensor::from_vec(labels, count, &self.device)
        });
        Ok(Batch { views, labels: labels.transpose()?, indices })
    }
}
