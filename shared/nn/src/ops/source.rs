//! The numbers that a layer looks at, wherever they come from.

use std::ops::Range;

use super::affine;
use super::chunks::fill_chunks;
use super::layout::turn_images;
use super::normed::Normed;
use super::room::Room;

/// Numbers `[B, H, W, C]`.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Given(&'a [f32]),
    /// A tensor's, of so many channels and pixels: it is turned image by image.
    Tensor(&'a [f32], (usize, usize)),
    /// What batch norm makes of the layer before.
    Layer(&'a Normed),
}

impl<'a> Source<'a> {
    /// Those of a tensor `[B, C, pixels]`, which are in order already where there is one pixel.
    pub(super) fn of_tensor(numbers: &'a [f32], (channels, pixels): (usize, usize)) -> Self {
        if pixels == 1 { Self::Given(numbers) } else { Self::Tensor(numbers, (channels, pixels)) }
    }

    pub(super) fn len(self) -> usize {
        match self {
            Self::Given(numbers) | Self::Tensor(numbers, _) => numbers.len(),
            Self::Layer(layer) => layer.output_len(),
        }
    }

    /// The numbers of some whole pixels, of a tensor those of whole images; `room` holds them where they have to be computed.
    pub(super) fn numbers<'r>(self, range: Range<usize>, room: &'r mut Room) -> &'r [f32]
    where
        'a: 'r,
    {
        match self {
            Self::Given(numbers) => &numbers[range],
            Self::Tensor(numbers, size) => {
                room.fit(range.len());
                turn_images(&numbers[range], size, room);
                room
            }
            Self::Layer(layer) => {
                room.fit(range.len());
                let (affine, y) = layer.to_be_normalized(range);
                affine::write(affine, y, room);
                room
            }
        }
    }

    /// In the order of a tensor, `[B, C, pixels]`.
    pub(super) fn channels_first(self, (channels, pixels): (usize, usize)) -> Vec<f32> {
        let image = channels * pixels;
        let fill = |room: &mut Room, i: usize, to: &mut [f32]| {
            turn_images(self.numbers(i * image..(i + 1) * image, room), (pixels, channels), to);
        };
        fill_chunks(self.len(), image, Room::default, fill).0
    }
}
