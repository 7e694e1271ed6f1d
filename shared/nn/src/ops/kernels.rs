//! Kernels of Winograd's convolutions: into their transforms, and gradients back.

use std::marker::PhantomData;

use pulp::{Arch, NullaryFnOnce};

use super::chunks::{fill_chunks, fill_planes};
use super::lanes::{LANES, lanes_of};
use super::method::{Pass, sum_into};
use super::room::Room;
use super::transforms::{KERNEL, Transforms, both_ways};

/// Numbers of a transformed kernel.
const PLACES: usize = KERNEL * KERNEL;

/// G w Gᵀ of kernels `[O, C, 3, 3]`, as `[36, C, O]` for a forward pass, as `[36, O, C]` for a backward one: the matrix products read the
/// second of the two channels side by side.
pub(super) fn transformed<T: Transforms<P>, const P: usize>(
    weight: &[f32],
    (out_channels, channels): (usize, usize),
    pass: Pass,
) -> Vec<f32> {
    let ((rows, cols), (down, right)) = match pass {
        Pass::Forward => ((channels, out_channels), (9, channels * 9)),
        Pass::Backward => ((out_channels, channels), (channels * 9, 9)),
    };
    // Rows whose kernels lie side by side are done together.
    let fill = |_: &mut (), chunk: usize, planes: &mut [&mut [f32]]| {
        let kernels = &weight[chunk * LANES * down..];
        Arch::new().dispatch(Kernels { transforms: PhantomData::<T>, kernels, strides: (down, right), cols, planes });
    };
    fill_planes(PLACES, rows * cols, LANES * cols, || (), fill)
}

/// The gradient of kernels `[O, C, 3, 3]`, given parts of that of their transforms, `[36, O, C]`.
pub(super) fn gradient<T: Transforms<P>, const P: usize>(
    parts: &[Room],
    (out_channels, channels): (usize, usize),
) -> Vec<f32> {
    let plane = out_channels * channels;
    let fill = |sums: &mut Vec<f32>, o: usize, kernels: &mut [f32]| {
        for (place, row) in sums.chunks_exact_mut(channels).enumerate() {
            sum_into(row, parts, place * plane + o * channels);
        }
        Arch::new().dispatch(KernelsBack { transforms: PhantomData::<T>, sums, kernels });
    };
    fill_chunks(plane * 9, channels * 9, || vec![0.0; PLACES * channels], fill).0
}

/// Transforms the kernels of some rows of `cols`; `strides` are numbers from one row to the next, and from one kernel of a row to the next.
struct Kernels<'a, 'p, T, const P: usize> {
    transforms: PhantomData<T>,
    kernels: &'a [f32],
    strides: (usize, usize),
    cols: usize,
    planes: &'a mut [&'p mut [f32]],
}

impl<T: Transforms<P>, const P: usize> NullaryFnOnce for Kernels<'_, '_, T, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (down, right) = self.strides;
        for first in (0..self.planes[0].len()).step_by(LANES) {
            let (row, col) = (first / self.cols, first % self.cols);
            let mut matrix = [[[0.0; LANES]; KERNEL]; KERNEL];
            for (lane, kernel) in self.kernels[row * down + col * right..].chunks(right).enumerate().take(LANES) {
                for (tap, number) in kernel[..9].iter().enumerate() {
                    matrix[tap / 3][tap % 3][lane] = *number;
                }
            }
            both_ways(&mut matrix, T::kernel);
            for (plane, numbers) in self.planes.iter_mut().zip(matrix.as_flattened()) {
                plane[first..first + LANES].copy_from_slice(numbers);
            }
        }
    }
}

/// The transpose of [`Kernels`], for a row of kernels side by side.
struct KernelsBack<'a, T, const P: usize> {
    transforms: PhantomData<T>,
    /// `[36, kernels]`
    sums: &'a [f32],
    kernels: &'a mut [f32],
}

impl<T: Transforms<P>, const P: usize> NullaryFnOnce for KernelsBack<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let lanes = self.sums.len() / PLACES / LANES;
        let sums = lanes_of(self.sums);
        for (lane_of_row, kernels) in self.kernels.chunks_exact_mut(9 * LANES).enumerate() {
            let mut matrix = [[[0.0; LANES]; KERNEL]; KERNEL];
            for (place, numbers) in matrix.as_flattened_mut().iter_mut().enumerate() {
                *numbers = sums[place * lanes + lane_of_row];
            }
            both_ways(&mut matrix, T::kernel_back);
            for (lane, kernel) in kernels.chunks_exact_mut(9).enumerate() {
                for (tap, number) in kernel.iter_mut().enumerate() {
                    *number = matrix[tap / 3][tap % 3][lane];
                }
            }
        }
    }
}
