//! Batches.

use anyhow::Result;
use candle_core::Device;
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
