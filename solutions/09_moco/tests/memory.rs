//! Queues, banks and negatives in other ways, most of them wrong.

use std::collections::BTreeSet;

use candle_core::{Result, Tensor, bail};
use moco::{MemoryBank, Queue, sample_negatives, unit_rows};
use rand::Rng as _;
use rand::seq::SliceRandom;
use ssl_data::Rng;

/// Writes key `row(i)` to the place `place(next, i, size)`, and moves on by `moved` places.
pub fn written(
    queue: &Queue,
    keys: &Tensor,
    place: impl Fn(usize, usize, usize) -> usize,
    row: impl Fn(usize, usize) -> usize,
    moved: impl Fn(usize, usize, usize) -> usize,
) -> Result<()> {
    let ((size, width), (batch, key_width)) = (queue.ring.dims2()?, keys.dims2()?);
    if batch > size || width != key_width {
        bail!("{batch} keys for {size} places");
    }
    let (next, keys) = (queue.place()?, keys.detach().contiguous()?);
    for i in 0..batch {
        queue.ring.slice_set(&keys.narrow(0, row(i, batch), 1)?, 0, place(next, i, size))?;
    }
    queue.next.set(&Tensor::new(&[moved(next, batch, size) as f32], keys.device())?)
}

pub fn around(next: usize, i: usize, size: usize) -> usize {
    (next + i) % size
}

pub fn own_row(i: usize, _: usize) -> usize {
    i
}

pub fn on(next: usize, batch: usize, size: usize) -> usize {
    (next + batch) % size
}

pub fn cut_at_the_end(queue: &Queue, keys: &Tensor) -> Result<()> {
    let (size, batch) = (queue.ring.dims2()?.0, keys.dims2()?.0);
    let next = queue.place()?;
    let fits = keys.narrow(0, 0, batch.min(size - next))?;
    written(queue, &fits, around, own_row, |_, _, _| on(next, batch, size))
}

pub fn begins_again(queue: &Queue, keys: &Tensor) -> Result<()> {
    let (size, batch) = (queue.ring.dims2()?.0, keys.dims2()?.0);
    let next = queue.place()?;
    let start = if next + batch > size { 0 } else { next };
    written(queue, keys, |_, i, _| start + i, own_row, |_, _, _| (start + batch) % size)
}

/// The ring becomes the last (or first) rows of both.
pub fn moved_up(queue: &Queue, keys: &Tensor, in_front: bool) -> Result<()> {
    let (old, (batch, _)) = (queue.keys()?, keys.dims2()?);
    let size = queue.ring.dims2()?.0;
    let rows = if in_front {
        Tensor::cat(&[keys, &old], 0)?.narrow(0, 0, size)
    } else {
        Tensor::cat(&[&old, keys], 0)?.narrow(0, batch, size)
    };
    queue.ring.set(&rows?)
}

/// All rows at once, from the old ring and the new keys.
pub fn selected(queue: &Queue, keys: &Tensor) -> Result<()> {
    let ((size, width), (batch, key_width)) = (queue.ring.dims2()?, keys.dims2()?);
    if batch > size || width != key_width {
        bail!("{batch} keys for {size} places");
    }
    let next = queue.place()?;
    let row = |place: usize| (size + place - next) % size;
    let rows = (0..size).map(|place| if row(place) < batch { size + row(place) } else { place } as u32);
    let rows = Tensor::from_iter(rows, keys.device())?;
    queue.ring.set(&Tensor::cat(&[&queue.keys()?, &keys.detach()], 0)?.index_select(&rows, 0)?)?;
    queue.next.set(&Tensor::new(&[on(next, batch, size) as f32], keys.device())?)
}

pub fn sound(bank: &MemoryBank, images: &[usize], v: &Tensor) -> Result<()> {
    let (count, width) = bank.memory.dims2()?;
    let different: BTreeSet<_> = images.iter().filter(|&&image| image < count).collect();
    if different.len() != images.len() || v.dims() != [images.len(), width] {
        bail!("{images:?}, {:?}", v.dims());
    }
    Ok(())
}

pub fn between(momentum: f64) -> Result<()> {
    if (0.0..=1.0).contains(&momentum) { Ok(()) } else { bail!("a momentum of {momentum}") }
}

/// Writes `new(old, v)` to the rows of `images`.
pub fn remembered(
    bank: &MemoryBank,
    images: &[usize],
    v: &Tensor,
    new: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<()> {
    sound(bank, images, v)?;
    let rows = new(&bank.rows(images)?, &v.detach())?;
    images.iter().enumerate().try_for_each(|(i, &image)| bank.memory.slice_set(&rows.narrow(0, i, 1)?, 0, image))
}

pub fn average(old: &Tensor, v: &Tensor, momentum: f64) -> Result<Tensor> {
    (old * momentum)? + (v * (1.0 - momentum))?
}

pub fn sorted(images: &[usize]) -> Vec<usize> {
    let mut images = images.to_vec();
    images.sort_unstable();
    images
}

/// Old memories shrink where nothing new comes, and all are brought to length 1.
pub fn all_rows(bank: &MemoryBank, images: &[usize], v: &Tensor, momentum: f64) -> Result<()> {
    let old = (bank.memory.as_detached_tensor() * momentum)?;
    let images = Tensor::from_iter(images.iter().map(|&image| image as u32), v.device())?;
    bank.memory.set(&unit_rows(&old.index_add(&images, &(v * (1.0 - momentum))?, 0)?)?)
}

/// A new bank from old and new rows.
pub fn whole_bank(bank: &MemoryBank, images: &[usize], v: &Tensor, momentum: f64) -> Result<()> {
    sound(bank, images, v)?;
    between(momentum)?;
    let (count, _) = bank.memory.dims2()?;
    let new = unit_rows(&average(&bank.rows(images)?, &v.detach(), momentum)?)?;
    let row = |image: usize| images.iter().position(|&other| other == image).map_or(image, |i| count + i) as u32;
    let rows = Tensor::from_iter((0..count).map(row), v.device())?;
    bank.memory.set(&Tensor::cat(&[&bank.memory.as_detached_tensor(), &new], 0)?.index_select(&rows, 0)?)
}

/// All images but the batch's.
pub fn others(batch: &[usize], images: usize) -> Vec<usize> {
    (0..images).filter(|image| !batch.contains(image)).collect()
}

/// Draws from all others until there are enough different ones.
pub fn drawn_one_by_one(batch: &[usize], images: usize, count: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    sample_negatives(batch, images, count, &mut rng.clone())?;
    let mut drawn: Vec<usize> = Vec::new();
    while drawn.len() < count {
        let image = rng.random_range(0..images);
        if !batch.contains(&image) && !drawn.contains(&image) {
            drawn.push(image);
        }
    }
    Ok(drawn)
}

pub fn by_shuffling(batch: &[usize], images: usize, count: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    let mut others = others(batch, images);
    if others.len() < count {
        bail!("only {} others", others.len());
    }
    others.shuffle(rng);
    others.truncate(count);
    Ok(others)
}
