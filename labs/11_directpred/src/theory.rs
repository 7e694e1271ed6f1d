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
const STEPS: usize = 1200;

/// A direction over time: (time, eigenvalue of the predictor).
pub type Path = Vec<(f64, f64)>;

/// Where directions start: with predictors of these eigenvalues and s = p².
pub const STARTS: [f64; 3] = [0.02, 0.1, HIGH];
const HIGH: f64 = 0.5;

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

/// A linear network whose directions are turned, so that none is an axis.
struct Simulation {
    byol: LinearByol,
    rates: Rates,
    /// Directions in columns.
    q: Tensor,
    x: Tensor,
    x_views: Tensor,
}

impl Simulation {
    /// With directions that start at these eigenvalues of the predictor.
    fn new(starts: &[f64], rates: &Rates) -> Result<Self> {
        let q = turned(starts.len())?;
        let along = |values: Vec<f64>| q.broadcast_mul(&Tensor::new(values, &Device::Cpu)?)?.matmul(&q.t()?);
        let online = along(starts.iter().map(|&p| start(p).s.sqrt()).collect())?;
        let byol = LinearByol { predictor: along(starts.to_vec())?, target: online.clone(), online };
        let x = Tensor::eye(starts.len(), DType::F64, &Device::Cpu)?;
        Ok(Self { byol, rates: *rates, q, x_views: (&x * rates.noise)?, x })
    }

    fn step(&mut self) -> Result<()> {
        self.byol = linear_byol_step(&self.byol, &self.x, &self.x_views, &self.rates, DT)?;
        Ok(())
    }

    /// The predictor's eigenvalue along each direction.
    fn eigenvalues(&self) -> Result<Vec<f64>> {
        (&self.q * self.byol.predictor.matmul(&self.q)?)?.sum(0)?.to_vec1()
    }
}

/// All directions in one linear network.
pub fn simulated(rates: &Rates) -> Result<Vec<Path>> {
    let mut simulation = Simulation::new(&STARTS, rates)?;
    let mut paths = vec![Path::new(); STARTS.len()];
    for step in 0..=STEPS {
        let p = simulation.eigenvalues()?;
        paths.iter_mut().zip(p).for_each(|(path, p)| path.push((step as f64 * DT, p)));
        simulation.step()?;
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
        let mut simulation = Simulation::new(&[HIGH], &Rates { decay, ..*rates })?;
        // Near the limit everything is slow.
        (0..5 * STEPS).try_for_each(|_| simulation.step())?;
        ends.push((decay, simulation.eigenvalues()?[0]));
    }
    Ok([lower, upper, ends])
}
