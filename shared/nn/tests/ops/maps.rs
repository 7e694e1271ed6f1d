//! What is done to feature maps between convolutions, and what comes after them.

use candle_core::{Device, Result, Tensor, Var};
use ssl_nn::ops::{
    BatchNormMode, Moments, add_bias, add_relu, avg_pool2d, batch_norm, global_avg_pool2d, log_softmax, max_pool2d,
    relu, upsample2d,
};
use ssl_nn::{Mlp, Params, Part};

use super::{agrees, assert_close, count, golden};

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
fn logarithms_of_probabilities_agree_with_pytorch() -> Result<()> {
    agrees("log_softmax", &["x"], |_, vars| log_softmax(&vars[0]))
}

#[test]
fn a_bias_agrees_with_pytorch() -> Result<()> {
    agrees("add_bias", &["x", "bias"], |_, vars| add_bias(&vars[0], &vars[1]))
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

#[test]
fn a_rectifier_does_not_hide_that_a_training_has_broken_down() -> Result<()> {
    let broken = Tensor::new(&[f32::NAN, -1.0, 2.0], &Device::Cpu)?;
    for y in [relu(&broken)?, add_relu(&broken, &broken.zeros_like()?)?] {
        let y: Vec<f32> = y.to_vec1()?;
        assert!(y[0].is_nan() && y[1..] == [0.0, 2.0], "{y:?}");
    }
    Ok(())
}

#[test]
fn a_window_does_not_hide_that_a_training_has_broken_down() -> Result<()> {
    for place in 0..4 {
        let numbers: [f32; 4] = std::array::from_fn(|i| if i == place { f32::NAN } else { i as f32 });
        let y = max_pool2d(&Tensor::new(&numbers, &Device::Cpu)?.reshape((1, 1, 2, 2))?, 2, 2)?;
        assert!(y.flatten_all()?.to_vec1::<f32>()?[0].is_nan(), "{numbers:?}");
    }
    Ok(())
}
