//! Features of a frozen backbone.

use candle_core::{DType, Device, Result, Tensor, bail};
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
/// What `encode` reports; no images.
pub fn embed(encode: &Encode, images: &Images, device: &Device) -> Result<Tensor> {
    let blocks = |x: &Tensor| Ok(vec![encode(x, false)?]);
    match embed_all(blocks, images, device)?.pop() {
        Some(features) => Ok(features),
        None => bail!("expected images, got none"),
    }
}

/// Features at every depth: each block's output is averaged over a grid of as many cells as bring the number of features
/// closest to `width` from below, so that depths compare at (nearly) equal length.
///
/// # Shapes
/// N images → one `[N, C · cells]` a block.
///
/// # Errors
/// What `blocks` reports; maps that the grid does not divide evenly.
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
            column.push(output.detach().to_device(&Device::Cpu)?.to_dtype(DType::F32)?);
        }
    }
    columns.iter().map(|column| Tensor::cat(column, 0)).collect()
}

/// `[B, C, H, W]` → `[B, C · rows · columns]`, rows · columns being the greatest power of two up to `width` / C.
fn pool_to(maps: &Tensor, width: usize) -> Result<Tensor> {
    let (batch, channels, height, wide) = maps.dims4()?;
    let doublings = (width / channels).max(1).ilog2();
    let rows = (1 << (doublings / 2)).min(height);
    let columns = (1 << doublings.div_ceil(2)).min(wide);
    if height % rows != 0 || wide % columns != 0 {
        bail!("a grid of {rows}×{columns} cells does not divide maps of {height}×{wide}");
    }
    let cells = maps.reshape(vec![batch, channels, rows, height / rows, columns, wide / columns])?;
    cells.mean((3, 5))?.flatten_from(1)
}
