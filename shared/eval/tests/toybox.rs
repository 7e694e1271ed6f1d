//! Toybox teaches only if nothing but the toy gives anything away.

use candle_core::{Device, Result, Tensor};
use candle_nn::loss::cross_entropy;
use ssl_data::toybox::CLASSES;
use ssl_data::{Dataset, Loader, Split, Toybox};
use ssl_eval::{LinearProbe, accuracy};
use ssl_nn::{ConvNet4, Linear, Optimizer, Params, Sgd};

/// Chance is 10 %; a probe may be lucky by this much.
const NOTHING: f64 = 0.15;

fn probe(train: (&Tensor, &[u32]), test: (&Tensor, &[u32])) -> anyhow::Result<f64> {
    let probe = LinearProbe::fit(train.0, train.1, CLASSES.len(), 1e-2)?;
    Ok(accuracy(&probe.predict(test.0)?, test.1))
}

/// Probes on what `describe` makes of each image.
fn probe_on(data: &Dataset, describe: impl Fn(&[u8]) -> Vec<f32>) -> anyhow::Result<f64> {
    let features = |split: &Split| -> Result<Tensor> {
        let rows: Vec<Vec<f32>> = (0..split.len()).map(|i| describe(split.images().get(i))).collect();
        Tensor::from_vec(rows.concat(), (rows.len(), rows[0].len()), &Device::Cpu)
    };
    let labels = |split: &Split| split.labels().unwrap_or_default().to_vec();
    probe((&features(&data.train)?, &labels(&data.train)), (&features(&data.test)?, &labels(&data.test)))
}

fn world(toys: bool) -> anyhow::Result<Dataset> {
    Toybox { train: 4000, test: 2000, toys, ..Toybox::default() }.dataset()
}

#[test]
fn color_histograms_say_nothing_of_the_class() -> anyhow::Result<()> {
    let histogram = |image: &[u8]| {
        let mut counts = vec![0.0; 64];
        let plane = image.len() / 3;
        for i in 0..plane {
            let [r, g, b] = [0, 1, 2].map(|c| usize::from(image[c * plane + i] >> 6));
            counts[16 * r + 4 * g + b] += 1.0;
        }
        counts
    };
    let found = probe_on(&world(true)?, histogram)?;
    assert!(found <= NOTHING, "{found}");
    Ok(())
}

#[test]
fn what_surrounds_the_toy_says_nothing_of_the_class() -> anyhow::Result<()> {
    // Means of 4×4 cells: a probe on 3,072 pixels would only learn its training images by heart.
    let cells = |image: &[u8]| {
        let mut means = vec![0.0; 3 * 64];
        for (i, &byte) in image.iter().enumerate() {
            let (channel, y, x) = (i / 1024, i % 1024 / 32, i % 32);
            means[channel * 64 + y / 4 * 8 + x / 4] += f32::from(byte) / 16.0;
        }
        means
    };
    let found = probe_on(&world(false)?, cells)?;
    assert!(found <= NOTHING, "{found}");
    Ok(())
}

#[test]
fn the_box_says_nothing_of_the_class() -> anyhow::Result<()> {
    let world = Toybox::default();
    let boxes = |range: std::ops::Range<usize>| -> Result<(Tensor, Vec<u32>)> {
        let toys: Vec<_> = range.map(|i| world.render(i, 0.0)).collect();
        let bounds = toys.iter().flat_map(|toy| toy.bounds.map(|b| b as f32)).collect::<Vec<_>>();
        let labels = toys.iter().map(|toy| toy.label).collect();
        Ok((Tensor::from_vec(bounds, (toys.len(), 4), &Device::Cpu)?, labels))
    };
    let (train, test) = (boxes(0..4000)?, boxes(4000..6000)?);
    let found = probe((&train.0, &train.1), (&test.0, &test.1))?;
    assert!(found <= NOTHING, "{found}");
    Ok(())
}

fn rotated(images: &Tensor) -> Result<(Tensor, Tensor)> {
    let half = |x: &Tensor| x.flip(&[2, 3]);
    let quarter = images.transpose(2, 3)?.contiguous()?.flip(&[2])?;
    let all = Tensor::cat(&[images.clone(), quarter.clone(), half(images)?, half(&quarter)?], 0)?;
    let count = images.dims()[0] as u32;
    Ok((all, Tensor::from_iter((0..4 * count).map(|i| i / count), images.device())?))
}

#[test]
fn what_surrounds_the_toy_does_not_betray_a_rotation() -> anyhow::Result<()> {
    let data = Toybox { train: 1024, test: 512, toys: false, ..Toybox::default() }.dataset()?;
    let device = Device::Cpu;
    let params = Params::new(0, &device);
    let backbone = ConvNet4::new(3, &params)?;
    let head = Linear::new(ConvNet4::FEATURES, 4, &params.pp("head"))?;
    let mut optimizer = Sgd::new(params.trained(), 0.9, 5e-4);
    let loader = Loader::new(data.train, 32, 0, &device)?;
    for epoch in 0..3 {
        for batch in loader.epoch(epoch) {
            let (images, labels) = rotated(batch?.images())?;
            let loss = cross_entropy(&head.forward(&backbone.forward(&images, true)?)?, &labels)?;
            optimizer.backward_step(&loss, 0.05)?;
        }
    }
    let (images, labels) = rotated(&data.test.images().to_tensor(&device)?)?;
    let logits = head.forward(&backbone.forward(&images, false)?)?;
    let found = accuracy(&logits.argmax(1)?.to_vec1()?, &labels.to_vec1()?);
    assert!(found <= 0.30, "{found}");
    Ok(())
}
