//! A training step of networks that are small enough to be compared weight by weight.

use candle_core::{DType, Device, Result, Tensor};
use directpred::Step;
use ssl_grading::network::{Embedder, fill, state};
use ssl_grading::{Check, Values, refused};
use ssl_nn::{Params, Sgd};

use super::{Exercises, check, diagnoses, refusals};

pub fn checks() -> Vec<Check<Exercises>> {
    vec![
        check("after_a_step", "directpred_step", (13, 2e-5), after_a_step, diagnoses::STEP),
        check("after_two_steps", "directpred_step", (2, 1e-4), after_two_steps, &[]),
        refused("errors_in_a_step", "directpred_step", 2, refusals::DIRECTPRED_STEP),
    ]
}

/// Loss, correlation, and weights and running statistics of both networks after the student's step.
fn after_a_step(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (params, losses, correlation) = stepped(exercises, case, 1)?;
    let constant = f64::from(u8::from(!correlation.track_op()));
    let values = Values::new().with_number("loss", losses[0])?.with("correlation", &correlation);
    Ok(state(&params, values.with_number("the correlation is a constant (1 is yes)", constant)?))
}

/// After two, of one optimizer.
fn after_two_steps(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (params, losses, correlation) = stepped(exercises, case, 2)?;
    let values = Values::new().with("losses", &Tensor::new(losses, &Device::Cpu)?);
    Ok(state(&params, values.with("correlation", &correlation)))
}

/// All weights, the losses and the correlation after steps of the student's.
fn stepped(exercises: &Exercises, case: &Values, steps: usize) -> Result<(Params, Vec<f64>, Tensor)> {
    let mut params = Params::new(0, &Device::Cpu);
    let [online, target] = [Embedder::new(case, &params, "online")?, Embedder::new(case, &params, "target")?];
    fill(&mut params, case)?;
    let (online_params, target_params) = (params.pp("online"), params.pp("target"));
    let mut optimizer = Sgd::new(online_params.trained(), 0.9, 0.0);
    let mut correlation = case.tensor("correlation")?.copy()?;
    let mix = case.number("mix")?;
    let step = Step {
        online: &|images, train| online.forward(images, train),
        target: &|images, train| target.forward(images, train),
        online_params: &online_params,
        target_params: &target_params,
        views: [case.tensor("view0")?, case.tensor("view1")?],
        // Not symmetric, so that W f and f W differ.
        predictor: &|f| f + (Tensor::triu2(f.dims()[0], DType::F32, &Device::Cpu)? * mix)?,
        rho: case.number("rho")?,
        momentum: case.number("momentum")?,
        learning_rate: case.number("learning_rate")?,
    };
    let mut step = || (exercises.directpred_step)(&step, &mut correlation, &mut optimizer);
    let losses = (0..steps).map(|_| step()).collect::<Result<_>>()?;
    Ok((params, losses, correlation))
}
