//! A convolution and the batch norm after it: what both passes of a layer compute on plain numbers.
//!
//! Maps are large and a core's cache is small, so every pass over them that is saved counts. Here the batch's statistics
//! are taken while a tile's maps are still in the cache, and the gradient of the convolution's output goes tile by tile
//! straight into its matrix products: it is never stored. Where one layer follows another, the first's normalized output
//! is not stored either: the second normalizes what it reads.

use std::ops::Range;

use super::affine::{self, Affine, Gradients};
use super::chunks::each_chunk;
use super::geometry::Geometry;
use super::method::{Pass, Scratch};
use super::moments::{self, Statistics};
use super::room::Room;
use super::source::Source;
use super::tiles::{InputGradient, Tiles};
use super::{ConvNormLayer, Moments, columns, floats};
use crate::collective;
use candle_core::{Result, Shape, Tensor};

/// Statistics of a layer's channels, and how many numbers all of them are of.
pub type Seen = (Moments, usize);

/// A layer that has seen a batch.
pub(super) struct Normed {
    geometry: Geometry,
    weight: Tensor,
    /// The convolution's output `[B, H', W', O]`, which the backward pass needs.
    y: Room,
    affine: Affine,
    /// Whether the statistics are the batch's own.
    train: bool,
    /// Whether they are those of all ranks.
    together: bool,
}

impl Normed {
    /// What `layer` sees in `x` `[B, C, H, W]`: the convolution, to be normalized.
    pub(super) fn new(layer: &ConvNormLayer, x: Source, shape: &Shape) -> Result<(Self, Seen)> {
        let geometry = layer.geometry(shape.dims())?;
        let weight = layer.weight.contiguous()?;
        let channels = weight.dims()[0];
        let (storage, layout) = weight.storage_and_layout();
        let tiles = Tiles::new(geometry, floats::of(&storage, layout)?, channels, shape.dims()[0], Pass::Forward);
        let mut y = Room::new(tiles.maps_len(x));
        let convolve = |scratch: &mut (Scratch, Room), group: usize, y: &mut [f32]| {
            tiles.convolve(scratch, x, group, y);
            // Image by image, whatever the tiles are.
            let of_image = |maps: &[f32]| moments::of_rows(maps, channels);
            match layer.fixed {
                Some(_) => Vec::new(),
                None => y.chunks_exact(geometry.pixels() * channels).map(of_image).collect(),
            }
        };
        let of_groups = each_chunk(&mut y, tiles.group_len(), || tiles.scratch(), convolve);
        drop(storage);
        let ranks = collective::normalized_together().filter(|_| layer.fixed.is_none());
        let statistics = match layer.fixed {
            Some([mean, variance]) => Statistics { mean: mean.to_vec1()?, variance: variance.to_vec1()? },
            None => {
                let share = Statistics::join(&of_groups.into_iter().flatten().collect::<Vec<_>>(), channels);
                share.of_all(ranks.as_deref())
            }
        };
        let seen = (Moments::new(&statistics)?, y.len());
        let (gamma, beta) = (layer.gamma.to_vec1()?, layer.beta.to_vec1()?);
        let affine = Affine::new(statistics, layer.epsilon, &gamma, &beta, layer.relu);
        let (train, together) = (layer.fixed.is_none(), ranks.is_some());
        Ok((Self { geometry, weight, y, affine, train, together }, seen))
    }

    /// The output's, `[B, O, H', W']`.
    pub(super) fn shape(&self) -> Shape {
        let channels = self.affine.channels();
        self.geometry.maps(self.y.len() / (channels * self.geometry.pixels()), channels)
    }

    /// Numbers in the output.
    pub(super) fn output_len(&self) -> usize {
        self.y.len()
    }

    /// What makes some pixels of the output: the affine map, and what it maps.
    pub(super) fn to_be_normalized(&self, numbers: Range<usize>) -> (&Affine, &[f32]) {
        (&self.affine, &self.y[numbers])
    }

    /// Given the gradient of the output: that of `x`, where asked for, and those of weight, γ and β.
    pub(super) fn backward(
        &self,
        x: Source,
        input_gradient: InputGradient,
        grads: &[f32],
    ) -> Result<(Option<Room>, [Vec<f32>; 3])> {
        let chunk = columns::chunk(self.affine.channels() * self.geometry.pixels());
        let gradients = self.affine.gradients([&self.y, grads].map(Source::Given), chunk, self.train);
        let of_all = self.together.then(|| gradients.over(&*collective::world()));
        let of_batch = of_all.as_ref().unwrap_or(&gradients);
        let channels = self.affine.channels();
        let through_norm = |image: usize, dy: &mut [f32]| {
            let range = image * channels * self.geometry.pixels()..;
            let (y, grads) = (&self.y[range.clone()][..dy.len()], &grads[range][..dy.len()]);
            affine::input_gradient(&self.affine, of_batch, y, grads, dy);
        };
        let (storage, layout) = self.weight.storage_and_layout();
        let batch = x.len() / self.geometry.image_len();
        let tiles = Tiles::new(self.geometry, floats::of(&storage, layout)?, channels, batch, Pass::Backward);
        let (dx, dweight) = tiles.backward(x, input_gradient, through_norm);
        let Gradients { gamma, beta, .. } = gradients;
        Ok((dx, [dweight, gamma, beta]))
    }
}
