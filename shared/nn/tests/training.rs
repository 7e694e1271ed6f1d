//! Parameters, optimiser, schedule, checkpoints and devices.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Result, Tensor, Var};
use ssl_nn::{Checkpoint, ConvNet4, DeviceChoice, Linear, Mlp, Optimiser, Params, Sgd, WarmupCosine};

fn bits(params: &Params) -> Result<Vec<(String, Vec<u32>)>> {
    let all = params.all().into_iter();
    all.map(|(name, var)| {
        let values: Vec<f32> = var.flatten_all()?.to_vec1()?;
        Ok((name, values.iter().map(|value| value.to_bits()).collect()))
    })
    .collect()
}

#[test]
fn sgd_agrees_with_pytorch() -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden/ops.safetensors");
    let golden: HashMap<String, Tensor> = candle_core::safetensors::load(path, &Device::Cpu)?;
    let var = |name: &str| Ok((name.to_string(), Var::from_tensor(&golden[&format!("sgd/case/{name}")])?));
    let params = ["bias", "weight"].into_iter().map(var).collect::<Result<Vec<_>>>()?;
    let mut optimiser = Sgd::new(params.clone(), 0.9, 0.1);
    for _ in 0..3 {
        let loss = (params[0].1.powf(4.0)?.sum_all()? + params[1].1.powf(4.0)?.sum_all()?)?;
        optimiser.backward_step(&loss, 0.02)?;
    }
    for (name, var) in &params {
        let off = (var.as_tensor() - &golden[&format!("sgd/expected/{name}")])?.abs()?.max_all()?;
        assert!(off.to_scalar::<f32>()? < 1e-5, "{name} is off by {off}");
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
    let backbone = ConvNet4::new(&Params::new(0, &Device::Cpu))?;
    let images = Tensor::ones((2, 3, 32, 32), candle_core::DType::F32, &Device::Cpu)?;
    let shapes: Vec<Vec<usize>> =
        backbone.forward_blocks(&images, false)?.iter().map(|block| block.dims().to_vec()).collect();
    assert_eq!(shapes, [[2, 32, 32, 32], [2, 64, 16, 16], [2, 128, 8, 8], [2, 256, 4, 4]]);
    assert_eq!(backbone.forward(&images, false)?.dims(), [2, ConvNet4::FEATURES]);
    Ok(())
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
