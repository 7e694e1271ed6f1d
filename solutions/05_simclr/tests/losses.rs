//! NT-Xent taken apart, to be put together wrongly.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::loss::cross_entropy;
use candle_nn::ops::softmax;

pub const NOTHING: Option<f32> = Some(f32::NEG_INFINITY);

/// Cosines divided by the temperature.
pub fn logits(z: &Tensor, temperature: f64) -> Result<Tensor> {
    let z = z.broadcast_div(&(z.sqr()?.sum_keepdim(1)? + 1e-12)?.sqrt()?)?;
    z.matmul(&z.t()?)? / temperature
}

/// The number of each row's partner.
pub fn partners(rows: usize) -> Result<Tensor> {
    Tensor::from_iter((0..rows).map(|i| ((i + rows / 2) % rows) as u32), &Device::Cpu)
}

/// The logit of each row with its partner.
pub fn partner(logits: &Tensor) -> Result<Tensor> {
    logits.gather(&partners(logits.dims()[0])?.unsqueeze(1)?, 1)?.squeeze(1)
}

/// The logits with their diagonal replaced, if so wished.
pub fn with_diagonal(logits: &Tensor, diagonal: Option<f32>) -> Result<Tensor> {
    let Some(value) = diagonal else { return Ok(logits.clone()) };
    let value = Tensor::full(value, logits.shape(), logits.device())?;
    Tensor::eye(logits.dims()[0], DType::U8, logits.device())?.where_cond(&value, logits)
}

/// Cross-entropy of each row with its partner.
pub fn losses(logits: &Tensor, diagonal: Option<f32>) -> Result<Tensor> {
    let logits = with_diagonal(logits, diagonal)?;
    logits.log_sum_exp(1)? - partner(&logits)?
}

/// Rows in such an order that rows 2k and 2k + 1 end up N apart.
pub fn neighbors_apart(z: &Tensor) -> Result<Tensor> {
    let (rows, width) = z.dims2()?;
    z.reshape((rows / 2, 2, width))?.transpose(0, 1)?.contiguous()?.reshape((rows, width))
}

pub fn positive_left_out(z: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = with_diagonal(&logits(z, temperature)?, NOTHING)?;
    let columns = Tensor::arange(0, z.dims()[0] as u32, z.device())?.unsqueeze(0)?;
    let positive = partners(z.dims()[0])?.unsqueeze(1)?.broadcast_eq(&columns)?;
    let negatives = positive.where_cond(&Tensor::full(f32::NEG_INFINITY, logits.shape(), z.device())?, &logits)?;
    (negatives.log_sum_exp(1)? - partner(&logits)?)?.mean_all()
}

pub fn other_view_only(z: &Tensor, temperature: f64) -> Result<Tensor> {
    let count = z.dims()[0] / 2;
    let cross = logits(z, temperature)?.narrow(0, 0, count)?.narrow(1, count, count)?.contiguous()?;
    let own = Tensor::arange(0, count as u32, z.device())?;
    (cross_entropy(&cross, &own)? + cross_entropy(&cross.t()?.contiguous()?, &own)?)? / 2.0
}

/// exp of the logits, 0 on the diagonal.
pub fn exponentials(z: &Tensor, temperature: f64) -> Result<Tensor> {
    with_diagonal(&logits(z, temperature)?, NOTHING)?.exp()
}

pub fn overflow_of_a_ratio(z: &Tensor, temperature: f64) -> Result<Tensor> {
    let exp = exponentials(z, temperature)?;
    partner(&exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)?)?.log()?.mean_all()?.neg()
}

/// The gradient by hand, with what may be forgotten: whose turn it is (`both`), the projection, the length, the positive.
#[derive(Clone, Copy)]
pub struct ByHand {
    pub both: fn(&Tensor) -> Result<Tensor>,
    pub diagonal: Option<f32>,
    pub projected: bool,
    pub divided: bool,
    pub positive: bool,
    /// Whether the softmax is safe from overflow.
    pub safe: bool,
    /// What is added to squared lengths.
    pub epsilon: f64,
}

pub const BY_HAND: ByHand = ByHand {
    both: |x| x + x.t()?,
    diagonal: NOTHING,
    projected: true,
    divided: true,
    positive: true,
    safe: true,
    epsilon: 0.0,
};

impl ByHand {
    pub fn gradient(self, z: &Tensor, temperature: f64) -> Result<Tensor> {
        let rows = z.dims()[0];
        let length = (z.sqr()?.sum_keepdim(1)? + self.epsilon)?.sqrt()?;
        let unit = z.broadcast_div(&length)?;
        let exp = exponentials(z, temperature)?;
        let probability = if self.safe {
            softmax(&with_diagonal(&logits(z, temperature)?, self.diagonal)?, 1)?
        } else {
            exp.broadcast_div(&exp.sum_keepdim(1)?)?
        };
        let own = Tensor::eye(rows, z.dtype(), z.device())?.index_select(&partners(rows)?, 0)?;
        let of_logits = ((if self.positive { (probability - own)? } else { probability }) / rows as f64)?;
        let both = (self.both)(&of_logits)?;
        let g = (both.matmul(&unit)? / temperature)?;
        let along = unit.broadcast_mul(&(&unit * &g)?.sum_keepdim(1)?)?;
        let g = if self.projected { (g - along)? } else { g };
        if self.divided { g.broadcast_div(&length) } else { Ok(g) }
    }
}

pub fn normalizer_detached(z: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = with_diagonal(&logits(z, temperature)?, NOTHING)?;
    (logits.log_sum_exp(1)?.detach() - partner(&logits)?)?.mean_all()
}

/// Right where N = 4.
pub fn partner_four_further(z: &Tensor, temperature: f64) -> Result<Tensor> {
    let rows = z.dims()[0] as u32;
    let partners = Tensor::from_iter((0..rows).map(|i| (i + 4) % rows), z.device())?;
    cross_entropy(&with_diagonal(&logits(z, temperature)?, NOTHING)?, &partners)
}

fn even(z: &Tensor) -> Result<()> {
    if z.dims2()?.0 % 2 == 1 { candle_core::bail!("an odd number of rows") } else { Ok(()) }
}

pub fn with_partners(z: &Tensor, temperature: f64) -> Result<Tensor> {
    even(z)?;
    cross_entropy(&with_diagonal(&logits(z, temperature)?, NOTHING)?, &partners(z.dims()[0])?)
}

pub fn gradient_with_eye(z: &Tensor, temperature: f64) -> Result<Tensor> {
    even(z)?;
    ByHand { epsilon: 1e-12, ..BY_HAND }.gradient(z, temperature)
}

pub fn second_detached(z: &Tensor) -> Result<Tensor> {
    let count = z.dims()[0] / 2;
    Tensor::cat(&[z.narrow(0, 0, count)?, z.narrow(0, count, count)?.detach()], 0)
}

pub fn length_detached(z: &Tensor) -> Result<Tensor> {
    let unit = z.broadcast_div(&z.sqr()?.sum_keepdim(1)?.sqrt()?.detach())?;
    unit.matmul(&unit.t()?)
}
