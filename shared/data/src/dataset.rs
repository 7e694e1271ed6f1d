//! Images in memory: bytes, optional labels, two splits.

use std::sync::Arc;

use anyhow::bail;
use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::Rng;

/// RGB images of one size as bytes, each stored plane by plane: red, green, blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    bytes: Vec<u8>,
    height: usize,
    width: usize,
}

impl Images {
    /// `bytes` holds whole images of 3 · `height` · `width` bytes each.
    ///
    /// # Errors
    /// An empty image, or a number of bytes that is no multiple of one image's.
    pub fn new(bytes: Vec<u8>, height: usize, width: usize) -> anyhow::Result<Self> {
        let len = 3 * height * width;
        if len == 0 || !bytes.len().is_multiple_of(len) {
            bail!("{} bytes are no whole number of 3×{height}×{width} images", bytes.len());
        }
        Ok(Self { bytes, height, width })
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.image_len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Height and width.
    pub fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    fn image_len(&self) -> usize {
        3 * self.height * self.width
    }

    /// The bytes of image `i`: red, green and blue planes.
    ///
    /// # Panics
    /// If there is no image `i`.
    pub fn get(&self, i: usize) -> &[u8] {
        &self.bytes[i * self.image_len()..(i + 1) * self.image_len()]
    }

    /// Image `i` as bytes, `[3, H, W]` of type `u8`.
    ///
    /// # Errors
    /// None that is known: the copy is made on the CPU.
    ///
    /// # Panics
    /// If there is no image `i`.
    pub fn image(&self, i: usize) -> Result<Tensor> {
        Tensor::from_slice(self.get(i), (3, self.height, self.width), &Device::Cpu)
    }

    /// The images of these indices, in this order.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn select(&self, indices: &[usize]) -> Self {
        let bytes = indices.iter().flat_map(|&i| self.get(i)).copied().collect();
        Self { bytes, ..*self }
    }

    /// The images of these indices as a tensor `[indices, 3, H, W]` on the CPU, with values in [0, 1].
    pub(crate) fn select_tensor(&self, indices: &[usize]) -> Result<Tensor> {
        let mut floats = vec![0.0; indices.len() * self.image_len()];
        floats.par_chunks_mut(self.image_len()).zip(indices).for_each(|(floats, &i)| {
            floats.iter_mut().zip(self.get(i)).for_each(|(f, &byte)| *f = f32::from(byte) / 255.0);
        });
        Tensor::from_vec(floats, (indices.len(), 3, self.height, self.width), &Device::Cpu)
    }

    /// All images as a tensor `[N, 3, H, W]` with values in [0, 1].
    ///
    /// # Errors
    /// What Candle reports where memory on the device runs out.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        let all: Vec<usize> = (0..self.len()).collect();
        self.select_tensor(&all)?.to_device(device)
    }
}

/// Images for one purpose, with a class each where they have classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    images: Images,
    labels: Option<Vec<u32>>,
}

impl Split {
    /// # Errors
    /// More or fewer labels than images.
    pub fn new(images: Images, labels: Option<Vec<u32>>) -> anyhow::Result<Self> {
        if let Some(labels) = &labels
            && labels.len() != images.len()
        {
            bail!("{} labels for {} images", labels.len(), images.len());
        }
        Ok(Self { images, labels })
    }

    /// The images.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The class of each image, counted from 0; none where the images have no classes.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The images of these indices with their labels.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn select(&self, indices: &[usize]) -> Self {
        let labels = self.labels.as_ref().map(|labels| indices.iter().map(|&i| labels[i]).collect());
        Self { images: self.images.select(indices), labels }
    }

    /// At most `count` images, drawn without replacement by `seed`; all of them, in their order, where there are no more.
    pub fn sample(&self, count: usize, seed: u64) -> Self {
        if count >= self.len() {
            return self.clone();
        }
        let mut indices: Vec<usize> = (0..self.len()).collect();
        indices.shuffle(&mut Rng::seed_from_u64(seed));
        indices.truncate(count);
        self.select(&indices)
    }
}

/// Everything a lab trains and tests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// What `--data` called it.
    pub name: String,
    /// Names of the classes; empty where the images have none.
    pub classes: Vec<String>,
    /// For training.
    pub train: Arc<Split>,
    /// For testing; never trained on.
    pub test: Arc<Split>,
}
