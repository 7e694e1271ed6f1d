//! Parameters under names: first values, twins, what is drawn anew.

use candle_core::{Device, Result, Tensor};
use ssl_nn::params::Init;
use ssl_nn::{ConvNet4, Linear, Mlp, Output, Params};

fn bits(params: &Params) -> Result<Vec<(String, Vec<u32>)>> {
    let all = params.all().into_iter();
    all.map(|(name, var)| {
        let values: Vec<f32> = var.flatten_all()?.to_vec1()?;
        Ok((name, values.iter().map(|value| value.to_bits()).collect()))
    })
    .collect()
}

#[test]
fn initial_weights_depend_on_seed_and_name_alone() -> Result<()> {
    let build = |seed: u64, head_first: bool| -> Result<_> {
        let params = Params::new(seed, &Device::Cpu);
        let head = || Linear::new(8, 4, &params.pp("head"));
        if head_first {
            head()?;
        }
        ConvNet4::new(3, &params.pp("backbone"))?;
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
    ConvNet4::new(3, &params)?;
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
fn twins_start_equal_and_share_no_memory() -> Result<()> {
    let params = Params::new(5, &Device::Cpu);
    let build = |place: &Params| Mlp::with_batch_norm(&[4, 3, 2], Output::Linear, &place.pp("head"));
    let (online, target) = (params.twin("online"), params.twin("target"));
    build(&online)?;
    build(&target)?;
    let pairs = [online.pairs(&target)?, online.buffer_pairs(&target)?].concat();
    assert_eq!(pairs.len(), 7);
    for (mine, theirs) in pairs {
        let before = theirs.flatten_all()?.to_vec1::<f32>()?;
        assert_eq!(mine.flatten_all()?.to_vec1::<f32>()?, before);
        mine.set(&(mine.as_detached_tensor() + 1.0)?)?;
        assert_eq!(theirs.flatten_all()?.to_vec1::<f32>()?, before);
    }
    // A branch of its own name starts elsewhere.
    build(&params.pp("other"))?;
    let weight = |name: &str| params.all()[name].flatten_all()?.to_vec1::<f32>();
    assert_ne!(weight("other.head.0.weight")?, weight("target.head.0.weight")?);
    Ok(())
}

#[test]
fn what_has_no_twin_is_named() -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let (online, target) = (params.pp("online"), params.pp("target"));
    Linear::new(3, 2, &online.pp("head"))?;
    Linear::new(3, 2, &target.pp("tail"))?;
    let message = online.pairs(&target).expect_err("other names").to_string();
    assert!(message.contains("online.head.bias has no twin target.head.bias"), "{message}");
    let (a, b) = (params.pp("a"), params.pp("b"));
    Linear::new(3, 2, &a)?;
    Linear::new(4, 2, &b)?;
    let message = a.pairs(&b).expect_err("other shapes").to_string();
    assert!(message.contains("a.weight: expected shape [2, 3], got [2, 4]"), "{message}");
    Linear::without_bias(3, 2, &params.pp("c"))?;
    assert!(a.pairs(&params.pp("c")).is_err());
    Ok(())
}

#[test]
fn a_head_is_made_anew_and_nothing_else() -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let (head, other) = (params.pp("head"), params.pp("other"));
    Linear::new(3, 2, &head)?;
    Linear::new(3, 2, &other)?;
    head.buffer("mean", &[2], Init::Constant(0.5))?.set(&Tensor::ones(2, candle_core::DType::F32, &Device::Cpu)?)?;
    let (head_before, other_before) = (bits(&head)?, bits(&other)?);
    head.redraw(1)?;
    let once = bits(&head)?;
    assert_ne!(once, head_before);
    assert_eq!(bits(&other)?, other_before);
    assert_eq!(params.all()["head.mean"].to_vec1::<f32>()?, [0.5, 0.5]);
    head.redraw(2)?;
    assert_ne!(bits(&head)?, once);
    head.redraw(1)?;
    assert_eq!(bits(&head)?, once);
    Ok(())
}
