//! Learning rates over the course of a training.

use std::f64::consts::PI;

/// Linear warm-up, then a cosine down to 0 (Loshchilov and Hutter 2017, equation 5, without restarts).
#[derive(Clone, Copy, Debug)]
pub struct WarmupCosine {
    /// The greatest learning rate.
    pub base: f64,
    /// Steps that the warm-up takes.
    pub warmup: usize,
    /// Steps in all.
    pub total: usize,
}

impl WarmupCosine {
    /// η at `step`, counted from 0: base · (step + 1) / warmup while warming up, then
    /// base · ½(1 + cos(π · (step − warmup) / (total − warmup))), and 0 from `total` on.
    pub fn at(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.base * (step + 1) as f64 / self.warmup as f64;
        }
        if step >= self.total {
            return 0.0;
        }
        let progress = (step - self.warmup) as f64 / (self.total - self.warmup) as f64;
        self.base * 0.5 * (1.0 + (PI * progress).cos())
    }
}
