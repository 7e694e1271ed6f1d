//! Predictors, dynamics and steps in other ways, most of them wrong.

use candle_core::{DType, Result, Tensor, bail};
use directpred::{LinearByol, Mode, Rates, Step, byol_loss, directpred_step, symmetric_eigen};
use ssl_nn::{Encode, Optimizer, Sgd, trailing_average};

pub fn outer(f: &Tensor, divisor: f64) -> Result<Tensor> {
    f.t()?.matmul(f)? / divisor
}

pub fn mixed(old: &Tensor, new: &Tensor, weights: [f64; 2]) -> Result<Tensor> {
    (old * weights[0])? + (new * weights[1])?
}

pub fn fitting(old: &Tensor, f: &Tensor, rho: f64) -> Result<()> {
    let ((rows, columns), (batch, width)) = (old.dims2()?, f.dims2()?);
    if batch == 0 || rows != columns || rows != width || !(0.0..=1.0).contains(&rho) {
        bail!("{:?}, {:?}, {rho}", old.dims(), f.dims());
    }
    Ok(())
}

/// One outer product after the other.
pub fn image_by_image(old: &Tensor, f: &Tensor, rho: f64) -> Result<Tensor> {
    fitting(old, f, rho)?;
    let (f, rows) = (f.detach(), f.dims()[0]);
    (0..rows).try_fold((old * rho)?, |sum, i| {
        let row = f.narrow(0, i, 1)?;
        sum + (row.t()?.matmul(&row)? * ((1.0 - rho) / rows as f64))?
    })
}

pub fn greatest(s: &[f64]) -> f64 {
    s.iter().copied().fold(0.0, f64::max)
}

/// U · diag(p) · Uᵀ
pub fn along(f: &Tensor, p: impl Fn(&[f64], f64) -> f64) -> Result<Tensor> {
    along_raw(f, |s, value| p(s, value.max(0.0)))
}

/// The same, where p sees eigenvalues below 0.
pub fn along_raw(f: &Tensor, p: impl Fn(&[f64], f64) -> f64) -> Result<Tensor> {
    let (s, u) = symmetric_eigen(f)?;
    if greatest(&s) <= 0.0 {
        bail!("{s:?}");
    }
    let p: Vec<f64> = s.iter().map(|&value| p(&s, value)).collect();
    u.broadcast_mul(&Tensor::new(p, f.device())?.to_dtype(f.dtype())?)?.matmul(&u.t()?)
}

/// A sum of outer products of eigenvectors.
pub fn by_outer_products(f: &Tensor, epsilon: f64) -> Result<Tensor> {
    let (s, u) = symmetric_eigen(f)?;
    let most = greatest(&s);
    if most <= 0.0 {
        bail!("{s:?}");
    }
    s.iter().enumerate().try_fold(f.zeros_like()?, |sum, (j, s)| {
        let column = u.narrow(1, j, 1)?;
        sum + (column.matmul(&column.t()?)? * ((s.max(0.0) / most).sqrt() + epsilon))?
    })
}

pub fn eye(f: &Tensor) -> Result<Tensor> {
    Tensor::eye(f.dims()[0], f.dtype(), f.device())
}

/// diag(p) without the eigenvectors, the smallest eigenvalue first.
pub fn values_alone(f: &Tensor, epsilon: f64) -> Result<Tensor> {
    let (mut s, _) = symmetric_eigen(f)?;
    s.sort_by(f64::total_cmp);
    let most = greatest(&s);
    let p: Vec<f64> = s.iter().map(|s| (s.max(0.0) / most).sqrt() + epsilon).collect();
    eye(f)?.broadcast_mul(&Tensor::new(p, f.device())?.to_dtype(f.dtype())?)
}

pub fn root_sum(s: &[f64], power: i32) -> f64 {
    s.iter().map(|s| s.max(0.0).powi(power)).sum::<f64>().powf(1.0 / f64::from(power))
}

/// Cosines of u and W u, and the eigenvalues, by matrices.
pub fn cosines(w: &Tensor, f: &Tensor) -> Result<(Vec<f64>, Vec<f64>)> {
    let (s, u) = symmetric_eigen(f)?;
    of_columns(w, &u).map(|cosines| (cosines, s.into_iter().map(|s| s.max(0.0)).collect()))
}

/// Cosines of the columns of u and their images.
pub fn of_columns(w: &Tensor, u: &Tensor) -> Result<Vec<f64>> {
    let dots = dots(w, u)?;
    let lengths = w.matmul(u)?.sqr()?.sum(0)?.sqrt()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    Ok(dots.into_iter().zip(lengths).map(|(x, y)| if y > 0.0 { x / y } else { 0.0 }).collect())
}

pub fn dots(w: &Tensor, u: &Tensor) -> Result<Vec<f64>> {
    (u * w.matmul(u)?)?.sum(0)?.to_dtype(DType::F64)?.to_vec1()
}

pub fn weighed(cosines: &[f64], weights: &[f64]) -> f64 {
    cosines.iter().zip(weights).map(|(c, w)| c * w).sum::<f64>() / weights.iter().sum::<f64>()
}

/// One eigenvector after the other.
pub fn aligned_one_by_one(w: &Tensor, f: &Tensor) -> Result<f64> {
    let (s, u) = symmetric_eigen(f)?;
    let sum: f64 = s.iter().map(|s| s.max(0.0)).sum();
    if sum <= 0.0 || w.dims() != f.dims() {
        bail!("{s:?}, {:?}", w.dims());
    }
    let number = |x: Tensor| x.to_dtype(DType::F64)?.sum_all()?.to_scalar::<f64>();
    let mut alignment = 0.0;
    for (j, s) in s.iter().enumerate() {
        let column = u.narrow(1, j, 1)?;
        let image = w.matmul(&column)?;
        let length = number(image.sqr()?)?.sqrt();
        if length > 0.0 {
            alignment += s.max(0.0) * number((image * &column)?)? / (length * number(column.sqr()?)?.sqrt());
        }
    }
    Ok(alignment / sum)
}

/// How the linear network moves.
pub struct Moves {
    pub views_in_prediction: bool,
    pub views_in_target: bool,
    pub predicts: bool,
    pub own_target: bool,
    pub transposed: bool,
    pub sign: f64,
    pub rates: [f64; 2],
    pub decays: [f64; 3],
    pub one_after_the_other: bool,
    pub target_after: bool,
    pub target_sign: f64,
}

pub const MOVES: Moves = Moves {
    views_in_prediction: true,
    views_in_target: false,
    predicts: true,
    own_target: false,
    transposed: true,
    sign: 1.0,
    rates: [0.0, 1.0],
    decays: [1.0, 1.0, 0.0],
    one_after_the_other: false,
    target_after: false,
    target_sign: 1.0,
};

pub fn moved(byol: &LinearByol, x: &Tensor, views: &Tensor, rates: &Rates, dt: f64, how: &Moves) -> Result<LinearByol> {
    let LinearByol { online, predictor, target } = byol;
    let error = |online: &Tensor| {
        let seen = if how.views_in_prediction { (x + views)? } else { x.clone() };
        let prediction = if how.predicts { predictor.matmul(online)? } else { online.clone() };
        let aim = if how.own_target { online } else { target };
        let aim_seen = if how.views_in_target { (x + views)? } else { x.clone() };
        aim.matmul(&aim_seen)? - prediction.matmul(&seen)?
    };
    let rate = |i: usize| how.sign * rates.predictor.powf(how.rates[i]);
    let p = if how.transposed { predictor.t()? } else { predictor.clone() };
    let slope = (p.matmul(&error(online)?)? * rate(0))?;
    let new = ((online + (slope * dt)?)? - (online * (dt * rates.decay * how.decays[0]))?)?;
    let old = if how.one_after_the_other { &new } else { online };
    let slope = (error(old)?.matmul(&old.t()?)? * rate(1))?;
    let new_predictor = ((predictor + (slope * dt)?)? - (predictor * (dt * rates.decay * how.decays[1]))?)?;
    let followed = ((if how.target_after { &new } else { online } - target)? * (dt * rates.target * how.target_sign))?;
    let new_target = ((target + followed)? - (target * (dt * rates.decay * how.decays[2]))?)?;
    Ok(LinearByol { online: new, predictor: new_predictor, target: new_target })
}

pub fn lacking(mode: &Mode, rates: &Rates) -> f64 {
    mode.tau - (1.0 + rates.noise) * mode.p
}

/// Slopes whose τ goes by the slope of s.
pub fn slopes(mode: &Mode, rates: &Rates, p: f64, s: f64) -> Mode {
    Mode { p, s, tau: rates.target * (1.0 - mode.tau) - mode.tau * s / (2.0 * mode.s) }
}

/// Roots of p² − 2 b p + c = 0.
pub fn by_halves(tau: f64, noise: f64, decay: f64) -> Option<(f64, f64)> {
    let (b, c) = (tau / (2.0 * (1.0 + noise)), decay / (1.0 + noise));
    let inside = b * b - c;
    (inside >= 0.0 || tau * tau >= 4.0 * (1.0 + noise) * decay)
        .then(|| (b - inside.max(0.0).sqrt(), b + inside.max(0.0).sqrt()))
}

pub fn roots(inside: f64, tau: f64, divisor: f64) -> Option<(f64, f64)> {
    (inside >= 0.0).then(|| ((tau - inside.sqrt()) / divisor, (tau + inside.sqrt()) / divisor))
}

/// An optimizer of no weights.
pub fn nobody() -> Sgd {
    Sgd::new(Vec::new(), 0.0, 0.0)
}

/// Plain gradient descent, whatever the optimizer is.
pub fn step_of_its_own(step: &Step, correlation: &mut Tensor, optimizer: &mut dyn Optimizer) -> Result<f64> {
    optimizer.backward_step(&Tensor::new(0f32, correlation.device())?, 0.0)?;
    directpred_step(step, correlation, &mut Sgd::new(step.online_params.trained(), 0.0, 0.0))
}

/// The new correlation with the features' graph.
fn hanging(correlation: &Tensor, f: &[Tensor], rho: f64) -> Result<Tensor> {
    let both = Tensor::cat(f, 0)?;
    mixed(correlation, &outer(&both, both.dims()[0] as f64)?, [rho, 1.0 - rho])
}

/// How a step goes.
pub struct How {
    pub one_view: bool,
    pub of_the_target: bool,
    pub old: bool,
    pub transposed: bool,
    pub predicts: bool,
    pub crossed: bool,
    pub one_direction: bool,
    pub averaged: bool,
    pub follows: bool,
    pub follows_first: bool,
    pub leaks: bool,
    /// Of the online network and of the target.
    pub joint: [bool; 2],
    pub itself: bool,
    pub kept: bool,
    pub graph: bool,
}

pub const RIGHT: How = How {
    one_view: false,
    of_the_target: false,
    old: false,
    transposed: false,
    predicts: true,
    crossed: true,
    one_direction: false,
    averaged: false,
    follows: true,
    follows_first: false,
    leaks: false,
    joint: [false; 2],
    itself: false,
    kept: true,
    graph: false,
};

/// Targets come first, and the gradients by `backward`.
pub fn stepped(step: &Step, correlation: &mut Tensor, optimizer: &mut dyn Optimizer, how: &How) -> Result<f64> {
    let [a, b] = step.views;
    let of_views = |network: &Encode, joint: bool| {
        if joint {
            network(&Tensor::cat(&[a, b], 0)?, true)?.chunk(2, 0)
        } else {
            Ok(vec![network(a, true)?, network(b, true)?])
        }
    };
    let mut t = if how.itself { Vec::new() } else { of_views(step.target, how.joint[1])? };
    let f = of_views(step.online, how.joint[0])?;
    let both = Tensor::cat(if how.of_the_target { &t } else { &f }, 0)?;
    let seen = if how.one_view { f[0].clone() } else { both };
    let seen = if how.leaks { seen } else { seen.detach() };
    fitting(correlation, &seen, step.rho)?;
    let new = mixed(correlation, &outer(&seen, seen.dims()[0] as f64)?, [step.rho, 1.0 - step.rho])?;
    let w = (step.predictor)(if how.old { correlation } else { &new })?;
    let predict = |f: &Tensor| match (how.predicts, how.transposed) {
        (false, _) => Ok(f.clone()),
        (true, true) => f.matmul(&w),
        (true, false) => w.matmul(&f.t()?)?.t(),
    };
    if how.itself {
        t.clone_from(&f);
    }
    let (t_a, t_b) = if how.crossed { (&t[0], &t[1]) } else { (&t[1], &t[0]) };
    let mut loss = byol_loss(&predict(&f[0])?, t_b)?;
    if !how.one_direction {
        loss = (loss + byol_loss(&predict(&f[1])?, t_a)?)?;
    }
    let loss = if how.averaged { (loss / 2.0)? } else { loss };
    let gradients = loss.backward()?;
    let follow = || trailing_average(step.target_params, step.online_params, step.momentum);
    if how.follows && how.follows_first {
        follow()?;
    }
    optimizer.step(&gradients, step.learning_rate)?;
    if how.follows && !how.follows_first {
        follow()?;
    }
    if how.kept {
        *correlation = if how.graph { hanging(correlation, &f, step.rho)? } else { new.detach() };
    }
    loss.to_scalar::<f32>().map(f64::from)
}
