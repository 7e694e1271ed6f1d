//! Parameters, optimiser, schedule, checkpoints and devices.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor, Var};
use ssl_nn::{
    AdamW, Backbone, BackboneKind, Checkpoint, ConvNet4, DeviceChoice, Linear, Mlp, Optimiser, Params, ResNet18, Sgd,
    WarmupCosine, clip_gradient_norm,
};

fn bits(params: &Params) -> Result<Vec<(String, Vec<u32>)>> {
    let all = params.all().into_iter();
    all.map(|(name, var)| {
        let values: Vec<f32> = var.flatten_all()?.to_vec1()?;
        Ok((name, values.iter().map(|value| value.to_bits()).collect()))
    })
    .collect()
}

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
fn steps_agree<O: Optimiser>(case: &str, new: impl Fn(Vec<(String, Var)>) -> O) -> Result<()> {
    let golden = golden()?;
    let var = |name: &str| Ok((name.to_string(), Var::from_tensor(&golden[&format!("{case}/case/{name}")])?));
    let params = ["bias", "weight"].into_iter().map(var).collect::<Result<Vec<_>>>()?;
    let mut optimiser = new(params.clone());
    for _ in 0..3 {
        let loss = (params[0].1.powf(4.0)?.sum_all()? + params[1].1.powf(4.0)?.sum_all()?)?;
        optimiser.backward_step(&loss, 0.02)?;
        // What a checkpoint keeps is all there is to remember.
        let state = optimiser.state();
        optimiser = new(params.clone());
        optimiser.load_state(state)?;
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
        (sgd.load_state(state("velocity/weight", &[1.0])?), "expected [2], got [1]"),
        (adamw.load_state(state("first moment/other", &[1.0, 2.0])?), "no parameter other"),
    ];
    for (result, part) in messages {
        let message = result.expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    }
    Ok(())
}

#[test]
fn clipping_agrees_with_pytorch() -> Result<()> {
    let golden = golden()?;
    for case in ["clip_0", "clip_1"] {
        let of = |name: &str| &golden[&format!("{case}/{name}")];
        let var = |name: &str| Ok((name.to_string(), Var::from_tensor(of(&format!("case/{name}")))?));
        let params = ["bias", "weight"].into_iter().map(var).collect::<Result<Vec<_>>>()?;
        // The gradient of Σ w² / 2 is w.
        let loss = ((params[0].1.sqr()?.sum_all()? + params[1].1.sqr()?.sum_all()?)? / 2.0)?;
        let mut grads = loss.backward()?;
        let norm = clip_gradient_norm(&mut grads, &params, of("case/limit").to_scalar()?)?;
        let expected = of("expected/norm").to_dtype(DType::F64)?.to_scalar::<f64>()?;
        assert!((norm - expected).abs() < 1e-6, "{case}: {norm}");
        for (name, var) in &params {
            let grad = grads.get(var).expect("a gradient");
            assert_close(&format!("{case}, {name}"), grad, of(&format!("expected/{name}")), 1e-6)?;
        }
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
        let network = Backbone::new(kind, &params)?;
        let trained: BTreeMap<String, Var> = params.trained().into_iter().collect();
        let count: usize = trained.values().map(|var| var.elem_count()).sum();
        for var in trained.values().filter(|var| var.rank() == 4) {
            let inputs = var.elem_count() / var.dims()[0];
            var.set(&filled(var.dims(), (3.0 / inputs as f64).sqrt())?)?;
        }
        let close = |name: &str, got: &Tensor| {
            assert_close(&format!("{kind}, {name}"), got, &golden[&format!("network_{kind}/expected/{name}")], 1e-3)
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
fn initial_weights_depend_on_seed_and_name_alone() -> Result<()> {
    let build = |seed: u64, head_first: bool| -> Result<_> {
        let params = Params::new(seed, &Device::Cpu);
        let head = || Linear::new(8, 4, &params.pp("head"));
        if head_first {
            head()?;
        }
        ConvNet4::new(&params.pp("backbone"))?;
        if !head_first {
            head()?;
        }
        bits(&params)
    };
    assert_eq!(build(1, true)?, build(1, false)?);
    assert_ne!(build(1, true)?, build(2, true)?);
    Ok(())
}

#[test]
fn initial_weights_are_pytorch_s_uniform() -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    ConvNet4::new(&params)?;
    let weight: Vec<f32> = params.all()["conv4.weight"].flatten_all()?.to_vec1()?;
    let bound = 1.0 / (128.0f32 * 9.0).sqrt();
    let greatest = weight.iter().fold(0.0f32, |m, w| m.max(w.abs()));
    let variance = weight.iter().map(|w| w * w).sum::<f32>() / weight.len() as f32;
    assert!(greatest <= bound && greatest > 0.999 * bound, "{greatest}, bound {bound}");
    assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.01, "{variance}");
    Ok(())
}

#[test]
fn a_name_that_is_taken_is_refused() -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    Linear::new(2, 2, &params.pp("head"))?;
    let message = Linear::new(2, 2, &params.pp("head")).err().map(|error| error.to_string());
    assert!(message.is_some_and(|message| message.contains("head.weight")));
    Ok(())
}

#[test]
fn every_block_gives_its_output() -> Result<()> {
    let images = Tensor::ones((2, 3, 32, 32), DType::F32, &Device::Cpu)?;
    for (kind, channels) in
        [(BackboneKind::ConvNet4, [32, 64, 128, 256]), (BackboneKind::ResNet18, [64, 128, 256, 512])]
    {
        let backbone = Backbone::new(kind, &Params::new(0, &Device::Cpu))?;
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
fn backbones_are_read_by_name_and_others_refused() {
    for kind in [BackboneKind::ConvNet4, BackboneKind::ResNet18] {
        assert_eq!(kind.to_string().parse::<BackboneKind>().expect("a name"), kind);
    }
    let message = "resnet50".parse::<BackboneKind>().expect_err("another name").to_string();
    assert!(message.contains("expected convnet4 or resnet18, got \"resnet50\""), "{message}");
}

/// A few steps of regression on fixed images; `step` is counted over the whole training.
fn train(params: &Params, optimiser: &mut Sgd, model: &(ConvNet4, Mlp), steps: std::ops::Range<usize>) -> Result<()> {
    for step in steps {
        let images = (Tensor::arange(0f32, 4.0 * 3.0 * 64.0, params.device())? * (0.01 * (step + 1) as f64))?;
        let images = images.sin()?.reshape((4, 3, 8, 8))?;
        let loss = model.1.forward(&model.0.forward(&images, true)?)?.sqr()?.mean_all()?;
        optimiser.backward_step(&loss, 0.05)?;
    }
    Ok(())
}

fn model(seed: u64) -> Result<(Params, (ConvNet4, Mlp), Sgd)> {
    let params = Params::new(seed, &Device::Cpu);
    let model = (ConvNet4::new(&params.pp("backbone"))?, Mlp::new(&[256, 16, 4], &params.pp("projector"))?);
    let optimiser = Sgd::new(params.trained(), 0.9, 1e-3);
    Ok((params, model, optimiser))
}

#[test]
fn a_run_that_is_killed_and_resumed_ends_in_the_same_weights() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.safetensors");
    let (whole, network, mut optimiser) = model(3)?;
    train(&whole, &mut optimiser, &network, 0..4)?;

    let (first, network, mut optimiser) = model(3)?;
    train(&first, &mut optimiser, &network, 0..2)?;
    let checkpoint = Checkpoint { epoch: 2, settings: "a".to_string() };
    checkpoint.save(&path, &first, &optimiser)?;

    let (second, network, mut optimiser) = model(99)?;
    assert_eq!(Checkpoint::load(&path, "a", &second, &mut optimiser)?, checkpoint);
    train(&second, &mut optimiser, &network, 2..4)?;
    assert_eq!(bits(&whole)?, bits(&second)?);
    Ok(())
}

#[test]
fn checkpoints_of_other_settings_or_damaged_ones_are_refused() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.safetensors");
    let (params, _, mut optimiser) = model(0)?;
    let missing = Checkpoint::load(&path, "a", &params, &mut optimiser).expect_err("no file");
    assert!(format!("{missing:#}").contains("run.safetensors"));
    Checkpoint { epoch: 1, settings: "a".to_string() }.save(&path, &params, &optimiser)?;
    let other = Checkpoint::load(&path, "b", &params, &mut optimiser).expect_err("other settings");
    assert!(format!("{other:#}").contains("other settings"), "{other:#}");
    let bytes = std::fs::read(&path)?;
    std::fs::write(&path, &bytes[..bytes.len() / 2])?;
    Checkpoint::load(&path, "a", &params, &mut optimiser).expect_err("half a file");
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
    for text in ["gpu", "cuda:", "cuda:x", ""] {
        let message = text.parse::<DeviceChoice>().expect_err(text).to_string();
        assert!(message.contains("expected auto, cpu, cuda or cuda:N"), "{message}");
    }
    assert!(DeviceChoice::Auto.open().is_ok());
    let message = DeviceChoice::Cuda(99).open().expect_err("no machine has so many").to_string();
    assert!(message.contains("cuda:99"), "{message}");
}
