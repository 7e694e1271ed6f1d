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
/// What `encode` reports; no images; features that are not finite.
pub fn embed(encode: &Encode, images: &Images, device: &Device) -> Result<Tensor> {
    let blocks = |x: &Tensor| Ok(vec![encode(x, false)?]);
    match embed_blocks(blocks, images, device)?.pop() {
        Some(features) => Ok(features),
        None => bail!("expected images, got none"),
    }
}

/// Features of every depth, given those of each block for a batch of images.
///
/// # Shapes
/// N images → one `[N, D]` a block.
///
/// # Errors
/// What `blocks` reports; features that are not finite.
pub fn embed_blocks(
    blocks: impl Fn(&Tensor) -> Result<Vec<Tensor>>,
    images: &Images,
    device: &Device,
) -> Result<Vec<Tensor>> {
    let mut columns: Vec<Vec<Tensor>> = Vec::new();
    for first in (0..images.len()).step_by(BATCH) {
        let numbers: Vec<usize> = (first..images.len().min(first + BATCH)).collect();
        let outputs = blocks(&images.select(&numbers).to_tensor(device)?)?;
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
