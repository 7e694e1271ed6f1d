//! The theory in numbers: one direction by the closed form, beside a linear network that is simulated as a whole.

use candle_core::{DType, Device, Result, Tensor};
use directpred::{LinearByol, Mode, Rates, eigen_flow, equilibria, linear_byol_step};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use ssl_data::Rng;

/// Views add half of the variance that images have, and the target follows half as fast as everything else.
pub const RATES: Rates = Rates { predictor: 1.0, decay: 0.04, target: 0.5, noise: 0.5 };

/// Length of a step, and how many there are.
const DT: f64 = 0.05;
pub const STEPS: usize = 1200;

/// A direction over time: (time, eigenvalue of the predictor).
pub type Path = Vec<(f64, f64)>;

/// Where directions start: with predictors of these eigenvalues and s = p².
pub const STARTS: [f64; 3] = [0.02, 0.1, 0.5];

/// Each direction by the closed form.
pub fn closed_form(rates: &Rates) -> Vec<Path> {
    let path = |&p: &f64| {
        let mut mode = start(p);
        let next = |step: usize| {
            let point = (step as f64 * DT, mode.p);
            let slopes = eigen_flow(&mode, rates);
            mode = Mode { p: mode.p + DT * slopes.p, s: mode.s + DT * slopes.s, tau: mode.tau + DT * slopes.tau };
            point
        };
        (0..=STEPS).map(next).collect()
    };
    STARTS.iter().map(path).collect()
}

fn start(p: f64) -> Mode {
    Mode { p, s: p * p, tau: 1.0 }
}

/// All directions in one linear network, turned so that none is an axis.
pub fn simulated(rates: &Rates, steps: usize) -> Result<Vec<Path>> {
    let count = STARTS.len();
    let q = turned(count)?;
    let along = |values: Vec<f64>| q.broadcast_mul(&Tensor::new(values, &Device::Cpu)?)?.matmul(&q.t()?);
    let online = along(STARTS.iter().map(|&p| start(p).s.sqrt()).collect())?;
    let mut byol = LinearByol { predictor: along(STARTS.to_vec())?, target: online.clone(), online };
    let x = Tensor::eye(count, DType::F64, &Device::Cpu)?;
    let views = (&x * rates.noise)?;
    let mut paths = vec![Path::new(); count];
    for step in 0..=steps {
        let p: Vec<f64> = (&q * byol.predictor.matmul(&q)?)?.sum(0)?.to_vec1()?;
        paths.iter_mut().zip(p).for_each(|(path, p)| path.push((step as f64 * DT, p)));
        byol = linear_byol_step(&byol, &x, &views, rates, DT)?;
    }
    Ok(paths)
}

/// An orthogonal matrix: a Householder reflection of axes in another order.
fn turned(count: usize) -> Result<Tensor> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.shuffle(&mut Rng::seed_from_u64(1));
    let v = Tensor::from_iter((1..=count).map(|i| 1.0 / i as f64), &Device::Cpu)?.unsqueeze(1)?;
    let length = v.sqr()?.sum_all()?.to_scalar::<f64>()?;
    let eye = Tensor::eye(count, DType::F64, &Device::Cpu)?;
    (eye - (v.matmul(&v.t()?)? * (2.0 / length))?)?.index_select(&Tensor::new(order, &Device::Cpu)?, 1)
}

/// Weight decays of which the end is shown, as shares of the greatest that leaves a rest.
const DECAYS: usize = 24;

/// By weight decay: the lower and the upper rest of the closed form, and where a simulated direction ends that starts at 0.5.
pub fn by_decay(rates: &Rates) -> Result<[Path; 3]> {
    let most = 1.0 / (4.0 * (1.0 + rates.noise));
    let (mut lower, mut upper, mut ends) = (Path::new(), Path::new(), Path::new());
    for i in 0..DECAYS {
        let decay = 1.4 * most * i as f64 / (DECAYS - 1) as f64;
        if let Some((low, high)) = equilibria(1.0, rates.noise, decay) {
            lower.push((decay, low));
            upper.push((decay, high));
        }
        // Near the limit everything is slow.
        let paths = simulated(&Rates { decay, ..*rates }, 5 * STEPS)?;
        let end = paths.last().and_then(|path| path.last()).map_or(0.0, |(_, p)| *p);
        ends.push((decay, end));
    }
    Ok([lower, upper, ends])
}
