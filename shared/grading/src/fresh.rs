//! Fresh cases: golden ones with other numbers, drawn from a seed that students do not know.
//!
//! Who has learned the golden answers by heart knows nothing of these. What makes a case a valid one survives: signs, zeros, the order
//! of numbers and which of them are equal, bounds at 0 and 1, rows of unit length or sum, what is whole and the range it lies in.

use candle_core::{D, DType, Device, Result, Tensor};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::Values;
use crate::compare::floats;

/// The logarithms of exponents that numbers are raised to: neither so small that nothing changes, nor so large that logits overflow.
const LOG_EXPONENTS: std::ops::Range<f64> = 0.05..0.18;
/// How near to 1 a sum or a length must be to be meant as 1.
const NEAR_ONE: f64 = 1e-4;

/// The golden case of a check's number `index` with other numbers; equal arguments give equal cases.
pub(crate) fn case(golden: &Values, seed: u64, check: &str, index: usize) -> Result<Values> {
    let mut rng = ChaCha8Rng::from_seed(Sha256::digest(format!("{seed}/{check}/{index}")).into());
    let sign = if rng.random() { 1.0 } else { -1.0 };
    // One exponent for the whole case: what is equal or greater among its fractions stays so.
    let exponent = f64::exp(sign * rng.random_range(LOG_EXPONENTS));
    golden.iter().map(|(name, value)| Ok((name.to_string(), other(name, value, exponent, &mut rng)?))).collect()
}

/// Another value of the same kind.
fn other(name: &str, value: &Tensor, exponent: f64, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let numbers = floats(value)?;
    let whole = numbers.iter().all(|x| x.fract() == 0.0);
    if name == "seed" {
        return Tensor::new(f64::from(rng.random::<u16>()), &Device::Cpu)?.to_dtype(value.dtype());
    }
    if whole {
        return shuffled(value, rng);
    }
    let numbers: Vec<f64> = numbers.into_iter().map(|x| x.signum() * x.abs().powf(exponent)).collect();
    let powers = Tensor::from_vec(numbers, value.shape(), &Device::Cpu)?;
    like(value, powers)?.to_dtype(value.dtype())
}

/// The value with the entries of its first axis that has several in another order.
fn shuffled(value: &Tensor, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let Some(axis) = value.dims().iter().position(|&length| length > 1) else { return Ok(value.clone()) };
    let first: Vec<u32> = (0..value.dims()[axis] as u32).collect();
    let mut order = first.clone();
    while order == first {
        order.shuffle(rng);
    }
    value.contiguous()?.index_select(&Tensor::new(order, &Device::Cpu)?, axis)
}

/// The new numbers with rows of unit length, or sums of 1 along an axis, where the old ones had them.
fn like(old: &Tensor, new: Tensor) -> Result<Tensor> {
    let old = old.to_dtype(DType::F64)?;
    let is_one = |of: Tensor| Ok::<bool, candle_core::Error>(floats(&of)?.iter().all(|x| (x - 1.0).abs() < NEAR_ONE));
    for axis in 0..old.rank() {
        if is_one(old.sum(axis)?)? {
            return new.broadcast_div(&new.sum_keepdim(axis)?);
        }
    }
    if old.rank() > 1 && is_one(old.sqr()?.sum(D::Minus1)?)? {
        return new.broadcast_div(&new.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?);
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(values: &Values, seed: u64) -> Result<Values> {
        case(values, seed, "check", 3)
    }

    fn numbers(values: &Values, name: &str) -> Result<Vec<f64>> {
        floats(values.tensor(name)?)
    }

    #[test]
    fn equal_seeds_give_equal_cases_and_others_do_not() -> Result<()> {
        let golden = Values::new().with("x", &Tensor::new(&[0.5f32, -1.5, 0.0], &Device::Cpu)?);
        assert_eq!(numbers(&fresh(&golden, 1)?, "x")?, numbers(&fresh(&golden, 1)?, "x")?);
        assert_ne!(numbers(&fresh(&golden, 1)?, "x")?, numbers(&fresh(&golden, 2)?, "x")?);
        assert_ne!(numbers(&fresh(&golden, 1)?, "x")?, numbers(&golden, "x")?);
        Ok(())
    }

    #[test]
    fn order_signs_zeros_and_ties_survive() -> Result<()> {
        let (x, y) =
            (Tensor::new(&[-2.5f32, -0.5, 0.0, 0.5, 1.0, 7.0], &Device::Cpu)?, Tensor::new(0.5f64, &Device::Cpu)?);
        let fresh = fresh(&Values::new().with("x", &x).with("y", &y), 5)?;
        let x = numbers(&fresh, "x")?;
        assert!(x.is_sorted() && x[0] < 0.0 && x[2] == 0.0 && x[3] == -x[1] && x[4] == 1.0, "{x:?}");
        assert!((x[3] - fresh.number("y")?).abs() < 1e-7 && x[3] != 0.5, "{x:?}");
        Ok(())
    }

    #[test]
    fn what_is_whole_is_put_in_another_order_and_a_count_stays() -> Result<()> {
        let labels = Tensor::arange(0u32, 100, &Device::Cpu)?;
        let fresh = fresh(&Values::new().with("labels", &labels).with_number("k", 4.0)?, 5)?;
        let mut order = numbers(&fresh, "labels")?;
        assert!(!order.is_sorted() && fresh.count("k")? == 4 && fresh.tensor("labels")?.dtype() == DType::U32);
        order.sort_by(f64::total_cmp);
        assert_eq!(order, floats(&labels)?);
        Ok(())
    }

    #[test]
    fn probabilities_sum_to_one_and_unit_rows_keep_their_length() -> Result<()> {
        let shares = Tensor::new(&[[0.25f32, 0.75], [0.5, 0.5]], &Device::Cpu)?;
        let unit = Tensor::new(&[[0.6f32, -0.8], [0.8, 0.6]], &Device::Cpu)?;
        let fresh = fresh(&Values::new().with("shares", &shares).with("unit", &unit), 5)?;
        let sums = floats(&fresh.tensor("shares")?.sum(1)?)?;
        let lengths = floats(&fresh.tensor("unit")?.sqr()?.sum(1)?)?;
        assert!(sums.iter().chain(&lengths).all(|x| (x - 1.0).abs() < 1e-6), "{sums:?} {lengths:?}");
        Ok(())
    }
}
