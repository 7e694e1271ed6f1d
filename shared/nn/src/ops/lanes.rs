//! Numbers side by side, as many as the widest vectors hold, and matrices that are turned so that the right ones lie so.

/// Numbers in [`Lanes`].
pub(super) const LANES: usize = 16;

/// Numbers that are computed alike.
pub(super) type Lanes = [f32; LANES];

/// Numbers in whole lanes.
pub(super) fn lanes_of(numbers: &[f32]) -> &[Lanes] {
    numbers.as_chunks().0
}

/// Writes the transpose of a matrix of `rows` × `cols` numbers. Rows are `stride` apart, those of the transpose `to_stride`. Squares of lanes are
/// turned at a time, since a cache could not hold a line for every row.
#[inline(always)]
pub(super) fn turn(from: &[f32], stride: usize, (rows, cols): (usize, usize), to: &mut [f32], to_stride: usize) {
    for row in (0..rows).step_by(LANES) {
        for col in (0..cols).step_by(LANES) {
            let (height, width) = (LANES.min(rows - row), LANES.min(cols - col));
            let (from, to) = (&from[row * stride + col..], &mut to[col * to_stride + row..]);
            if (height, width) == (LANES, LANES) {
                turn_square(from, stride, to, to_stride);
            } else {
                turn_edge(from, stride, (height, width), to, to_stride);
            }
        }
    }
}

/// All lengths are constants, so that whole lanes are loaded, turned and stored.
#[inline(always)]
fn turn_square(from: &[f32], stride: usize, to: &mut [f32], to_stride: usize) {
    let lanes = |i: usize| -> Lanes { std::array::from_fn(|j| from[i * stride..][..LANES][j]) };
    let square: [Lanes; LANES] = std::array::from_fn(lanes);
    for i in 0..LANES {
        let turned: Lanes = std::array::from_fn(|j| square[j][i]);
        to[i * to_stride..][..LANES].copy_from_slice(&turned);
    }
}

#[inline(always)]
fn turn_edge(from: &[f32], stride: usize, (height, width): (usize, usize), to: &mut [f32], to_stride: usize) {
    for i in 0..width {
        for (j, number) in to[i * to_stride..][..height].iter_mut().enumerate() {
            *number = from[j * stride + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_turned_whatever_its_size() {
        for (rows, cols, stride) in [(16, 16, 16), (32, 48, 50), (18, 5, 7), (3, 37, 37), (1, 1, 1)] {
            let from: Vec<f32> = (0..rows * stride).map(|i| i as f32).collect();
            let room = rows + 3;
            let expected = |i: usize| if i % room < rows { from[i % room * stride + i / room] } else { -1.0 };
            let mut to = vec![-1.0; cols * room];
            turn(&from, stride, (rows, cols), &mut to, room);
            assert_eq!(to, (0..cols * room).map(expected).collect::<Vec<_>>(), "{rows} × {cols}");
        }
    }
}
