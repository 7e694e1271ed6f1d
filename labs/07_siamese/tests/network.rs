//! Networks with a case's weights, small enough to be compared weight by weight.

use std::cell::RefCell;

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
    Ok(simsiam(exercises, case)?.0)
}

/// As [`after_a_step_of_simsiam`], with those of the target network.
pub fn after_a_step_of_byol(exercises: &Exercises, case: &Values) -> Result<Values> {
    Ok(byol(exercises, case)?.0)
}

/// Which embeddings the student's step predicts from.
pub fn predictions_of_simsiam(exercises: &Exercises, case: &Values) -> Result<Values> {
    simsiam(exercises, case)?.1.in_order()
}

/// As [`predictions_of_simsiam`], of the online network.
pub fn predictions_of_byol(exercises: &Exercises, case: &Values) -> Result<Values> {
    byol(exercises, case)?.1.in_order()
}

/// The numbers that come out of `embed`, and those that go into `predict`, call by call.
#[derive(Default)]
struct Calls {
    embedded: RefCell<Vec<Vec<f32>>>,
    predicted: RefCell<Vec<Vec<f32>>>,
}

impl Calls {
    fn in_order(&self) -> Result<Values> {
        let once = *self.embedded.borrow() == *self.predicted.borrow();
        let name = "each embedding goes through `predict` once, in the order of the views (1 is yes)";
        Values::new().with_number(name, f64::from(u8::from(once)))
    }
}

/// Adds a call's numbers.
fn note(calls: &RefCell<Vec<Vec<f32>>>, z: &Tensor) -> Result<()> {
    calls.borrow_mut().push(z.flatten_all()?.to_vec1()?);
    Ok(())
}

fn simsiam(exercises: &Exercises, case: &Values) -> Result<(Values, Calls)> {
    let (mut params, calls) = (Params::new(0, &Device::Cpu), Calls::default());
    let online = Embedder::new(case, &params, "online")?;
    let predictor = predictor(case, &params)?;
    fill(&mut params, case)?;
    let mut optimizer = Sgd::new(params.trained(), MOMENTUM, 0.0);
    let loss = with_step(case, &online, &predictor, &calls, |step| (exercises.simsiam_step)(step, &mut optimizer))?;
    Ok((state(&params, Values::new().with_number("loss", loss)?), calls))
}

fn byol(exercises: &Exercises, case: &Values) -> Result<(Values, Calls)> {
    let (mut params, calls) = (Params::new(0, &Device::Cpu), Calls::default());
    let online = Embedder::new(case, &params, "online")?;
    let target = Embedder::new(case, &params, "target")?;
    let predictor = predictor(case, &params)?;
    fill(&mut params, case)?;
    let trained = params.trained().into_iter().filter(|(name, _)| !name.starts_with("target."));
    let mut optimizer = Sgd::new(trained.collect(), MOMENTUM, 0.0);
    let (target_params, online_params) = (params.pp("target"), params.pp("online"));
    let target = Target {
        embed: &|images, train| target.forward(images, train),
        params: &target_params,
        online: &online_params,
        momentum: case.number("momentum")?,
    };
    let loss =
        with_step(case, &online, &predictor, &calls, |step| (exercises.byol_step)(step, &target, &mut optimizer))?;
    Ok((state(&params, Values::new().with_number("loss", loss)?), calls))
}

/// What `run` gives for a step of the case's views, whose calls are noted.
fn with_step(
    case: &Values,
    online: &Embedder,
    predictor: &Linear,
    calls: &Calls,
    run: impl FnOnce(&Step) -> Result<f64>,
) -> Result<f64> {
    let embed = |images: &Tensor, train| {
        let z = online.forward(images, train)?;
        note(&calls.embedded, &z)?;
        Ok(z)
    };
    let predict = |z: &Tensor, train| {
        note(&calls.predicted, z)?;
        predicted(predictor, z, train)
    };
    let learning_rate = case.number("learning_rate")?;
    run(&Step { embed: &embed, predict: &predict, views: &views(case)?, learning_rate })
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
