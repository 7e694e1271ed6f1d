//! Numbers side by side, as many as the widest vectors hold, and matrices that are turned so that the right ones lie so.

/// Numbers in [`Lanes`].
pub(super) const LANES: usize = 16;

/// Numbers that are computed alike.
pub(super) type Lanes = [f32; LANES];

/// Room for `count` numbers in whole lanes.
pub(super) fn in_lanes(count: usize) -> usize {
    count.next_multiple_of(LANES)
}

/// Writes the transpose of a matrix of `rows` × `cols` numbers. Rows are `stride` apart, those of the transpose `to_stride`; zeros fill
/// up its last lanes where there is room.
#[inline(always)]
pub(super) fn turn(from: &[f32], stride: usize, (rows, cols): (usize, usize), to: &mut [f32], to_stride: usize) {
    each_run(from, stride, (rows, cols), to_stride, |at, run| to[at..at + run.len()].copy_from_slice(run));
}

/// Adds the transpose of a matrix, likewise.
#[inline(always)]
pub(super) fn add_turned(from: &[f32], stride: usize, (rows, cols): (usize, usize), to: &mut [f32], to_stride: usize) {
    each_run(from, stride, (rows, cols), to_stride, |at, run| {
        to[at..at + run.len()].iter_mut().zip(run).for_each(|(to, from)| *to += from);
    });
}

/// Hands over runs of the transpose, and where they begin. Squares of lanes are turned at a time, since a cache could not hold a line for
/// every row.
#[inline(always)]
fn each_run(
    from: &[f32],
    stride: usize,
    (rows, cols): (usize, usize),
    to_stride: usize,
    mut put: impl FnMut(usize, &[f32]),
) {
    for row in (0..rows).step_by(LANES) {
        let (height, room) = (LANES.min(rows - row), LANES.min(to_stride - row));
        for col in (0..cols).step_by(LANES) {
            let (width, mut square) = (LANES.min(cols - col), [[0.0; LANES]; LANES]);
            // All lengths are constants here, as they are in all squares but those at the edge.
            if (height, width, room) == (LANES, LANES, LANES) {
                for (i, run) in square.iter_mut().enumerate() {
                    run.copy_from_slice(&from[(row + i) * stride + col..][..LANES]);
                }
                for (i, run) in turned(&square).iter().enumerate() {
                    put((col + i) * to_stride + row, run);
                }
            } else {
                for (i, run) in square.iter_mut().enumerate().take(height) {
                    run[..width].copy_from_slice(&from[(row + i) * stride + col..][..width]);
                }
                for (i, run) in turned(&square).iter().enumerate().take(width) {
                    put((col + i) * to_stride + row, &run[..room]);
                }
            }
        }
    }
}

#[inline(always)]
fn turned(square: &[Lanes; LANES]) -> [Lanes; LANES] {
    std::array::from_fn(|i| std::array::from_fn(|j| square[j][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_turned_whatever_its_size() {
        for (rows, cols, stride) in [(16, 16, 16), (32, 48, 50), (18, 5, 7), (3, 37, 37), (1, 1, 1)] {
            let from: Vec<f32> = (0..rows * stride).map(|i| i as f32).collect();
            let turned = |room: usize| {
                let expected = |i: usize| if i % room < rows { from[i % room * stride + i / room] } else { 0.0 };
                (0..cols * room).map(expected).collect::<Vec<_>>()
            };
            let mut to = vec![-1.0; cols * in_lanes(rows)];
            turn(&from, stride, (rows, cols), &mut to, in_lanes(rows));
            assert_eq!(to, turned(in_lanes(rows)), "{rows} × {cols}");
            let mut to = vec![0.0; cols * rows];
            add_turned(&from, stride, (rows, cols), &mut to, rows);
            add_turned(&from, stride, (rows, cols), &mut to, rows);
            assert_eq!(to, turned(rows).iter().map(|number| 2.0 * number).collect::<Vec<_>>(), "{rows} × {cols}");
        }
    }
}
