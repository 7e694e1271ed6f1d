//! Networks with a case's weights, small enough to be compared weight by weight.

use candle_core::{Device, Result, Tensor};
use siamese::{Predictor, Step, Target};
use ssl_grading::Values;
use ssl_grading::network::{Embedder, fill, state};
use ssl_nn::{Linear, Params, Sgd};

use super::Exercises;

/// Predictions by the student's predictor, whose parameters are put into `params` with the given values.
pub fn predict(z: &Tensor, train: bool, params: &mut Params, weights: &Values) -> Result<Tensor> {
    let (hidden, width) = weights.tensor("hidden.weight")?.dims2()?;
    let predictor = Predictor::new(width, hidden, params)?;
    fill(params, weights)?;
    predictor.forward(z, train)
}

/// Weights and running statistics of both networks after the student's update.
pub fn followed(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    for twin in ["online", "target"] {
        Embedder::new(case, &params, twin)?;
    }
    fill(&mut params, case)?;
    (exercises.ema_update)(&params.pp("target"), &params.pp("online"), case.number("momentum")?)?;
    Ok(state(&params, Values::new()))
}

/// Loss, and all weights and running statistics after the student's step.
pub fn after_a_step_of_simsiam(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let online = Embedder::new(case, &params, "online")?;
    let predictor = predictor(case, &params)?;
    fill(&mut params, case)?;
    let mut optimizer = Sgd::new(params.trained(), MOMENTUM, 0.0);
    let step = Step {
        embed: &|images, train| online.forward(images, train),
        predict: &|z, train| predicted(&predictor, z, train),
        views: &views(case)?,
        learning_rate: case.number("learning_rate")?,
    };
    let loss = (exercises.simsiam_step)(&step, &mut optimizer)?;
    Ok(state(&params, Values::new().with_number("loss", loss)?))
}

/// As [`after_a_step_of_simsiam`], with those of the target network.
pub fn after_a_step_of_byol(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let online = Embedder::new(case, &params, "online")?;
    let target = Embedder::new(case, &params, "target")?;
    let predictor = predictor(case, &params)?;
    fill(&mut params, case)?;
    let trained = params.trained().into_iter().filter(|(name, _)| !name.starts_with("target."));
    let mut optimizer = Sgd::new(trained.collect(), MOMENTUM, 0.0);
    let step = Step {
        embed: &|images, train| online.forward(images, train),
        predict: &|z, train| predicted(&predictor, z, train),
        views: &views(case)?,
        learning_rate: case.number("learning_rate")?,
    };
    let (target_params, online_params) = (params.pp("target"), params.pp("online"));
    let target = Target {
        embed: &|images, train| target.forward(images, train),
        params: &target_params,
        online: &online_params,
        momentum: case.number("momentum")?,
    };
    let loss = (exercises.byol_step)(&step, &target, &mut optimizer)?;
    Ok(state(&params, Values::new().with_number("loss", loss)?))
}

/// Momentum of the optimizer.
const MOMENTUM: f64 = 0.9;

fn predictor(case: &Values, params: &Params) -> Result<Linear> {
    let width = case.tensor("predictor.bias")?.elem_count();
    Linear::new(width, width, &params.pp("predictor"))
}

/// As batch norm would, the predictor answers otherwise when it is not in training mode.
fn predicted(predictor: &Linear, z: &Tensor, train: bool) -> Result<Tensor> {
    predictor.forward(z)? + if train { 0.0 } else { 0.5 }
}

fn views(case: &Values) -> Result<Vec<Tensor>> {
    let names = (0..).map(|i| format!("view{i}")).take_while(|name| case.get(name).is_some());
    names.map(|name| case.tensor(&name).cloned()).collect()
}
