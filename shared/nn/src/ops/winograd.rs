//! Winograd's convolution F(2×2, 3×3): 4 products for an output where im2col needs 9 (Lavin and Gray 2016, section 4.1).
//!
//! A 3×3 convolution of stride 1 cuts its maps into blocks of 2×2. Each looks at a patch of 4×4, and
//!
//! block = Aᵀ [Σ_c (G w_c Gᵀ) ⊙ (Bᵀ patch_c B)] A
//!
//! where the sum over input channels, for all blocks at once, is one matrix product for each of the 16 places. Every step is
//! linear, so the backward pass takes the transpose of each.

use std::ops::Range;

use pulp::Arch;

use super::chunks::fill_chunks;
use super::gemm::{Matrix, gemm};
use super::geometry::Geometry;
use super::method::{Cut, Method, Scratch};
use super::transforms::{self, PLACES};

/// Columns of a matrix product.
const COLUMNS: usize = 128;

/// Rows of numbers start at multiples of this.
const LANES: usize = 16;

/// Fewer channels than this leave too little to do between the transforms.
const CHANNELS: usize = 16;

/// A 3×3 convolution of stride 1.
pub(super) struct Winograd {
    /// Of a single channel's patches: a 4×4 kernel of stride 2.
    geometry: Geometry,
    channels: usize,
    out_channels: usize,
    /// G w Gᵀ `[O, 16, C]`.
    weight: Vec<f32>,
    cut: Cut,
}

impl Winograd {
    /// None where the convolution is of another kind, or where blocks would not cover its maps.
    pub(super) fn new(geometry: Geometry, weight: &[f32], out_channels: usize, batch: usize) -> Option<Self> {
        let Geometry { channels, height, width, kernel, stride, padding } = geometry;
        let even = height % 2 == 0 && width % 2 == 0;
        if (kernel, stride, padding) != ((3, 3), 1, 1) || !even || channels.min(out_channels) < CHANNELS {
            return None;
        }
        let patches = Geometry { channels: 1, kernel: (4, 4), stride: 2, ..geometry };
        let cut = Cut::new(COLUMNS, (height / 2, width / 2), batch);
        Some(Self { geometry: patches, channels, out_channels, weight: transformed(weight, channels), cut })
    }

    fn columns(&self, images: usize, strip: Range<usize>) -> Columns {
        Columns { width: self.geometry.out_width(), images, strip }
    }

    /// The weight of one place, `[O, C]`.
    fn weight(&self, place: usize) -> Matrix<'_> {
        Matrix::new(&self.weight[place * self.channels..], self.out_channels, self.channels, PLACES * self.channels)
    }

    /// Transformed patches of a strip of some images.
    #[inline(always)]
    fn transform_patches(&self, scratch: &mut Scratch, images: &[f32], columns: &Columns) {
        let (map_len, padded_len) = (self.geometry.image_len(), self.geometry.padded_len());
        for c in 0..self.channels {
            let rows = &mut scratch.columns[columns.of_channel(c)];
            for (i, image) in images.chunks_exact(self.channels * map_len).enumerate() {
                let padded = &mut scratch.padded[c * padded_len..][..padded_len];
                // A group of one image keeps it padded from its first strip on.
                if columns.strip.start == 0 {
                    self.geometry.pad(&image[c * map_len..][..map_len], padded);
                }
                self.geometry.im2col(padded, &columns.strip, &mut rows[columns.of_image(i)..], columns.stride());
            }
            transforms::patches(rows);
        }
    }

    #[inline(always)]
    fn forward_group(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        let count = images.len() / (self.channels * self.geometry.image_len());
        for strip in self.cut.strips() {
            let columns = self.columns(count, strip);
            self.transform_patches(scratch, images, &columns);
            for place in 0..PLACES {
                let patches = columns.at_place(&scratch.columns, place, self.channels);
                let products = &mut scratch.products[place * columns.stride()..];
                gemm(products, columns.channel_stride(), self.weight(place), patches, false);
            }
            self.transform_products(scratch, y, &columns);
        }
    }

    /// Writes the blocks of a strip to the maps `[images, O, H, W]`.
    #[inline(always)]
    fn transform_products(&self, scratch: &mut Scratch, y: &mut [f32], columns: &Columns) {
        let pixels = self.geometry.image_len();
        for o in 0..self.out_channels {
            let rows = &mut scratch.products[columns.of_channel(o)];
            transforms::products(rows);
            for i in 0..columns.images {
                let map = &mut y[(i * self.out_channels + o) * pixels..][..pixels];
                columns.each_pair(i, |in_map, even, odd| {
                    let (pairs, _) = map[in_map].as_chunks_mut::<2>();
                    let products = rows[even].iter().zip(&rows[odd]);
                    pairs.iter_mut().zip(products).for_each(|(pair, (even, odd))| *pair = [*even, *odd]);
                });
            }
        }
    }

    /// The transpose of [`Winograd::transform_products`]: reads the gradients of the maps.
    #[inline(always)]
    fn transform_products_back(&self, scratch: &mut Scratch, columns: &Columns) {
        let pixels = self.geometry.image_len();
        for o in 0..self.out_channels {
            let rows = &mut scratch.products[columns.of_channel(o)];
            for i in 0..columns.images {
                let map = &scratch.rows[(o * columns.images + i) * pixels..][..pixels];
                columns.each_pair(i, |in_map, even, odd| {
                    let (pairs, _) = map[in_map].as_chunks::<2>();
                    rows[even].iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair[0]);
                    rows[odd].iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair[1]);
                });
            }
            transforms::products_back(rows);
        }
    }

    /// The transpose of [`Winograd::transform_patches`]: adds to the gradients of images with their margins.
    #[inline(always)]
    fn transform_patches_back(&self, scratch: &mut Scratch, columns: &Columns) {
        let padded_len = self.geometry.padded_len();
        for c in 0..self.channels {
            let rows = &mut scratch.columns[columns.of_channel(c)];
            transforms::patches_back(rows);
            for i in 0..columns.images {
                let margins = &mut scratch.margins[(i * self.channels + c) * padded_len..][..padded_len];
                self.geometry.col2im(&rows[columns.of_image(i)..], columns.stride(), &columns.strip, margins);
            }
        }
    }

    #[inline(always)]
    fn backward_group(&self, scratch: &mut Scratch, images: &[f32], dx: &mut [f32], dweight: &mut [f32]) {
        let map_len = self.geometry.image_len();
        let count = images.len() / (self.channels * map_len);
        scratch.clear_margins(dx.len() / map_len * self.geometry.padded_len());
        for strip in self.cut.strips() {
            let columns = self.columns(count, strip);
            self.transform_patches(scratch, images, &columns);
            self.transform_products_back(scratch, &columns);
            for place in 0..PLACES {
                let patches = columns.at_place(&scratch.columns, place, self.channels);
                let products = columns.at_place(&scratch.products, place, self.out_channels);
                let dweight = &mut dweight[place * self.channels..];
                gemm(dweight, PLACES * self.channels, products, patches.t(), true);
                if !dx.is_empty() {
                    // The patches have done their part; their gradients take their place.
                    let patches = &mut scratch.columns[place * columns.stride()..];
                    gemm(patches, columns.channel_stride(), self.weight(place).t(), products, false);
                }
            }
            if !dx.is_empty() {
                self.transform_patches_back(scratch, &columns);
            }
        }
        let margins = scratch.margins.chunks_exact(self.geometry.padded_len());
        dx.chunks_exact_mut(map_len).zip(margins).for_each(|(dx, margins)| self.geometry.unpad(margins, dx));
    }
}

impl Method for Winograd {
    fn group(&self) -> usize {
        self.cut.group
    }

    fn scratch(&self) -> Scratch {
        let columns = self.columns(self.cut.group, 0..self.cut.strip).channel_stride();
        Scratch {
            padded: vec![0.0; self.channels * self.geometry.padded_len()],
            columns: vec![0.0; self.channels * columns],
            products: vec![0.0; self.out_channels * columns],
            ..Scratch::default()
        }
    }

    fn forward(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]) {
        Arch::new().dispatch(|| self.forward_group(scratch, images, y));
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: &mut [f32], dweight: &mut [f32]) {
        Arch::new().dispatch(|| self.backward_group(scratch, images, dx, dweight));
    }

    fn dweight_len(&self) -> usize {
        self.weight.len()
    }

    fn weight_gradient(&self, dweight: &[f32]) -> Vec<f32> {
        let len = PLACES * self.channels;
        let fill = |rows: &mut Vec<f32>, o: usize, kernels: &mut [f32]| {
            rows.copy_from_slice(&dweight[o * len..][..len]);
            Arch::new().dispatch(|| transforms::kernels_back(rows));
            each_tap(self.channels, |tap, row| kernels[tap] = rows[row]);
        };
        fill_chunks(self.out_channels * self.channels * 9, self.channels * 9, || vec![0.0; len], fill).0
    }
}

/// G w Gᵀ of kernels `[O, C, 3, 3]`, as `[O, 16, C]`.
fn transformed(weight: &[f32], channels: usize) -> Vec<f32> {
    let fill = |_: &mut (), o: usize, rows: &mut [f32]| {
        let kernels = &weight[o * channels * 9..][..channels * 9];
        each_tap(channels, |tap, row| rows[row] = kernels[tap]);
        Arch::new().dispatch(|| transforms::kernels(rows));
    };
    fill_chunks(weight.len() / 9 * PLACES, PLACES * channels, || (), fill).0
}

/// Pairs the places of every number in kernels `[C, 3, 3]` and in rows `[16, C]`.
fn each_tap(channels: usize, mut pair: impl FnMut(usize, usize)) {
    for tap in 0..9 {
        let place = tap / 3 * 4 + tap % 3;
        (0..channels).for_each(|c| pair(c * 9 + tap, place * channels + c));
    }
}

/// A matrix `[channels, 16, columns]` of the patches or products of a strip of some images.
struct Columns {
    /// Patches side by side.
    width: usize,
    images: usize,
    strip: Range<usize>,
}

impl Columns {
    /// From one row to the next.
    fn stride(&self) -> usize {
        self.of_image(self.images).next_multiple_of(LANES)
    }

    /// From one channel to the next; the gap keeps all of them from being mapped to the same lines of a cache.
    fn channel_stride(&self) -> usize {
        PLACES * self.stride() + LANES
    }

    /// Where the columns of an image begin.
    fn of_image(&self, image: usize) -> usize {
        image * self.strip.len() * self.width
    }

    /// The 16 rows of a channel.
    fn of_channel(&self, channel: usize) -> Range<usize> {
        let start = channel * self.channel_stride();
        start..start + PLACES * self.stride()
    }

    /// The rows of one place, `[channels, columns]`.
    fn at_place<'a>(&self, numbers: &'a [f32], place: usize, channels: usize) -> Matrix<'a> {
        let rows = &numbers[place * self.stride()..];
        Matrix::new(rows, channels, self.of_image(self.images), self.channel_stride())
    }

    /// Pairs every row of pixels of an image's map with where its even and its odd pixels are among the rows of a channel.
    #[inline(always)]
    fn each_pair(&self, image: usize, mut pair: impl FnMut(Range<usize>, Range<usize>, Range<usize>)) {
        for (row, block) in self.strip.clone().enumerate() {
            for half in 0..2 {
                let start = 4 * half * self.stride() + self.of_image(image) + row * self.width;
                let in_map = (2 * block + half) * 2 * self.width;
                let odd = start + self.stride();
                pair(in_map..in_map + 2 * self.width, start..start + self.width, odd..odd + self.width);
            }
        }
    }
}
