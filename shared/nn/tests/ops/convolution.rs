//! Convolutions, alone and with batch norm.

use candle_core::{Result, Tensor, Var};
use ssl_nn::ops::{BatchNormMode, ConvNormLayer, Seen, batch_norm, conv_batch_norm, conv_batch_norms, conv2d};

use super::{agrees, assert_close, count, layer, random};

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
    for (shape, outputs) in [([131, 16, 4, 4], 16), ([2, 24, 20, 32], 16), ([5, 32, 12, 40], 24)] {
        let (x, weight) = (random(&shape, 1)?, (random(&[outputs, shape[1], 3, 3], 2)? * 0.1)?);
        let got = convolved(&x, &weight, |x, weight| conv2d(x, weight, 1, 1))?;
        let expected = convolved(&x, &weight, |x, weight| {
            let parts = (0..shape[1]).step_by(8).map(|c| conv2d(&x.narrow(1, c, 8)?, &weight.narrow(1, c, 8)?, 1, 1));
            parts.reduce(|sum, part| sum? + part?).expect("channels")
        })?;
        for (got, expected) in got.iter().zip(&expected) {
            // Large transforms round more than plain sums: as much as a sum of the largest elements does.
            let largest = expected.abs()?.max_all()?;
            assert_close(
                &got.broadcast_div(&largest)?,
                &expected.broadcast_div(&largest)?,
                1e-5,
                &format!("{shape:?}"),
            )?;
        }
    }
    Ok(())
}

#[test]
fn a_convolution_with_batch_norm_agrees_with_pytorch() -> Result<()> {
    agrees("conv_batch_norm", &["x", "weight", "gamma", "beta"], |case, vars| {
        let geometry = (count(case, "stride")?, count(case, "padding")?);
        let layer = layer(&vars[1], geometry, (&vars[2], &vars[3]), count(case, "relu")? == 1);
        Ok(conv_batch_norm(&vars[0], &layer)?.0)
    })
}

#[test]
fn a_convolution_with_batch_norm_is_one_after_the_other() -> Result<()> {
    let (x, weight) = (random(&[3, 5, 20, 17], 1)?.transpose(2, 3)?, random(&[4, 5, 3, 3], 2)?);
    let (gamma, beta) = (random(&[4], 3)?, random(&[4], 4)?);
    let (y, moments) = conv_batch_norm(&x, &layer(&weight, (1, 1), (&gamma, &beta), true))?;
    let maps = conv2d(&x, &weight, 1, 1)?;
    let (expected, expected_moments) = batch_norm(&maps, &gamma, &beta, &BatchNormMode::Train, 1e-5, true)?;
    assert_close(&y, &expected, 0.0, "y")?;
    assert_close(&moments.mean, &expected_moments.mean, 0.0, "mean")?;
    assert_close(&moments.variance, &expected_moments.variance, 0.0, "variance")
}

#[test]
fn layers_computed_as_one_are_one_after_the_other() -> Result<()> {
    let expected = of_three_layers(|x, layers| {
        let (mut y, mut seen) = (x.clone(), Vec::new());
        for layer in layers {
            let (next, moments) = conv_batch_norm(&y, layer)?;
            seen.push((moments, next.elem_count()));
            y = next;
        }
        Ok((y, seen))
    })?;
    for (i, (got, expected)) in of_three_layers(conv_batch_norms)?.iter().zip(&expected).enumerate() {
        assert_close(got, expected, 0.0, &format!("number {i}"))?;
    }
    Ok(())
}

/// What three layers compute: output, statistics and how many numbers they are of, gradients of the input and of all parameters.
fn of_three_layers(compute: impl Fn(&Tensor, &[ConvNormLayer]) -> Result<(Tensor, Vec<Seen>)>) -> Result<Vec<Tensor>> {
    let shapes = [[16, 3, 3, 3], [18, 16, 3, 3], [5, 18, 3, 3]].iter();
    let shapes = shapes.flat_map(|shape| [shape.to_vec(), vec![shape[0]], vec![shape[0]]]);
    let shapes = [vec![7, 3, 12, 8]].into_iter().chain(shapes);
    let vars = shapes.enumerate().map(|(i, shape)| Var::from_tensor(&random(&shape, i as u64)?));
    let vars = vars.collect::<Result<Vec<_>>>()?;
    let kinds = [((1, 1), true), ((1, 1), false), ((2, 1), true)];
    let layers = vars[1..].chunks(3).zip(kinds);
    let layers: Vec<_> =
        layers.map(|(vars, (geometry, relu))| layer(&vars[0], geometry, (&vars[1], &vars[2]), relu)).collect();
    let (y, seen) = compute(&vars[0], &layers)?;
    let mut all = vec![y.clone()];
    for (moments, elements) in seen {
        all.extend([moments.mean, moments.variance, Tensor::new(elements as f32, y.device())?]);
    }
    let gradients = (&y * random(y.dims(), 20)?)?.sum_all()?.backward()?;
    all.extend(vars.iter().map(|var| gradients.get(var).expect("a gradient for all").clone()));
    Ok(all)
}

#[test]
fn the_image_s_own_gradient_is_not_computed() -> Result<()> {
    let (x, weight) = (random(&[1, 3, 4, 4], 1)?, Var::from_tensor(&random(&[2, 3, 3, 3], 2)?)?);
    let gradients = conv2d(&x, &weight, 1, 1)?.sum_all()?.backward()?;
    assert!(gradients.get(&x).is_none() && gradients.get(&weight).is_some());
    Ok(())
}
