//! Points on the circle that nothing but a loss moves: no network, no images, only what each loss wants.

use candle_core::{Device, Result, Tensor};
use rand::{Rng as _, SeedableRng};
use ssl_data::Rng;
use ssl_nn::params::Init;
use ssl_nn::{AdamW, Optimizer, Params, WarmupCosine};

use super::losses::on_sphere;
use super::{Loss, Settings};

/// Classes, and points of each.
pub const CLASSES: usize = 8;
const POINTS: usize = 16;
/// Steps of the descent, and its greatest learning rate.
const STEPS: usize = 500;
const LEARNING_RATE: f64 = 0.05;
/// Pairs of each class in a step.
const PAIRS: usize = 8;

/// The points of all classes, one class after the other, after they moved under `loss`; none: where they start.
pub fn settle(loss: Option<Loss>, settings: &Settings) -> Result<Vec<Vec<f32>>> {
    let params = Params::new(settings.flags.seed, &Device::Cpu);
    let points = params.trainable("points", &[CLASSES * POINTS, 2], Init::Uniform(1.0))?;
    if let Some(loss) = loss {
        descend(loss, &points, &params, settings)?;
    }
    on_sphere(&points)?.to_vec2()
}

fn descend(loss: Loss, points: &Tensor, params: &Params, settings: &Settings) -> Result<()> {
    let mut optimizer = AdamW::new(params.trained(), 0.0);
    let schedule = WarmupCosine { base: LEARNING_RATE, warmup: 0, total: STEPS };
    let mut rng = Rng::seed_from_u64(settings.flags.seed);
    // One point of each class, so that no two of them belong together.
    let mut draw =
        || (0..CLASSES).map(|class| (class * POINTS + rng.random_range(0..POINTS)) as u32).collect::<Vec<_>>();
    for step in 0..STEPS {
        let mut losses = Vec::with_capacity(PAIRS);
        for _ in 0..PAIRS {
            let [a, b] = [draw(), draw()].map(|rows| points.index_select(&Tensor::new(rows, &Device::Cpu)?, 0));
            losses.push(loss.of(&a?, &b?, settings)?);
        }
        optimizer.backward_step(&Tensor::stack(&losses, 0)?.mean_all()?, schedule.at(step))?;
    }
    Ok(())
}

/// The class of each point.
pub fn classes() -> impl Iterator<Item = usize> {
    (0..CLASSES * POINTS).map(|i| i / POINTS)
}
