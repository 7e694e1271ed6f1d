//! What holds of all operations.

use candle_core::{Device, Result, Tensor, Var};
use ssl_nn::ops::{
    BatchNormMode, ConvNormLayer, Section, add_bias, add_relu, avg_pool2d, batch_norm, conv_batch_norm, conv_network,
    conv2d, global_avg_pool2d, log_softmax, max_pool2d, relu, smallest, upsample2d,
};

use super::{assert_close, layer, matches_finite_differences, random};

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
    matches_finite_differences(&inputs, |x| {
        let layer = ConvNormLayer { epsilon: 1e-3, ..layer(&x[1], (1, 1), (&x[2], &x[3]), false) };
        Ok(conv_batch_norm(&x[0], &layer)?.0)
    })?;
    let inputs = [random(&[2, 2, 4, 5], 6)?];
    matches_finite_differences(&inputs, |x| avg_pool2d(&x[0], 2, 2))?;
    matches_finite_differences(&inputs, |x| global_avg_pool2d(&x[0]))?;
    matches_finite_differences(&inputs, |x| upsample2d(&x[0], (7, 3)))?;
    matches_finite_differences(&inputs, |x| log_softmax(&x[0]))?;
    matches_finite_differences(&[inputs[0].clone(), random(&[2], 12)?], |x| add_bias(&x[0], &x[1]))?;
    // Kinks would show if an element were nearer to one than the step is long.
    let apart = (random(&[1, 1, 4, 5], 7)?.sign()? * 0.5)?;
    matches_finite_differences(&[apart], |x| relu(&x[0]))
}

#[test]
fn non_contiguous_inputs_give_the_same() -> Result<()> {
    let (x, weight) = (random(&[2, 3, 6, 5], 1)?, random(&[4, 3, 3, 3], 2)?);
    let (turned, turned_weight) = (x.transpose(2, 3)?, weight.transpose(2, 3)?);
    let expected = conv2d(&turned.contiguous()?, &turned_weight.contiguous()?, 2, 1)?;
    assert_close(&conv2d(&turned, &turned_weight, 2, 1)?, &expected, 0.0, "conv2d")?;
    let expected = max_pool2d(&turned.contiguous()?, 2, 2)?;
    assert_close(&max_pool2d(&turned, 2, 2)?, &expected, 0.0, "max_pool2d")?;
    assert_close(&upsample2d(&turned, (9, 4))?, &upsample2d(&turned.contiguous()?, (9, 4))?, 0.0, "upsample2d")?;
    assert_close(&log_softmax(&turned)?, &log_softmax(&turned.contiguous()?)?, 0.0, "log_softmax")?;
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
            let (y, _) = conv_batch_norm(&x, &layer(&kernel, (1, 1), (&ones, &zeros), true))?;
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
    let (narrow_weight, back, gamma) = (random(&[2, 3, 3, 3], 3)?, random(&[2, 2, 3, 3], 3)?, random(&[2], 3)?);
    let narrow = |weight| layer(weight, (1, 1), (&gamma, &gamma), true);
    let narrowing = Section::Block { first: narrow(&narrow_weight), second: narrow(&back), shortcut: None };
    let messages = [
        (conv2d(&x, &narrow_weight, 1, usize::MAX / 2), "is too large"),
        (conv2d(&x, &weight, 1, 1), "3 channels, the weight expects 4"),
        (conv2d(&x, &random(&[2, 3, 7, 7], 3)?, 1, 1), "7×7 kernel"),
        (conv2d(&x, &random(&[2, 3, 3, 3], 3)?, 0, 1), "at least 1, got 0"),
        (conv2d(&random(&[3, 4, 4], 4)?, &weight, 1, 1), "[3, 4, 4]"),
        (max_pool2d(&x, 5, 1), "window of 5"),
        (add_relu(&x, &weight), "the shortcut [2, 4, 3, 3]"),
        (
            conv_batch_norm(
                &x,
                &layer(&random(&[2, 3, 3, 3], 3)?, (1, 1), (&random(&[2], 4)?, &random(&[3], 5)?), true),
            )
            .map(|(y, _)| y),
            "gamma is [2] and beta [3]",
        ),
        (
            conv_batch_norm(&x, &ConvNormLayer { fixed: Some([&gamma, &random(&[3], 5)?]), ..narrow(&narrow_weight) })
                .map(|(y, _)| y),
            "the statistics are [2] and [3]",
        ),
        (conv_network(&x, &[]).map(|(y, _)| y), "at least one section"),
        (conv_network(&random(&[4], 5)?, std::slice::from_ref(&narrowing)).map(|(y, _)| y), "conv_network expects"),
        (conv_network(&random(&[2, 3, 0, 8], 5)?, std::slice::from_ref(&narrowing)).map(|(y, _)| y), "[2, 3, 0, 8]"),
        (conv_network(&x, &[narrowing]).map(|(y, _)| y), "its shortcut [1, 3, 4, 4]"),
        (global_avg_pool2d(&random(&[3, 4], 5)?), "[3, 4]"),
        (add_bias(&x, &random(&[4], 5)?), "the bias [4]"),
        (log_softmax(&random(&[3, 4], 5)?), "[3, 4]"),
        (upsample2d(&x, (0, 3)), "got 0×3"),
        (smallest(&x.flatten_from(1)?, 0), "got 0"),
        (smallest(&random(&[3, 4], 5)?, 5), "from 1 to 4, got 5"),
        (smallest(&random(&[2, 3, 4], 5)?, 1), "[2, 3, 4]"),
    ];
    for (result, part) in messages {
        let message = result.expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    }
    Ok(())
}

#[test]
fn the_smallest_are_those_that_sorting_puts_first() -> Result<()> {
    for (rows, columns, count) in [(1, 1, 1), (7, 11, 3), (130, 226, 5), (3, 5, 5)] {
        let x = random(&[columns, rows], 7)?.t()?;
        let sorted = x.contiguous()?.arg_sort_last_dim(true)?.narrow(1, 0, count)?;
        assert_eq!(smallest(&x, count)?.to_vec2::<u32>()?, sorted.to_vec2::<u32>()?, "{count} of {columns}");
    }
    let (none, most) = (f32::NAN, f32::INFINITY);
    let rows = Tensor::new(&[[none, 2.0, 1.0, 2.0], [1.0, 1.0, -most, none], [most, none, none, -0.0]], &Device::Cpu)?;
    let expected = [[2, 1, 3, 0], [2, 0, 1, 3], [3, 0, 1, 2]].map(Vec::from);
    for count in 1..=4 {
        let expected: Vec<_> = expected.iter().map(|row| row[..count].to_vec()).collect();
        assert_eq!(smallest(&rows, count)?.to_vec2::<u32>()?, expected, "{count}");
    }
    Ok(())
}
