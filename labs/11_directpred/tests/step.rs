//! A training step of networks that are small enough to be compared weight by weight.

use candle_core::{DType, Device, Result, Tensor};
use directpred::Step;
use ssl_grading::network::{Embedder, fill, state};
use ssl_grading::{Check, Values, refused};
use ssl_nn::{Params, Sgd};

use super::{Exercises, check, diagnoses, refusals};

pub fn checks() -> Vec<Check<Exercises>> {
    vec![
        check("after_a_step", "directpred_step", (15, 2e-5), after_a_step, diagnoses::STEP),
        refused("errors_in_a_step", "directpred_step", 2, refusals::DIRECTPRED_STEP),
    ]
}

/// Loss, correlation, and weights and running statistics of both networks after the student's step.
fn after_a_step(exercises: &Exercises, case: &Values) -> Result<Values> {
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
    let loss = (exercises.directpred_step)(&step, &mut correlation, &mut optimizer)?;
    let constant = f64::from(u8::from(!correlation.track_op()));
    let values = Values::new().with_number("loss", loss)?.with("correlation", &correlation);
    Ok(state(&params, values.with_number("the correlation is a constant (1 is yes)", constant)?))
}
