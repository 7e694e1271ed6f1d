//! Batches.

use anyhow::Result;
use candle_core::{Device, Tensor};
use rand::Rng as _;
use ssl_data::{Loader, Split, Toybox};

fn split() -> Result<Split> {
    Ok(Toybox { train: 50, test: 10, ..Toybox::default() }.dataset()?.train)
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
fn pairs_are_made_of_the_images_of_their_numbers() -> Result<()> {
    let split = split()?;
    let loader = Loader::new(split.clone(), 10, 3, &Device::Cpu)?;
    // The image as it is, and its negative.
    let pairs = loader.pairs(0, |image, _| {
        let image = (image.to_dtype(candle_core::DType::F32)? / 255.0)?;
        Ok((image.clone(), (1.0 - image)?))
    })?;
    for batch in pairs {
        let batch = batch?;
        let expected = split.select(&batch.indices).images().to_tensor(&Device::Cpu)?;
        let off = (&batch.views[0] - &expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
        let negative = ((&batch.views[1] + expected)? - 1.0)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(off < 1e-6 && negative < 1e-6, "{off}, {negative}");
    }
    Ok(())
}

#[test]
fn pairs_depend_on_seed_and_epoch_alone() -> Result<()> {
    let draws = |seed: u64, epoch: usize| -> Result<Vec<f32>> {
        let loader = Loader::new(split()?, 25, seed, &Device::Cpu)?;
        let pairs = loader.pairs(epoch, |image, rng| {
            let draw = |rng: &mut ssl_data::Rng| Tensor::full(rng.random::<f32>(), image.dims(), &Device::Cpu);
            Ok((draw(rng)?, draw(rng)?))
        })?;
        let first =
            |batch: candle_core::Result<ssl_data::Batch>| Ok(batch?.views[1].flatten_all()?.to_vec1::<f32>()?);
        Ok(pairs.map(first).collect::<Result<Vec<_>>>()?.concat())
    };
    assert_eq!(draws(1, 2)?, draws(1, 2)?);
    assert_ne!(draws(1, 2)?, draws(1, 3)?);
    assert_ne!(draws(1, 2)?, draws(2, 2)?);
    Ok(())
}

#[test]
fn an_error_in_making_a_pair_reaches_the_caller() -> Result<()> {
    let loader = Loader::new(split()?, 10, 0, &Device::Cpu)?;
    let mut pairs = loader.pairs(0, |_, _| candle_core::bail!("no pair today"))?;
    let error = pairs.next().and_then(|batch| batch.err()).map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("no pair today")));
    Ok(())
}

#[test]
#[should_panic(expected = "a student's mistake")]
fn a_panic_in_making_a_pair_does_not_pass_for_the_end_of_an_epoch() {
    let epoch = || -> Result<usize> {
        let loader = Loader::new(split()?, 10, 0, &Device::Cpu)?;
        Ok(loader.pairs(0, |_, _| panic!("a student's mistake"))?.count())
    };
    assert!(epoch().is_err());
}
