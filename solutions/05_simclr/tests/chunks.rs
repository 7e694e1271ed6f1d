//! A cached step taken apart, to be put together wrongly.

use std::cell::{Cell, RefCell};

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use simclr::{Step, cached_step, nt_xent, nt_xent_gradient, train_step};
use ssl_nn::Optimizer;

use crate::training::number;

/// Where a chunk begins, and how many images it has.
pub type Chunk = (usize, usize);

/// A cached step, and what may go wrong in it.
#[derive(Clone, Copy)]
pub struct ByChunks {
    pub first_training: bool,
    /// Embeddings of the two views of a chunk.
    pub embed: fn(&Step, &Tensor, &Tensor, bool) -> Result<Tensor>,
    /// Embeddings of the batch from those of its chunks.
    pub join: fn(&[Tensor]) -> Result<Tensor>,
    /// The rows of g that belong to a chunk.
    pub rows: fn(&Tensor, Chunk) -> Result<Tensor>,
    /// Adds a chunk's gradients.
    pub add: fn(&mut GradStore, GradStore) -> Result<()>,
    /// What the gradients are divided by.
    pub divide: fn(usize) -> usize,
}

pub const BY_CHUNKS: ByChunks =
    ByChunks { first_training: true, embed: together, join, rows, add: |sum, grads| sum.extend(grads), divide: |_| 1 };

impl ByChunks {
    pub fn step(self, step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
        let chunks = chunks(step, chunk)?;
        let first = chunks.iter().map(|&chunk| Ok(self.of_chunk(step, chunk, self.first_training)?.detach()));
        let z = (self.join)(&first.collect::<Result<Vec<_>>>()?)?;
        let gradient = (nt_xent_gradient(&z, step.temperature)? / (self.divide)(chunks.len()) as f64)?;
        let mut grads = GradStore::default();
        for &chunk in &chunks {
            let arriving = (self.rows)(&gradient, chunk)?;
            let mut of_chunk = (self.of_chunk(step, chunk, true)? * &arriving)?.sum_all()?.backward()?;
            of_chunk.remove(&arriving);
            (self.add)(&mut grads, of_chunk)?;
        }
        optimizer.step(&grads, step.learning_rate)?;
        number(&nt_xent(&z, step.temperature)?)
    }

    fn of_chunk(self, step: &Step, (start, count): Chunk, train: bool) -> Result<Tensor> {
        (self.embed)(step, &step.view_a.narrow(0, start, count)?, &step.view_b.narrow(0, start, count)?, train)
    }
}

pub fn chunks(step: &Step, chunk: usize) -> Result<Vec<Chunk>> {
    let images = step.view_a.dims()[0];
    if chunk == 0 {
        bail!("chunks of no images");
    }
    Ok((0..images).step_by(chunk).map(|start| (start, chunk.min(images - start))).collect())
}

fn together(step: &Step, a: &Tensor, b: &Tensor, train: bool) -> Result<Tensor> {
    (step.project)(&(step.encode)(&Tensor::cat(&[a, b], 0)?, train)?)
}

pub fn apart(step: &Step, a: &Tensor, b: &Tensor, train: bool) -> Result<Tensor> {
    let z = |view: &Tensor| (step.project)(&(step.encode)(view, train)?);
    Tensor::cat(&[z(a)?, z(b)?], 0)
}

fn join(chunks: &[Tensor]) -> Result<Tensor> {
    let view = |i: usize| chunks.iter().map(move |z| Ok(z.chunk(2, 0)?[i].clone()));
    Tensor::cat(&view(0).chain(view(1)).collect::<Result<Vec<_>>>()?, 0)
}

fn rows(gradient: &Tensor, (start, count): Chunk) -> Result<Tensor> {
    let images = gradient.dims()[0] / 2;
    Tensor::cat(&[gradient.narrow(0, start, count)?, gradient.narrow(0, images + start, count)?], 0)
}

/// Chunk after chunk.
pub fn in_turn(chunks: &[Tensor]) -> Result<Tensor> {
    Tensor::cat(chunks, 0)
}

/// The rows of g where embeddings lie chunk after chunk.
pub fn rows_in_turn(gradient: &Tensor, (start, count): Chunk) -> Result<Tensor> {
    gradient.narrow(0, 2 * start, 2 * count)
}

/// Only the first view's rows of g.
pub fn first_rows(gradient: &Tensor, chunk: Chunk) -> Result<Tensor> {
    let rows = rows(gradient, chunk)?;
    Tensor::cat(&[rows.narrow(0, 0, chunk.1)?, rows.narrow(0, chunk.1, chunk.1)?.zeros_like()?], 0)
}

/// The gradients of losses within chunks, each times what `share` makes of its images, all images and the number of chunks.
fn of_chunks(
    step: &Step,
    chunk: usize,
    optimizer: &mut dyn Optimizer,
    share: fn(usize, usize, usize) -> f64,
) -> Result<f64> {
    let chunks = chunks(step, chunk)?;
    let (mut grads, mut losses) = (GradStore::default(), 0.0);
    for &(start, count) in &chunks {
        let z = BY_CHUNKS.of_chunk(step, (start, count), true)?;
        let loss = nt_xent(&z, step.temperature)?;
        losses += number(&loss)? / chunks.len() as f64;
        grads.extend((loss * share(count, step.view_a.dims()[0], chunks.len()))?.backward()?)?;
    }
    optimizer.step(&grads, step.learning_rate)?;
    Ok(losses)
}

pub fn chunks_alone(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    of_chunks(step, chunk, optimizer, |_, _, _| 1.0)
}

pub fn chunks_alone_averaged(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    of_chunks(step, chunk, optimizer, |_, _, chunks| 1.0 / chunks as f64)
}

pub fn chunks_alone_weighted(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    of_chunks(step, chunk, optimizer, |count, images, _| count as f64 / images as f64)
}

/// Exercise 7's step where one chunk holds all images: the running statistics move once.
pub fn undivided_where_it_fits(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    if chunk >= step.view_a.dims()[0] { train_step(step, optimizer) } else { BY_CHUNKS.step(step, chunk, optimizer) }
}

/// As many chunks as asked for, but of equal size.
pub fn even_chunks(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let images = step.view_a.dims()[0];
    let count = chunks(step, chunk)?.len();
    BY_CHUNKS.step(step, images.div_ceil(count), optimizer)
}

pub fn last_chunk_dropped(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let images = step.view_a.dims()[0];
    let kept = images - images.checked_rem(chunk).unwrap_or_default();
    let (view_a, view_b) = (&step.view_a.narrow(0, 0, kept)?, &step.view_b.narrow(0, 0, kept)?);
    BY_CHUNKS.step(&Step { view_a, view_b, ..*step }, chunk, optimizer)
}

pub fn update_after_each_chunk(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let chunks = chunks(step, chunk)?;
    let first = chunks.iter().map(|&chunk| Ok(BY_CHUNKS.of_chunk(step, chunk, true)?.detach()));
    let z = join(&first.collect::<Result<Vec<_>>>()?)?;
    let gradient = nt_xent_gradient(&z, step.temperature)?;
    for &chunk in &chunks {
        let product = (BY_CHUNKS.of_chunk(step, chunk, true)? * rows(&gradient, chunk)?)?;
        optimizer.backward_step(&product.sum_all()?, step.learning_rate)?;
    }
    number(&nt_xent(&z, step.temperature)?)
}

/// Exercise 7's step, after a pass that moves the running statistics once more.
pub fn undivided(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    chunks(step, chunk)?;
    (step.encode)(&Tensor::cat(&[step.view_a, step.view_b], 0)?, true)?;
    train_step(step, optimizer)
}

/// The graphs of all chunks until one backward pass: right but for memory and running statistics.
pub fn one_pass(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let z =
        chunks(step, chunk)?.iter().map(|&chunk| BY_CHUNKS.of_chunk(step, chunk, true)).collect::<Result<Vec<_>>>()?;
    let loss = nt_xent(&join(&z)?, step.temperature)?;
    optimizer.backward_step(&loss, step.learning_rate)?;
    number(&loss)
}

/// The loss that is returned is that of chunks.
pub fn mean_of_chunks(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let count = chunks(step, chunk)?.len();
    let seen = RefCell::new(Vec::new());
    let project = |h: &Tensor| {
        let z = (step.project)(h)?;
        seen.borrow_mut().push(number(&nt_xent(&z, step.temperature)?)?);
        Ok(z)
    };
    BY_CHUNKS.step(&Step { project: &project, ..*step }, chunk, optimizer)?;
    Ok(seen.borrow()[..count].iter().sum::<f64>() / count as f64)
}

/// Every chunk's graph lives on with the gradient of its g_c.
pub fn gradients_of_g_kept(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let chunks = chunks(step, chunk)?;
    let first = chunks.iter().map(|&chunk| Ok(BY_CHUNKS.of_chunk(step, chunk, true)?.detach()));
    let z = join(&first.collect::<Result<Vec<_>>>()?)?;
    let gradient = nt_xent_gradient(&z, step.temperature)?;
    let mut grads = GradStore::default();
    for &chunk in &chunks {
        let product = (BY_CHUNKS.of_chunk(step, chunk, true)? * rows(&gradient, chunk)?)?;
        grads.extend(product.sum_all()?.backward()?)?;
    }
    optimizer.step(&grads, step.learning_rate)?;
    number(&nt_xent(&z, step.temperature)?)
}

/// The first pass keeps its graphs until all embeddings are there.
pub fn detached_late(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let z = RefCell::new(Vec::new());
    let project = |h: &Tensor| {
        let of_chunk = (step.project)(h)?;
        z.borrow_mut().push(of_chunk.clone());
        Ok(of_chunk)
    };
    BY_CHUNKS.step(&Step { project: &project, ..*step }, chunk, optimizer)
}

/// Right: the gradient at the embeddings by `backward`, of a variable; gradients summed by hand over the graph's leaves.
pub fn with_a_variable(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let chunks = chunks(step, chunk)?;
    let z =
        chunks.iter().map(|&chunk| Ok(BY_CHUNKS.of_chunk(step, chunk, true)?.detach())).collect::<Result<Vec<_>>>()?;
    let at = Var::from_tensor(&join(&z)?)?;
    let loss = nt_xent(&at, step.temperature)?;
    let gradient = match loss.backward()?.remove(&at) {
        Some(gradient) => gradient.detach(),
        None => bail!("no gradient"),
    };
    let mut sum = GradStore::default();
    for &chunk in &chunks {
        let arriving = rows(&gradient, chunk)?;
        let mut grads = (BY_CHUNKS.of_chunk(step, chunk, true)? * &arriving)?.sum_all()?.backward()?;
        grads.remove(&arriving);
        for id in grads.get_ids() {
            let Some(new) = grads.get_id(*id) else { continue };
            let total = sum.get_id(*id).map_or_else(|| Ok(new.clone()), |old| old + new)?;
            sum.insert_id(*id, total.detach());
        }
    }
    optimizer.step(&sum, step.learning_rate)?;
    number(&loss)
}

/// All chunks train in the first pass only.
pub fn evaluation_second(step: &Step, chunk: usize, optimizer: &mut dyn Optimizer) -> Result<f64> {
    let (passes, chunks) = (Cell::new(0), step.view_a.dims()[0].div_ceil(chunk));
    let encode = |images: &Tensor, _: bool| {
        passes.set(passes.get() + 1);
        (step.encode)(images, passes.get() <= chunks)
    };
    cached_step(&Step { encode: &encode, ..*step }, chunk, optimizer)
}
