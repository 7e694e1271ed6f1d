//! Winograd's convolutions of 3×3 kernels: 36 products for 16 outputs at stride 1, 81 at stride 2, where im2col needs 144 (Lavin and Gray 2016,
//! section 4, for stride 1; that for stride 2 is put together of the same parts in [`transforms`](super::transforms)).
//!
//! A convolution cuts its maps into blocks of 4×4. Each looks at a patch, of 6×6 pixels or 9×9, and
//!
//! block = Aᵀ [Σ_c (G w_c Gᵀ) ⊙ (Bᵀ patch_c B)] A
//!
//! where the sum over input channels, for all blocks at once, is one matrix product for each number of G w Gᵀ. Every step is linear, so the
//! backward pass takes the transpose of each.
//!
//! The channels of a pixel lie side by side: a patch is a matrix of runs of numbers, all of which are transformed alike.

use std::marker::PhantomData;
use std::ops::Range;

use pulp::Arch;

use super::blocks::{Blocks, OUTSIDE, Place, places};
use super::gemm::{Matrix, gemm};
use super::geometry::Geometry;
use super::kernels;
use super::lanes::{LANES, lanes_of};
use super::method::{Backward, Cut, Forward, Method, Pass, Scratch, Sum, Work};
use super::room::Room;
use super::transforms::{BLOCK, KERNEL, Transforms, both_ways};

/// Blocks of a matrix product.
const BLOCKS: usize = 64;

/// A 3×3 convolution of the transforms' stride.
pub(super) struct Winograd<T, const P: usize> {
    /// Of the images.
    height: usize,
    width: usize,
    channels: usize,
    out_channels: usize,
    /// G w Gᵀ, `[36, C, O]` in a forward pass, `[36, O, C]` in a backward one.
    weight: Vec<f32>,
    cut: Cut,
    transforms: PhantomData<T>,
}

impl<T: Transforms<P>, const P: usize> Winograd<T, P> {
    /// None where the convolution is of another kind, where it has few channels or blocks, or where blocks would not cover its maps, or lanes
    /// their channels.
    pub(super) fn new(
        geometry: Geometry,
        weight: &[f32],
        out_channels: usize,
        batch: usize,
        pass: Pass,
    ) -> Option<Self> {
        let Geometry { channels, height, width, kernel, stride, padding } = geometry;
        let of_this_kind = (kernel, stride, padding) == ((3, 3), T::STRIDE, 1);
        let block = BLOCK * T::STRIDE;
        let covered = height.is_multiple_of(block) && width.is_multiple_of(block);
        let in_lanes = channels.is_multiple_of(LANES) && out_channels.is_multiple_of(LANES);
        let (rows, columns) = (height / block, width / block);
        let enough = channels >= T::LEAST_CHANNELS && batch * rows * columns >= T::LEAST_BLOCKS;
        if !of_this_kind || !covered || !in_lanes || !enough {
            return None;
        }
        let cut = Cut::new(BLOCKS, (rows, columns), batch);
        let weight = kernels::transformed::<T, P>(weight, (out_channels, channels), pass);
        Some(Self { height, width, channels, out_channels, weight, cut, transforms: PhantomData })
    }

    /// The weight of one place, `[C, O]` in a forward pass, `[O, C]` in a backward one.
    fn weight(&self, (row, column): Place, rows: usize, cols: usize) -> Matrix<'_> {
        Matrix::new(&self.weight[(row * KERNEL + column) * rows * cols..], rows, cols, cols)
    }

    /// The blocks of a strip of images that have `len` numbers.
    fn blocks(&self, len: usize, strip: Range<usize>) -> Blocks<T, P> {
        Blocks::new((self.height, self.width), len / (self.channels * self.height * self.width), strip)
    }

    /// Transformed patches of a strip of some images.
    #[inline(always)]
    fn transform_patches(&self, images: &[f32], scratch: &mut Scratch, blocks: &Blocks<T, P>) {
        let (lanes, places) = (self.channels / LANES, blocks.lanes_of_patch(self.channels));
        let (images, columns) = (lanes_of(images), scratch.columns.as_chunks_mut().0);
        let mut patch = [[[0.0; LANES]; P]; P];
        for block in 0..blocks.count() {
            let pixels = blocks.pixels_of_patch(block);
            for lane in 0..lanes {
                for (numbers, pixel) in patch.as_flattened_mut().iter_mut().zip(pixels.as_flattened()) {
                    *numbers = if *pixel == OUTSIDE { [0.0; LANES] } else { images[pixel * lanes + lane] };
                }
                both_ways(&mut patch, T::patch);
                for (numbers, place) in patch.as_flattened().iter().zip(places.as_flattened()) {
                    columns[place + block * lanes + lane] = *numbers;
                }
            }
        }
    }

    /// From products of a strip to its part of the maps `[images, H', W', O]`.
    #[inline(always)]
    fn transform_products(&self, scratch: &Scratch, blocks: &Blocks<T, P>, maps: &mut [f32]) {
        let (lanes, places) = (self.out_channels / LANES, blocks.lanes_of_patch(self.out_channels));
        let (products, maps) = (lanes_of(&scratch.products), maps.as_chunks_mut().0);
        let mut values = [[[0.0; LANES]; P]; P];
        for block in 0..blocks.count() {
            let pixels = blocks.pixels(block);
            for lane in 0..lanes {
                for (numbers, place) in values.as_flattened_mut().iter_mut().zip(places.as_flattened()) {
                    *numbers = products[place + block * lanes + lane];
                }
                both_ways(&mut values, T::product);
                for (values, pixels) in values.iter().zip(&pixels) {
                    for (numbers, pixel) in values.iter().zip(pixels) {
                        maps[pixel * lanes + lane] = *numbers;
                    }
                }
            }
        }
    }

    /// The transpose of [`Winograd::transform_products`]: reads the gradients of the maps.
    #[inline(always)]
    fn transform_products_back(&self, scratch: &mut Scratch, blocks: &Blocks<T, P>) {
        let (lanes, places) = (self.out_channels / LANES, blocks.lanes_of_patch(self.out_channels));
        let (maps, products) = (lanes_of(&scratch.dy), scratch.products.as_chunks_mut().0);
        let mut values = [[[0.0; LANES]; P]; P];
        for block in 0..blocks.count() {
            let pixels = blocks.pixels(block);
            for lane in 0..lanes {
                for (values, pixels) in values.iter_mut().zip(&pixels) {
                    for (numbers, pixel) in values.iter_mut().zip(pixels) {
                        *numbers = maps[pixel * lanes + lane];
                    }
                }
                both_ways(&mut values, T::product_back);
                for (numbers, place) in values.as_flattened().iter().zip(places.as_flattened()) {
                    products[place + block * lanes + lane] = *numbers;
                }
            }
        }
    }

    /// The transpose of [`Winograd::transform_patches`]: adds to the gradients of images.
    #[inline(always)]
    fn transform_patches_back(&self, columns: &[f32], blocks: &Blocks<T, P>, gradients: &mut [f32]) {
        let (lanes, places) = (self.channels / LANES, blocks.lanes_of_patch(self.channels));
        let (columns, gradients) = (lanes_of(columns), gradients.as_chunks_mut::<LANES>().0);
        let mut patch = [[[0.0; LANES]; P]; P];
        for block in 0..blocks.count() {
            let pixels = blocks.pixels_of_patch(block);
            for lane in 0..lanes {
                for (numbers, place) in patch.as_flattened_mut().iter_mut().zip(places.as_flattened()) {
                    *numbers = columns[place + block * lanes + lane];
                }
                both_ways(&mut patch, T::patch_back);
                for (numbers, pixel) in patch.as_flattened().iter().zip(pixels.as_flattened()) {
                    if *pixel != OUTSIDE {
                        for (sum, number) in gradients[pixel * lanes + lane].iter_mut().zip(numbers) {
                            *sum += number;
                        }
                    }
                }
            }
        }
    }
}

impl<T: Transforms<P>, const P: usize> Work for Winograd<T, P> {
    #[inline(always)]
    fn forward_group(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let (channels, out_channels) = (self.channels, self.out_channels);
        for strip in self.cut.strips() {
            let blocks = self.blocks(images.len(), strip);
            self.transform_patches(images, scratch, &blocks);
            for place in places() {
                let patches = blocks.matrix(&scratch.columns, place, channels);
                let products = &mut scratch.products[blocks.start(place, out_channels)..];
                gemm(products, out_channels, patches, self.weight(place, channels, out_channels), false);
            }
            self.transform_products(scratch, &blocks, y);
        }
    }

    #[inline(always)]
    fn backward_group(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum) {
        let (channels, out_channels) = (self.channels, self.out_channels);
        let Sum { numbers: dx, begun: added } = dx;
        if added {
            scratch.clear_gradients(dx.len());
        } else {
            dx.fill(0.0);
        }
        for strip in self.cut.strips() {
            let begun = dweight.begun || strip.start > 0;
            let blocks = self.blocks(images.len(), strip);
            self.transform_patches(images, scratch, &blocks);
            self.transform_products_back(scratch, &blocks);
            for (place, of_place) in places().zip(dweight.numbers.chunks_exact_mut(out_channels * channels)) {
                let patches = blocks.matrix(&scratch.columns, place, channels);
                let products = blocks.matrix(&scratch.products, place, out_channels);
                gemm(of_place, channels, products.t(), patches, begun);
                if !dx.is_empty() {
                    // The patches have done their part; their gradients take their place.
                    let patches = &mut scratch.columns[blocks.start(place, channels)..];
                    gemm(patches, channels, products, self.weight(place, out_channels, channels), false);
                }
            }
            if !dx.is_empty() {
                let gradients = if added { &mut *scratch.gradients } else { &mut *dx };
                self.transform_patches_back(&scratch.columns, &blocks, gradients);
            }
        }
        if added {
            for (dx, gradient) in dx.iter_mut().zip(scratch.gradients.iter()) {
                *dx += gradient;
            }
        }
    }
}

impl<T: Transforms<P>, const P: usize> Method for Winograd<T, P> {
    fn group(&self) -> usize {
        self.cut.group
    }

    fn scratch(&self) -> Scratch {
        let blocks = Blocks::<T, P>::new((self.height, self.width), self.cut.group, 0..self.cut.strip);
        let [columns, products] = [self.channels, self.out_channels].map(|channels| Room::new(blocks.len(channels)));
        Scratch { columns, products, ..Scratch::default() }
    }

    fn forward(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        Arch::new().dispatch(Forward { work: self, scratch, images, y });
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum) {
        Arch::new().dispatch(Backward { work: self, scratch, images, dx, dweight });
    }

    fn dweight_len(&self) -> usize {
        self.weight.len()
    }

    fn weight_gradient(&self, dweights: &[Room]) -> Vec<f32> {
        kernels::gradient::<T, P>(dweights, (self.out_channels, self.channels))
    }
}
