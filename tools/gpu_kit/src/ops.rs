//! Every operation on a device beside the same on the CPU.

use anyhow::ensure;
use candle_core::{DType, Device, Result, Tensor, Var, bail};
use ssl_nn::gpu::{self, Precision};
use ssl_nn::ops::{self, BatchNormMode, ConvNormLayer, Moments};
use ssl_nn::{AdamW, Backbone, BackboneKind, Linear, Optimizer, Params, Part, Sgd};

use super::on::On;

/// What a check computes on a device, by name.
type Results = Vec<(String, Tensor)>;

struct Check {
    name: String,
    /// Whether it is of many layers.
    deep: bool,
    results: Computes,
}

type Computes = Box<dyn Fn(&Device) -> Result<Results>>;

/// A layer's arguments are images, maps or weights of these shapes.
type Shapes<'a> = &'a [&'a [usize]];

/// Prints a line for each check.
pub fn check(on: &On) -> anyhow::Result<()> {
    let device = on.open()?;
    let mut wrong = Vec::new();
    for Check { name, deep, results } in all()? {
        gpu::compute(&Device::Cpu, Precision::F32)?;
        let expected = results(&Device::Cpu)?;
        gpu::compute(&device, on.precision)?;
        let tolerance = tolerance(on.precision, deep);
        match results(&device).and_then(|got| farthest(&expected, &got)) {
            Ok((_, off)) if off <= tolerance => println!("ok    {name}: {off:.1e} off"),
            Ok((what, off)) => {
                println!("WRONG {name}: {what} is {off:.1e} off, expected at most {tolerance}");
                wrong.push(name);
            }
            Err(error) => {
                println!("WRONG {name}: {error}");
                wrong.push(name);
            }
        }
    }
    ensure!(wrong.is_empty(), "{} checks went wrong: {}", wrong.len(), wrong.join(", "));
    Ok(())
}

/// How far a result may be off, as a share of its length.
///
/// Rounding alone is far less. But it decides for some numbers near 0 on which side of a ReLU they are, and of a share p of other numbers a
/// gradient is √p off. In a deep network the deciders add up.
fn tolerance(precision: Precision, deep: bool) -> f64 {
    match (precision, deep) {
        (Precision::F32, false) => 1e-3,
        (Precision::F32, true) => 5e-2,
        (Precision::Tf32, false) => 5e-2,
        (Precision::Tf32, true) => 2e-1,
        (Precision::Bf16, false) => 1e-1,
        (Precision::Bf16, true) => 5e-1,
    }
}

/// The result that is farthest from what is expected, and how far: ‖got − expected‖ / ‖expected‖.
///
/// # Errors
/// Other results than expected: a gradient that is cut is none.
fn farthest(expected: &Results, got: &Results) -> Result<(String, f64)> {
    let length = |x: &Tensor| x.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>().map(f64::sqrt);
    let names = |results: &Results| results.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    if names(expected) != names(got) {
        bail!("expected {}, got {}", names(expected).join(", "), names(got).join(", "));
    }
    let mut farthest = (String::new(), 0.0);
    for ((name, expected), (_, got)) in expected.iter().zip(got) {
        let off = length(&(got.to_device(&Device::Cpu)? - expected)?)? / length(expected)?.max(f64::MIN_POSITIVE);
        // A number that is none is farther than any.
        if off.is_nan() || off > farthest.1 {
            farthest = (name.clone(), if off.is_nan() { f64::INFINITY } else { off });
        }
    }
    Ok(farthest)
}

fn all() -> Result<Vec<Check>> {
    let train = BatchNormMode::Train;
    let maps: &[usize] = &[37, 16, 9, 8];
    let channels: &[usize] = &[16];
    let weight: &[usize] = &[16, 16, 3, 3];
    let mut checks = trainings()?;
    checks.extend([
        op("convolution 3×3", &[maps, &[24, 16, 3, 3]], |x| ops::conv2d(&x[0], &x[1], 1, 1))?,
        op("convolution 3×3, stride 2", &[maps, &[24, 16, 3, 3]], |x| ops::conv2d(&x[0], &x[1], 2, 1))?,
        op("convolution 1×1, stride 2", &[maps, &[24, 16, 1, 1]], |x| ops::conv2d(&x[0], &x[1], 2, 0))?,
        op("batch norm", &[maps, channels, channels], move |x| {
            Ok(ops::batch_norm(&x[0], &x[1], &x[2], &train, 1e-5, true)?.0)
        })?,
        op("batch norm, evaluated", &[maps, channels, channels, channels, channels], |x| {
            let moments = Moments { mean: x[3].detach(), variance: x[4].sqr()?.detach() };
            let y = ops::batch_norm(&x[0], &x[1], &x[2], &BatchNormMode::Eval(moments), 1e-1, true)?.0;
            // What has no gradient has none on either side.
            y + (x[3].sum_all()? + x[4].sum_all()?)?.broadcast_as(x[0].shape())?
        })?,
        op("convolution with batch norm", &[maps, weight, channels, channels], |x| {
            Ok(ops::conv_batch_norm(&x[0], &layer(&x[1], &x[2], &x[3]))?.0)
        })?,
        op("ReLU", &[maps], |x| ops::relu(&x[0]))?,
        op("residual sum", &[maps, maps], |x| ops::add_relu(&x[0], &x[1]))?,
        op("bias", &[maps, channels], |x| ops::add_bias(&x[0], &x[1]))?,
        op("average pooling", &[&[37, 16, 8, 8]], |x| ops::avg_pool2d(&x[0], 2, 2))?,
        op("global pooling", &[maps], |x| ops::global_avg_pool2d(&x[0]))?,
        op("upsampling", &[maps], |x| ops::upsample2d(&x[0], (17, 5)))?,
        op("log-softmax", &[maps], |x| ops::log_softmax(&x[0]))?,
        op("matrix product", &[&[37, 65], &[65, 29]], |x| x[0].matmul(&x[1]))?,
    ]);
    Ok(checks)
}

/// A layer of stride 2 with a ReLU.
fn layer<'a>(weight: &'a Tensor, gamma: &'a Tensor, beta: &'a Tensor) -> ConvNormLayer<'a> {
    ConvNormLayer { weight, stride: 2, padding: 1, gamma, beta, epsilon: 1e-5, relu: true, fixed: None }
}

/// What is trained for a few steps.
fn trainings() -> Result<Vec<Check>> {
    let mut checks = vec![
        Check { name: "AdamW, three steps".to_string(), deep: false, results: Box::new(adamw) },
        Check { name: "the smallest of each row".to_string(), deep: false, results: places()? },
    ];
    checks.push(training("linear layer, three steps of SGD", 3, |params| {
        let linear = Linear::new(3 * 16 * 16, 10, params)?;
        Ok(Box::new(move |x| linear.forward(&x.flatten_from(1)?)))
    })?);
    for kind in [BackboneKind::ConvNet4, BackboneKind::ResNet18] {
        checks.push(training(&format!("{kind}, a step of SGD"), 1, move |params| {
            let backbone = Backbone::new(kind, 3, params)?;
            Ok(Box::new(move |x| backbone.forward(x, true)))
        })?);
        checks.push(training(&format!("all blocks of {kind}, a step of SGD"), 1, move |params| {
            let backbone = Backbone::new(kind, 3, params)?;
            Ok(Box::new(move |x| {
                let blocks = backbone.forward_blocks(x, true)?;
                Tensor::cat(&blocks.iter().map(|block| block.flatten_from(1)).collect::<Result<Vec<_>>>()?, 1)
            }))
        })?);
        checks.push(Check { name: format!("features of {kind}'s blocks"), deep: true, results: features(kind)? });
    }
    Ok(checks)
}

/// An operation: its value, and the gradient of each input where every number of the value has an upstream gradient of its own.
fn op(name: &str, shapes: Shapes, op: impl Fn(&[Tensor]) -> Result<Tensor> + 'static) -> Result<Check> {
    let inputs = shapes.iter().map(|shape| Tensor::randn(0f32, 1.0, *shape, &Device::Cpu));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let results = move |device: &Device| {
        let vars =
            inputs.iter().map(|input| Var::from_tensor(&input.to_device(device)?)).collect::<Result<Vec<_>>>()?;
        let y = op(&vars.iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>())?;
        let upstream = Tensor::arange(0f32, y.elem_count() as f32, &Device::Cpu)?.sin()?.reshape(y.shape())?;
        let gradients = (&y * upstream.to_device(device)?)?.sum_all()?.backward()?;
        let of_inputs = vars
            .iter()
            .enumerate()
            .filter_map(|(i, var)| Some((format!("the gradient of input {}", i + 1), gradients.get(var)?.clone())));
        Ok([("the value".to_string(), y.detach())].into_iter().chain(of_inputs).collect())
    };
    Ok(Check { name: name.to_string(), deep: false, results: Box::new(results) })
}

/// Places of a few of each row's numbers, of which no two are equal.
fn places() -> Result<Computes> {
    let rows = Tensor::randn(0f32, 1.0, (37, 65), &Device::Cpu)?;
    Ok(Box::new(move |device| {
        let places = ops::smallest(&rows.to_device(device)?, 5)?;
        Ok(vec![("the places".to_string(), places.to_dtype(DType::F32)?)])
    }))
}

/// Features of a block.
const WIDTH: usize = 300;

/// What is evaluated: each block's features.
fn features(kind: BackboneKind) -> Result<Computes> {
    let images = Tensor::rand(0f32, 1.0, (16, 3, 16, 16), &Device::Cpu)?;
    Ok(Box::new(move |device| {
        let backbone = Backbone::new(kind, 3, &Params::new(0, device))?;
        let blocks = backbone.block_features(&images.to_device(device)?, WIDTH)?;
        Ok((1..).zip(blocks).map(|(i, block)| (format!("block {i}"), block)).collect())
    }))
}

type Forward = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

/// A network that is trained for a few steps: its outputs in the last, what its weights have changed by, and its running statistics.
fn training(name: &str, steps: usize, build: impl Fn(&Params) -> Result<Forward> + 'static) -> Result<Check> {
    let images = Tensor::rand(0f32, 1.0, (16, 3, 16, 16), &Device::Cpu)?;
    let results = move |device: &Device| {
        let (params, images) = (Params::new(0, device), images.to_device(device)?);
        let forward = build(&params)?;
        let vector = |params: &[(String, Var)]| {
            let all = params.iter().map(|(_, var)| var.flatten_all()).collect::<Result<Vec<_>>>()?;
            Ok::<_, candle_core::Error>(Tensor::cat(&all, 0)?.detach())
        };
        let before = vector(&params.trained())?;
        let mut optimizer = Sgd::new(params.trained(), 0.9, 5e-4);
        let mut results = Results::new();
        for _ in 0..steps {
            let y = forward(&images)?;
            let upstream = Tensor::arange(0f32, y.elem_count() as f32, &Device::Cpu)?.sin()?.reshape(y.shape())?;
            optimizer.backward_step(&(&y * upstream.to_device(device)?)?.mean_all()?, 0.1)?;
            results = vec![("the output".to_string(), y.detach())];
        }
        let change = (vector(&params.trained())? - before)?;
        results.push(("the change of the weights".to_string(), change));
        let statistics = params.state().into_iter().filter(|(name, _)| name.contains("running"));
        results.extend(statistics);
        Ok(results)
    };
    Ok(Check { name: name.to_string(), deep: true, results: Box::new(results) })
}

/// Three steps of AdamW down Σ c·w², where c differs from number to number.
fn adamw(device: &Device) -> Result<Results> {
    let values = Tensor::arange(1f32, 36.0, &Device::Cpu)?.reshape((5, 7))?.to_device(device)?;
    let weight = Var::from_tensor(&values.cos()?)?;
    let mut optimizer = AdamW::new(vec![("weight".to_string(), weight.clone())], 0.1);
    for _ in 0..3 {
        optimizer.backward_step(&(weight.sqr()? * &values)?.sum_all()?, 0.01)?;
    }
    Ok(vec![("the weight".to_string(), weight.as_detached_tensor())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_named() -> Result<()> {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu);
        let results = |values: &[f32]| -> Result<Results> {
            Ok(vec![("a".to_string(), tensor(&[1.0, 2.0])?), ("b".to_string(), tensor(values)?)])
        };
        let expected = results(&[3.0, -4.0])?;
        assert_eq!(farthest(&expected, &expected)?.1, 0.0);
        assert_eq!(farthest(&expected, &results(&[3.0, -3.0])?)?, ("b".to_string(), 0.2));
        assert_eq!(farthest(&expected, &results(&[f32::NAN, -4.0])?)?, ("b".to_string(), f64::INFINITY));
        assert!(farthest(&expected, &results(&[3.0])?).is_err(), "another shape");
        assert!(farthest(&expected, &expected[..1].to_vec()).is_err(), "a result is missing");
        Ok(())
    }

    #[test]
    fn every_check_has_results_on_a_cpu() -> Result<()> {
        for Check { name, results, .. } in all()? {
            let results = results(&Device::Cpu)?;
            for (what, values) in &results {
                let sum = values.abs()?.sum_all()?.to_scalar::<f32>()?;
                assert!(sum.is_finite(), "{name}: {what}");
            }
            assert!(!results.is_empty(), "{name}");
        }
        Ok(())
    }
}
