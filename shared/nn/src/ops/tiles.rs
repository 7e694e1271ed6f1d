//! The work of a convolution, cut into tiles: matrix products small enough to stay in a core's cache.

use std::ops::Range;

use rayon::prelude::*;

use super::chunks::fill_chunks;
use super::geometry::Geometry;
use super::im2col::Im2col;
use super::method::{Method, Pass, Scratch, Sum};
use super::normed::Source;
use super::room::Room;
use super::transforms::{StrideTwo, UnitStride};
use super::winograd::Winograd;

/// The weight gradient is summed in this many parts, whatever the number of threads, so that it is always the same.
const WEIGHT_GRADIENT_PARTS: usize = 16;

/// Where all parts together would hold more numbers than this, there are fewer of them, but at least four.
const WEIGHT_GRADIENT_ELEMENTS: usize = 4 << 20;

/// What becomes of the gradient of a convolution's input.
pub(super) enum InputGradient {
    /// Nothing needs it.
    None,
    /// It is a vector of its own.
    Own,
    /// It is added to another gradient of the same numbers.
    AddedTo(Vec<f32>),
}

/// A pass of the convolution of a batch. Images and maps have their channels last.
pub(super) struct Tiles {
    image_len: usize,
    map_len: usize,
    method: Box<dyn Method>,
}

impl Tiles {
    /// A pass of the convolution of `batch` images with `weight` `[O, C, kh, kw]`.
    pub(super) fn new(geometry: Geometry, weight: &[f32], out_channels: usize, batch: usize, pass: Pass) -> Self {
        let unit_stride = Winograd::<UnitStride, 6>::new(geometry, weight, out_channels, batch, pass);
        let stride_two = Winograd::<StrideTwo, 9>::new(geometry, weight, out_channels, batch, pass);
        let method: Box<dyn Method> = match (unit_stride, stride_two) {
            (Some(winograd), _) => Box::new(winograd),
            (_, Some(winograd)) => Box::new(winograd),
            _ => Box::new(Im2col::new(geometry, weight, out_channels, batch, pass)),
        };
        Self { image_len: geometry.image_len(), map_len: out_channels * geometry.pixels(), method }
    }

    /// Convolves a batch. `done` gets each group's maps `[images, H', W', O]` while they are still in the cache, and room for what it likes.
    pub(super) fn forward<T: Send>(
        &self,
        x: Source,
        done: impl Fn(&mut [f32], &mut Room) -> T + Sync + Send,
    ) -> (Vec<f32>, Vec<T>) {
        let (image_len, map_len, group_size) = (self.image_len, self.map_len, self.method.group());
        let scratch = || (self.method.scratch(), Room::default());
        let fill = |(scratch, room): &mut (Scratch, Room), group: usize, y: &mut [f32]| {
            let first = group * group_size * image_len;
            self.method.forward(scratch, x.pixels(first..first + y.len() / map_len * image_len, room), y);
            done(y, room)
        };
        fill_chunks(x.len() / image_len * map_len, group_size * map_len, scratch, fill)
    }

    /// Gradients of the input (where asked for) and of the weight. `gradient(image, dy)` writes the output's gradient
    /// for as many images, from number `image` on, as `dy` `[images, H', W', O]` has room for.
    pub(super) fn backward(
        &self,
        x: Source,
        input_gradient: InputGradient,
        gradient: impl Fn(usize, &mut [f32]) + Sync,
    ) -> (Option<Vec<f32>>, Vec<f32>) {
        let (image_len, group) = (self.image_len, self.method.group());
        let groups = (x.len() / image_len).div_ceil(group);
        let most = (WEIGHT_GRADIENT_ELEMENTS / self.method.dweight_len()).clamp(4, WEIGHT_GRADIENT_PARTS);
        let part = groups.div_ceil(most) * group;
        let scratch = || (self.method.scratch(), Room::default());
        let work = |scratch: &mut (Scratch, Room), number: usize, dx: &mut [f32]| {
            let images = number * part..((number + 1) * part).min(x.len() / image_len);
            self.backward_part(scratch, dx, x, images, &gradient)
        };
        let (dx, dweights) = match input_gradient {
            InputGradient::None => {
                let numbers = (0..(x.len() / image_len).div_ceil(part)).into_par_iter();
                (None, numbers.map_init(scratch, |scratch, i| work(scratch, i, &mut [])).collect())
            }
            InputGradient::Own => {
                let (dx, dweights) = fill_chunks(x.len(), part * image_len, scratch, work);
                (Some(dx), dweights)
            }
            InputGradient::AddedTo(mut of_input) => {
                let parts = of_input.par_chunks_mut(part * image_len).enumerate();
                let dweights = parts.map_init(scratch, |scratch, (i, dx)| work(scratch, i, dx)).collect();
                (Some(of_input), dweights)
            }
        };
        (dx, self.method.weight_gradient(&dweights))
    }

    /// Adds the input gradients of some images of the batch to `dx` and returns their share of the weight gradient.
    fn backward_part(
        &self,
        (scratch, room): &mut (Scratch, Room),
        mut dx: &mut [f32],
        x: Source,
        images: Range<usize>,
        gradient: impl Fn(usize, &mut [f32]),
    ) -> Room {
        let mut dweight = Room::new(self.method.dweight_len());
        for first in images.clone().step_by(self.method.group()) {
            let count = self.method.group().min(images.end - first);
            scratch.dy.fit(count * self.map_len);
            gradient(first, &mut scratch.dy);
            let group = x.pixels(first * self.image_len..(first + count) * self.image_len, room);
            // Nothing is split off where no gradient of the input is asked for.
            let of_group = dx.split_off_mut(..group.len().min(dx.len())).unwrap_or_default();
            let dweight = Sum { numbers: &mut dweight, begun: first > images.start };
            self.method.backward(scratch, group, of_group, dweight);
        }
        dweight
    }
}
