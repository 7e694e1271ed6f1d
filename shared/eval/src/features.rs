//! Features of a frozen backbone.

use candle_core::{DType, Device, Result, Storage, Tensor, bail};
use rayon::prelude::*;
use ssl_data::Images;
use ssl_nn::Encode;

/// Images that go through the backbone at a time.
const BATCH: usize = 256;

/// Features of all images in evaluation mode, without a graph, on the CPU.
///
/// # Shapes
/// N images → `[N, D]`.
///
/// # Errors
/// What `encode` reports; no images; features that are not finite.
pub fn embed(encode: &Encode, images: &Images, device: &Device) -> Result<Tensor> {
    let blocks = |x: &Tensor| Ok(vec![encode(x, false)?]);
    match embed_all(blocks, images, device)?.pop() {
        Some(features) => Ok(features),
        None => bail!("expected images, got none"),
    }
}

/// Features at every depth: each block's output is averaged over a grid of as many cells as make at most `width` features of it, so
/// that depths compare at (nearly) equal length. A block with more channels than that keeps them all.
///
/// # Shapes
/// N images → one `[N, C · cells]` a block.
///
/// # Errors
/// What `blocks` reports; features that are not finite.
pub fn embed_blocks(
    blocks: impl Fn(&Tensor) -> Result<Vec<Tensor>>,
    width: usize,
    images: &Images,
    device: &Device,
) -> Result<Vec<Tensor>> {
    let pooled = |x: &Tensor| blocks(x)?.iter().map(|maps| pool_to(maps, width)).collect();
    embed_all(pooled, images, device)
}

fn embed_all(encode: impl Fn(&Tensor) -> Result<Vec<Tensor>>, images: &Images, device: &Device) -> Result<Vec<Tensor>> {
    let mut columns: Vec<Vec<Tensor>> = Vec::new();
    for first in (0..images.len()).step_by(BATCH) {
        let numbers: Vec<usize> = (first..images.len().min(first + BATCH)).collect();
        let outputs = encode(&images.select(&numbers).to_tensor(device)?)?;
        columns.resize(outputs.len(), Vec::new());
        for (column, output) in columns.iter_mut().zip(outputs) {
            let features = output.detach().to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
            expect_finite(&features)?;
            column.push(features);
        }
    }
    columns.iter().map(|column| Tensor::cat(column, 0)).collect()
}

/// # Errors
/// A number that is infinite or none.
pub(crate) fn expect_finite(features: &Tensor) -> Result<()> {
    // Anything times 0 is 0, unless it is infinite or not a number.
    if (features * 0.0)?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()? == 0.0 {
        return Ok(());
    }
    bail!("the features are not finite: training has diverged, or the images are not what the network expects")
}

/// `[B, C, H, W]` → `[B, C · rows · columns]`, rows · columns being the greatest power of two up to `width` / C that the maps have room for.
fn pool_to(maps: &Tensor, width: usize) -> Result<Tensor> {
    let (_, channels, height, wide) = maps.dims4()?;
    let doublings = (width / channels).max(1).ilog2();
    let grid = ((1 << (doublings / 2)).min(height), (1 << doublings.div_ceil(2)).min(wide));
    adaptive_avg_pool2d(maps, grid)?.flatten_from(1)
}

/// The mean of each cell of a grid over the maps, as PyTorch's `AdaptiveAvgPool2d`: row i of `rows` reaches from
/// ⌊i · H / rows⌋ to ⌈(i + 1) · H / rows⌉, so that cells overlap where the grid does not divide the maps; columns likewise.
///
/// # Shapes
/// `[B, C, H, W]` → `[B, C, rows, columns]`, on the CPU, without a graph.
///
/// # Errors
/// A rank other than 4, an empty grid or one that is finer than the maps, a type other than `f32`.
pub fn adaptive_avg_pool2d(maps: &Tensor, (rows, columns): (usize, usize)) -> Result<Tensor> {
    let (batch, channels, height, width) = maps.dims4()?;
    if !(1..=height).contains(&rows) || !(1..=width).contains(&columns) {
        bail!("expected a grid from 1×1 to {height}×{width} cells, got {rows}×{columns}");
    }
    let strips = |cells: usize, length: usize| {
        (0..cells).map(move |i| i * length / cells..((i + 1) * length).div_ceil(cells)).collect::<Vec<_>>()
    };
    let (tall, wide) = (strips(rows, height), strips(columns, width));
    let of_plane = |line: &mut Vec<f32>, (means, plane): (&mut [f32], &[f32])| {
        for (means, y) in means.chunks_exact_mut(columns).zip(&tall) {
            sum_of_rows(&plane[y.start * width..y.end * width], line);
            for (mean, x) in means.iter_mut().zip(&wide) {
                *mean = line[x.clone()].iter().sum::<f32>() / (y.len() * x.len()) as f32;
            }
        }
    };
    let maps = maps.to_device(&Device::Cpu)?.contiguous()?;
    let (storage, layout) = maps.storage_and_layout();
    let (Storage::Cpu(numbers), Some((start, end))) = (&*storage, layout.contiguous_offsets()) else {
        bail!("expected maps that lie one after the other, got strides {:?}", layout.stride());
    };
    let planes = numbers.as_slice::<f32>()?[start..end].par_chunks_exact(height * width);
    let mut means = vec![0.0; batch * channels * rows * columns];
    means.par_chunks_exact_mut(rows * columns).zip(planes).for_each_init(|| vec![0.0; width], of_plane);
    Tensor::from_vec(means, (batch, channels, rows, columns), &Device::Cpu)
}

/// Writes the sum of `rows` to `sums`, which is as long as one of them.
fn sum_of_rows(rows: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    for row in rows.chunks_exact(sums.len()) {
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += number;
        }
    }
}
