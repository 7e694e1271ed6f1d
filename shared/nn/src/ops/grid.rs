//! Maps averaged over the cells of a grid: features of one length, whatever the size of the maps.

use std::ops::Range;

use candle_core::{Device, Result, Shape, Tensor, bail};

use super::chunks::fill_chunks;
use super::floats;
use super::room::Room;
use super::source::Source;
use super::vectorized::vectorized;

/// The mean of each cell of a grid over the maps, as PyTorch's `AdaptiveAvgPool2d`: row i of `rows` reaches from
/// ⌊i · H / rows⌋ to ⌈(i + 1) · H / rows⌉, so that cells overlap where the grid does not divide the maps; columns likewise.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C, rows, columns]`, on the CPU, without a graph.
///
/// # Errors
/// A rank other than 4, an empty grid or one that is finer than the maps, a type other than `f32`.
pub fn adaptive_avg_pool2d(maps: &Tensor, grid: (usize, usize)) -> Result<Tensor> {
    let (_, channels, height, width) = floats::dims4("adaptive_avg_pool2d", maps.dims())?;
    let maps = maps.to_device(&Device::Cpu)?.contiguous()?;
    let (storage, layout) = maps.storage_and_layout();
    means(Source::of_tensor(floats::of(&storage, layout)?, (channels, height * width)), maps.shape(), grid)
}

/// As [`adaptive_avg_pool2d`], of what is `[B, C, H, W]` as a tensor.
pub(super) fn means(maps: Source, shape: &Shape, (rows, columns): (usize, usize)) -> Result<Tensor> {
    let (batch, channels, height, width) = shape.dims4()?;
    if !(1..=height).contains(&rows) || !(1..=width).contains(&columns) {
        bail!("expected a grid from 1×1 to {height}×{width} cells, got {rows}×{columns}");
    }
    let grid = Grid { rows: strips(rows, height), columns: strips(columns, width) };
    let image = channels * height * width;
    let fill = |(room, line): &mut (Room, Room), i: usize, means: &mut [f32]| {
        line.fit(width * channels);
        average(&grid, maps.numbers(i * image..(i + 1) * image, room), line, means);
    };
    let features = channels * rows * columns;
    let (means, _) = fill_chunks(batch * features, features, Default::default, fill);
    Tensor::from_vec(means, (batch, channels, rows, columns), &Device::Cpu)
}

/// The pixels of each cell.
struct Grid {
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
}

fn strips(cells: usize, length: usize) -> Vec<Range<usize>> {
    (0..cells).map(|i| i * length / cells..((i + 1) * length).div_ceil(cells)).collect()
}

vectorized! {
    /// Writes the means `[C, rows, columns]` of an image `[H, W, C]`; `line` has room for a row of its pixels.
    fn average<'a>(grid: &'a Grid, image: &'a [f32], line: &'a mut [f32], means: &'a mut [f32]) -> () {
        let cells = grid.rows.len() * grid.columns.len();
        let channels = means.len() / cells;
        for (row, tall) in grid.rows.iter().enumerate() {
            line.fill(0.0);
            for pixels in image[tall.start * line.len()..tall.end * line.len()].chunks_exact(line.len()) {
                for (sum, number) in line.iter_mut().zip(pixels) {
                    *sum += number;
                }
            }
            for (column, wide) in grid.columns.iter().enumerate() {
                let pixels = (tall.len() * wide.len()) as f32;
                for channel in 0..channels {
                    let sum: f32 = wide.clone().map(|x| line[x * channels + channel]).sum();
                    means[channel * cells + row * grid.columns.len() + column] = sum / pixels;
                }
            }
        }
    }
}
