//! Encoders, queues and banks with a case's values.

use candle_core::{Device, Result, Tensor};
use moco::{MemoryBank, Queue, Step, unit_rows};
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::Values;
use ssl_grading::network::{Embedder, fill, state};
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
