//! The work of a convolution, cut into tiles: matrix products small enough to stay in a core's cache.

use std::ops::Range;

use rayon::prelude::*;

use super::by_pixel::ByPixel;
use super::chunks::each_chunk;
use super::geometry::Geometry;
use super::im2col::Im2col;
use super::method::{Method, Pass, Scratch, Sum};
use super::room::Room;
use super::source::Source;
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
    /// It stands by itself.
    Own,
    /// It is added to another gradient of the same numbers.
    AddedTo(Room),
}

/// A pass of the convolution of a batch. Images and maps have their channels last.
pub(super) struct Tiles {
    image_len: usize,
    map_len: usize,
    method: Box<dyn Method>,
}

fn boxed<M: Method + 'static>(method: M) -> Box<dyn Method> {
    Box::new(method)
}

impl Tiles {
    /// A pass of the convolution of `batch` images with `weight` `[O, C, kh, kw]`.
    pub(super) fn new(geometry: Geometry, weight: &[f32], out_channels: usize, batch: usize, pass: Pass) -> Self {
        let unit_stride = Winograd::<UnitStride, 6>::new(geometry, weight, out_channels, batch, pass).map(boxed);
        let method = unit_stride
            .or_else(|| Winograd::<StrideTwo, 9>::new(geometry, weight, out_channels, batch, pass).map(boxed))
            .or_else(|| ByPixel::new(geometry, weight, out_channels, batch, pass).map(boxed))
            .unwrap_or_else(|| boxed(Im2col::new(geometry, weight, out_channels, batch, pass)));
        Self { image_len: geometry.image_len(), map_len: out_channels * geometry.pixels(), method }
    }

    /// Numbers in the maps of a batch of which `x` are the images.
    pub(super) fn maps_len(&self, x: Source) -> usize {
        x.len() / self.image_len * self.map_len
    }

    /// Numbers in the maps of images that are convolved together.
    pub(super) fn group_len(&self) -> usize {
        self.method.group() * self.map_len
    }

    /// Buffers for one thread, and room for what it looks at.
    pub(super) fn scratch(&self) -> (Scratch, Room) {
        (self.method.scratch(), Room::default())
    }

    /// Writes the maps `[images, H', W', O]` of a group of `x`, of which the last may have fewer images.
    pub(super) fn convolve(&self, (scratch, room): &mut (Scratch, Room), x: Source, group: usize, y: &mut [f32]) {
        let first = group * self.method.group() * self.image_len;
        let images = x.numbers(first..first + y.len() / self.map_len * self.image_len, room);
        self.method.forward(scratch, images, y);
    }

    /// Gradients of the input (where asked for) and of the weight. `gradient(image, dy)` writes the output's gradient
    /// for as many images, from number `image` on, as `dy` `[images, H', W', O]` has room for.
    pub(super) fn backward(
        &self,
        x: Source,
        input_gradient: InputGradient,
        gradient: impl Fn(usize, &mut [f32]) + Sync,
    ) -> (Option<Room>, Vec<f32>) {
        let (image_len, group) = (self.image_len, self.method.group());
        let groups = (x.len() / image_len).div_ceil(group);
        let most = (WEIGHT_GRADIENT_ELEMENTS / self.method.dweight_len()).clamp(4, WEIGHT_GRADIENT_PARTS);
        let part = groups.div_ceil(most) * group;
        let (mut dx, begun) = match input_gradient {
            InputGradient::None => (None, false),
            InputGradient::Own => (Some(Room::new(x.len())), false),
            InputGradient::AddedTo(of_input) => (Some(of_input), true),
        };
        let work = |scratch: &mut (Scratch, Room), number: usize, dx: &mut [f32]| {
            let images = number * part..((number + 1) * part).min(x.len() / image_len);
            self.backward_part(scratch, Sum { numbers: dx, begun }, x, images, &gradient)
        };
        let dweights: Vec<_> = match &mut dx {
            Some(dx) => each_chunk(dx, part * image_len, || self.scratch(), work),
            None => {
                let numbers = (0..(x.len() / image_len).div_ceil(part)).into_par_iter();
                numbers.map_init(|| self.scratch(), |scratch, i| work(scratch, i, &mut [])).collect()
            }
        };
        (dx, self.method.weight_gradient(&dweights))
    }

    /// Adds the input gradients of some images of the batch to `dx` and returns their share of the weight gradient.
    fn backward_part(
        &self,
        (scratch, room): &mut (Scratch, Room),
        Sum { numbers: mut dx, begun }: Sum,
        x: Source,
        images: Range<usize>,
        gradient: impl Fn(usize, &mut [f32]),
    ) -> Room {
        let mut dweight = Room::new(self.method.dweight_len());
        for first in images.clone().step_by(self.method.group()) {
            let count = self.method.group().min(images.end - first);
            scratch.dy.fit(count * self.map_len);
            gradient(first, &mut scratch.dy);
            let group = x.numbers(first * self.image_len..(first + count) * self.image_len, room);
            // Nothing is split off where no gradient of the input is asked for.
            let numbers = dx.split_off_mut(..group.len().min(dx.len())).unwrap_or_default();
            let dweight = Sum { numbers: &mut dweight, begun: first > images.start };
            self.method.backward(scratch, group, Sum { numbers, begun }, dweight);
        }
        dweight
    }
}
