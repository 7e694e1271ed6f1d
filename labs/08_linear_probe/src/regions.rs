//! Which pixel belongs to which kind of part? A 1×1 convolution on frozen maps of several blocks.

use candle_core::{D, Device, Result, Tensor};
use linear_probe::mean_iou;
use rayon::prelude::*;
use ssl_data::Images;
use ssl_data::toybox::{Toy, Toybox};
use ssl_nn::Backbone;
use ssl_nn::ops::{avg_pool2d, upsample2d};

use super::probing::{Labeled, fit, standardized};

/// Nothing, or one of seven kinds of part.
pub const CLASSES: usize = 8;
/// Images for training and for testing: toys of another seed than anything was trained on.
const IMAGES: (usize, usize) = (400, 250);
const QUICK_IMAGES: (usize, usize) = (50, 30);
const SEED: u64 = 80;
/// Images that go through the backbone at a time.
const BATCH: usize = 250;
/// Blocks whose maps are put side by side: the first is sharp, the third sees as much as a part.
const BLOCKS: usize = 3;
/// All of them at a size of half the image's.
const CELL: usize = 2;
const WEIGHT_DECAY: f64 = 0.01;

/// Test images, which parts they show, and which a head finds.
pub struct Regions {
    pub images: Tensor,
    /// `[N, H, W]`
    pub truth: Tensor,
    pub found: Tensor,
    pub mean_iou: f64,
}

/// Trains a 1×1 head on toys and segments others.
pub fn segment(backbone: &Backbone, device: &Device, seed: u64, quick: bool) -> anyhow::Result<Regions> {
    let (train, test) = if quick { QUICK_IMAGES } else { IMAGES };
    let world = Toybox { seed: SEED, ..Toybox::default() };
    let toys: Vec<Toy> = (0..train + test).into_par_iter().map(|i| world.render(i, 0.0)).collect();
    let (known, new) = toys.split_at(train);
    let ((known, _), (new, side)) = (rows(backbone, &world, known, device)?, rows(backbone, &world, new, device)?);
    let (known, new) = standardized(&known, &new)?;
    let probe = fit(&known, CLASSES, WEIGHT_DECAY, seed)?;
    let cells = probe.forward(&new.features)?.argmax(D::Minus1)?.reshape((test, side, side))?;
    let found = enlarged(&cells, CELL)?;
    let truth = masks(&toys[train..], world.size)?;
    let mean_iou = mean_iou(&found, &truth, CLASSES)?;
    Ok(Regions { images: images(&world, &toys[train..])?.to_tensor(&Device::Cpu)?, truth, found, mean_iou })
}

fn images(world: &Toybox, toys: &[Toy]) -> anyhow::Result<Images> {
    Images::new(toys.iter().flat_map(|toy| toy.pixels.iter().copied()).collect(), world.size, world.size)
}

/// Which part each pixel shows, `[N, H, W]`.
fn masks(toys: &[Toy], size: usize) -> Result<Tensor> {
    let parts: Vec<u32> = toys.iter().flat_map(|toy| toy.mask.iter().map(|&part| u32::from(part))).collect();
    Tensor::from_vec(parts, (toys.len(), size, size), &Device::Cpu)
}

/// A row for each cell, labeled by a pixel in its middle, and how many cells a side has.
fn rows(backbone: &Backbone, world: &Toybox, toys: &[Toy], device: &Device) -> anyhow::Result<(Labeled, usize)> {
    let images = images(world, toys)?;
    let (mut parts, side) = (Vec::new(), world.size / CELL);
    for first in (0..toys.len()).step_by(BATCH) {
        let numbers: Vec<usize> = (first..toys.len().min(first + BATCH)).collect();
        let blocks = backbone.forward_blocks(&images.select(&numbers).to_tensor(device)?, false)?;
        let maps = blocks[..BLOCKS].iter().map(|maps| resized(&maps.detach(), side));
        let maps = Tensor::cat(&maps.collect::<Result<Vec<_>>>()?, 1)?; // [B, C, side, side]
        let rows = maps.permute((0, 2, 3, 1))?.reshape(((), maps.dims()[1]))?; // [B · side², C]
        parts.push(rows.to_device(&Device::Cpu)?);
    }
    let middle = |cell: usize| (cell / side * CELL + CELL / 2) * world.size + cell % side * CELL + CELL / 2;
    let labels = toys.iter().flat_map(|toy| (0..side * side).map(|cell| u32::from(toy.mask[middle(cell)])));
    Ok((Labeled { features: Tensor::cat(&parts, 0)?, labels: labels.collect() }, side))
}

/// Square maps at another size: averaged where they are larger, interpolated where they are smaller.
fn resized(maps: &Tensor, side: usize) -> Result<Tensor> {
    let own = maps.dims()[2];
    match own / side {
        0 => upsample2d(maps, (side, side)),
        1 => Ok(maps.clone()),
        by => avg_pool2d(maps, by, by),
    }
}

/// Every cell becomes `by` × `by` pixels.
fn enlarged(cells: &Tensor, by: usize) -> Result<Tensor> {
    let (count, height, width) = cells.dims3()?;
    let wide = cells.reshape((count, height, 1, width, 1))?.broadcast_as((count, height, by, width, by))?;
    wide.contiguous()?.reshape((count, height * by, width * by))
}
