//! Optimizers, networks, schedule and devices.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor, Var};
use ssl_nn::layers::Conv2d;
use ssl_nn::ops::adaptive_avg_pool2d;
use ssl_nn::{
    AdamW, Backbone, BackboneKind, ConvNet4, DeviceChoice, Mlp, Optimizer, Output, Params, Part, ResNet18, Sgd,
    WarmupCosine,
};

type Golden = HashMap<String, Tensor>;

fn golden() -> Result<Golden> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden/ops.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu)
}

/// Whether no element is further off than `tolerance` times the greatest, or times 1 where all are smaller.
fn assert_close(what: &str, got: &Tensor, expected: &Tensor, tolerance: f32) -> Result<()> {
    let off = (got - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
    let greatest = expected.abs()?.max_all()?.to_scalar::<f32>()?.max(1.0);
    assert!(off < tolerance * greatest, "{what} is off by {off}, its greatest element is {greatest}");
    Ok(())
}

/// Three steps on Σ w⁴ from a case's values, as its script does them.
fn steps_agree<O: Optimizer>(case: &str, new: impl Fn(Vec<(String, Var)>) -> O) -> Result<()> {
    let golden = golden()?;
    let var = |name: &str| Ok((name.to_string(), Var::from_tensor(&golden[&format!("{case}/case/{name}")])?));
    let params = ["bias", "weight"].into_iter().map(var).collect::<Result<Vec<_>>>()?;
    let mut optimizer = new(params.clone());
    for _ in 0..3 {
        let loss = (params[0].1.powf(4.0)?.sum_all()? + params[1].1.powf(4.0)?.sum_all()?)?;
        optimizer.backward_step(&loss, 0.02)?;
        // What a checkpoint keeps is all there is to remember.
        let state = optimizer.state();
        optimizer = new(params.clone());
        optimizer.load_state(state)?;
    }
    for (name, var) in &params {
        assert_close(name, var, &golden[&format!("{case}/expected/{name}")], 1e-5)?;
    }
    Ok(())
}

#[test]
fn sgd_agrees_with_pytorch() -> Result<()> {
    steps_agree("sgd", |params| Sgd::new(params, 0.9, 0.1))
}

#[test]
fn adamw_agrees_with_pytorch() -> Result<()> {
    steps_agree("adamw", |params| AdamW::new(params, 0.1))
}

#[test]
fn a_state_of_other_parameters_is_refused() -> Result<()> {
    let params = vec![("weight".to_string(), Var::from_tensor(&Tensor::new(&[1f32, 2.0], &Device::Cpu)?)?)];
    let state = |name: &str, values: &[f32]| -> Result<_> {
        Ok(BTreeMap::from([(name.to_string(), Tensor::new(values, &Device::Cpu)?)]))
    };
    let mut sgd = Sgd::new(params.clone(), 0.9, 0.0);
    let mut adamw = AdamW::new(params, 0.0);
    let messages = [
        (sgd.load_state(state("velocity/other", &[1.0, 2.0])?), "no parameter other"),
        (sgd.load_state(state("velocity/weight", &[1.0])?), "expected shape [2], got [1]"),
        (adamw.load_state(state("first moment/other", &[1.0, 2.0])?), "no parameter other"),
        (adamw.load_state(state("first moment/weight", &[1.0, 2.0])?), "lacks steps"),
        (sgd.load_state(state("first moment/weight", &[1.0, 2.0])?), "the optimizer has no first moment/weight"),
    ];
    for (result, part) in messages {
        let message = result.expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    }
    Ok(())
}

/// The numbers in [−bound, bound) that the golden script fills a tensor of this shape with.
fn filled(shape: &[usize], bound: f64) -> Result<Tensor> {
    let value = |i: u64| ((i * 2_654_435_761 % (1 << 32)) as f64 / (1u64 << 32) as f64 * 2.0 - 1.0) * bound;
    let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64).map(|i| value(i) as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

#[test]
fn networks_agree_with_pytorch() -> Result<()> {
    let golden = golden()?;
    for (kind, first, last) in [
        (BackboneKind::ConvNet4, "conv1.weight", "bn4.bias"),
        (BackboneKind::ResNet18, "conv1.weight", "layer4.1.bn2.bias"),
    ] {
        let params = Params::new(0, &Device::Cpu);
        let network = Backbone::new(kind, 3, &params)?;
        let trained: BTreeMap<String, Var> = params.trained().into_iter().collect();
        let count: usize = trained.values().map(|var| var.elem_count()).sum();
        for var in trained.values().filter(|var| var.rank() == 4) {
            let inputs = var.elem_count() / var.dims()[0];
            var.set(&filled(var.dims(), (3.0 / inputs as f64).sqrt())?)?;
        }
        let close = |name: &str, got: &Tensor| {
            // In the deep network a number next to a ReLU's zero may be rounded to its other side, with all of its gradient.
            let tolerance = if (kind, name) == (BackboneKind::ResNet18, "first") { 5e-3 } else { 1e-3 };
            let expected = &golden[&format!("network_{kind}/expected/{name}")];
            assert_close(&format!("{kind}, {name}"), got, expected, tolerance)
        };
        let images = filled(&[5, 3, 16, 16], 1.0)?;
        let features = network.forward(&images, true)?;
        let loss = (&features * filled(features.dims(), 1.0)?)?.sum_all()?;
        let grads = loss.backward()?;
        close("features", &features)?;
        close("first", grads.get(&trained[first]).expect("a gradient"))?;
        close("last", grads.get(&trained[last]).expect("a gradient"))?;
        close("evaluated", &network.forward(&images, false)?)?;
        let expected = golden[&format!("network_{kind}/case/parameters")].to_dtype(DType::F64)?.to_scalar::<f64>()?;
        assert_eq!(count as f64, expected, "{kind}: parameters");
    }
    Ok(())
}

#[test]
fn every_block_gives_its_output() -> Result<()> {
    let images = Tensor::ones((2, 3, 32, 32), DType::F32, &Device::Cpu)?;
    for (kind, channels) in
        [(BackboneKind::ConvNet4, [32, 64, 128, 256]), (BackboneKind::ResNet18, [64, 128, 256, 512])]
    {
        let backbone = Backbone::new(kind, 3, &Params::new(0, &Device::Cpu))?;
        let outputs = backbone.forward_blocks(&images, false)?;
        let shapes: Vec<Vec<usize>> = outputs.iter().map(|block| block.dims().to_vec()).collect();
        let expected = [32, 16, 8, 4].into_iter().zip(channels).map(|(size, channels)| vec![2, channels, size, size]);
        assert_eq!(shapes, expected.collect::<Vec<_>>());
        let features = backbone.forward(&images, false)?;
        assert_eq!(features.dims(), [2, backbone.features()]);
        assert_close("features", &features, &outputs[3].mean((2, 3))?, 1e-5)?;
    }
    assert_eq!((ConvNet4::FEATURES, ResNet18::FEATURES), (256, 512));
    Ok(())
}

#[test]
fn a_block_s_features_are_means_of_its_output() -> Result<()> {
    for kind in [BackboneKind::ConvNet4, BackboneKind::ResNet18] {
        let backbone = Backbone::new(kind, 3, &Params::new(0, &Device::Cpu))?;
        let images = Tensor::randn(0f32, 1.0, (3, 3, 24, 40), &Device::Cpu)?;
        backbone.forward(&images, true)?;
        let features = backbone.block_features(&images, 300)?;
        for (features, maps) in features.iter().zip(backbone.forward_blocks(&images, false)?) {
            let grid = match 300 / maps.dims()[1] {
                8.. => (2, 4),
                4.. => (2, 2),
                2.. => (1, 2),
                _ => (1, 1),
            };
            assert_eq!(
                features.to_vec2::<f32>()?,
                adaptive_avg_pool2d(&maps, grid)?.flatten_from(1)?.to_vec2::<f32>()?
            );
        }
        assert_eq!(features.len(), 4);
        let gray = Tensor::zeros((3, 1, 24, 40), DType::F32, &Device::Cpu)?;
        assert!(backbone.block_features(&gray, 300).is_err());
    }
    Ok(())
}

#[test]
fn backbones_are_read_by_name_and_others_refused() {
    for kind in [BackboneKind::ConvNet4, BackboneKind::ResNet18] {
        assert_eq!(kind.to_string().parse::<BackboneKind>().expect("a name"), kind);
    }
    let message = "resnet50".parse::<BackboneKind>().expect_err("another name").to_string();
    assert!(message.contains("expected convnet4 or resnet18, got \"resnet50\""), "{message}");
}

#[test]
fn a_backbone_takes_any_number_of_channels() -> Result<()> {
    for kind in [BackboneKind::ConvNet4, BackboneKind::ResNet18] {
        let backbone = Backbone::new(kind, 2, &Params::new(0, &Device::Cpu))?;
        let features = backbone.forward(&Tensor::ones((3, 2, 16, 20), DType::F32, &Device::Cpu)?, true)?;
        assert_eq!(features.dims(), [3, backbone.features()]);
        assert!(backbone.forward(&Tensor::ones((3, 3, 16, 16), DType::F32, &Device::Cpu)?, true).is_err());
    }
    Ok(())
}

#[test]
fn a_convolution_with_a_bias_agrees_with_pytorch() -> Result<()> {
    let golden = golden()?;
    let of = |name: &str| &golden[&format!("biased_conv2d/{name}")];
    let params = Params::new(0, &Device::Cpu);
    let conv = Conv2d::with_bias(4, 7, 1, 1, &params)?;
    let vars: BTreeMap<String, Var> = params.trained().into_iter().collect();
    vars.iter().try_for_each(|(name, var)| var.set(of(&format!("case/{name}"))))?;
    let y = conv.forward(of("case/x"))?;
    assert_close("y", &y, of("expected/y"), 1e-5)?;
    let grads = (y * of("case/upstream"))?.sum_all()?.backward()?;
    for (name, var) in &vars {
        let grad = grads.get(var).expect("a gradient");
        assert_close(name, grad, of(&format!("expected/gradient of {name}")), 1e-4)?;
    }
    Ok(())
}

#[test]
fn a_head_with_batch_norm_agrees_with_pytorch() -> Result<()> {
    let golden = golden()?;
    let of = |name: &str| &golden[&format!("mlp_batch_norm/{name}")];
    let params = Params::new(0, &Device::Cpu);
    let head = Mlp::with_batch_norm(&[6, 5, 3], Output::NormalizedWithoutAffine, &params)?;
    let vars: BTreeMap<String, Var> = params.trained().into_iter().collect();
    assert_eq!(vars.keys().collect::<Vec<_>>(), ["0.weight", "1.weight", "bn0.bias", "bn0.weight"]);
    vars.iter().try_for_each(|(name, var)| var.set(of(&format!("case/{name}"))))?;
    let x = Var::from_tensor(of("case/x"))?;
    let y = head.forward(&x, true)?;
    let grads = (&y * of("case/upstream"))?.sum_all()?.backward()?;
    assert_close("y", &y, of("expected/y"), 1e-4)?;
    assert_close("dx", grads.get(&x).expect("a gradient"), of("expected/gradient of x"), 1e-4)?;
    let weight = grads.get(&vars["0.weight"]).expect("a gradient");
    assert_close("dw", weight, of("expected/gradient of 0.weight"), 1e-4)?;
    assert_close("evaluated", &head.forward(&x, false)?, of("expected/evaluated"), 1e-4)
}

#[test]
fn the_last_layer_of_a_head_ends_as_it_is_told_to() -> Result<()> {
    for (output, names) in [
        (Output::Linear, vec!["0.weight", "1.bias", "1.weight", "bn0.bias", "bn0.weight"]),
        (Output::Normalized, vec!["0.weight", "1.weight", "bn0.bias", "bn0.weight", "bn1.bias", "bn1.weight"]),
    ] {
        let params = Params::new(0, &Device::Cpu);
        let head = Mlp::with_batch_norm(&[6, 5, 3], output, &params)?;
        let trained: Vec<String> = params.trained().into_iter().map(|(name, _)| name).collect();
        assert_eq!(trained, names);
        let y = head.forward(&Tensor::rand(-1f32, 1.0, (16, 6), &Device::Cpu)?, true)?;
        assert!(y.min_all()?.to_scalar::<f32>()? < 0.0, "a ReLU follows the last layer");
    }
    Ok(())
}

#[test]
fn the_learning_rate_rises_linearly_and_falls_along_a_cosine() {
    let schedule = WarmupCosine { base: 0.4, warmup: 4, total: 12 };
    let close = |step: usize, expected: f64| assert!((schedule.at(step) - expected).abs() < 1e-12, "step {step}");
    [(0, 0.1), (1, 0.2), (3, 0.4), (4, 0.4), (8, 0.2), (12, 0.0), (99, 0.0)]
        .into_iter()
        .for_each(|(step, rate)| close(step, rate));
}

#[test]
fn devices_are_read_and_a_missing_one_is_a_message() {
    for (text, choice) in [
        ("auto", DeviceChoice::Auto),
        ("cpu", DeviceChoice::Cpu),
        ("cuda", DeviceChoice::Cuda(0)),
        ("cuda:3", DeviceChoice::Cuda(3)),
    ] {
        assert_eq!(text.parse::<DeviceChoice>().expect(text), choice);
    }
    for text in ["metal", "gpu", "cuda:", "cuda:x", ""] {
        let message = text.parse::<DeviceChoice>().expect_err(text).to_string();
        assert!(message.contains("expected auto, cpu, cuda or cuda:N"), "{message}");
    }
    assert!(DeviceChoice::Auto.open().is_ok());
    let message = DeviceChoice::Cuda(99).open().expect_err("no machine has so many").to_string();
    assert!(message.contains("cuda:99"), "{message}");
}
