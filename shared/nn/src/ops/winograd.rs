//! Winograd's convolution F(4×4, 3×3): 36 products for 16 outputs where im2col needs 144 (Lavin and Gray 2016, section 4.3).
//!
//! A 3×3 convolution of stride 1 cuts its maps into blocks of 4×4. Each looks at a patch of 6×6, and
//!
//! block = Aᵀ [Σ_c (G w_c Gᵀ) ⊙ (Bᵀ patch_c B)] A
//!
//! where the sum over input channels, for all blocks at once, is one matrix product for each of the 36 places. Every step is
//! linear, so the backward pass takes the transpose of each.

use std::ops::Range;

use pulp::Arch;

use super::chunks::fill_chunks;
use super::gemm::{Matrix, gemm};
use super::geometry::{Geometry, every, interleave};
use super::method::{Backward, Cut, Forward, Method, Scratch, Work};
use super::transforms::{self, BLOCK, PATCH, PLACES};

/// Columns of a matrix product.
const COLUMNS: usize = 64;

/// Rows of numbers start at multiples of this.
const LANES: usize = 16;

/// Fewer channels than this leave too little to do between the transforms.
const CHANNELS: usize = 16;

/// A 3×3 convolution of stride 1.
pub(super) struct Winograd {
    /// Of a single channel's patches: a 6×6 kernel of stride 4.
    geometry: Geometry,
    channels: usize,
    out_channels: usize,
    /// G w Gᵀ `[O, 36, C]`.
    weight: Vec<f32>,
    cut: Cut,
}

impl Winograd {
    /// None where the convolution is of another kind, or where blocks would not cover its maps.
    pub(super) fn new(geometry: Geometry, weight: &[f32], out_channels: usize, batch: usize) -> Option<Self> {
        let Geometry { channels, height, width, kernel, stride, padding } = geometry;
        let covered = height % BLOCK == 0 && width % BLOCK == 0;
        if (kernel, stride, padding) != ((3, 3), 1, 1) || !covered || channels.min(out_channels) < CHANNELS {
            return None;
        }
        let patches = Geometry { channels: 1, kernel: (PATCH, PATCH), stride: BLOCK, ..geometry };
        let cut = Cut::new(COLUMNS, (height / BLOCK, width / BLOCK), batch);
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

    /// Writes the blocks of a strip to the maps `[images, O, H, W]`.
    #[inline(always)]
    fn transform_products(&self, scratch: &mut Scratch, y: &mut [f32], columns: &Columns) {
        let pixels = self.geometry.image_len();
        for o in 0..self.out_channels {
            let rows = &mut scratch.products[columns.of_channel(o)];
            transforms::products(rows);
            for i in 0..columns.images {
                let map = &mut y[(i * self.out_channels + o) * pixels..][..pixels];
                for line in columns.lines() {
                    let (in_map, [a, b, c, d]) = columns.places(i, line);
                    interleave([&rows[a], &rows[b], &rows[c], &rows[d]], &mut map[in_map]);
                }
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
                for line in columns.lines() {
                    let (in_map, [a, b, c, d]) = columns.places(i, line);
                    every::<BLOCK, 0>(&map[in_map.clone()], &mut rows[a]);
                    every::<BLOCK, 1>(&map[in_map.clone()], &mut rows[b]);
                    every::<BLOCK, 2>(&map[in_map.clone()], &mut rows[c]);
                    every::<BLOCK, 3>(&map[in_map], &mut rows[d]);
                }
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
}

impl Work for Winograd {
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
        Arch::new().dispatch(Forward { work: self, scratch, images, y });
    }

    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: &mut [f32], dweight: &mut [f32]) {
        Arch::new().dispatch(Backward { work: self, scratch, images, dx, dweight });
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

/// G w Gᵀ of kernels `[O, C, 3, 3]`, as `[O, 36, C]`.
fn transformed(weight: &[f32], channels: usize) -> Vec<f32> {
    let fill = |_: &mut (), o: usize, rows: &mut [f32]| {
        let kernels = &weight[o * channels * 9..][..channels * 9];
        each_tap(channels, |tap, row| rows[row] = kernels[tap]);
        Arch::new().dispatch(|| transforms::kernels(rows));
    };
    fill_chunks(weight.len() / 9 * PLACES, PLACES * channels, || (), fill).0
}

/// Pairs the places of every number in kernels `[C, 3, 3]` and in rows `[36, C]`.
fn each_tap(channels: usize, mut pair: impl FnMut(usize, usize)) {
    for tap in 0..9 {
        let place = tap / 3 * PATCH + tap % 3;
        (0..channels).for_each(|c| pair(c * 9 + tap, place * channels + c));
    }
}

/// A matrix `[channels, 36, columns]` of the patches or products of a strip of some images.
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

    /// The 36 rows of a channel.
    fn of_channel(&self, channel: usize) -> Range<usize> {
        let start = channel * self.channel_stride();
        start..start + PLACES * self.stride()
    }

    /// The rows of one place, `[channels, columns]`.
    fn at_place<'a>(&self, numbers: &'a [f32], place: usize, channels: usize) -> Matrix<'a> {
        let rows = &numbers[place * self.stride()..];
        Matrix::new(rows, channels, self.of_image(self.images), self.channel_stride())
    }

    /// The lines of pixels of the strip: a block and a line of it.
    fn lines(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        self.strip.clone().flat_map(|block| (0..BLOCK).map(move |line| (block, line)))
    }

    /// Where a line is in an image's map, and where the first, second, third and fourth pixels of its blocks are among the rows of a
    /// channel.
    #[inline(always)]
    fn places(&self, image: usize, (block, line): (usize, usize)) -> (Range<usize>, [Range<usize>; BLOCK]) {
        let len = BLOCK * self.width;
        let in_map = (BLOCK * block + line) * len;
        let first = self.of_image(image) + (block - self.strip.start) * self.width;
        let at = |place: usize| {
            let start = (PATCH * line + place) * self.stride() + first;
            start..start + self.width
        };
        (in_map..in_map + len, [at(0), at(1), at(2), at(3)])
    }
}
