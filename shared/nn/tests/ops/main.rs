//! The operations against PyTorch and against finite differences.

mod convolution;
mod maps;
mod rules;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor, Var};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ssl_nn::ops::ConvNormLayer;

/// A golden case's values by name: `case/x`, `expected/y`, `expected/gradient of x`.
type Case = HashMap<String, Tensor>;

/// A layer as backbones have it.
fn layer<'a>(
    weight: &'a Tensor,
    (stride, padding): (usize, usize),
    (gamma, beta): (&'a Tensor, &'a Tensor),
    relu: bool,
) -> ConvNormLayer<'a> {
    ConvNormLayer { weight, stride, padding, gamma, beta, epsilon: 1e-5, relu, fixed: None }
}

/// Golden cases whose names begin with `prefix`.
fn golden(prefix: &str) -> Result<BTreeMap<String, Case>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden/ops.safetensors");
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for (name, tensor) in candle_core::safetensors::load(path, &Device::Cpu)? {
        if let Some((case, rest)) = name.split_once('/')
            && case.starts_with(prefix)
        {
            cases.entry(case.to_string()).or_default().insert(rest.to_string(), tensor);
        }
    }
    assert!(!cases.is_empty(), "no golden case begins with {prefix}");
    Ok(cases)
}

fn count(case: &Case, name: &str) -> Result<usize> {
    Ok(case[&format!("case/{name}")].to_dtype(DType::F64)?.to_scalar::<f64>()? as usize)
}

fn assert_close(got: &Tensor, expected: &Tensor, tolerance: f32, what: &str) -> Result<()> {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let (got, expected): (Vec<f32>, Vec<f32>) = (got.flatten_all()?.to_vec1()?, expected.flatten_all()?.to_vec1()?);
    for (i, (g, e)) in got.iter().zip(&expected).enumerate() {
        assert!((g - e).abs() <= tolerance * (1.0 + e.abs()), "{what}: element {i} is {g}, expected {e}");
    }
    Ok(())
}

/// Compares value and gradients of `function` on every case with the golden ones.
fn agrees(prefix: &str, inputs: &[&str], function: impl Fn(&Case, &[Var]) -> Result<Tensor>) -> Result<()> {
    for (name, case) in golden(prefix)? {
        let vars = inputs.iter().map(|input| Var::from_tensor(&case[&format!("case/{input}")]));
        let vars = vars.collect::<Result<Vec<_>>>()?;
        let y = function(&case, &vars)?;
        assert_close(&y, &case["expected/y"], 1e-4, &name)?;
        let gradients = (y * &case["case/upstream"])?.sum_all()?.backward()?;
        for (input, var) in inputs.iter().zip(&vars) {
            let gradient = gradients.get(var).expect("a gradient for every input");
            let expected = &case[&format!("expected/gradient of {input}")];
            assert_close(gradient, expected, 1e-4, &format!("{name}, gradient of {input}"))?;
        }
    }
    Ok(())
}

fn random(shape: &[usize], seed: u64) -> Result<Tensor> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// Compares gradients with central differences of Σ y², element by element.
fn matches_finite_differences(inputs: &[Tensor], function: impl Fn(&[Tensor]) -> Result<Tensor>) -> Result<()> {
    const STEP: f32 = 1e-2;
    let loss =
        |inputs: &[Tensor]| -> Result<f64> { function(inputs)?.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar() };
    let vars = inputs.iter().map(Var::from_tensor).collect::<Result<Vec<_>>>()?;
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let gradients = function(&tensors)?.sqr()?.sum_all()?.backward()?;
    for (which, input) in inputs.iter().enumerate() {
        let gradient: Vec<f32> = gradients.get(&vars[which]).expect("a gradient").flatten_all()?.to_vec1()?;
        for (i, got) in gradient.iter().enumerate() {
            let moved = |by: f32| -> Result<f64> {
                let mut values: Vec<f32> = input.flatten_all()?.to_vec1()?;
                values[i] += by;
                let mut inputs = inputs.to_vec();
                inputs[which] = Tensor::from_vec(values, input.shape(), &Device::Cpu)?;
                loss(&inputs)
            };
            let expected = (moved(STEP)? - moved(-STEP)?) / f64::from(2.0 * STEP);
            let error = (f64::from(*got) - expected).abs();
            assert!(error < 2e-2 * (1.0 + expected.abs()), "input {which}, element {i}: {got}, expected {expected}");
        }
    }
    Ok(())
}
