//! Batches.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use rand::Rng as _;
use ssl_data::{Augmentation, Loader, Rng, Split, Toybox};

fn split() -> Result<Split> {
    Ok(Split::clone(&Toybox { train: 50, test: 10, ..Toybox::default() }.dataset()?.train))
}

fn order(loader: &Loader, epoch: usize) -> Result<Vec<usize>> {
    let batches = loader.epoch(epoch).map(|batch| Ok(batch?.indices));
    Ok(batches.collect::<Result<Vec<_>>>()?.concat())
}

#[test]
fn an_epoch_gives_whole_batches_of_different_images() -> Result<()> {
    let loader = Loader::new(split()?, 16, 0, &Device::Cpu)?;
    assert_eq!(loader.batches(), 3);
    let mut seen = order(&loader, 0)?;
    assert_eq!(seen.len(), 48);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 48);
    Ok(())
}

#[test]
fn the_order_depends_on_seed_and_epoch_alone() -> Result<()> {
    let loader = |seed| Loader::new(split()?, 10, seed, &Device::Cpu);
    assert_eq!(order(&loader(1)?, 4)?, order(&loader(1)?, 4)?);
    assert_ne!(order(&loader(1)?, 4)?, order(&loader(1)?, 5)?);
    assert_ne!(order(&loader(1)?, 4)?, order(&loader(2)?, 4)?);
    Ok(())
}

#[test]
fn images_and_labels_are_those_of_their_numbers() -> Result<()> {
    let split = split()?;
    let loader = Loader::new(split.clone(), 10, 3, &Device::Cpu)?;
    for batch in loader.epoch(0) {
        let batch = batch?;
        let expected = split.select(&batch.indices);
        let off = (batch.images() - expected.images().to_tensor(&Device::Cpu)?)?.abs()?.max_all()?;
        assert_eq!(off.to_scalar::<f32>()?, 0.0);
        let labels = batch.labels.map(|labels| labels.to_vec1::<u32>()).transpose()?;
        assert_eq!(labels.as_deref(), expected.labels());
    }
    Ok(())
}

#[test]
fn leaving_an_epoch_early_leaves_nothing_hanging() -> Result<()> {
    let loader = Loader::new(split()?, 2, 0, &Device::Cpu)?;
    for epoch in 0..20 {
        assert!(loader.epoch(epoch).next().is_some());
    }
    Ok(())
}

#[test]
fn a_batch_of_none_or_of_more_than_all_is_refused() -> Result<()> {
    for size in [0, 51] {
        let message = Loader::new(split()?, size, 0, &Device::Cpu).err().map(|error| error.to_string());
        assert!(message.is_some_and(|message| message.contains(&format!("got {size}"))));
    }
    Ok(())
}

#[test]
fn a_sample_is_drawn_without_replacement() -> Result<()> {
    let split = split()?;
    let sample = split.sample(20, 5);
    assert_eq!(sample, split.sample(20, 5));
    let mut images: Vec<&[u8]> = (0..20).map(|i| sample.images().get(i)).collect();
    images.sort_unstable();
    images.dedup();
    assert_eq!(images.len(), 20);
    assert_eq!(split.sample(99, 5), split);
    Ok(())
}

#[test]
fn a_given_order_is_kept_and_an_image_that_comes_twice_is_drawn_twice() -> Result<()> {
    let order = vec![7, 7, 3, 9, 3, 0, 1];
    let loader = Loader::new(split()?, 3, 0, &Device::Cpu)?.with_order(order)?;
    assert_eq!(loader.batches(), 2);
    assert_eq!(self::order(&loader, 0)?, [7, 7, 3, 9, 3, 0]);
    assert_eq!(self::order(&loader, 5)?, [7, 7, 3, 9, 3, 0]);
    let draw = |_: &Tensor, rng: &mut Rng| Ok(vec![Tensor::new(rng.random::<f32>(), &Device::Cpu)?]);
    let batch = loader.samples(0, draw).next().expect("a batch")?;
    let drawn: Vec<f32> = batch.tensors[0].to_vec1()?;
    assert_ne!(drawn[0], drawn[1]);
    for (order, word) in [(vec![1, 2], "at least a batch of 3"), (vec![1, 2, 50], "below 50, got 50")] {
        let loader = Loader::new(split()?, 3, 0, &Device::Cpu)?;
        let message = loader.with_order(order).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(word), "{message}");
    }
    Ok(())
}

#[test]
fn each_view_has_a_size_of_its_own() -> Result<()> {
    let loader = Loader::new(split()?, 10, 0, &Device::Cpu)?;
    let small = Augmentation { size: Some(12), ..Augmentation::simclr(1.0) };
    let batch = loader.views(0, &[Augmentation::simclr(1.0), small])?.next().expect("a batch")?;
    let shapes: Vec<&[usize]> = batch.tensors.iter().map(Tensor::dims).collect();
    assert_eq!(shapes, [[10, 3, 32, 32], [10, 3, 12, 12]]);
    Ok(())
}

#[test]
fn samples_are_made_of_the_images_of_their_indices_in_any_shape_and_type() -> Result<()> {
    let split = split()?;
    let loader = Loader::new(split.clone(), 10, 3, &Device::Cpu)?;
    // The image's negative, its first row, and the value of its first pixel as a label.
    let make = |image: &Tensor, _: &mut Rng| {
        let negative = (1.0 - (image.to_dtype(DType::F32)? / 255.0)?)?;
        Ok(vec![negative, image.narrow(1, 0, 1)?, image.flatten_all()?.get(0)?.to_dtype(DType::U32)?])
    };
    for batch in loader.samples(0, make) {
        let batch = batch?;
        let expected = split.select(&batch.indices);
        let images = expected.images().to_tensor(&Device::Cpu)?;
        let off = ((&batch.tensors[0] + &images)? - 1.0)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(off < 1e-6, "{off}");
        assert_eq!((batch.tensors[1].dims(), batch.tensors[1].dtype()), (&[10, 3, 1, 32][..], DType::U8));
        let labels: Vec<u32> = batch.tensors[2].to_vec1()?;
        let pixels: Vec<u32> = (0..10).map(|i| u32::from(expected.images().get(i)[0])).collect();
        assert_eq!(labels, pixels);
        assert_eq!(batch.labels.map(|labels| labels.to_vec1::<u32>()).transpose()?.as_deref(), expected.labels());
    }
    Ok(())
}

#[test]
fn what_is_drawn_depends_on_seed_and_epoch_alone() -> Result<()> {
    let draws = |seed: u64, epoch: usize| -> Result<Vec<f32>> {
        let loader = Loader::new(split()?, 25, seed, &Device::Cpu)?;
        let draw = |_: &Tensor, rng: &mut Rng| Ok(vec![Tensor::new(rng.random::<f32>(), &Device::Cpu)?]);
        let drawn = loader.samples(epoch, draw).map(|batch| Ok(batch?.tensors[0].to_vec1::<f32>()?));
        Ok(drawn.collect::<Result<Vec<_>>>()?.concat())
    };
    assert_eq!(draws(1, 2)?, draws(1, 2)?);
    assert_ne!(draws(1, 2)?, draws(1, 3)?);
    assert_ne!(draws(1, 2)?, draws(2, 2)?);
    Ok(())
}

#[test]
fn what_is_drawn_for_a_batch_depends_on_seed_epoch_and_step() -> Result<()> {
    let loader = |seed| Loader::new(split()?, 25, seed, &Device::Cpu);
    let draw = |seed, epoch, step| -> Result<u64> { Ok(loader(seed)?.rng(epoch, step).random()) };
    assert_eq!(draw(1, 2, 3)?, draw(1, 2, 3)?);
    let others = [draw(2, 2, 3)?, draw(1, 3, 3)?, draw(1, 2, 4)?, draw(1, 3, 2)?];
    assert!(others.iter().all(|other| Some(*other) != draw(1, 2, 3).ok()));
    Ok(())
}

#[test]
fn errors_in_making_a_sample_reach_the_caller() -> Result<()> {
    let loader = Loader::new(split()?, 10, 0, &Device::Cpu)?;
    let error = |mut epoch: ssl_data::loader::Epoch| {
        epoch.next().and_then(|batch| batch.err()).map(|error| error.to_string()).unwrap_or_default()
    };
    let message = error(loader.samples(0, |_, _| candle_core::bail!("no sample today")));
    assert!(message.contains("no sample today"), "{message}");
    let uneven = |image: &Tensor, _: &mut Rng| {
        let count = image.flatten_all()?.get(0)?.to_scalar::<u8>()? as usize % 3;
        Ok(vec![image.clone(); count])
    };
    let message = error(loader.samples(0, uneven));
    assert!(message.contains("tensors in each sample"), "{message}");
    Ok(())
}

#[test]
#[should_panic(expected = "a student's mistake")]
fn a_panic_in_making_a_sample_does_not_pass_for_the_end_of_an_epoch() {
    let epoch = || -> Result<usize> {
        let loader = Loader::new(split()?, 10, 0, &Device::Cpu)?;
        Ok(loader.samples(0, |_, _| panic!("a student's mistake")).count())
    };
    assert!(epoch().is_err());
}
