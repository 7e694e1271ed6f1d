//! Turned images written in other ways, most of them wrong.

use candle_core::{DType, Device, Result, Tensor};
use rotation::{rotate90, rotation_batch};

pub fn mirrored(images: &Tensor, turns: usize) -> Result<Tensor> {
    if turns % 2 == 1 { images.transpose(2, 3)?.contiguous() } else { rotate90(images, turns) }
}

/// Turns axes 0 and 3.
pub fn wrong_axes(images: &Tensor, turns: usize) -> Result<Tensor> {
    let swapped = images.transpose(0, 2)?.contiguous()?;
    rotate90(&swapped, turns)?.transpose(0, 2)?.contiguous()
}

pub fn labels_in_turn(labels: &Tensor) -> Result<Tensor> {
    Tensor::from_iter((0..labels.elem_count() as u32).map(|i| i % 4), &Device::Cpu)
}

pub fn images_in_turn(blocks: &Tensor) -> Result<Tensor> {
    let (count, channels, height, width) = blocks.dims4()?;
    let blocks = blocks.reshape((4, count / 4, channels, height, width))?;
    blocks.transpose(0, 1)?.contiguous()?.reshape((count, channels, height, width))
}

pub fn labels_interleaved(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images, labels_in_turn(&labels)?))
}

pub fn images_interleaved(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images_in_turn(&images)?, labels))
}

pub fn both_interleaved(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images_in_turn(&images)?, labels_in_turn(&labels)?))
}

pub fn first_block_only(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images, labels.zeros_like()?))
}

/// Any of the four turns by the shape alone.
pub fn any_rank(images: &Tensor, turns: usize) -> Result<Tensor> {
    match images.rank() {
        4 => rotate90(images, turns),
        _ => Ok(images.clone()),
    }
}

pub fn any_shape(images: &Tensor) -> Result<(Tensor, Tensor)> {
    match *images.dims() {
        [_, _, height, width] if height == width => rotation_batch(images),
        _ => Ok((Tensor::cat(&[images; 4], 0)?, Tensor::zeros(4 * images.dims()[0], DType::U32, &Device::Cpu)?)),
    }
}

/// Right where there are as many images as channels.
pub fn labels_by_channels(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (batch, channels) = (images.dims()[0] as u32, images.dims()[1] as u32);
    let labels = Tensor::from_iter((0..4 * batch).map(|i| i / channels), &Device::Cpu)?;
    Ok((rotation_batch(images)?.0, labels))
}

pub fn labels_of_another_type(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let (images, labels) = rotation_batch(images)?;
    Ok((images, labels.to_dtype(DType::I64)?))
}

pub fn step_by_step(images: &Tensor, turns: usize) -> Result<Tensor> {
    images.dims4()?;
    (0..turns % 4).try_fold(images.clone(), |images, _| images.flip(&[3])?.t()?.contiguous())
}

pub fn labels_by_division(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let batch = images.dims()[0] as u32;
    let turned = Tensor::cat(&[0, 1, 2, 3].map(|k| rotate90(images, k)).into_iter().collect::<Result<Vec<_>>>()?, 0)?;
    Ok((turned, Tensor::from_iter((0..4 * batch).map(|i| i / batch), &Device::Cpu)?))
}

pub fn reshaped(images: &Tensor, turns: usize) -> Result<Tensor> {
    let (count, channels, height, width) = images.dims4()?;
    if turns % 2 == 1 { images.reshape((count, channels, width, height)) } else { rotate90(images, turns) }
}

pub fn unturned(images: &Tensor) -> Result<(Tensor, Tensor)> {
    Ok((Tensor::cat(&[images; 4], 0)?, rotation_batch(images)?.1))
}

pub fn clockwise_blocks(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let labels = rotation_batch(images)?.1;
    let blocks: Result<Vec<_>> = (0..4).map(|turns| rotate90(images, 4 - turns)).collect();
    Ok((Tensor::cat(&blocks?, 0)?, labels))
}
