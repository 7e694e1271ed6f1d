//! Predictors and moving averages in other ways, most of them wrong.

use candle_core::{Result, Tensor, Var, bail};
use ssl_nn::layers::BatchNorm;
use ssl_nn::{Linear, Params};

use ssl_grading::Values;
use ssl_grading::network::fill;

/// What stands between a predictor's layers.
pub struct Shape {
    pub relu: bool,
    pub norm: bool,
    pub relu_first: bool,
    pub bias: bool,
}

pub const RIGHT: Shape = Shape { relu: true, norm: true, relu_first: false, bias: true };

pub fn predicted(z: &Tensor, train: bool, params: &mut Params, weights: &Values, shape: &Shape) -> Result<Tensor> {
    let (hidden, width) = weights.tensor("hidden.weight")?.dims2()?;
    let first = Linear::without_bias(width, hidden, &params.pp("hidden"))?;
    let norm = BatchNorm::new(hidden, false, &params.pp("norm"))?;
    let second = Linear::new(hidden, width, &params.pp("output"))?;
    fill(params, weights)?;
    let mut x = first.forward(z)?;
    if shape.relu_first {
        x = x.relu()?;
    }
    if shape.norm {
        x = norm.forward(&x, train)?;
    }
    if shape.relu && !shape.relu_first {
        x = ssl_nn::ops::relu(&x)?;
    }
    if shape.bias { second.forward(&x) } else { x.matmul(&second.weight().t()?) }
}

/// Batch norm sees the same batch twice, so that its running statistics move twice.
pub fn normalized_twice(z: &Tensor, train: bool, params: &mut Params, weights: &Values) -> Result<Tensor> {
    let p = predicted(z, train, params, weights, &RIGHT)?;
    if train {
        for (name, buffer) in params.buffers() {
            let (before, after) = (weights.tensor(&name)?, buffer.as_detached_tensor());
            buffer.set(&(&after + ((after.clone() - before)? * 0.9)?)?)?;
        }
    }
    Ok(p)
}

pub fn averaged(pairs: Vec<(Var, Var)>, momentum: f64) -> Result<()> {
    for (target, online) in pairs {
        let old = (target.as_detached_tensor() * momentum)?;
        target.set(&(old + (online.as_detached_tensor() * (1.0 - momentum))?)?)?;
    }
    Ok(())
}

pub fn scaled(weights: &[(String, Var)], factor: f64) -> Result<()> {
    weights.iter().try_for_each(|(_, var)| var.set(&(var.as_detached_tensor() * factor)?))
}

/// Names do not count.
pub fn paired_by_order(target: &Params, online: &Params, momentum: f64) -> Result<()> {
    let pairs = |mine: Vec<(String, Var)>, theirs: Vec<(String, Var)>| {
        mine.into_iter().zip(theirs).map(|((_, mine), (_, theirs))| (mine, theirs)).collect()
    };
    averaged(pairs(target.trained(), online.trained()), momentum)?;
    averaged(pairs(target.buffers(), online.buffers()), 0.0)
}

/// target + (1 − m) · (online − target)
pub fn by_difference(target: &Params, online: &Params, momentum: f64) -> Result<()> {
    if !(0.0..=1.0).contains(&momentum) {
        bail!("a momentum of {momentum}");
    }
    let (weights, buffers) = (target.pairs(online)?, target.buffer_pairs(online)?);
    for (target, online) in &weights {
        let difference = (online.as_detached_tensor() - target.as_detached_tensor())?;
        target.set(&(target.as_detached_tensor() + (difference * (1.0 - momentum))?)?)?;
    }
    averaged(buffers, 0.0)
}
