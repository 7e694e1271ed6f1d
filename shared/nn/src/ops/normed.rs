//! A convolution and the batch norm after it: what both passes of a layer compute on plain numbers.
//!
//! Maps are large and a core's cache is small, so every pass over them that is saved counts. Here the batch's statistics
//! are taken while a tile's maps are still in the cache, and the gradient of the convolution's output goes tile by tile
//! straight into its matrix products: it is never stored. Where one layer follows another, the first's normalized output
//! is not stored either: the second normalizes what it reads.

use std::ops::Range;

use candle_core::Result;
use pulp::Arch;

use super::Moments;
use super::affine::{Affine, Gradients};
use super::geometry::Geometry;
use super::method::each_map;
use super::moments::{self, Statistics};
use super::tiles::Tiles;
use crate::collective;

/// The numbers that a convolution looks at.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Images(&'a [f32]),
    /// What batch norm makes of the layer before.
    Layer(&'a Normed),
}

impl<'a> Source<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Images(images) => images.len(),
            Self::Layer(layer) => layer.y.len(),
        }
    }

    /// Some whole images; `room` holds them where they have to be computed.
    pub(super) fn images<'r>(self, range: Range<usize>, room: &'r mut Vec<f32>) -> &'r [f32]
    where
        'a: 'r,
    {
        match self {
            Self::Images(images) => &images[range],
            Self::Layer(layer) => {
                room.resize(range.len(), 0.0);
                layer.affine.write(range.start / layer.pixels(), &layer.y[range], layer.pixels(), room);
                room
            }
        }
    }
}

/// A layer that has seen a batch.
pub(super) struct Normed {
    geometry: Geometry,
    /// The convolution's output, which the backward pass needs.
    y: Vec<f32>,
    affine: Affine,
    /// Whether the statistics are those of all ranks.
    together: bool,
}

impl Normed {
    /// The convolution of `x` with `weight`, to be normalized with the batch's own statistics, which are returned as well.
    pub(super) fn new(
        geometry: Geometry,
        x: Source,
        weight: &[f32],
        (gamma, beta): (&[f32], &[f32]),
        epsilon: f32,
        relu: bool,
    ) -> Result<(Self, Moments)> {
        let tiles = Tiles::new(geometry, weight, gamma.len(), x.len() / geometry.image_len());
        let (y, of_maps) = tiles.forward(x, |maps| moments::of_maps(maps, geometry.pixels()));
        let statistics = Statistics::join(&of_maps, gamma.len(), geometry.pixels());
        let ranks = collective::normalized_together();
        let statistics = ranks.iter().fold(statistics, |share, ranks| share.over(&**ranks));
        let moments = Moments::new(&statistics)?;
        let affine = Affine::new(statistics, epsilon, gamma, beta, relu);
        Ok((Self { geometry, y, affine, together: ranks.is_some() }, moments))
    }

    fn pixels(&self) -> usize {
        self.geometry.pixels()
    }

    pub(super) fn channels(&self) -> usize {
        self.affine.channels()
    }

    /// Numbers in the convolution's weight.
    pub(super) fn weights(&self) -> usize {
        self.channels() * self.geometry.taps()
    }

    /// Numbers in the convolution's output, and in the layer's.
    pub(super) fn len(&self) -> usize {
        self.y.len()
    }

    /// The layer's output.
    pub(super) fn output(&self) -> Vec<f32> {
        self.affine.apply(&self.y, self.pixels())
    }

    /// Given the gradient of the output: that of `x`, where asked for, of the weight, and of γ and β.
    pub(super) fn backward(
        &self,
        x: Source,
        weight: &[f32],
        input_gradient: bool,
        grads: &[f32],
    ) -> (Option<Vec<f32>>, Vec<f32>, Gradients) {
        let (channels, pixels) = (self.channels(), self.pixels());
        let gradients = self.affine.gradients(&self.y, grads, pixels, true);
        let of_all = self.together.then(|| gradients.over(&*collective::world()));
        let of_batch = of_all.as_ref().unwrap_or(&gradients);
        let through_norm = |image: usize, rows: &mut [f32]| {
            let start = image * channels * pixels;
            let (y, grads) = (&self.y[start..], &grads[start..]);
            Arch::new().dispatch(|| {
                each_map(rows.len() / (channels * pixels), channels, pixels, |map, row| {
                    let number = map.start / pixels;
                    self.affine.input_gradient(number, of_batch, &y[map.clone()], &grads[map], &mut rows[row]);
                });
            });
        };
        let tiles = Tiles::new(self.geometry, weight, channels, x.len() / self.geometry.image_len());
        let (dx, dweight) = tiles.backward(x, input_gradient, through_norm);
        (dx, dweight, gradients)
    }
}
