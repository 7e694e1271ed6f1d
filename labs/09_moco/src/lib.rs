//! Lab 09: MoCo (He et al. 2020) and PIRL (Misra and van der Maaten 2020).
//!
//! SimCLR's negatives are the other images of the batch, so that more of them need a larger batch. Both methods of this lab remember instead: MoCo
//! the last batches' embeddings in a queue, PIRL one embedding of every image in a memory bank. The handout is this folder's README.md.
//!
//! Tensors hold `f32` where the text says no other type. What `# Errors` promises may be an error of Candle's own that is passed on with `?`.

#![allow(unused)] // delete this line when you are done

use std::collections::BTreeSet;

use candle_core::{D, Result, Tensor, Var, bail};
use rand::seq::{SliceRandom, index};
use ssl_data::Rng;
use ssl_nn::params::Init;
use ssl_nn::{Encode, Optimizer, Params};

/// Rows of length 1.
///
/// ```text
/// unit_rows(x) = x / √(Σₖ x[k]² + 1e-12)
/// ```
pub fn unit_rows(x: &Tensor) -> Result<Tensor> {
    x.broadcast_div(&(x.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?)
}

/// Exercise 1: the key encoder follows the query encoder (MoCo, equation 2).
///
/// ```text
/// θ_key ← m · θ_key + (1 − m) · θ_query
/// ```
///
/// for all weights, paired by their names below each branch, and in the same way for all buffers (the running statistics of batch norm; the paper
/// does not speak of them). The query encoder stays as it is. No gradient ever changes θ_key.
///
/// # Errors
/// A momentum that is not in [0, 1]; branches whose names or shapes do not agree. The key encoder must not change then.
///
/// # Hint
/// [`Params::pairs`] and [`Params::buffer_pairs`] pair by name. `Var::set` copies a value into a variable; `as_detached_tensor` leaves the graph
/// behind.
pub fn momentum_update(key: &Params, query: &Params, momentum: f64) -> Result<()> {
    todo!("exercise 1: moving average of weights and buffers")
}

/// Keys of earlier batches, all of them negatives: a ring of K places.
pub struct Queue {
    /// `[K, D]`
    pub ring: Var,
    /// The place where the next key goes, from 0 to K − 1, as a number `[1]`.
    pub next: Var,
}

impl Queue {
    /// A queue of `size` random keys of length 1. What it holds lives in `params` under `ring` and `next`, so that a checkpoint has it.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn new(size: usize, width: usize, params: &Params) -> Result<Self> {
        let ring = params.buffer("ring", &[size, width], Init::Uniform(1.0))?;
        ring.set(&unit_rows(&ring.as_detached_tensor())?)?;
        Ok(Self { ring, next: params.buffer("next", &[1], Init::Constant(0.0))? })
    }

    /// A copy of the keys, as constants `[K, D]`.
    pub fn keys(&self) -> Result<Tensor> {
        self.ring.as_detached_tensor().copy()
    }

    /// The place where the next key goes.
    pub fn place(&self) -> Result<usize> {
        Ok(self.next.to_vec1::<f32>()?[0] as usize)
    }

    /// Exercise 2: the newest keys take the places of the oldest ones (MoCo, section 3.2 and algorithm 1).
    ///
    /// ```text
    /// key i of the batch goes to place (next + i) mod K;   then next ← (next + B) mod K
    /// ```
    ///
    /// The queue holds the numbers alone: nothing of the keys' graph.
    ///
    /// # Shapes
    /// `[B, D]` with B ≤ K; B need not divide K.
    ///
    /// # Errors
    /// More keys than places; another width. The queue must not change then.
    ///
    /// # Hint
    /// `self.ring.slice_set(&rows, 0, place)?` writes contiguous rows from a place on. Where the end of the ring comes in between, there are two
    /// pieces. `self.next.set(…)` takes a tensor `[1]`.
    pub fn enqueue(&self, keys: &Tensor) -> Result<()> {
        todo!("exercise 2: write behind the newest keys, around the end")
    }
}

/// Exercise 3: scores of a query's own key and of the negatives (MoCo, section 3.1 and algorithm 1).
///
/// ```text
/// logits[i][0] = qᵢ · kᵢ / T,     logits[i][1 + j] = qᵢ · queueⱼ / T
/// ```
///
/// All rows are taken as they are: whoever calls has given them length 1. Keys and queue are constants: gradients reach q alone.
///
/// # Shapes
/// q and k `[N, D]`, queue `[K, D]` → `[N, 1 + K]`.
///
/// # Errors
/// A rank other than 2; q and k of different shapes; a queue of another width; a temperature that is not above 0.
///
/// # Hint
/// The first column is a dot product of rows, the others are one matrix product.
pub fn moco_logits(q: &Tensor, k: &Tensor, queue: &Tensor, temperature: f64) -> Result<Tensor> {
    todo!("exercise 3: own key first, then the queue")
}

/// Exercise 4: each query has to tell its own key, the one in column 0 (MoCo, equation 1).
///
/// ```text
/// loss = −1/N · Σᵢ log( exp(logits[i][0]) / Σⱼ exp(logits[i][j]) )
/// ```
///
/// # Shapes
/// `[N, 1 + K]` → a number `[]`.
///
/// # Units
/// Nats; ln(1 + K) where all scores are equal. Scores of several hundreds give no infinity.
///
/// # Errors
/// A rank other than 2.
///
/// # Hint
/// `candle_nn::ops::log_softmax` subtracts each row's maximum first.
pub fn moco_loss(logits: &Tensor) -> Result<Tensor> {
    todo!("exercise 4: cross-entropy whose class is 0")
}

/// Exercise 5: a batch in random order (MoCo, section 3.3, *shuffling BN*).
///
/// Batch norm tells the images of a group about each other. Where queries and keys go through it in the same groups, a query can tell its own key by
/// the group's statistics and learns nothing about images. So keys go through in another order.
///
/// ```text
/// shuffled[i] = x[order[i]]
/// ```
///
/// `order` is drawn uniformly from all orders of B images.
///
/// # Shapes
/// `[B, …]` → the shuffled batch `[B, …]`, and `order`, B numbers.
///
/// # Errors
/// A tensor without a batch axis.
///
/// # Hint
/// `rand::seq::SliceRandom` shuffles slices; `index_select` takes rows in any order.
pub fn shuffle_batch(x: &Tensor, rng: &mut Rng) -> Result<(Tensor, Vec<u32>)> {
    todo!("exercise 5: rows in an order that is drawn")
}

/// Exercise 6: the order before [`shuffle_batch`].
///
/// ```text
/// restored[order[i]] = shuffled[i]
/// ```
///
/// # Shapes
/// `[B, …]` and B numbers → `[B, …]`.
///
/// # Errors
/// An `order` that is not one of 0 to B − 1, each once.
///
/// # Hint
/// Which row of `shuffled` comes first again? Write down where each one went.
pub fn unshuffle_batch(shuffled: &Tensor, order: &[u32]) -> Result<Tensor> {
    todo!("exercise 6: the inverse permutation")
}

/// What a training step of MoCo is given, besides the optimizer.
pub struct Step<'a> {
    /// The query encoder: images and whether to train → embeddings of length 1.
    pub query: &'a Encode<'a>,
    /// The key encoder, likewise.
    pub key: &'a Encode<'a>,
    /// The query encoder's weights.
    pub query_params: &'a Params,
    /// The key encoder's.
    pub key_params: &'a Params,
    /// Views of a batch for the queries and for the keys, each `[B, 3, H, W]`.
    pub views: [&'a Tensor; 2],
    /// Keys of earlier batches.
    pub queue: &'a Queue,
    /// T of the logits.
    pub temperature: f64,
    /// How much of the old key encoder stays.
    pub momentum: f64,
    /// The learning rate of this step.
    pub learning_rate: f64,
}

/// Exercise 7: one step of MoCo (algorithm 1 of the paper).
///
/// 1. The first view goes through the query encoder.
/// 2. The second view is shuffled (exercise 5), goes through the key encoder, and its keys are put back into order (exercise 6).
/// 3. The loss of exercises 3 and 4, with the queue as it is.
/// 4. One update of the query encoder with `step.learning_rate`.
/// 5. The key encoder follows (exercise 1).
/// 6. The keys join the queue (exercise 2).
///
/// Both encoders are in training mode. `rng` draws the order of the keys and nothing else.
///
/// # Shapes
/// → the loss before the update, as a number.
///
/// # Errors
/// What the functions and the optimizer report; by then something may have changed.
///
/// # Hint
/// `optimizer.backward_step` computes gradients and updates. The optimizer knows the query encoder's weights only.
pub fn moco_step(step: &Step, optimizer: &mut dyn Optimizer, rng: &mut Rng) -> Result<f64> {
    todo!("exercise 7: queries, shuffled keys, one update, then follow and remember")
}

/// One embedding of every training image: PIRL's memory.
pub struct MemoryBank {
    /// `[images, D]`
    pub memory: Var,
}

impl MemoryBank {
    /// A bank for this many images, with random embeddings of length 1. It lives in `params` under `memory`, so that a checkpoint has it.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn new(images: usize, width: usize, params: &Params) -> Result<Self> {
        let memory = params.buffer("memory", &[images, width], Init::Uniform(1.0))?;
        memory.set(&unit_rows(&memory.as_detached_tensor())?)?;
        Ok(Self { memory })
    }

    /// Copies of these images' embeddings, as constants.
    ///
    /// # Errors
    /// An image that the bank does not have.
    pub fn rows(&self, images: &[usize]) -> Result<Tensor> {
        let rows: Vec<u32> = images.iter().map(|&image| image as u32).collect();
        self.memory.as_detached_tensor().index_select(&Tensor::new(rows, self.memory.device())?, 0)
    }

    /// Exercise 8: remember a batch (PIRL).
    ///
    /// ```text
    /// m ← unit_rows( momentum · m + (1 − momentum) · v )
    /// ```
    ///
    /// for the images of the batch, with [`unit_rows`]; all others stay as they are. The bank holds the numbers alone, nothing of v's graph.
    ///
    /// # Shapes
    /// B numbers of images, and their embeddings v `[B, D]`.
    ///
    /// # Errors
    /// A momentum that is not in [0, 1]; an image that the bank does not have, or that comes twice; another number of embeddings than images;
    /// another width. The bank must not change then.
    ///
    /// # Hint
    /// `self.memory.slice_set(&row, 0, image)?` writes a contiguous row.
    pub fn update(&self, images: &[usize], v: &Tensor, momentum: f64) -> Result<()> {
        todo!("exercise 8: moving average of directions")
    }
}

/// Exercise 9: which images of the bank are negatives of a batch (PIRL).
///
/// `count` different images, drawn uniformly from all `images` that are not in `batch`, which may name an image twice. Their order does not matter.
///
/// # Errors
/// More negatives than there are images beside the batch.
///
/// # Hint
/// List the candidates first. `rand::seq::index::sample` draws different places of a list.
pub fn sample_negatives(batch: &[usize], images: usize, count: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    todo!("exercise 9: draw from all images but the batch")
}

/// Exercise 10: PIRL's loss (its equation 5).
///
/// ```text
/// loss = λ · L(m, v_patches) + (1 − λ) · L(m, v_image)
/// ```
///
/// where L(m, v) is the loss of exercises 3 and 4, with v for the query, the image's own memory m for the key, and the negatives' memory for the queue.
/// (The paper's L has a further term for negatives.) An image and its puzzle are so drawn to one
/// point, by way of the memory. Gradients reach both v, and no memory.
///
/// # Shapes
/// memory, patches and image `[B, D]`, negatives `[K, D]` → a number `[]`.
///
/// # Errors
/// A λ that is not in [0, 1]; what exercise 3 refuses.
///
/// # Hint
/// Who is the query in each term?
pub fn pirl_loss(
    memory: &Tensor,
    patches: &Tensor,
    image: &Tensor,
    negatives: &Tensor,
    temperature: f64,
    lambda: f64,
) -> Result<Tensor> {
    todo!("exercise 10: both are to find the memory of their image")
}

/// Exercise 11: how alike a network's features of pictures and of their puzzles are.
///
/// ```text
/// invariance = 1/N · Σᵢ unit_rows(aᵢ − ā) · unit_rows(bᵢ − b̄)
/// ```
///
/// with the mean ā of all a and b̄ of all b, and [`unit_rows`]. What all pictures have in common does not count: 1 where a puzzle has its picture's features
/// (invariant), near 0 where the features tell about the order of the tiles only (covariant).
///
/// # Shapes
/// `[N, D]` each → a number.
///
/// # Errors
/// A rank other than 2; shapes that differ.
///
/// # Hint
/// The mean is over the pictures, for each feature.
pub fn invariance(a: &Tensor, b: &Tensor) -> Result<f64> {
    todo!("exercise 11: mean cosine of what differs from the mean")
}
