//! Shuffled batches as tensors.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{bail, ensure};
use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::{Augmentation, Rng, Split};

/// Batches that wait while the model trains.
const AHEAD: usize = 2;

/// Some images and what is known of them.
pub struct Batch {
    /// `[B, …]` each: the images, views of them, or what a lab's samples hold.
    pub tensors: Vec<Tensor>,
    /// Classes `[B]`, `u32`; none where the images have no classes.
    pub labels: Option<Tensor>,
    /// The images' indices in the split.
    pub indices: Vec<usize>,
}

impl Batch {
    /// The images, or the first view of them: `[B, 3, H, W]`, `f32` in [0, 1].
    pub fn images(&self) -> &Tensor {
        &self.tensors[0]
    }
}

/// Gives the images of a split in batches, in another order every epoch.
#[derive(Clone)]
pub struct Loader {
    split: Arc<Split>,
    batch_size: usize,
    seed: u64,
    device: Device,
    order: Option<Arc<Vec<usize>>>,
}

/// An image of a batch: its index in the split, and the number that its random draws depend on.
#[derive(Clone, Copy)]
struct Entry {
    index: usize,
    draw: usize,
}

impl Loader {
    /// # Errors
    /// A batch size of 0 or more than there are images.
    pub fn new(split: impl Into<Arc<Split>>, batch_size: usize, seed: u64, device: &Device) -> anyhow::Result<Self> {
        let split = split.into();
        if batch_size == 0 || batch_size > split.len() {
            bail!("expected a batch size from 1 to {} (the number of images), got {batch_size}", split.len());
        }
        Ok(Self { split, batch_size, seed, device: device.clone(), order: None })
    }

    /// Gives the images in this order instead, in every epoch: indices in the split, each as often as it is listed. Random draws then
    /// depend on the place in the order, so that an image that comes twice is drawn twice.
    ///
    /// # Errors
    /// Fewer indices than a batch holds; an index that no image has.
    pub fn with_order(mut self, order: Vec<usize>) -> anyhow::Result<Self> {
        ensure!(
            order.len() >= self.batch_size,
            "expected at least a batch of {} indices, got {}",
            self.batch_size,
            order.len()
        );
        if let Some(index) = order.iter().find(|&&index| index >= self.split.len()) {
            bail!("expected indices below {}, got {index}", self.split.len());
        }
        self.order = Some(Arc::new(order));
        Ok(self)
    }

    /// Images in a batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Batches in an epoch: whole ones only, so that each step sees equally many images.
    pub fn batches(&self) -> usize {
        self.order.as_ref().map_or(self.split.len(), |order| order.len()) / self.batch_size
    }

    /// A generator for what is drawn once for each batch; it depends on the seed, the epoch and the step within it.
    pub fn rng(&self, epoch: usize, step: usize) -> Rng {
        self.stream(STEPS | (epoch << 32 | step) as u64)
    }

    /// One of the independent generators of this seed.
    fn stream(&self, number: u64) -> Rng {
        let mut rng = Rng::seed_from_u64(self.seed);
        rng.set_stream(number);
        rng
    }

    /// The images of an epoch in their order; a shuffled one depends on the seed and the epoch alone.
    fn entries(&self, epoch: usize) -> Vec<Entry> {
        if let Some(order) = &self.order {
            return order.iter().enumerate().map(|(place, &index)| Entry { index, draw: place }).collect();
        }
        let mut order: Vec<usize> = (0..self.split.len()).collect();
        order.shuffle(&mut self.stream(epoch as u64));
        order.into_iter().map(|index| Entry { index, draw: index }).collect()
    }

    /// The batches of epoch `epoch`, prepared on another thread while the caller trains on the one before:
    /// `[B, 3, H, W]`, `f32` in [0, 1].
    pub fn epoch(&self, epoch: usize) -> Epoch {
        let split = self.split.clone();
        self.prepared(epoch, move |entries| {
            let indices: Vec<usize> = entries.iter().map(|entry| entry.index).collect();
            Ok(vec![split.images().select_tensor(&indices)?])
        })
    }

    /// As [`Loader::epoch`], with one view of every image for each of `augmentations`, `[B, 3, N, N]` each. What a view
    /// looks like depends on the seed, the epoch, the image's index (its place in an order that is given) and the view's.
    ///
    /// # Errors
    /// Images that are not square; no augmentations, or more than 256.
    pub fn views(&self, epoch: usize, augmentations: &[Augmentation]) -> anyhow::Result<Epoch> {
        let (height, width) = self.split.images().size();
        ensure!(height == width, "views are square: expected square images, got {height}×{width}");
        ensure!(
            (1..=256).contains(&augmentations.len()),
            "expected 1 to 256 augmentations, one for each view, got {}",
            augmentations.len()
        );
        let (loader, augmentations) = (self.clone(), augmentations.to_vec());
        Ok(self.prepared(epoch, move |entries| {
            let views = augmentations.iter().enumerate();
            views.map(|(view, augmentation)| loader.render(epoch, entries, augmentation, view)).collect()
        }))
    }

    /// One view of every image.
    fn render(&self, epoch: usize, entries: &[Entry], augmentation: &Augmentation, view: usize) -> Result<Tensor> {
        let (height, width) = self.split.images().size();
        let size = augmentation.size.unwrap_or(width);
        let mut floats = vec![0.0; entries.len() * 3 * size * size];
        floats.par_chunks_mut(3 * size * size).zip(entries).for_each(|(out, entry)| {
            let mut rng = self.stream(VIEWS | (epoch << 40 | entry.draw << 8 | view) as u64);
            let drawn = augmentation.draw(&mut rng, height, width);
            drawn.apply(self.split.images().get(entry.index), (height, width), size, out);
        });
        Tensor::from_vec(floats, (entries.len(), 3, size, size), &Device::Cpu)
    }

    /// As [`Loader::epoch`], with whatever `make` makes of each image: any number of tensors of any shapes and types, labels among
    /// them, stacked to `[B, …]`. `make` gets the image's bytes, `[3, H, W]` of type `u8`, and a generator that depends on
    /// the seed, the epoch and the image's index; it runs on several threads.
    ///
    /// # Errors
    /// What `make` reports comes with the batch, as does a number or shape of tensors that differs within it; where it panics,
    /// so does the epoch.
    pub fn samples(
        &self,
        epoch: usize,
        make: impl Fn(&Tensor, &mut Rng) -> Result<Vec<Tensor>> + Send + Sync + 'static,
    ) -> Epoch {
        let loader = self.clone();
        self.prepared(epoch, move |entries| {
            let samples = entries.par_iter().map(|entry| {
                let mut rng = loader.stream(VIEWS | (epoch << 40 | entry.draw << 8) as u64);
                make(&loader.split.images().image(entry.index)?, &mut rng)
            });
            stack(&samples.collect::<Result<Vec<_>>>()?)
        })
    }

    fn prepared(&self, epoch: usize, prepare: impl Fn(&[Entry]) -> Result<Vec<Tensor>> + Send + 'static) -> Epoch {
        let (sender, receiver) = sync_channel(AHEAD);
        let (batch_size, entries) = (self.batch_size, self.entries(epoch));
        let worker = thread::spawn(move || {
            for entries in entries.chunks_exact(batch_size) {
                let indices = entries.iter().map(|entry| entry.index).collect();
                // The receiver is gone when the caller leaves the epoch early.
                if sender.send((indices, prepare(entries))).is_err() {
                    return;
                }
            }
        });
        Epoch { split: self.split.clone(), device: self.device.clone(), receiver, worker: Some(worker) }
    }
}

/// Set in the numbers of the random streams that views and samples are drawn from, and in no epoch's number.
const VIEWS: u64 = 1 << 63;

/// Set in the numbers of the streams of [`Loader::rng`], and in none of the others.
const STEPS: u64 = 1 << 62;

/// The first tensors of all samples as one, the second ones as another, and so on.
fn stack(samples: &[Vec<Tensor>]) -> Result<Vec<Tensor>> {
    let count = samples.first().map_or(0, Vec::len);
    if let Some(other) = samples.iter().find(|sample| sample.len() != count) {
        candle_core::bail!("expected {count} tensors in each sample, as in the first, got {}", other.len());
    }
    (0..count).map(|slot| Tensor::stack(&samples.iter().map(|sample| &sample[slot]).collect::<Vec<_>>(), 0)).collect()
}

/// The images' indices, and what was made of them.
type Prepared = (Vec<usize>, Result<Vec<Tensor>>);

/// The batches of one epoch: see [`Loader::epoch`], [`Loader::views`] and [`Loader::samples`].
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
            Ok((indices, tensors)) => Some(tensors.and_then(|tensors| self.batch(indices, &tensors))),
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
    fn batch(&self, indices: Vec<usize>, tensors: &[Tensor]) -> Result<Batch> {
        let tensors = tensors.iter().map(|tensor| tensor.to_device(&self.device)).collect::<Result<_>>()?;
        let labels = self.split.labels().map(|labels| {
            let labels: Vec<u32> = indices.iter().map(|&i| labels[i]).collect();
            Tensor::from_vec(labels, indices.len(), &self.device)
        });
        Ok(Batch { tensors, labels: labels.transpose()?, indices })
    }
}
