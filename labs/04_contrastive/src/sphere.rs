//! Small heads on frozen features, trained in seconds: to see where each temperature puts embeddings on the sphere.

use candle_core::{Result, Tensor};
use contrastive::info_nce;
use ssl_data::{Batch, Loader, Split};
use ssl_experiment::Run;
use ssl_nn::{AdamW, Mlp, Optimizer, Params, WarmupCosine};

use super::Settings;
use super::model::{HEAD, Model, alignment_and_uniformity, halves};

/// Features h of two views of the same images, `[B, D]` each.
type Pair = (Tensor, Tensor);

/// Frozen features of pairs of views, brought to mean 0 and standard deviation 1, on which a head learns faster: what the heads are
/// trained on, and pairs of other images to look at.
pub struct Views {
    train: Vec<Pair>,
    test: Pair,
}

/// Images a batch of pairs.
const BATCH: usize = 128;
/// Batches that the heads are trained on, over and over.
const BATCHES: usize = 16;
/// Batches of test images that are looked at.
const TEST_BATCHES: usize = 6;
/// An epoch that training does not reach, so that its views are new.
const EPOCH: usize = 1 << 20;
/// Steps of a head's training.
const STEPS: usize = 300;
/// Greatest learning rate of the heads.
const LEARNING_RATE: f64 = 0.005;
/// Temperatures of the alignment–uniformity plane.
pub const TEMPERATURES: [f64; 6] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0];

impl Views {
    /// Embeds views of training and of test images with the model's backbone.
    pub fn of(run: &Run, settings: &Settings, model: &Model) -> anyhow::Result<Self> {
        let train = frozen(run, settings, model, &run.data.train, BATCHES)?;
        let test = frozen(run, settings, model, &run.data.test, TEST_BATCHES)?;
        let a: Vec<&Tensor> = train.iter().map(|(a, _)| a).collect();
        let a = Tensor::cat(&a, 0)?; // [N, D]
        let mean = a.mean_keepdim(0)?;
        let deviation = (a.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)? + 1e-6)?.sqrt()?;
        let standard = |h: &Tensor| h.broadcast_sub(&mean)?.broadcast_div(&deviation);
        let pair = |(a, b): &Pair| Ok((standard(a)?, standard(b)?));
        let (a, b): (Vec<Tensor>, Vec<Tensor>) = test.iter().map(pair).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let train = train.iter().map(pair).collect::<Result<_>>()?;
        Ok(Self { train, test: (Tensor::cat(&a, 0)?, Tensor::cat(&b, 0)?) })
    }

    /// Alignment (α = 2) and uniformity (t = 2) of test images under a head trained at `temperature`.
    pub fn plane(&self, temperature: f64, seed: u64) -> Result<(f64, f64)> {
        let (test_a, test_b) = &self.test;
        let params = Params::new(seed, test_a.device());
        let head = Mlp::new(&[test_a.dims()[1], HEAD[0], HEAD[1]], &params)?;
        let mut optimizer = AdamW::new(params.trained(), 0.0);
        let schedule = WarmupCosine { base: LEARNING_RATE, warmup: STEPS / 10, total: STEPS };
        for step in 0..STEPS {
            let (a, b) = &self.train[step % self.train.len()];
            let loss = info_nce(&head.forward(a, true)?, &head.forward(b, true)?, temperature)?;
            optimizer.backward_step(&loss, schedule.at(step))?;
        }
        let [alignment, uniformity] =
            alignment_and_uniformity(&head.forward(test_a, false)?, &head.forward(test_b, false)?)?;
        Ok((alignment, uniformity))
    }
}

/// Features of pairs of views of some images, batch by batch.
fn frozen(run: &Run, settings: &Settings, model: &Model, split: &Split, batches: usize) -> anyhow::Result<Vec<Pair>> {
    let loader = Loader::new(split.clone(), BATCH.min(split.len()), run.seed(), &run.device)?;
    let views = loader.views(EPOCH, &settings.two_views())?.take(batches);
    let pair = |batch: Result<Batch>| {
        let views = Tensor::cat(&batch?.tensors, 0)?;
        Ok(halves(&model.backbone.forward(&views, false)?.detach())?)
    };
    views.map(pair).collect()
}
