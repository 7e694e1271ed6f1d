//! Canaries: what is wrong or missing in Candle, as far as the course works around it. A test that fails here is good news: the
//! defect has been fixed upstream, and our way around it can go.
#![allow(clippy::disallowed_methods, reason = "the refused methods are what is looked at")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use candle_core::{CpuStorage, CustomOp1, D, Device, Layout, Result, Shape, Tensor, Var};
use candle_nn::{Module, loss, ops};

fn var(values: &[f32]) -> Result<Var> {
    Var::from_tensor(&Tensor::new(values, &Device::Cpu)?)
}

/// The gradient of the sum of `y` at `x`; none where the graph is cut.
fn gradient(y: &Tensor, x: &Var) -> Result<Option<Vec<f32>>> {
    let grads = y.sum_all()?.backward()?;
    grads.get(x).map(|grad| grad.flatten_all()?.to_vec1()).transpose()
}

#[test]
fn fused_softmax_and_norms_cut_the_graph() -> Result<()> {
    let x = Var::from_tensor(&Tensor::new(&[[1f32, 2.0, 4.0]], &Device::Cpu)?)?;
    let (weight, bias) = (var(&[1.0, 1.0, 1.0])?, var(&[0.0, 0.0, 0.0])?);
    assert_eq!(gradient(&ops::softmax_last_dim(&x)?, &x)?, None);
    assert_eq!(gradient(&ops::layer_norm(&x, &weight, &bias, 1e-5)?, &x)?, None);
    assert_eq!(gradient(&ops::rms_norm(&x, &weight, 1e-5)?, &x)?, None);
    let layer = candle_nn::LayerNorm::new(weight.as_tensor().clone(), bias.as_tensor().clone(), 1e-5);
    assert_eq!(gradient(&layer.forward(&x)?, &x)?, None);
    // What to use instead.
    assert!(gradient(&ops::softmax(&x, D::Minus1)?, &x)?.is_some());
    Ok(())
}

#[test]
fn max_pooling_gives_the_maximum_a_quarter_of_its_gradient() -> Result<()> {
    let x = Var::from_tensor(&Tensor::new(&[1f32, 2.0, 3.0, 4.0], &Device::Cpu)?.reshape((1, 1, 2, 2))?)?;
    assert_eq!(gradient(&x.max_pool2d(2)?, &x)?, Some(vec![0.0, 0.0, 0.0, 0.25]));
    assert_eq!(gradient(&ssl_nn::ops::max_pool2d(&x, 2, 2)?, &x)?, Some(vec![0.0, 0.0, 0.0, 1.0]));
    Ok(())
}

#[test]
fn nearest_upsampling_overwrites_what_other_paths_gave() -> Result<()> {
    let x = Var::from_tensor(&Tensor::ones((1, 1, 2, 2), candle_core::DType::F32, &Device::Cpu)?)?;
    let both = (x.upsample_nearest2d(4, 4)?.sum_all()? + (x.as_tensor() * 10.0)?.sum_all()?)?;
    let got = gradient(&both, &x)?;
    assert_ne!(got, Some(vec![14.0; 4]), "fixed upstream");
    Ok(())
}

#[test]
fn bilinear_upsampling_has_no_gradient() -> Result<()> {
    let x = Var::from_tensor(&Tensor::ones((1, 1, 2, 2), candle_core::DType::F32, &Device::Cpu)?)?;
    let gradient = x.upsample_bilinear2d(4, 4, false).and_then(|y| gradient(&y, &x));
    assert!(!matches!(gradient, Ok(Some(_))), "fixed upstream");
    Ok(())
}

#[test]
fn relu_and_abs_have_slope_1_at_0() -> Result<()> {
    let x = var(&[0.0])?;
    assert_eq!(gradient(&x.relu()?, &x)?, Some(vec![1.0]));
    assert_eq!(gradient(&x.abs()?, &x)?, Some(vec![1.0]));
    assert_eq!(gradient(&ssl_nn::ops::relu(&x)?, &x)?, Some(vec![0.0]));
    Ok(())
}

#[test]
fn a_clamp_has_half_a_gradient_at_its_bound() -> Result<()> {
    let x = var(&[1.0])?;
    assert_eq!(gradient(&x.clamp(0f32, 1f32)?, &x)?, Some(vec![0.5]));
    Ok(())
}

#[test]
fn every_maximum_of_a_tie_gets_the_whole_gradient() -> Result<()> {
    let x = var(&[2.0, 2.0, 1.0])?;
    assert_eq!(gradient(&x.max(0)?, &x)?, Some(vec![1.0, 1.0, 0.0]));
    Ok(())
}

#[test]
fn cross_entropy_of_probabilities_is_not_a_number_for_large_logits() -> Result<()> {
    let (x, target) = (var(&[200.0])?, Tensor::new(&[0f32], &Device::Cpu)?);
    assert!(!loss::binary_cross_entropy_with_logit(&x, &target)?.to_scalar::<f32>()?.is_finite());
    Ok(())
}

#[test]
fn scatter_adds_a_wrong_gradient_to_what_it_starts_from() -> Result<()> {
    let start = var(&[1.0, 1.0, 1.0])?;
    let (index, source) = (Tensor::new(&[1u32], &Device::Cpu)?, Tensor::new(&[5f32], &Device::Cpu)?);
    // Element 1 is overwritten, so nothing reaches it; the others pass through.
    assert_ne!(gradient(&start.scatter(&index, &source, 0)?, &start)?, Some(vec![1.0, 0.0, 1.0]), "fixed upstream");
    Ok(())
}

#[test]
fn a_convolution_of_an_image_that_is_not_square_has_no_gradient() -> Result<()> {
    let x = Var::from_tensor(&Tensor::ones((1, 1, 5, 4), candle_core::DType::F32, &Device::Cpu)?)?;
    let kernel = Tensor::ones((1, 1, 2, 2), candle_core::DType::F32, &Device::Cpu)?;
    let theirs = gradient(&x.conv2d(&kernel, 0, 2, 1, 1)?, &x);
    let ours = gradient(&ssl_nn::ops::conv2d(&x, &kernel, 2, 0)?, &x)?;
    assert!(theirs.map_or(true, |theirs| theirs != ours), "fixed upstream");
    Ok(())
}

/// Multiplies by 2, and has no gradient.
struct Twice;

impl CustomOp1 for Twice {
    fn name(&self) -> &'static str {
        "twice"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = storage.as_slice::<f32>()?.iter().map(|x| 2.0 * x).collect();
        Ok((CpuStorage::F32(values), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        Ok(None)
    }
}

#[test]
fn an_op_that_withholds_its_gradient_panics() -> Result<()> {
    let x = var(&[1.0])?;
    let y = (x.as_tensor() * 3.0)?.apply_op1(Twice)?;
    assert!(!matches!(catch_unwind(AssertUnwindSafe(|| gradient(&y, &x))), Ok(Ok(_))), "fixed upstream");
    Ok(())
}

#[test]
fn the_cpu_s_random_numbers_can_t_be_seeded() {
    assert!(Device::Cpu.set_seed(0).is_err());
}

#[test]
fn there_is_no_momentum_in_sgd() -> Result<()> {
    use candle_nn::Optimizer;
    let x = var(&[0.0])?;
    let mut sgd = candle_nn::SGD::new(vec![x.clone()], 0.5)?;
    for _ in 0..2 {
        sgd.backward_step(&x.sum_all()?)?;
    }
    assert_eq!(x.to_vec1::<f32>()?, [-1.0]);
    Ok(())
}
