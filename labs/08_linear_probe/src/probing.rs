//! Linear probes and neighbors on frozen features, with the lab's functions.

use std::f64::consts::PI;

use candle_core::{Device, Result, Tensor, bail};
use linear_probe::{
    best_setting, frozen_features, knn_predict, probe_epoch, standardize, top_k_accuracy, validation_split,
};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use ssl_data::{Images, Rng};
use ssl_eval::accuracy;
use ssl_nn::{AdamW, Backbone, Linear, Params};

/// Epochs of a probe, rows of its batches, and its greatest learning rate: frozen features take large steps.
const EPOCHS: usize = 40;
const BATCH: usize = 250;
const LEARNING_RATE: f64 = 0.02;
/// Images that go through the backbone at a time.
const IMAGES: usize = 250;
/// Share of the training images on which weight decay is chosen, and among what.
const VALIDATION: f64 = 0.1;
const WEIGHT_DECAYS: [f64; 4] = [1e-3, 1e-2, 1e-1, 1.0];
/// Neighbors that vote, all there are where there are fewer.
const NEIGHBORS: usize = 200;
/// Test images that are voted on: every one meets all training images.
const VOTED: usize = 2000;

/// Features with their labels.
pub struct Labeled {
    pub features: Tensor,
    pub labels: Vec<u32>,
}

impl Labeled {
    /// Features `[N, D]` of images after block `depth`.
    pub fn of(backbone: &Backbone, images: &Images, labels: &[u32], depth: usize, device: &Device) -> Result<Self> {
        let blocks = |images: &Tensor, train: bool| backbone.forward_blocks(images, train);
        let features = frozen_features(&blocks, &images.to_tensor(device)?, depth, IMAGES)?;
        Ok(Self { features: features.to_device(&Device::Cpu)?, labels: labels.to_vec() })
    }

    fn select(&self, rows: &[usize]) -> Result<Self> {
        let numbers = Tensor::from_iter(rows.iter().map(|&row| row as u32), self.features.device())?;
        let labels = rows.iter().map(|&row| self.labels[row]).collect();
        Ok(Self { features: self.features.index_select(&numbers, 0)?, labels })
    }
}

/// Training and test features on a common scale.
pub fn standardized(train: &Labeled, test: &Labeled) -> Result<(Labeled, Labeled)> {
    let (known, new) = standardize(&train.features, &test.features)?;
    let labeled = |features, of: &Labeled| Labeled { features, labels: of.labels.clone() };
    Ok((labeled(known, train), labeled(new, test)))
}

/// A softmax regression, trained in batches on features that are standardized already.
pub fn fit(train: &Labeled, classes: usize, weight_decay: f64, seed: u64) -> Result<Linear> {
    let (count, width) = train.features.dims2()?;
    let params = Params::new(seed, &Device::Cpu);
    let probe = Linear::new(width, classes, &params)?;
    let mut optimizer = AdamW::new(params.trained(), weight_decay);
    let labels = Tensor::new(train.labels.as_slice(), &Device::Cpu)?;
    let (mut rng, mut order) = (Rng::seed_from_u64(seed), (0..count as u32).collect::<Vec<_>>());
    for epoch in 0..EPOCHS {
        order.shuffle(&mut rng);
        let batches: Vec<Vec<u32>> = order.chunks(BATCH.max(count / 200)).map(<[u32]>::to_vec).collect();
        let rate = LEARNING_RATE * 0.5 * (1.0 + (PI * epoch as f64 / EPOCHS as f64).cos());
        probe_epoch(&probe, &train.features, &labels, &batches, &mut optimizer, rate)?;
    }
    Ok(probe)
}

/// The share of rows whose label is among the k that the probe thinks likeliest.
pub fn score(probe: &Linear, test: &Labeled, k: usize) -> Result<f64> {
    let labels = Tensor::new(test.labels.as_slice(), &Device::Cpu)?;
    top_k_accuracy(&probe.forward(&test.features)?, &labels, k)
}

/// What a linear probe reaches when its weight decay is chosen honestly, and otherwise.
pub struct Probe {
    /// Weight decay that is best on validation images, and the test accuracy with it.
    pub weight_decay: f64,
    pub accuracy: f64,
    /// The same for the three likeliest classes.
    pub top_3: f64,
    /// The greatest test accuracy of any weight decay: what nobody may report.
    pub best_on_test: f64,
}

/// A linear probe on standardized features.
pub fn linear(train: &Labeled, test: &Labeled, classes: usize, seed: u64) -> Result<Probe> {
    let (rest, validation) = validation_split(&train.labels, VALIDATION, &mut Rng::seed_from_u64(seed))?;
    let (rest, validation) = (train.select(&rest)?, train.select(&validation)?);
    let probes = WEIGHT_DECAYS.map(|weight_decay| Ok((weight_decay, fit(train, classes, weight_decay, seed)?)));
    let probes = probes.into_iter().collect::<Result<Vec<(f64, Linear)>>>()?;
    let scored = |weight_decay: f64, k: usize| match probes.iter().find(|(known, _)| *known == weight_decay) {
        Some((_, probe)) => score(probe, test, k),
        None => bail!("no probe of weight decay {weight_decay}"),
    };
    let validate = |weight_decay: f64| score(&fit(&rest, classes, weight_decay, seed)?, &validation, 1);
    let tested = |weight_decay: f64| scored(weight_decay, 1);
    let (weight_decay, accuracy) = best_setting(&WEIGHT_DECAYS, &validate, &tested)?;
    let (_, best_on_test) = best_setting(&WEIGHT_DECAYS, &tested, &tested)?;
    Ok(Probe { weight_decay, accuracy, top_3: scored(weight_decay, classes.min(3))?, best_on_test })
}

/// Test accuracy of the nearest neighbors' vote, on the first test rows.
pub fn neighbors(train: &Labeled, test: &Labeled, temperature: f64) -> Result<f64> {
    let k = NEIGHBORS.min(train.labels.len());
    let count = VOTED.min(test.labels.len());
    let found = knn_predict(&train.features, &train.labels, &test.features.narrow(0, 0, count)?, k, temperature)?;
    Ok(accuracy(&found, &test.labels[..count]))
}
