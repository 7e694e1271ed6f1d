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
    /// A row-major matrix whose rows start `row_stride` apart.
    ///
    /// # Panics
    /// If `data` does not reach to the end of the last row: the kernel reads through raw pointers.
    pub(super) fn new(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(reaches(data, rows, cols, row_stride), "{rows} × {cols} matrix in {} elements", data.len());
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// The transpose, without moving anything.
    pub(super) fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// Whether `data` holds `rows` rows of `cols` elements that start `row_stride` apart and do not overlap.
fn reaches(data: &[f32], rows: usize, cols: usize, row_stride: usize) -> bool {
    rows > 0 && cols > 0 && cols <= row_stride && data.len() >= (rows - 1) * row_stride + cols
}

/// `out ← lhs · rhs`, or `out ← out + lhs · rhs` where `accumulate`; `out` is row-major, its rows start `row_stride`
/// apart. Runs on the calling thread.
///
/// # Panics
/// If the shapes do not agree.
pub(super) fn gemm(out: &mut [f32], row_stride: usize, lhs: Matrix, rhs: Matrix, accumulate: bool) {
    assert_eq!(lhs.cols, rhs.rows, "inner dimensions");
    assert!(reaches(out, lhs.rows, rhs.cols, row_stride), "{} × {} in {} elements", lhs.rows, rhs.cols, out.len());
    // SAFETY: `Matrix::new` and the asserts above keep every address that the kernel computes inside its slice, and
    // `out` is borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm::gemm(
            lhs.rows,
            rhs.cols,
            lhs.cols,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
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
