//! The operations against PyTorch and against finite differences.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor, Var};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ssl_nn::ops::{
    BatchNormMode, Moments, add_relu, avg_pool2d, batch_norm, conv_batch_norm, conv2d, global_avg_pool2d, max_pool2d,
    relu, upsample2d,
};
use ssl_nn::{Mlp, Params, Part};

/// A golden case's values by name: `case/x`, `expected/y`, `expected/gradient of x`.
type Case = HashMap<String, Tensor>;

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

#[test]
fn convolutions_agree_with_pytorch() -> Result<()> {
    agrees("conv2d", &["x", "weight"], |case, vars| {
        conv2d(&vars[0], &vars[1], count(case, "stride")?, count(case, "padding")?)
    })
}

/// Value of a convolution and gradients of Σ y².
fn convolved(
    x: &Tensor,
    weight: &Tensor,
    convolve: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<[Tensor; 3]> {
    let (x, weight) = (Var::from_tensor(x)?, Var::from_tensor(weight)?);
    let y = convolve(&x, &weight)?;
    let gradients = y.sqr()?.sum_all()?.backward()?;
    let gradient = |var: &Var| gradients.get(var).expect("a gradient").clone();
    Ok([y.detach(), gradient(&x), gradient(&weight)])
}

#[test]
fn a_convolution_of_many_channels_is_a_sum_over_few() -> Result<()> {
    // Many images of one block each, maps of several strips, the last of them smaller.
    for (shape, outputs) in [([131, 16, 2, 2], 16), ([2, 24, 20, 32], 16), ([5, 32, 12, 10], 24)] {
        let (x, weight) = (random(&shape, 1)?, (random(&[outputs, shape[1], 3, 3], 2)? * 0.1)?);
        let got = convolved(&x, &weight, |x, weight| conv2d(x, weight, 1, 1))?;
        let expected = convolved(&x, &weight, |x, weight| {
            let parts = (0..shape[1]).step_by(8).map(|c| conv2d(&x.narrow(1, c, 8)?, &weight.narrow(1, c, 8)?, 1, 1));
            parts.reduce(|sum, part| sum? + part?).expect("channels")
        })?;
        for (got, expected) in got.iter().zip(&expected) {
            assert_close(got, expected, 1e-4, &format!("{shape:?}"))?;
        }
    }
    Ok(())
}

#[test]
fn batch_norm_agrees_with_pytorch() -> Result<()> {
    agrees("batch_norm", &["x", "gamma", "beta"], |case, vars| {
        let mode = match count(case, "train")? {
            0 => BatchNormMode::Eval(Moments {
                mean: case["case/mean"].clone(),
                variance: case["case/variance"].clone(),
            }),
            _ => BatchNormMode::Train,
        };
        Ok(batch_norm(&vars[0], &vars[1], &vars[2], &mode, 1e-5, count(case, "relu")? == 1)?.0)
    })
}

#[test]
fn a_convolution_with_batch_norm_agrees_with_pytorch() -> Result<()> {
    agrees("conv_batch_norm", &["x", "weight", "gamma", "beta"], |case, vars| {
        let geometry = (count(case, "stride")?, count(case, "padding")?);
        let affine = (vars[2].as_tensor(), vars[3].as_tensor());
        Ok(conv_batch_norm(&vars[0], &vars[1], geometry, affine, 1e-5, count(case, "relu")? == 1)?.0)
    })
}

#[test]
fn a_convolution_with_batch_norm_is_one_after_the_other() -> Result<()> {
    let (x, weight) = (random(&[3, 5, 20, 17], 1)?.transpose(2, 3)?, random(&[4, 5, 3, 3], 2)?);
    let (gamma, beta) = (random(&[4], 3)?, random(&[4], 4)?);
    let (y, moments) = conv_batch_norm(&x, &weight, (1, 1), (&gamma, &beta), 1e-5, true)?;
    let maps = conv2d(&x, &weight, 1, 1)?;
    let (expected, expected_moments) = batch_norm(&maps, &gamma, &beta, &BatchNormMode::Train, 1e-5, true)?;
    assert_close(&y, &expected, 0.0, "y")?;
    assert_close(&moments.mean, &expected_moments.mean, 0.0, "mean")?;
    assert_close(&moments.variance, &expected_moments.variance, 0.0, "variance")
}

#[test]
fn a_residual_s_end_agrees_with_pytorch() -> Result<()> {
    agrees("add_relu", &["x", "shortcut"], |_, vars| add_relu(&vars[0], &vars[1]))
}

#[test]
fn relu_agrees_with_pytorch_at_zero_too() -> Result<()> {
    agrees("relu", &["x"], |_, vars| relu(&vars[0]))
}

#[test]
fn pooling_agrees_with_pytorch() -> Result<()> {
    agrees("global_avg_pool2d", &["x"], |_, vars| global_avg_pool2d(&vars[0]))?;
    agrees("max_pool2d", &["x"], |case, vars| max_pool2d(&vars[0], count(case, "kernel")?, count(case, "stride")?))?;
    agrees("avg_pool2d", &["x"], |case, vars| avg_pool2d(&vars[0], count(case, "kernel")?, count(case, "stride")?))
}

#[test]
fn upsampling_agrees_with_pytorch() -> Result<()> {
    agrees("upsample2d", &["x"], |case, vars| upsample2d(&vars[0], (count(case, "height")?, count(case, "width")?)))
}

#[test]
fn a_head_agrees_with_pytorch() -> Result<()> {
    let case = &golden("mlp")?["mlp"];
    let mut params = Params::new(0, &Device::Cpu);
    let head = Mlp::new(&[5, 6, 3], &params)?;
    let golden_name = |name: &str| {
        let (layer, kind) = name.split_once('.').expect("LAYER.weight or LAYER.bias");
        format!("{kind}_{layer}")
    };
    let value_of = |name: &str| case[&format!("case/{}", golden_name(name))].clone();
    let weights = params.all().into_keys().map(|name| (name.clone(), value_of(&name)));
    params.load_state(weights.collect())?;
    let x = Var::from_tensor(&case["case/x"])?;
    let y = head.forward(&x, true)?;
    assert_close(&y, &case["expected/y"], 1e-4, "mlp")?;
    let gradients = (y * &case["case/upstream"])?.sum_all()?.backward()?;
    let expected = |name: &str| &case[&format!("expected/gradient of {name}")];
    assert_close(gradients.get(&x).expect("a gradient"), expected("x"), 1e-4, "x")?;
    for (name, var) in params.trained() {
        let gradient = gradients.get(&var).expect("a gradient");
        assert_close(gradient, expected(&golden_name(&name)), 1e-4, &name)?;
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

#[test]
fn gradients_match_finite_differences() -> Result<()> {
    for (shape, outputs, stride) in [([2, 3, 5, 4], 4, 2), ([1, 16, 4, 2], 16, 1)] {
        let inputs = [random(&shape, 1)?, random(&[outputs, shape[1], 3, 3], 2)?];
        matches_finite_differences(&inputs, |x| conv2d(&x[0], &x[1], stride, 1))?;
    }
    let inputs = [random(&[3, 2, 3, 2], 3)?, random(&[2], 4)?, random(&[2], 5)?];
    let train = BatchNormMode::Train;
    matches_finite_differences(&inputs, |x| Ok(batch_norm(&x[0], &x[1], &x[2], &train, 1e-3, false)?.0))?;
    let inputs = [random(&[3, 2, 3, 4], 8)?, random(&[2, 2, 3, 3], 9)?, random(&[2], 10)?, random(&[2], 11)?];
    matches_finite_differences(&inputs, |x| Ok(conv_batch_norm(&x[0], &x[1], (1, 1), (&x[2], &x[3]), 1e-3, false)?.0))?;
    let inputs = [random(&[2, 2, 4, 5], 6)?];
    matches_finite_differences(&inputs, |x| avg_pool2d(&x[0], 2, 2))?;
    matches_finite_differences(&inputs, |x| global_avg_pool2d(&x[0]))?;
    matches_finite_differences(&inputs, |x| upsample2d(&x[0], (7, 3)))?;
    // Kinks would show if an element were nearer to one than the step is long.
    let apart = (random(&[1, 1, 4, 5], 7)?.sign()? * 0.5)?;
    matches_finite_differences(&[apart], |x| relu(&x[0]))
}

#[test]
fn the_image_s_own_gradient_is_not_computed() -> Result<()> {
    let (x, weight) = (random(&[1, 3, 4, 4], 1)?, Var::from_tensor(&random(&[2, 3, 3, 3], 2)?)?);
    let gradients = conv2d(&x, &weight, 1, 1)?.sum_all()?.backward()?;
    assert!(gradients.get(&x).is_none() && gradients.get(&weight).is_some());
    Ok(())
}

#[test]
fn non_contiguous_inputs_give_the_same() -> Result<()> {
    let (x, weight) = (random(&[2, 3, 6, 5], 1)?, random(&[4, 3, 3, 3], 2)?);
    let (turned, turned_weight) = (x.transpose(2, 3)?, weight.transpose(2, 3)?);
    let expected = conv2d(&turned.contiguous()?, &turned_weight.contiguous()?, 2, 1)?;
    assert_close(&conv2d(&turned, &turned_weight, 2, 1)?, &expected, 0.0, "conv2d")?;
    let expected = max_pool2d(&turned.contiguous()?, 2, 2)?;
    assert_close(&max_pool2d(&turned, 2, 2)?, &expected, 0.0, "max_pool2d")?;
    assert_close(&relu(&turned)?, &relu(&turned.contiguous()?)?, 0.0, "relu")
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() -> Result<()> {
    let gradients = |threads: usize| -> Result<Vec<f32>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        let var = |shape: &[usize], seed: u64| Var::from_tensor(&random(shape, seed)?);
        let (x, kernel) = (var(&[37, 16, 8, 8], 1)?, var(&[17, 16, 3, 3], 2)?);
        let shortcut = var(&[17, 16, 1, 1], 3)?;
        pool.install(|| {
            let [ones, zeros] = [1f32, 0.0].map(|value| Tensor::full(value, 17, &Device::Cpu));
            let (ones, zeros) = (ones?, zeros?);
            let (y, _) = conv_batch_norm(&x, &kernel, (1, 1), (&ones, &zeros), 1e-5, true)?;
            let y = max_pool2d(&add_relu(&y, &conv2d(&x, &shortcut, 1, 0)?)?, 2, 2)?;
            let (y, _) = batch_norm(&y, &ones, &zeros, &BatchNormMode::Train, 1e-5, true)?;
            let gradients = y.sqr()?.sum_all()?.backward()?;
            let mut all: Vec<f32> = y.flatten_all()?.to_vec1()?;
            for var in [&x, &kernel, &shortcut] {
                all.extend(gradients.get(var).expect("a gradient").flatten_all()?.to_vec1::<f32>()?);
            }
            Ok(all)
        })
    };
    assert_eq!(gradients(1)?, gradients(3)?);
    Ok(())
}

#[test]
fn wrong_shapes_are_refused_with_what_was_got() -> Result<()> {
    let (x, weight) = (random(&[1, 3, 4, 4], 1)?, random(&[2, 4, 3, 3], 2)?);
    let messages = [
        (conv2d(&x, &weight, 1, 1), "3 channels, the weight expects 4"),
        (conv2d(&x, &random(&[2, 3, 7, 7], 3)?, 1, 1), "7×7 kernel"),
        (conv2d(&x, &random(&[2, 3, 3, 3], 3)?, 0, 1), "at least 1, got 0"),
        (conv2d(&random(&[3, 4, 4], 4)?, &weight, 1, 1), "[3, 4, 4]"),
        (max_pool2d(&x, 5, 1), "window of 5"),
        (add_relu(&x, &weight), "the shortcut [2, 4, 3, 3]"),
        (
            conv_batch_norm(&x, &random(&[2, 3, 3, 3], 3)?, (1, 1), (&random(&[2], 4)?, &random(&[3], 5)?), 1e-5, true)
                .map(|(y, _)| y),
            "gamma is [2] and beta [3]",
        ),
        (global_avg_pool2d(&random(&[3, 4], 5)?), "[3, 4]"),
    ];
    for (result, part) in messages {
        let message = result.expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    }
    Ok(())
}

#[test]
fn a_rectifier_does_not_hide_that_a_training_has_broken_down() -> Result<()> {
    let broken = Tensor::new(&[f32::NAN, -1.0, 2.0], &Device::Cpu)?;
    for y in [relu(&broken)?, add_relu(&broken, &broken.zeros_like()?)?] {
        let y: Vec<f32> = y.to_vec1()?;
        assert!(y[0].is_nan() && y[1..] == [0.0, 2.0], "{y:?}");
    }
    Ok(())
}
