//! A bounds-checked face for the `gemm` crate: matrices as slices with strides.
#![allow(unsafe_code)]

/// A read-only matrix: `data[r · row_stride + c · col_stride]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix.
    ///
    /// # Panics
    /// If `data` does not hold exactly `rows · cols` elements: the kernel reads through raw pointers.
    pub(super) fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows} × {cols} matrix");
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The transpose, without moving anything.
    pub(super) fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// `out ← lhs · rhs`, or `out ← out + lhs · rhs` where `accumulate`; `out` is row-major. Runs on the calling thread.
///
/// # Panics
/// If the shapes do not agree.
pub(super) fn gemm(out: &mut [f32], lhs: Matrix, rhs: Matrix, accumulate: bool) {
    assert_eq!(lhs.cols, rhs.rows, "inner dimensions");
    assert_eq!(out.len(), lhs.rows * rhs.cols, "output size");
    // SAFETY: `Matrix::new` and the asserts above keep every address that the kernel computes inside its slice, and
    // `out` is borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm::gemm(
            lhs.rows,
            rhs.cols,
            lhs.cols,
            out.as_mut_ptr(),
            1,
            rhs.cols as isize,
            accumulate,
            lhs.data.as_ptr(),
            lhs.col_stride as isize,
            lhs.row_stride as isize,
            rhs.data.as_ptr(),
            rhs.col_stride as isize,
            rhs.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
