//! Encoders, queues and banks with a case's values.

use candle_core::{Device, Result, Tensor, Var};
use moco::{MemoryBank, Queue, Step, unit_rows};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::Values;
use ssl_grading::network::{Embedder, fill, state};
use ssl_nn::params::Init;
use ssl_nn::{Params, Sgd};

use super::Exercises;

/// Weights and running statistics of both encoders after the student's update.
pub fn followed(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    for encoder in ["query", "key"] {
        Embedder::new(case, &params, encoder)?;
    }
    fill(&mut params, case)?;
    (exercises.momentum_update)(&params.pp("key"), &params.pp("query"), case.number("momentum")?)?;
    Ok(state(&params, Values::new()))
}

/// How far the key encoder is from where it should be, of two blocks whose layers have the same names, on branches below other ones.
pub fn two_blocks_followed(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (params, momentum) = (Params::new(3, &Device::Cpu), case.number("momentum")?);
    let [key, query] = ["slow", "fast"].map(|branch| params.pp("encoders").pp(branch));
    for encoder in [&key, &query] {
        for block in ["block1", "block2"] {
            let block = encoder.pp(block);
            block.trainable("conv.weight", &[3, 2, 1, 2], Init::Uniform(1.0))?;
            block.trainable("key.weight", &[2, 3], Init::Uniform(1.0))?;
            block.buffer("norm.running_mean", &[3], Init::Uniform(1.0))?;
            block.buffer("center", &[4], Init::Uniform(1.0))?;
        }
    }
    let pairs = [key.pairs(&query)?, key.buffer_pairs(&query)?].concat();
    let expected = pairs.iter().map(|(k, q)| (k.as_tensor() * momentum)? + (q.as_tensor() * (1.0 - momentum))?);
    let expected = expected.collect::<Result<Vec<Tensor>>>()?;
    (exercises.momentum_update)(&key, &query, momentum)?;
    let distance = |((key, _), expected): (&(Var, Var), &Tensor)| {
        (key.as_tensor() - expected)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()
    };
    let distances = pairs.iter().zip(&expected).map(distance).collect::<Result<Vec<f32>>>()?;
    Values::new().with_number("greatest distance from the mean", distances.into_iter().fold(0.0, f32::max).into())
}

/// Ring and place after several batches.
pub fn enqueued(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let (size, width) = case.tensor("keys")?.dims2()?;
    let queue = Queue::new(size, width, &params)?;
    let next = Tensor::new(&[case.number("next")? as f32], &Device::Cpu)?;
    fill(&mut params, &Values::new().with("ring", case.tensor("keys")?).with("next", &next))?;
    for batch in (0..).map_while(|i| case.get(&format!("batch{i}"))) {
        (exercises.enqueue)(&queue, batch)?;
    }
    Values::new().with("keys", &queue.keys()?).with_number("next", queue.place()? as f64)
}

/// Losses, queue, and weights and running statistics of both encoders after two of the student's steps, in which the optimizer remembers.
pub fn after_a_step(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let [query, key] = [Embedder::new(case, &params, "query")?, Embedder::new(case, &params, "key")?];
    let (size, width) = case.tensor("queue.ring")?.dims2()?;
    let queue = Queue::new(size, width, &params.pp("queue"))?;
    let next = case.tensor("queue.next")?.reshape(1)?.to_dtype(candle_core::DType::F32)?;
    let values = case.iter().fold(Values::new(), |values, (name, value)| values.with(name, value));
    fill(&mut params, &values.with("queue.next", &next))?;
    let (query_params, key_params) = (params.pp("query"), params.pp("key"));
    let mut optimizer = Sgd::new(query_params.trained(), 0.9, 0.0);
    let step = Step {
        query: &|images, train| unit_rows(&query.forward(images, train)?),
        key: &|images, train| unit_rows(&key.forward(images, train)?),
        query_params: &query_params,
        key_params: &key_params,
        views: [case.tensor("view0")?, case.tensor("view1")?],
        queue: &queue,
        temperature: case.number("temperature")?,
        momentum: case.number("momentum")?,
        learning_rate: case.number("learning_rate")?,
    };
    let mut rng = Rng::seed_from_u64(7);
    let mut losses = || (exercises.moco_step)(&step, &mut optimizer, &mut rng);
    let losses = Tensor::new(&[losses()?, losses()?], &Device::Cpu)?;
    Ok(state(&params, Values::new().with("losses", &losses)))
}

/// The bank after the student's update.
pub fn remembered(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let (images, width) = case.tensor("memory")?.dims2()?;
    let bank = MemoryBank::new(images, width, &params)?;
    fill(&mut params, case)?;
    let batch = case.tensor("images")?.to_vec1::<u32>()?.into_iter().map(|image| image as usize).collect::<Vec<_>>();
    (exercises.update)(&bank, &batch, case.tensor("v")?, case.number("momentum")?)?;
    Ok(state(&params, Values::new()))
}
