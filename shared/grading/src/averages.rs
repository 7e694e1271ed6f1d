//! What a moving average of a network's weights must refuse: networks that do not agree, and momenta out of range.

use candle_core::{Device, Result};
use ssl_nn::Params;
use ssl_nn::params::Init;

use crate::network::unchanged;

/// Names and shapes.
pub type Shapes = &'static [(&'static str, &'static [usize])];

/// An `update(slow, fast)` of two networks with weights and buffers of these names and shapes, the slow one's first; where it fails, the slow
/// network must be as it was.
///
/// # Errors
/// As [`unchanged`].
pub fn follow(
    update: impl FnOnce(&Params, &Params) -> Result<()>,
    weights: [Shapes; 2],
    buffers: [Shapes; 2],
) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let branches = ["slow", "fast"].map(|branch| params.pp(branch));
    for (i, branch) in branches.iter().enumerate() {
        for (name, shape) in weights[i] {
            branch.trainable(name, shape, Init::Uniform(1.0))?;
        }
        for (name, shape) in buffers[i] {
            branch.buffer(name, shape, Init::Uniform(1.0))?;
        }
    }
    let [slow, fast] = branches;
    unchanged(&slow, || update(&slow, &fast))
}

/// What the function `update(slow, fast, momentum)` among a lab's exercises must refuse.
#[macro_export]
macro_rules! refused_averages {
    ($update:ident) => {
        $crate::refused_averages! { $update:
            "a momentum of 1.1", 1.1, [&[("a", &[2, 3])]; 2], [&[]; 2];
            "a momentum of 1.5", 1.5, [&[("a", &[2, 3])]; 2], [&[]; 2];
            "a momentum of −0.1", -0.1, [&[("a", &[2, 3])]; 2], [&[]; 2];
            "a momentum that is no number", f64::NAN, [&[("a", &[2, 3])]; 2], [&[]; 2];
            "a momentum that is infinite", f64::INFINITY, [&[("a", &[2, 3])]; 2], [&[]; 2];
            "weights with other names", 0.9, [&[("a", &[3]), ("b", &[3])], &[("b", &[3]), ("c", &[3])]], [&[]; 2];
            "weights with other names, and a momentum of 1", 1.0, [&[("a", &[3]), ("b", &[3])], &[("b", &[3]), ("c", &[3])]], [&[]; 2];
            "weights of other layers", 0.9, [&[("a.weight", &[3])], &[("b.weight", &[3])]], [&[]; 2];
            "weights of another shape", 0.9, [&[("a", &[3]), ("b", &[2, 3])], &[("a", &[3]), ("b", &[1, 3])]], [&[]; 2];
            "weights that are turned", 0.9, [&[("a", &[2, 3])], &[("a", &[3, 2])]], [&[]; 2];
            "a fast network with more weights", 0.9, [&[("b", &[3])], &[("a", &[3]), ("b", &[3])]], [&[]; 2];
            "a slow network with more weights", 0.9, [&[("a", &[3]), ("b", &[3])], &[("a", &[3])]], [&[]; 2];
            "a weight where the other has a buffer", 0.9, [&[("a", &[3])], &[("b", &[3])]], [&[("b", &[3])], &[("a", &[3])]];
            "buffers that agree and weights that do not", 0.9, [&[("a", &[3])], &[("b", &[3])]], [&[("mean", &[3])]; 2];
            "buffers with other names", 0.9, [&[("a", &[3])]; 2], [&[("mean", &[3])], &[("means", &[3])]];
            "buffers of another shape", 0.9, [&[("a", &[3])]; 2], [&[("mean", &[3])], &[("mean", &[1])]];
            "a slow network without buffers", 0.9, [&[("a", &[3])]; 2], [&[], &[("mean", &[3])]];
            "a fast network without buffers", 0.9, [&[("a", &[3])]; 2], [&[("mean", &[3])], &[]];
        }
    };
    ($update:ident: $($what:literal, $momentum:expr, $weights:expr, $buffers:expr;)*) => {
        &[$(($what, |e| $crate::averages::follow(|slow, fast| (e.$update)(slow, fast, $momentum), $weights, $buffers))),*]
    };
}
