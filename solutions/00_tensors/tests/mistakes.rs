//! Wrong answers that the checks of lab 00 must name, and right ones that they must accept.

extern crate tensors_solution as tensors;
#[path = "../../../labs/00_tensors/tests/graded.rs"]
#[expect(dead_code, reason = "`main` runs the checks; here the checks are checked")]
mod graded;

use std::process::ExitCode;

use candle_core::{D, DType, Device, Result, Tensor, Var, bail};
use graded::{EXERCISES, Exercises};
use ssl_grading::mistakes::Cases;
use tensors::{affine, descend, line_gradients, pick, reflect, share_equal};

fn main() -> ExitCode {
    let cases = Cases { right: EXERCISES, mistakes: MISTAKES, nameless: NAMELESS, alternatives: ALTERNATIVES };
    ssl_grading::mistakes::main(graded::lab, cases, env!("CARGO_MANIFEST_DIR"))
}

const fn scaled(affine: fn(&Tensor, f64, f64) -> Result<Tensor>) -> Exercises {
    Exercises { affine, ..EXERCISES }
}

const fn rows(center_rows: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { center_rows, ..EXERCISES }
}

const fn share(share_equal: fn(&Tensor, &Tensor) -> Result<f64>) -> Exercises {
    Exercises { share_equal, ..EXERCISES }
}

const fn picked(pick: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { pick, ..EXERCISES }
}

const fn picture(reflect: fn(&Tensor) -> Result<Tensor>) -> Exercises {
    Exercises { reflect, ..EXERCISES }
}

type Gradients = fn(&Var, &Var, &Tensor, &Tensor) -> Result<(Tensor, Tensor, Tensor)>;

const fn gradients(line_gradients: Gradients) -> Exercises {
    Exercises { line_gradients, ..EXERCISES }
}

const fn step(descend: fn(&Var, &Var, &Tensor, &Tensor, f64) -> Result<f64>) -> Exercises {
    Exercises { descend, ..EXERCISES }
}

const MISTAKES: &[(&str, Exercises)] = &[
    ("swapped", scaled(|x, a, b| affine(x, b, a))),
    ("offset_scaled", scaled(|x, a, b| (x + b)? * a)),
    ("no_offset", scaled(|x, a, _| x * a)),
    ("columns", rows(|x| x.broadcast_sub(&x.mean_keepdim(0)?))),
    ("whole", rows(|x| x.broadcast_sub(&x.mean_all()?))),
    ("added", rows(|x| x.broadcast_add(&x.mean_keepdim(1)?))),
    ("mean_detached", rows(|x| x.broadcast_sub(&x.mean_keepdim(1)?.detach()))),
    ("integer_division", share(|a, b| Ok(share_equal(a, b)?.floor()))),
    ("count", share(|a, b| Ok(share_equal(a, b)? * a.elem_count() as f64))),
    ("percent", share(|a, b| Ok(100.0 * share_equal(a, b)?))),
    ("counted_in_bytes", share(|a, b| Ok(f64::from(a.eq(b)?.sum_all()?.to_scalar::<u8>()?) / a.elem_count() as f64))),
    ("share_different", share(|a, b| Ok(1.0 - share_equal(a, b)?))),
    ("rows_picked", picked(|x, i| x.index_select(i, 0))),
    ("column_kept", picked(|x, i| x.gather(&i.unsqueeze(1)?, 1))),
    ("greatest", picked(|x, _| x.max(1))),
    ("next_one", picked(next_one)),
    ("reshaped", picture(|x| x.flip(&[0, 1])?.reshape((x.dims()[1], x.dims()[0])))),
    ("transposed", picture(|x| x.t()?.contiguous())),
    ("turned", picture(|x| x.t()?.contiguous()?.flip(&[0]))),
    ("turned_back", picture(|x| x.t()?.contiguous()?.flip(&[1]))),
    ("half_turn", picture(|x| x.flip(&[0, 1]))),
    ("sum", gradients(|a, b, x, y| changed(a, b, x, y, |l, a, b, n| Ok(((l * n)?, (a * n)?, (b * n)?))))),
    ("swapped", gradients(|a, b, x, y| changed(a, b, x, y, |l, a, b, _| Ok((l, b, a))))),
    ("downhill", gradients(|a, b, x, y| changed(a, b, x, y, |l, a, b, _| Ok((l, a.neg()?, b.neg()?))))),
    ("absolute", gradients(absolute)),
    ("uphill", step(|a, b, x, y, rate| descend(a, b, x, y, -rate))),
    ("rate_forgotten", step(|a, b, x, y, _| descend(a, b, x, y, 1.0))),
    ("offset_kept", step(|a, b, x, y, rate| descend(a, &Var::from_tensor(&b.copy()?)?, x, y, rate))),
    ("one_after_the_other", step(one_after_the_other)),
    ("not_in_place", step(|slope, offset, x, y, rate| descend(&copy(slope)?, &copy(offset)?, x, y, rate))),
    ("loss_after", step(loss_after)),
];

const NAMELESS: &[(&str, Exercises)] = &[
    ("input_detached", scaled(|x, a, b| affine(&x.detach(), a, b))),
    ("four_columns_only", rows(|x| x.broadcast_sub(&(x.sum_keepdim(1)? / 4.0)?))),
    ("any_rank", rows(|x| x.broadcast_sub(&x.mean_keepdim(D::Minus1)?))),
    ("first_of_many", share(|a, b| share_equal(&a.narrow(0, 0, 1)?, &b.narrow(0, 0, 1)?))),
    ("stretched_indices", picked(|x, i| pick(x, &i.flatten_all()?.broadcast_as(x.dims()[0])?.contiguous()?))),
    ("first_indices", picked(|x, i| pick(x, &i.flatten_all()?.narrow(0, 0, x.dims()[0].min(i.elem_count()))?))),
    ("square_only", picture(|x| if x.dims()[0] == x.dims()[1] { reflect(x) } else { Ok(x.clone()) })),
    ("gradients_attached", gradients(gradients_attached)),
    ("half_the_offset", gradients(|a, b, x, y| changed(a, b, x, y, |l, a, b, _| Ok((l, a, (b * 0.5)?))))),
    ("loss_of_one_point", step(|a, b, x, y, r| descend(a, b, &x.narrow(0, 0, 1)?, &y.narrow(0, 0, 1)?, r))),
];

const ALTERNATIVES: &[(&str, Exercises)] = &[
    ("affine_of_candle", scaled(|x, a, b| x.affine(a, b))),
    ("rows_by_sum", rows(|x| x.dims2().and_then(|(_, d)| x.broadcast_sub(&(x.sum_keepdim(1)? / d as f64)?)))),
    ("share_by_loop", share(share_by_loop)),
    ("pick_by_mask", picked(pick_by_mask)),
    ("reflect_by_indices", picture(reflect_by_indices)),
    ("gradients_by_formula", gradients(by_formula)),
    ("step_by_formula", step(step_by_formula)),
];

fn next_one(x: &Tensor, indices: &Tensor) -> Result<Tensor> {
    let columns = x.dims()[1] as u32;
    let next: Vec<u32> = indices.to_vec1::<u32>()?.into_iter().map(|i| (i + 1) % columns).collect();
    pick(x, &Tensor::new(next, &Device::Cpu)?)
}

/// The right loss and gradients, and how many points there are, turned into something else.
fn changed(
    slope: &Var,
    offset: &Var,
    x: &Tensor,
    y: &Tensor,
    change: impl Fn(Tensor, Tensor, Tensor, f64) -> Result<(Tensor, Tensor, Tensor)>,
) -> Result<(Tensor, Tensor, Tensor)> {
    let (loss, of_slope, of_offset) = line_gradients(slope, offset, x, y)?;
    change(loss, of_slope, of_offset, x.elem_count() as f64)
}

fn copy(var: &Var) -> Result<Var> {
    Var::from_tensor(&var.as_detached_tensor().copy()?)
}

fn residuals(slope: &Tensor, offset: &Tensor, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    if x.dims() != y.dims() {
        bail!("other shapes");
    }
    x.broadcast_mul(slope)?.broadcast_add(offset)? - y
}

fn absolute(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let errors = residuals(slope, offset, x, y)?.detach();
    let sign = errors.sign()?;
    Ok((errors.abs()?.mean_all()?, (&sign * x)?.mean_all()?, sign.mean_all()?))
}

fn gradients_attached(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let (_, of_slope, of_offset) = line_gradients(slope, offset, x, y)?;
    Ok((residuals(slope, offset, x, y)?.sqr()?.mean_all()?, of_slope, of_offset))
}

fn by_formula(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let errors = residuals(&slope.as_detached_tensor(), &offset.as_detached_tensor(), x, y)?;
    Ok((errors.sqr()?.mean_all()?, ((&errors * x)?.mean_all()? * 2.0)?, (errors.mean_all()? * 2.0)?))
}

fn step_by_formula(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor, learning_rate: f64) -> Result<f64> {
    let (loss, of_slope, of_offset) = by_formula(slope, offset, x, y)?;
    for (var, gradient) in [(slope, of_slope), (offset, of_offset)] {
        var.set(&(var.as_tensor() - (gradient * learning_rate)?)?.detach())?;
    }
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

fn one_after_the_other(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor, learning_rate: f64) -> Result<f64> {
    let (loss, of_slope, _) = line_gradients(slope, offset, x, y)?;
    slope.set(&(slope.as_detached_tensor() - (of_slope * learning_rate)?)?)?;
    let (_, _, of_offset) = line_gradients(slope, offset, x, y)?;
    offset.set(&(offset.as_detached_tensor() - (of_offset * learning_rate)?)?)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

fn loss_after(slope: &Var, offset: &Var, x: &Tensor, y: &Tensor, learning_rate: f64) -> Result<f64> {
    descend(slope, offset, x, y, learning_rate)?;
    Ok(f64::from(line_gradients(slope, offset, x, y)?.0.to_scalar::<f32>()?))
}

fn share_by_loop(a: &Tensor, b: &Tensor) -> Result<f64> {
    let (a, b): (Vec<u32>, Vec<u32>) = (a.to_vec1()?, b.to_vec1()?);
    if a.len() != b.len() {
        bail!("other shapes");
    }
    Ok(a.iter().zip(&b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64)
}

fn pick_by_mask(x: &Tensor, indices: &Tensor) -> Result<Tensor> {
    let (rows, columns) = x.dims2()?;
    if indices.dims() != [rows] {
        bail!("other shapes");
    }
    let columns = Tensor::arange(0, columns as u32, x.device())?.unsqueeze(0)?;
    let mask = indices.unsqueeze(1)?.broadcast_eq(&columns)?.to_dtype(DType::F32)?;
    (x * mask)?.sum(1)
}

fn reflect_by_indices(x: &Tensor) -> Result<Tensor> {
    let (height, width) = x.dims2()?;
    let values: Vec<Vec<f32>> = x.to_vec2()?;
    let reflected = (0..width * height).map(|k| values[height - 1 - k % height][width - 1 - k / height]);
    Tensor::from_iter(reflected, x.device())?.reshape((width, height))
}
