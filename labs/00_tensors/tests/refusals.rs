//! What the functions of lab 00 promise to refuse.

use candle_core::{DType, Device, Result, Tensor, Var};
use ssl_grading::Bad;

use super::Exercises;

fn ones(shape: &[usize], dtype: DType) -> Result<Tensor> {
    Tensor::ones(shape, dtype, &Device::Cpu)
}

fn number() -> Result<Var> {
    Var::from_tensor(&ones(&[], DType::F32)?)
}

pub const CENTER_ROWS: &[Bad<Exercises>] = &[
    ("a vector, [4]", |e| (e.center_rows)(&ones(&[4], DType::F32)?).map(drop)),
    ("rank 3, [2, 3, 4]", |e| (e.center_rows)(&ones(&[2, 3, 4], DType::F32)?).map(drop)),
];

pub const SHARE_EQUAL: &[Bad<Exercises>] = &[
    ("five numbers and four", |e| (e.share_equal)(&ones(&[5], DType::U32)?, &ones(&[4], DType::U32)?).map(drop)),
    ("five numbers and one", |e| (e.share_equal)(&ones(&[5], DType::U32)?, &ones(&[1], DType::U32)?).map(drop)),
    ("five numbers and a column of five", |e| {
        (e.share_equal)(&ones(&[5], DType::U32)?, &ones(&[5, 1], DType::U32)?).map(drop)
    }),
    ("[2, 3] and six numbers", |e| (e.share_equal)(&ones(&[2, 3], DType::U32)?, &ones(&[6], DType::U32)?).map(drop)),
    ("one number and five", |e| (e.share_equal)(&ones(&[1], DType::U32)?, &ones(&[5], DType::U32)?).map(drop)),
];

pub const PICK: &[Bad<Exercises>] = &[
    ("five rows and four indices", |e| (e.pick)(&ones(&[5, 3], DType::F32)?, &ones(&[4], DType::U32)?).map(drop)),
    ("four rows and five indices", |e| (e.pick)(&ones(&[4, 3], DType::F32)?, &ones(&[5], DType::U32)?).map(drop)),
    ("rank 3 and indices of rank 2", |e| {
        (e.pick)(&ones(&[2, 3, 4], DType::F32)?, &Tensor::zeros((2, 3), DType::U32, &Device::Cpu)?).map(drop)
    }),
    ("indices as a column", |e| (e.pick)(&ones(&[5, 3], DType::F32)?, &ones(&[5, 1], DType::U32)?).map(drop)),
];

pub const REFLECT: &[Bad<Exercises>] =
    &[("a picture with channels, [3, 4, 5]", |e| (e.reflect)(&ones(&[3, 4, 5], DType::F32)?).map(drop))];

/// Gradients of a line for inputs and targets of these shapes.
fn gradients(e: &Exercises, x: &[usize], y: &[usize]) -> Result<()> {
    (e.line_gradients)(&number()?, &number()?, &ones(x, DType::F32)?, &ones(y, DType::F32)?).map(drop)
}

pub const LINE_GRADIENTS: &[Bad<Exercises>] = &[
    ("five inputs and one target", |e| gradients(e, &[5], &[1])),
    ("one input and five targets", |e| gradients(e, &[1], &[5])),
    ("five inputs and a column of five targets", |e| gradients(e, &[5], &[5, 1])),
];

fn descend(e: &Exercises, x: &[usize], y: &[usize]) -> Result<()> {
    (e.descend)(&number()?, &number()?, &ones(x, DType::F32)?, &ones(y, DType::F32)?, 0.1).map(drop)
}

pub const DESCEND: &[Bad<Exercises>] = &[
    ("five inputs and one target", |e| descend(e, &[5], &[1])),
    ("one input and five targets", |e| descend(e, &[1], &[5])),
];
