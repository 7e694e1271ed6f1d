//! Winograd's convolution F(4×4, 3×3): 36 products for 16 outputs where im2col needs 144 (Lavin and Gray 2016, section 4.3).
//!
//! A 3×3 convolution of stride 1 cuts its maps into blocks of 4×4. Each looks at a patch of 6×6, and
//!
//! block = Aᵀ [Σ_c (G w_c Gᵀ) ⊙ (Bᵀ patch_c B)] A
//!
//! where the sum over input channels, for all blocks at once, is one matrix product for each of the 36 places. Every step is
//! linear, so the backward pass takes the transpose of each.
//!
//! The channels of a pixel lie side by side: a patch is 36 runs of numbers, all of which are transformed alike.

use pulp::Arch;

use super::blocks::{Blocks, OUTSIDE};
use super::chunks::{fill_chunks, fill_planes};
use super::gemm::{Matrix, gemm};
use super::geometry::Geometry;
use super::lanes::{LANES, Lanes};
use super::method::{Backward, Cut, Forward, Method, Pass, Scratch, Sum, Work, sum_into};
use super::room::Room;
use super::transforms::{self, BLOCK, PATCH, PLACES};

/// Blocks of a matrix product.
const BLOCKS: usize = 64;

/// A 3×3 convolution of stride 1.
pub(super) struct Winograd {
    /// Of the images, and of their maps.
    height: usize,
    width: usize,
    channels: usize,
    out_channels: usize,
    /// G w Gᵀ, `[36, C, O]` in a forward pass, `[36, O, C]` in a backward one.
    weight: Vec<f32>,
    cut: Cut,
}

impl Winograd {
    /// None where the convolution is of another kind, or where blocks would not cover its maps, or lanes their channels.
    pub(super) fn new(
        geometry: Geometry,
        weight: &[f32],
        out_channels: usize,
        batch: usize,
        pass: Pass,
    ) -> Option<Self> {
        let Geometry { channels, height, width, kernel, stride, padding } = geometry;
        let covered = height % BLOCK == 0
            && width % BLOCK == 0
            && channels.is_multiple_of(LANES)
            && out_channels.is_multiple_of(LANES);
        if (kernel, stride, padding) != ((3, 3), 1, 1) || !covered {
            return None;
        }
        let cut = Cut::new(BLOCKS, (height / BLOCK, width / BLOCK), batch);
        let weight = transformed(weight, (out_channels, channels), pass);
        Some(Self { height, width, channels, out_channels, weight, cut })
    }

    fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// The weight of one place, `[C, O]` in a forward pass, `[O, C]` in a backward one.
    fn weight(&self, place: usize, rows: usize, cols: usize) -> Matrix<'_> {
        Matrix::new(&self.weight[place * rows * cols..], rows, cols, cols)
    }

    /// Transformed patches `[36, blocks, C]` of a strip of some images.
    #[inline(always)]
    fn transform_patches(&self, images: &[f32], scratch: &mut Scratch, blocks: &Blocks) {
        let (lanes, plane) = blocks.strides(self.channels);
        let (images, columns) = (lanes_of(images), scratch.columns.as_chunks_mut().0);
        let mut patch = [[0.0; LANES]; PLACES];
        for block in 0..blocks.count() {
            let pixels = blocks.pixels_of_patch(block);
            for lane in 0..lanes {
                for (numbers, pixel) in patch.iter_mut().zip(pixels) {
                    *numbers = if pixel == OUTSIDE { [0.0; LANES] } else { images[pixel * lanes + lane] };
                }
                transforms::patches(patch.as_flattened_mut());
                for (place, numbers) in patch.iter().enumerate() {
                    columns[place * plane + block * lanes + lane] = *numbers;
                }
            }
        }
    }

    /// From products `[36, blocks, O]` of a strip to its part of the maps `[images, H · W, O]`.
    #[inline(always)]
    fn transform_products(&self, scratch: &Scratch, blocks: &Blocks, maps: &mut [f32]) {
        let (lanes, plane) = blocks.strides(self.out_channels);
        let (products, maps) = (lanes_of(&scratch.products), maps.as_chunks_mut().0);
        let mut values = [[0.0; LANES]; PLACES];
        for block in 0..blocks.count() {
            let first = blocks.first_pixel(block);
            for lane in 0..lanes {
                for (place, numbers) in values.iter_mut().enumerate() {
                    *numbers = products[place * plane + block * lanes + lane];
                }
                transforms::products(values.as_flattened_mut());
                for y in 0..BLOCK {
                    for x in 0..BLOCK {
                        maps[(first + y * self.width + x) * lanes + lane] = values[PATCH * y + x];
                    }
                }
            }
        }
    }

    /// The transpose of [`Winograd::transform_products`]: reads the gradients of the maps.
    #[inline(always)]
    fn transform_products_back(&self, scratch: &mut Scratch, blocks: &Blocks) {
        let (lanes, plane) = blocks.strides(self.out_channels);
        let (maps, products) = (lanes_of(&scratch.dy), scratch.products.as_chunks_mut().0);
        let mut values = [[0.0; LANES]; PLACES];
        for block in 0..blocks.count() {
            let first = blocks.first_pixel(block);
            for lane in 0..lanes {
                for y in 0..BLOCK {
                    for x in 0..BLOCK {
                        values[PATCH * y + x] = maps[(first + y * self.width + x) * lanes + lane];
                    }
                }
                transforms::products_back(values.as_flattened_mut());
                for (place, numbers) in values.iter().enumerate() {
                    products[place * plane + block * lanes + lane] = *numbers;
                }
            }
        }
    }

    /// The transpose of [`Winograd::transform_patches`]: adds to the gradients of images.
    #[inline(always)]
    fn transform_patches_back(&self, scratch: &mut Scratch, blocks: &Blocks) {
        let (lanes, plane) = blocks.strides(self.channels);
        let (columns, gradients) = (lanes_of(&scratch.columns), scratch.gradients.as_chunks_mut::<LANES>().0);
        let mut patch = [[0.0; LANES]; PLACES];
        // The last block first: then a pixel adds what it gets in the order of the taps, as im2col does.
        for block in (0..blocks.count()).rev() {
            let pixels = blocks.pixels_of_patch(block);
            for lane in 0..lanes {
                for (place, numbers) in patch.iter_mut().enumerate() {
                    *numbers = columns[place * plane + block * lanes + lane];
                }
                transforms::patches_back(patch.as_flattened_mut());
                for (numbers, pixel) in patch.iter().zip(pixels) {
                    if pixel != OUTSIDE {
                        let sums = gradients[pixel * lanes + lane].iter_mut();
                        sums.zip(numbers).for_each(|(sum, number)| *sum += number);
                    }
                }
            }
        }
    }
}

impl Work for Winograd {
    #[inline(always)]
    fn forward_group(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let (channels, out_channels) = (self.channels, self.out_channels);
        for strip in self.cut.strips() {
            let blocks = Blocks::new((self.height, self.width), images.len() / (channels * self.pixels()), strip);
            self.transform_patches(images, scratch, &blocks);
            for place in 0..PLACES {
                let patches = blocks.at_place(&scratch.columns, place, channels);
                let products = &mut scratch.products[place * blocks.plane(out_channels)..];
                gemm(products, out_channels, patches, self.weight(place, channels, out_channels), false);
            }
            self.transform_products(scratch, &blocks, y);
        }
    }

    #[inline(always)]
    fn backward_group(&self, scratch: &mut Scratch, images: &[f32], dx: &mut [f32], dweight: Sum) {
        let (channels, out_channels) = (self.channels, self.out_channels);
        scratch.clear_gradients(dx.len());
        for strip in self.cut.strips() {
            let begun = dweight.begun || strip.start > 0;
            let blocks = Blocks::new((self.height, self.width), images.len() / (channels * self.pixels()), strip);
            self.transform_patches(images, scratch, &blocks);
            self.transform_products_back(scratch, &blocks);
            for place in 0..PLACES {
                let patches = blocks.at_place(&scratch.columns, place, channels);
                let products = blocks.at_place(&scratch.products, place, out_channels);
                let of_place = &mut dweight.numbers[place * out_channels * channels..];
                gemm(of_place, channels, products.t(), patches, begun);
                if !dx.is_empty() {
                    // The patches have done their part; their gradients take their place.
                    let patches = &mut scratch.columns[place * blocks.plane(channels)..];
                    gemm(patches, channels, products, self.weight(place, out_channels, channels), false);
                }
            }
            if !dx.is_empty() {
                self.transform_patches_back(scratch, &blocks);
            }
        }
        dx.iter_mut().zip(scratch.gradients.iter()).for_each(|(dx, gradient)| *dx += gradient);
    }
}

impl Method for Winograd {
    fn group(&self) -> usize {
        self.cut.group
    }

    fn scratch(&self) -> Scratch {
        let blocks = Blocks::new((self.height, self.width), self.cut.group, 0..self.cut.strip);
        Scratch {
            columns: Room::new(PLACES * blocks.plane(self.channels)),
            products: Room::new(PLACES * blocks.plane(self.out_channels)),
            ..Scratch::default()
        }
    }

    fn forward(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        Arch::new().dispatch(Forward { work: self, scratch, images, y });
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: &mut [f32], dweight: Sum) {
        Arch::new().dispatch(Backward { work: self, scratch, images, dx, dweight });
    }

    fn dweight_len(&self) -> usize {
        self.weight.len()
    }

    fn weight_gradient(&self, dweights: &[Room]) -> Vec<f32> {
        let (channels, plane) = (self.channels, self.out_channels * self.channels);
        let fill = |rows: &mut Vec<f32>, o: usize, kernels: &mut [f32]| {
            for (place, row) in rows.chunks_exact_mut(channels).enumerate() {
                sum_into(row, dweights, place * plane + o * channels);
            }
            Arch::new().dispatch(|| transforms::kernels_back(rows));
            for (c, kernel) in kernels.chunks_exact_mut(9).enumerate() {
                each_tap(|tap, place| kernel[tap] = rows[place * channels + c]);
            }
        };
        fill_chunks(plane * 9, channels * 9, || vec![0.0; PLACES * channels], fill).0
    }
}

/// G w Gᵀ of kernels `[O, C, 3, 3]`, as `[36, C, O]` for a forward pass, as `[36, O, C]` for a backward one: the matrix products read the
/// second of the two channels side by side.
fn transformed(weight: &[f32], (out_channels, channels): (usize, usize), pass: Pass) -> Vec<f32> {
    let (rows, cols) = match pass {
        Pass::Forward => (channels, out_channels),
        Pass::Backward => (out_channels, channels),
    };
    let fill = |numbers: &mut Vec<f32>, row: usize, planes: &mut [&mut [f32]]| {
        for col in 0..cols {
            let (o, c) = if pass == Pass::Forward { (col, row) } else { (row, col) };
            let kernel = &weight[(o * channels + c) * 9..][..9];
            each_tap(|tap, place| numbers[place * cols + col] = kernel[tap]);
        }
        Arch::new().dispatch(|| transforms::kernels(numbers));
        planes.iter_mut().zip(numbers.chunks_exact(cols)).for_each(|(plane, row)| plane.copy_from_slice(row));
    };
    fill_planes(PLACES, rows * cols, cols, || vec![0.0; PLACES * cols], fill)
}

/// Pairs each number of a kernel with its place.
#[inline(always)]
fn each_tap(mut pair: impl FnMut(usize, usize)) {
    (0..9).for_each(|tap| pair(tap, tap / 3 * PATCH + tap % 3));
}

fn lanes_of(numbers: &[f32]) -> &[Lanes] {
    numbers.as_chunks().0
}
