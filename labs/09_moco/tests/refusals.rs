//! What the functions of lab 09 promise to refuse or to pass on.

use candle_core::{DType, Device, Result, Tensor, bail};
use moco::{MemoryBank, Queue, Step};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::network::{Failing, unchanged};
use ssl_grading::{Bad, refused_averages};
use ssl_nn::params::Init;
use ssl_nn::{Optimizer, Params, Sgd};

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

fn rng() -> Rng {
    Rng::seed_from_u64(0)
}

pub const MOMENTUM_UPDATE: &[Bad<Exercises>] = refused_averages!(momentum_update);

fn enqueue(e: &Exercises, keys: &[usize]) -> Result<()> {
    enqueue_from(e, 0, keys)
}

fn enqueue_from(e: &Exercises, place: usize, keys: &[usize]) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let queue = Queue::new(5, 3, &params)?;
    queue.next.set(&Tensor::new(&[place as f32], &Device::Cpu)?)?;
    unchanged(&params, || (e.enqueue)(&queue, &ones(keys)?))
}

pub const ENQUEUE: &[Bad<Exercises>] = &[
    ("6 keys for 5 places", |e| enqueue(e, &[6, 3])),
    ("11 keys for 5 places", |e| enqueue(e, &[11, 3])),
    ("6 keys for 5 places, from place 3 on", |e| enqueue_from(e, 3, &[6, 3])),
    ("narrower keys", |e| enqueue(e, &[2, 1])),
    ("wider keys", |e| enqueue(e, &[2, 4])),
    ("one key without a batch axis", |e| enqueue(e, &[3])),
];

fn logits(e: &Exercises, q: &[usize], k: &[usize], queue: &[usize], temperature: f64) -> Result<()> {
    (e.moco_logits)(&ones(q)?, &ones(k)?, &ones(queue)?, temperature).map(drop)
}

pub const MOCO_LOGITS: &[Bad<Exercises>] = &[
    ("one key for three queries", |e| logits(e, &[3, 4], &[1, 4], &[5, 4], 0.5)),
    ("one query for three keys", |e| logits(e, &[1, 4], &[3, 4], &[5, 4], 0.5)),
    ("narrower keys", |e| logits(e, &[3, 4], &[3, 1], &[5, 4], 0.5)),
    ("a narrower queue", |e| logits(e, &[3, 4], &[3, 4], &[5, 1], 0.5)),
    ("maps", |e| logits(e, &[3, 4, 2], &[3, 4, 2], &[5, 2], 0.5)),
    ("a queue of maps", |e| logits(e, &[3, 4], &[3, 4], &[3, 5, 4], 0.5)),
    ("T = 0", |e| logits(e, &[3, 4], &[3, 4], &[5, 4], 0.0)),
    ("T = −0.5", |e| logits(e, &[3, 4], &[3, 4], &[5, 4], -0.5)),
    ("a T that is no number", |e| logits(e, &[3, 4], &[3, 4], &[5, 4], f64::NAN)),
];

pub const MOCO_LOSS: &[Bad<Exercises>] = &[
    ("scores of one query without a batch axis", |e| (e.moco_loss)(&ones(&[4])?).map(drop)),
    ("maps", |e| (e.moco_loss)(&ones(&[3, 4, 2])?).map(drop)),
    ("maps of maps", |e| (e.moco_loss)(&ones(&[3, 4, 2, 2])?).map(drop)),
];

pub const SHUFFLE_BATCH: &[Bad<Exercises>] =
    &[("a number without a batch axis", |e| (e.shuffle_batch)(&ones(&[])?, &mut rng()).map(drop))];

fn restore(e: &Exercises, order: &[u32]) -> Result<()> {
    (e.unshuffle_batch)(&ones(&[4, 2])?, order).map(drop)
}

pub const UNSHUFFLE_BATCH: &[Bad<Exercises>] = &[
    ("3 places for 4 rows", |e| restore(e, &[2, 0, 1])),
    ("5 places for 4 rows", |e| restore(e, &[4, 2, 0, 1, 3])),
    ("an order of 4 rows and one place more", |e| restore(e, &[2, 0, 1, 3, 0])),
    ("no places for 4 rows", |e| restore(e, &[])),
    ("a row that comes twice", |e| restore(e, &[2, 0, 2, 1])),
    ("two rows that come twice", |e| restore(e, &[0, 3, 3, 0])),
    ("row 4 of 4", |e| restore(e, &[2, 0, 4, 1])),
];

/// What goes wrong in a step.
#[derive(Clone, Copy)]
struct Wrong {
    batch: usize,
    query: bool,
    key: bool,
    optimizer: bool,
    /// The key encoder's weights have other names.
    other_names: bool,
    temperature: f64,
    momentum: f64,
}

const SOUND: Wrong =
    Wrong { batch: 2, query: false, key: false, optimizer: false, other_names: false, temperature: 0.5, momentum: 0.9 };

/// A step of encoders of 3 weights, with 5 places in the queue, in which something goes wrong.
fn step(e: &Exercises, wrong: Wrong) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let queue = Queue::new(5, 3, &params.pp("queue"))?;
    let (query_params, key_params) = (params.pp("query"), params.pp("key"));
    let weight = query_params.trainable("weight", &[3, 3], Init::Uniform(1.0))?;
    key_params.trainable(if wrong.other_names { "weights" } else { "weight" }, &[3, 3], Init::Uniform(1.0))?;
    let encode = |broken: bool, images: &Tensor| {
        if broken {
            bail!("no embeddings today");
        }
        images.flatten_from(1)?.matmul(&weight)
    };
    let views = ones(&[wrong.batch, 3, 1, 1])?;
    let step = Step {
        query: &|images, _| encode(wrong.query, images),
        key: &|images, _| encode(wrong.key, images),
        query_params: &query_params,
        key_params: &key_params,
        views: [&views, &views],
        queue: &queue,
        temperature: wrong.temperature,
        momentum: wrong.momentum,
        learning_rate: 0.1,
    };
    let mut sound = Sgd::new(query_params.trained(), 0.0, 0.0);
    let optimizer: &mut dyn Optimizer = if wrong.optimizer { &mut Failing } else { &mut sound };
    (e.moco_step)(&step, optimizer, &mut rng()).map(drop)
}

pub const MOCO_STEP: &[Bad<Exercises>] = &[
    ("an error that `query` reports", |e| step(e, Wrong { query: true, ..SOUND })),
    ("an error that `key` reports", |e| step(e, Wrong { key: true, ..SOUND })),
    ("an error that the optimizer reports", |e| step(e, Wrong { optimizer: true, ..SOUND })),
    ("encoders of different kinds", |e| step(e, Wrong { other_names: true, ..SOUND })),
    ("more keys than places", |e| step(e, Wrong { batch: 6, ..SOUND })),
    ("a momentum of 1.1", |e| step(e, Wrong { momentum: 1.1, ..SOUND })),
    ("T = 0", |e| step(e, Wrong { temperature: 0.0, ..SOUND })),
];

/// An update of a bank of 4 images.
fn remember(e: &Exercises, images: &[usize], v: &[usize]) -> Result<()> {
    remember_with(e, images, v, 0.5)
}

fn remember_with(e: &Exercises, images: &[usize], v: &[usize], momentum: f64) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let bank = MemoryBank::new(4, 3, &params)?;
    unchanged(&params, || (e.update)(&bank, images, &ones(v)?, momentum))
}

pub const UPDATE: &[Bad<Exercises>] = &[
    ("a momentum of 1.1", |e| remember_with(e, &[1, 3], &[2, 3], 1.1)),
    ("a momentum of −0.1", |e| remember_with(e, &[1, 3], &[2, 3], -0.1)),
    ("a momentum that is no number", |e| remember_with(e, &[1, 3], &[2, 3], f64::NAN)),
    ("image 4 of 4", |e| remember(e, &[1, 4], &[2, 3])),
    ("an image that comes twice", |e| remember(e, &[1, 3, 1], &[3, 3])),
    ("an image that comes twice in a row", |e| remember(e, &[1, 1, 3], &[3, 3])),
    ("3 embeddings of 2 images", |e| remember(e, &[1, 3], &[3, 3])),
    ("1 embedding of 2 images", |e| remember(e, &[1, 3], &[1, 3])),
    ("narrower embeddings", |e| remember(e, &[1, 3], &[2, 1])),
    ("an embedding without a batch axis", |e| remember(e, &[1], &[3])),
];

pub const SAMPLE_NEGATIVES: &[Bad<Exercises>] = &[
    ("4 negatives of 5 images, 2 of them in the batch", |e| (e.sample_negatives)(&[1, 3], 5, 4, &mut rng()).map(drop)),
    ("6 negatives of 5 images", |e| (e.sample_negatives)(&[], 5, 6, &mut rng()).map(drop)),
];

fn pirl(e: &Exercises, shapes: [&[usize]; 4], lambda: f64, temperature: f64) -> Result<()> {
    let [memory, patches, image, negatives] = shapes.map(ones);
    (e.pirl_loss)(&memory?, &patches?, &image?, &negatives?, temperature, lambda).map(drop)
}

pub const PIRL_LOSS: &[Bad<Exercises>] = &[
    ("λ = 1.1", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 4], &[5, 4]], 1.1, 0.5)),
    ("λ = −0.1", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 4], &[5, 4]], -0.1, 0.5)),
    ("a λ that is no number", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 4], &[5, 4]], f64::NAN, 0.5)),
    ("T = 0", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 4], &[5, 4]], 0.5, 0.0)),
    ("T = −0.5", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 4], &[5, 4]], 0.5, -0.5)),
    ("maps", |e| pirl(e, [&[3, 4, 2], &[3, 4, 2], &[3, 4, 2], &[5, 2]], 0.5, 0.5)),
    ("narrower images, which do not count", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 2], &[5, 4]], 1.0, 0.5)),
    ("one image for three puzzles", |e| pirl(e, [&[3, 4], &[3, 4], &[1, 4], &[5, 4]], 0.5, 0.5)),
    ("one image for three puzzles, which does not count", |e| pirl(e, [&[3, 4], &[3, 4], &[1, 4], &[5, 4]], 1.0, 0.5)),
    ("one puzzle for three images, which does not count", |e| pirl(e, [&[3, 4], &[1, 4], &[3, 4], &[5, 4]], 0.0, 0.5)),
    ("four images for three puzzles", |e| pirl(e, [&[3, 4], &[3, 4], &[4, 4], &[5, 4]], 0.5, 0.5)),
    ("narrower images", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 1], &[5, 4]], 0.5, 0.5)),
    ("one puzzle for three images", |e| pirl(e, [&[3, 4], &[1, 4], &[3, 4], &[5, 4]], 0.5, 0.5)),
    ("the memory of one image for three", |e| pirl(e, [&[1, 4], &[3, 4], &[3, 4], &[5, 4]], 0.5, 0.5)),
    ("narrower negatives", |e| pirl(e, [&[3, 4], &[3, 4], &[3, 4], &[5, 1]], 0.5, 0.5)),
];

fn alike(e: &Exercises, a: &[usize], b: &[usize]) -> Result<()> {
    (e.invariance)(&ones(a)?, &ones(b)?).map(drop)
}

pub const INVARIANCE: &[Bad<Exercises>] = &[
    ("one puzzle for three pictures", |e| alike(e, &[3, 4], &[1, 4])),
    ("one picture for three puzzles", |e| alike(e, &[1, 4], &[3, 4])),
    ("narrower features of puzzles", |e| alike(e, &[3, 4], &[3, 1])),
    ("narrower features of pictures", |e| alike(e, &[3, 1], &[3, 4])),
    ("features without a batch axis", |e| alike(e, &[4], &[4])),
    ("maps", |e| alike(e, &[3, 4, 2], &[3, 4, 2])),
];
