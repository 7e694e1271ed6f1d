//! Convolutions, alone and with batch norm.

use std::ops::Range;

use candle_core::{DType, Result, Tensor, Var};
use ssl_nn::ops::{
    BatchNormMode, ConvNormLayer, Moments, Section, Seen, add_relu, batch_norm, conv_batch_norm, conv_network,
    conv_network_each, conv2d,
};

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

/// Up to a share of the largest number: what cancels has no digits of its own.
fn assert_close_beside_the_largest(got: &[Tensor; 3], expected: &[Tensor; 3], what: &str) -> Result<()> {
    for (got, expected) in got.iter().zip(expected) {
        let largest = expected.abs()?.max_all()?;
        assert_close(&got.broadcast_div(&largest)?, &expected.broadcast_div(&largest)?, 1e-5, what)?;
    }
    Ok(())
}

#[test]
fn the_margin_of_a_small_map_is_zeros() -> Result<()> {
    // More than a third of what patches hold is margin; in the last cases all but a pixel, all of some patches, and of few images.
    for (shape, kernel, stride, padding) in [
        ([131, 16, 3, 3], [24, 16, 3, 3], 2, 1),
        ([29, 5, 5, 5], [7, 5, 3, 3], 2, 1),
        ([600, 3, 2, 3], [4, 3, 3, 3], 1, 1),
        ([35, 4, 2, 4], [3, 4, 5, 3], 1, 2),
        ([37, 6, 1, 1], [5, 6, 3, 3], 2, 1),
        ([33, 4, 2, 2], [5, 4, 3, 3], 1, 3),
        ([3, 4, 2, 2], [5, 4, 3, 3], 1, 1),
    ] {
        let (x, weight) = (random(&shape, 1)?, random(&kernel, 2)?);
        let got = convolved(&x, &weight, |x, weight| conv2d(x, weight, stride, padding))?;
        let expected = convolved(&x, &weight, |x, weight| {
            let wide = x.pad_with_zeros(2, padding, padding)?.pad_with_zeros(3, padding, padding)?;
            conv2d(&wide, weight, stride, 0)
        })?;
        assert_close_beside_the_largest(&got, &expected, &format!("{shape:?}"))?;
    }
    Ok(())
}

#[test]
fn a_convolution_of_many_channels_is_a_sum_over_few() -> Result<()> {
    // Many images of one block each, maps of several strips, the last of them smaller.
    for (shape, outputs, stride) in [
        ([131, 16, 4, 4], 16, 1),
        ([2, 32, 36, 32], 16, 1),
        ([5, 16, 12, 40], 48, 1),
        ([67, 128, 8, 8], 32, 2),
        ([2, 128, 72, 64], 16, 2),
        ([5, 144, 24, 40], 16, 2),
    ] {
        let (x, weight) = (random(&shape, 1)?, (random(&[outputs, shape[1], 3, 3], 2)? * 0.1)?);
        let got = convolved(&x, &weight, |x, weight| conv2d(x, weight, stride, 1))?;
        let expected = convolved(&x, &weight, |x, weight| {
            let few = |c| conv2d(&x.narrow(1, c, 8)?, &weight.narrow(1, c, 8)?, stride, 1);
            let parts = (0..shape[1]).step_by(8).map(few);
            parts.reduce(|sum, part| sum? + part?).expect("channels")
        })?;
        // Large transforms round more than plain sums: as much as a sum of the largest elements does.
        assert_close_beside_the_largest(&got, &expected, &format!("{shape:?}"))?;
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

/// Shapes of three layers' weights, then a block's two, those of a block with a shortcut and, on maps of 4×4 and 2×2 pixels, of one with a
/// shortcut and one without: each way of computing a convolution is among them.
const KERNELS: [[usize; 4]; 13] = [
    [17, 3, 3, 3],
    [32, 17, 3, 3],
    [128, 32, 3, 3],
    [128, 128, 3, 3],
    [128, 128, 3, 3],
    [48, 128, 3, 3],
    [48, 48, 3, 3],
    [48, 128, 1, 1],
    [24, 48, 3, 3],
    [24, 24, 3, 3],
    [24, 48, 1, 1],
    [24, 24, 3, 3],
    [24, 24, 3, 3],
];

/// What `layer` makes of `x`, layer after layer of a section.
fn forward<L>(
    section: &Section<L>,
    x: &Tensor,
    mut layer: impl FnMut(&Tensor, &L) -> Result<Tensor>,
) -> Result<Tensor> {
    match section {
        Section::Layer(only) => layer(x, only),
        Section::Block { first, second, shortcut } => {
            let inner = layer(x, first)?;
            let residual = layer(&inner, second)?;
            match shortcut {
                Some(shortcut) => add_relu(&residual, &layer(x, shortcut)?),
                None => add_relu(&residual, x),
            }
        }
    }
}

#[test]
fn sections_computed_as_one_are_one_after_the_other() -> Result<()> {
    let one_by_one = |x: &Tensor, sections: &[Section<ConvNormLayer>]| {
        let mut seen = Vec::new();
        let mut layer = |x: &Tensor, layer: &ConvNormLayer| {
            let y = conv2d(x, layer.weight, layer.stride, layer.padding)?;
            let mode = layer.fixed.map_or(BatchNormMode::Train, |fixed| {
                let [mean, variance] = fixed.map(Tensor::clone);
                BatchNormMode::Eval(Moments { mean, variance })
            });
            let (y, moments) = batch_norm(&y, layer.gamma, layer.beta, &mode, layer.epsilon, layer.relu)?;
            seen.push((moments, y.elem_count()));
            Ok(y)
        };
        let y = sections.iter().try_fold(x.clone(), |x, section| forward(section, &x, &mut layer))?;
        Ok((y, seen))
    };
    for (first, last, train) in
        [(0, 7, true), (0, 3, true), (3, 4, true), (4, 5, true), (0, 7, false), (3, 4, false), (4, 7, false)]
    {
        let got = of_sections(first..last, train, conv_network)?;
        let expected = of_sections(first..last, train, one_by_one)?;
        assert_eq!(got.len(), expected.len());
        for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
            assert_close(got, expected, 0.0, &format!("sections {first} to {last}, number {i}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_network_in_parts_is_one_network_after_the_other() -> Result<()> {
    let flat = |outputs: &[Tensor], wanted: &[usize]| {
        Tensor::cat(&wanted.iter().map(|&i| outputs[i].flatten_all()).collect::<Result<Vec<_>>>()?, 0)
    };
    for (ends, wanted) in [
        (&[1, 2, 3, 4, 5][..], &[0, 1, 2, 3, 4][..]),
        (&[1, 2, 3, 4, 5], &[1, 3]),
        (&[1, 2, 3, 4, 5], &[2]),
        (&[2, 4, 5], &[0, 1]),
        (&[3, 5], &[1, 0, 1]),
    ] {
        let got = of_sections(0..5, true, |x, sections| {
            let (outputs, seen) = conv_network_each(x, &cut(sections, ends))?;
            Ok((flat(&outputs, wanted)?, seen))
        })?;
        let expected = of_sections(0..5, true, |x, sections| {
            let (mut outputs, mut seen) = (Vec::new(), Vec::new());
            for part in cut(sections, ends) {
                let (y, of_part) = conv_network(outputs.last().unwrap_or(x), &part)?;
                outputs.push(y);
                seen.extend(of_part);
            }
            Ok((flat(&outputs, wanted)?, seen))
        })?;
        assert_eq!(got.len(), expected.len());
        for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
            // Sums of thousands of terms are right to a share of the greatest ones.
            let greatest = f64::from(expected.abs()?.max_all()?.to_scalar::<f32>()?);
            let what = format!("parts to {ends:?}, {wanted:?} wanted, number {i}");
            assert_close(&(got / greatest)?, &(expected / greatest)?, 1e-5, &what)?;
        }
    }
    Ok(())
}

/// The sections up to each of `ends`.
fn cut<'a>(sections: &[Section<ConvNormLayer<'a>>], ends: &[usize]) -> Vec<Vec<Section<ConvNormLayer<'a>>>> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, &end)| sections[start..end].to_vec()).collect()
}

/// What some of three layers and two blocks compute, with the batch's statistics or with fixed ones: output, statistics and how many numbers
/// they are of, gradients of the input and of all parameters.
fn of_sections(
    which: Range<usize>,
    train: bool,
    compute: impl Fn(&Tensor, &[Section<ConvNormLayer>]) -> Result<(Tensor, Vec<Seen>)>,
) -> Result<Vec<Tensor>> {
    let var = |(i, shape): (usize, Vec<usize>)| Var::from_tensor(&random(&shape, i as u64)?);
    let shapes = KERNELS.iter().flat_map(|shape| [shape.to_vec(), vec![shape[0]], vec![shape[0]]]);
    let vars = shapes.enumerate().map(var).collect::<Result<Vec<_>>>()?;
    let statistics = |(i, [channels, ..]): (usize, &[usize; 4])| -> Result<[Tensor; 2]> {
        Ok([random(&[*channels], 50 + i as u64)?, (random(&[*channels], 60 + i as u64)?.sqr()? + 0.5)?])
    };
    let statistics = KERNELS.iter().enumerate().map(statistics).collect::<Result<Vec<_>>>()?;
    let layer = |i: usize, geometry, relu| ConvNormLayer {
        fixed: (!train).then_some(statistics[i].each_ref()),
        ..layer(&vars[3 * i], geometry, (&vars[3 * i + 1], &vars[3 * i + 2]), relu)
    };
    let sections = [
        Section::Layer(layer(0, (1, 1), true)),
        Section::Layer(layer(1, (1, 1), false)),
        Section::Layer(layer(2, (2, 1), true)),
        Section::Block { first: layer(3, (1, 1), true), second: layer(4, (1, 1), false), shortcut: None },
        Section::Block {
            first: layer(5, (2, 1), true),
            second: layer(6, (1, 1), false),
            shortcut: Some(layer(7, (2, 0), false)),
        },
        Section::Block {
            first: layer(8, (2, 1), true),
            second: layer(9, (1, 1), false),
            shortcut: Some(layer(10, (2, 0), false)),
        },
        Section::Block { first: layer(11, (1, 1), true), second: layer(12, (1, 1), false), shortcut: None },
    ];
    // The last group of images is a smaller one in layers of 8×8.
    let x = random(&if which.start == 0 { [67, 3, 16, 16] } else { [67, 128, 8, 8] }, 30)?;
    let x = Var::from_tensor(&x)?;
    let (y, seen) = compute(&x, &sections[which])?;
    let mut all = vec![y.clone()];
    for (moments, elements) in seen {
        all.extend([moments.mean, moments.variance, Tensor::new(elements as f32, y.device())?]);
    }
    let gradients = (&y * random(y.dims(), 31)?)?.sum_all()?.backward()?;
    all.push(gradients.get(&x).expect("a gradient of the input").clone());
    all.extend(vars.iter().filter_map(|var| gradients.get(var).cloned()));
    Ok(all)
}

#[test]
fn a_network_can_go_backward_twice() -> Result<()> {
    let (x, weight) = (random(&[2, 3, 4, 4], 1)?, Var::from_tensor(&random(&[3, 3, 3, 3], 2)?)?);
    let (ones, zeros) = (Tensor::ones(3, DType::F32, x.device())?, Tensor::zeros(3, DType::F32, x.device())?);
    let layer = layer(&weight, (1, 1), (&ones, &zeros), true);
    let (y, _) = conv_network(&x, &[Section::Layer(layer), Section::Layer(layer)])?;
    let gradient = |loss: Tensor| -> Result<Tensor> { Ok(loss.backward()?.get(&weight).expect("a gradient").clone()) };
    let (once, twice) = (gradient(y.sqr()?.sum_all()?)?, gradient((y.sqr()?.sum_all()? * 2.0)?)?);
    assert_close(&(once * 2.0)?, &twice, 1e-6, "the weight of two layers")
}

#[test]
fn the_image_s_own_gradient_is_not_computed() -> Result<()> {
    for shape in [[1, 3, 4, 4], [40, 3, 2, 2]] {
        let (x, weight) = (random(&shape, 1)?, Var::from_tensor(&random(&[2, 3, 3, 3], 2)?)?);
        let gradients = conv2d(&x, &weight, 1, 1)?.sum_all()?.backward()?;
        assert!(gradients.get(&x).is_none() && gradients.get(&weight).is_some());
        let (ones, zeros) = (Tensor::ones(3, DType::F32, x.device())?, Tensor::zeros(3, DType::F32, x.device())?);
        let weight = Var::from_tensor(&random(&[3, 3, 3, 3], 2)?)?;
        let layer = |relu| layer(&weight, (1, 1), (&ones, &zeros), relu);
        for section in
            [Section::Layer(layer(true)), Section::Block { first: layer(true), second: layer(false), shortcut: None }]
        {
            let gradients = conv_network(&x, &[section])?.0.sqr()?.sum_all()?.backward()?;
            assert!(gradients.get(&x).is_none() && gradients.get(&weight).is_some());
        }
    }
    Ok(())
}
