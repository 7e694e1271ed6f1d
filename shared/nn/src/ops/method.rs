//! What every method of convolution offers, and what all of them share: buffers, and how a batch is cut.
//!
//! A batch is cut into *parts*, each of which sums up its own weight gradient; a part into *groups* of images that share a matrix product; and
//! where maps are too large for that, an image into *strips* of rows, a product each. What one product computes is a *tile*.
//!
//! A *patch* is what one output looks at: a pixel's receptive field in [`im2col`](super::im2col), a block's in
//! [`winograd`](super::winograd). [`by_pixel`](super::by_pixel) cuts into groups only, and has a product for each row of each patch.

use std::ops::Range;

use pulp::NullaryFnOnce;

use super::room::Room;
use super::vectorized::vectorized;

/// Which way a convolution is computed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Forward,
    Backward,
}

/// How the maps of a group of images come from the images, and how gradients go back.
pub(super) trait Method: Sync {
    /// Images that are convolved together.
    fn group(&self) -> usize;

    /// Buffers for one thread.
    fn scratch(&self) -> Scratch;

    /// Convolves a group of images `[images, H, W, C]` into `y` `[images, H', W', O]`.
    fn forward(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]);

    /// Adds a group's share to `dweight`, and to `dx` unless it is empty. The gradient of the group's maps lies in
    /// `scratch.dy` `[images, H', W', O]`.
    fn backward(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum);

    /// Numbers in `dweight`, in the method's own order.
    fn dweight_len(&self) -> usize;

    /// The gradient of the weight `[O, C, kh, kw]`, given every part's `dweight`.
    fn weight_gradient(&self, dweights: &[Room]) -> Vec<f32>;
}

/// A sum that grows from group to group.
pub(super) struct Sum<'a> {
    pub numbers: &'a mut [f32],
    /// Whether anything was added yet; before, the numbers mean nothing.
    pub begun: bool,
}

/// A method's work, to be inlined into code that is compiled for this machine's vectors.
pub(super) trait Work {
    /// As [`Method::forward`].
    fn forward_group(&self, scratch: &mut Scratch, images: &[f32], y: &mut [f32]);

    /// As [`Method::backward`].
    fn backward_group(&self, scratch: &mut Scratch, images: &[f32], dx: Sum, dweight: Sum);
}

/// [`Work::forward_group`] for `Arch::dispatch`, which compiles closures for this machine's vectors only while they are small.
pub(super) struct Forward<'a, W> {
    pub work: &'a W,
    pub scratch: &'a mut Scratch,
    pub images: &'a [f32],
    pub y: &'a mut [f32],
}

impl<W: Work> NullaryFnOnce for Forward<'_, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.work.forward_group(self.scratch, self.images, self.y);
    }
}

/// [`Work::backward_group`], likewise.
pub(super) struct Backward<'a, W> {
    pub work: &'a W,
    pub scratch: &'a mut Scratch,
    pub images: &'a [f32],
    pub dx: Sum<'a>,
    pub dweight: Sum<'a>,
}

impl<W: Work> NullaryFnOnce for Backward<'_, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.work.backward_group(self.scratch, self.images, self.dx, self.dweight);
    }
}

/// One thread's buffers; those that only the backward pass needs are made by it.
#[derive(Default)]
pub(super) struct Scratch {
    /// A padded image.
    pub padded: Room,
    /// Patches of a strip of a group's images.
    pub columns: Room,
    /// Winograd's products.
    pub products: Room,
    /// Gradients of a group's maps.
    pub dy: Room,
    /// Gradients of a group's images, padded where the method pads them.
    pub gradients: Room,
}

impl Scratch {
    /// `len` gradients of 0.
    pub(super) fn clear_gradients(&mut self, len: usize) {
        self.gradients.fit(len);
        self.gradients.fill(0.0);
    }
}

/// How a batch is cut: images that share a product where maps are small, a strip of one image's rows where they are large.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub group: usize,
    pub strip: usize,
    height: usize,
}

impl Cut {
    /// Cuts a batch of maps of `height` × `width` into products of about `columns` columns.
    pub(super) fn new(columns: usize, (height, width): (usize, usize), batch: usize) -> Self {
        // Several threads are to have work, however small the batch. Where a group has several images, the strip is all of their rows.
        let group = (columns / (height * width)).clamp(1, batch.div_ceil(4));
        Self { group, strip: (columns / width).clamp(1, height), height }
    }

    /// The strips of an image.
    pub(super) fn strips(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.height).step_by(self.strip).map(move |start| start..(start + self.strip).min(self.height))
    }
}

vectorized! {
    /// Writes the sum of what each part has from number `first` on.
    pub(super) fn sum_into<'a>(sums: &'a mut [f32], parts: &'a [Room], first: usize) -> () {
        sums.fill(0.0);
        for part in parts {
            for (sum, number) in sums.iter_mut().zip(&part[first..]) {
                *sum += number;
            }
        }
    }
}
