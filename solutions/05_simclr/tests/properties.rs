//! What holds of SimCLR's pieces whatever they are given.

use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;
use simclr_solution::{Step, augment, cached_step, crop_box, learning_rate, nt_xent, train_step, two_views};
use ssl_data::Rng;
use ssl_data::augment::Crop;
use ssl_nn::{Linear, Optimizer, Params, Sgd};

fn embeddings(rows: usize) -> Result<Tensor> {
    let numbers: Vec<f32> = (0..rows * 5).map(|i| ((i * i * 7 + 3 * i) % 23) as f32 / 11.5 - 1.0).collect();
    Tensor::from_vec(numbers, (rows, 5), &Device::Cpu)
}

fn number(value: Tensor) -> Result<f32> {
    value.to_scalar()
}

#[test]
fn nt_xent_equals_ln_2n_minus_1_for_identical_embeddings() -> Result<()> {
    let z = Tensor::full(0.2f32, (12, 3), &Device::Cpu)?;
    assert!((number(nt_xent(&z, 0.05)?)? - 11f32.ln()).abs() < 1e-5);
    Ok(())
}

#[test]
fn nt_xent_minds_neither_scale_nor_the_order_of_pairs_nor_which_view_is_first() -> Result<()> {
    let z = embeddings(8)?;
    let expected = number(nt_xent(&z, 0.3)?)?;
    let swapped = z.index_select(&Tensor::new(&[4u32, 5, 6, 7, 0, 1, 2, 3], &Device::Cpu)?, 0)?;
    let shuffled = z.index_select(&Tensor::new(&[2u32, 0, 3, 1, 6, 4, 7, 5], &Device::Cpu)?, 0)?;
    for same in [(&z * 9.0)?, swapped, shuffled] {
        assert!((number(nt_xent(&same, 0.3)?)? - expected).abs() < 1e-5);
    }
    Ok(())
}

#[test]
fn an_odd_number_of_rows_is_refused() -> Result<()> {
    let message = nt_xent(&embeddings(5)?, 0.5).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("got 5 rows"), "{message}");
    Ok(())
}

#[test]
fn boxes_are_those_of_the_loader_draw_by_draw() {
    let (mut ours, mut theirs) = (Rng::seed_from_u64(3), Rng::seed_from_u64(3));
    let crop = Crop { scale: (0.08, 1.0), ratio: (0.75, 4.0 / 3.0) };
    for _ in 0..1000 {
        assert_eq!(crop_box(&mut ours, 32, 24, crop.scale, crop.ratio), crop.draw(&mut theirs, 32, 24));
    }
}

#[test]
fn no_steps_leave_the_image_as_it_is() -> Result<()> {
    let image = embeddings(3)?.reshape((3, 5, 1))?;
    let view = augment(&[], &image, &mut Rng::seed_from_u64(0))?;
    assert_eq!(view.flatten_all()?.to_vec1::<f32>()?, image.flatten_all()?.to_vec1::<f32>()?);
    Ok(())
}

#[test]
fn an_error_of_a_transform_reaches_the_caller() -> Result<()> {
    let broken = |_: &Tensor, _: &mut Rng| -> Result<Tensor> { candle_core::bail!("no view today") };
    let error = two_views(&broken, &embeddings(3)?, &mut Rng::seed_from_u64(0)).err();
    assert!(error.is_some_and(|error| error.to_string().contains("no view today")));
    Ok(())
}

#[test]
fn the_rate_peaks_when_the_warm_up_ends_and_falls_to_nothing() {
    let rate = |step| learning_rate(step, 20, 200, 0.3, 512);
    assert!((rate(19) - 0.6).abs() < 1e-12 && (rate(20) - 0.6).abs() < 1e-12);
    assert!((1..20).all(|step| rate(step) > rate(step - 1)));
    assert!((21..=200).all(|step| rate(step) < rate(step - 1)));
    assert!(rate(200).abs() < 1e-12);
}

/// The weights of a linear backbone and a linear head, without batch norm, after a step on seven images.
fn after(make: impl FnOnce(&Step, &mut dyn Optimizer) -> Result<f64>) -> Result<(f64, Vec<f32>)> {
    let params = Params::new(1, &Device::Cpu);
    let (backbone, head) = (Linear::new(5, 6, &params.pp("backbone"))?, Linear::new(6, 4, &params.pp("head"))?);
    let mut optimizer = Sgd::new(params.trained(), 0.9, 0.0);
    let (view_a, view_b) = (&embeddings(7)?, &embeddings(14)?.narrow(0, 7, 7)?);
    let step = Step {
        encode: &|images, _| backbone.forward(images),
        project: &|h| head.forward(h),
        view_a,
        view_b,
        temperature: 0.3,
        learning_rate: 0.1,
    };
    let loss = make(&step, &mut optimizer)?;
    let weights = params.trained().into_iter().map(|(_, var)| var.flatten_all()?.to_vec1::<f32>());
    Ok((loss, weights.collect::<Result<Vec<_>>>()?.concat()))
}

#[test]
fn without_batch_norm_a_step_in_chunks_is_the_undivided_step() -> Result<()> {
    let (loss, weights) = after(|step, optimizer| train_step(step, optimizer))?;
    for chunk in [1, 2, 3, 7, 9] {
        let (cached_loss, cached_weights) = after(|step, optimizer| cached_step(step, chunk, optimizer))?;
        assert!((cached_loss - loss).abs() < 1e-5, "chunks of {chunk}: loss {cached_loss}, not {loss}");
        let furthest = weights.iter().zip(&cached_weights).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1e-6, "chunks of {chunk}: a weight is off by {furthest}");
    }
    Ok(())
}
