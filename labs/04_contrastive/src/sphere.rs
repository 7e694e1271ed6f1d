//! Small heads on frozen features, trained in seconds: to see where each loss, and each temperature, puts embeddings.

use candle_core::{Device, Tensor};
use contrastive::{alignment, info_nce, uniformity};
use ssl_data::{Loader, Split};
use ssl_nn::{Mlp, Optimiser, Params, Sgd, WarmupCosine};

use super::{Loss, Model, Settings, halves};

/// Features h of two views of the same images, `[B, D]` each.
type Pair = (Tensor, Tensor);

/// Frozen features of pairs of views: what the heads are trained on, and pairs of other images to look at.
pub struct Views {
    train: Vec<Pair>,
    scale: Standard,
    pub test: Pair,
    /// Class numbers of the test pairs; empty where the images have none.
    pub labels: Vec<u32>,
}

/// Images a batch of pairs.
const BATCH: usize = 128;
/// Batches that the heads are trained on, over and over.
const BATCHES: usize = 16;
/// Steps of a head's training.
const STEPS: usize = 300;
/// Learning rate of the heads.
const LEARNING_RATE: f64 = 0.1;
/// Temperatures of the alignment–uniformity plane.
pub const TEMPERATURES: [f64; 6] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0];

/// What brings features to mean 0 and standard deviation 1: a head learns faster so.
struct Standard {
    mean: Tensor,
    deviation: Tensor,
}

impl Standard {
    fn of(pairs: &[Pair]) -> candle_core::Result<Self> {
        let features: Vec<&Tensor> = pairs.iter().map(|(a, _)| a).collect();
        let features = Tensor::cat(&features, 0)?; // [N, D]
        let mean = features.mean_keepdim(0)?;
        let deviation = (features.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)? + 1e-6)?.sqrt()?;
        Ok(Self { mean, deviation })
    }

    fn apply(&self, features: &Tensor) -> candle_core::Result<Tensor> {
        features.broadcast_sub(&self.mean)?.broadcast_div(&self.deviation)
    }
}

impl Views {
    /// Embeds views of training and of test images with the model's backbone.
    pub fn of(
        model: &Model,
        train: &Split,
        test: &Split,
        settings: &Settings,
        device: &Device,
    ) -> anyhow::Result<Self> {
        let batches = |split: &Split, limit: usize| -> anyhow::Result<Vec<(Pair, Vec<u32>)>> {
            let size = BATCH.min(split.len());
            let loader = Loader::new(split.clone(), size, settings.options.seed, device)?;
            // An epoch that training does not reach.
            let views = loader.views(u32::MAX as usize >> 9, &settings.two_views())?;
            let pair = |batch: candle_core::Result<ssl_data::Batch>| {
                let batch = batch?;
                let features = model.backbone.forward(&Tensor::cat(&batch.views, 0)?, false)?.detach();
                let labels = batch.labels.map_or(Ok(Vec::new()), |labels| labels.to_vec1())?;
                Ok((halves(&features)?, labels))
            };
            views.take(limit).map(pair).collect()
        };
        let train: Vec<Pair> = batches(train, BATCHES)?.into_iter().map(|(pair, _)| pair).collect();
        let (pairs, labels): (Vec<Pair>, Vec<Vec<u32>>) = batches(test, 6)?.into_iter().unzip();
        let (a, b): (Vec<Tensor>, Vec<Tensor>) = pairs.into_iter().unzip();
        let test = (Tensor::cat(&a, 0)?, Tensor::cat(&b, 0)?);
        Ok(Self { scale: Standard::of(&train)?, train, test, labels: labels.concat() })
    }

    /// A head of `width` numbers, trained on the frozen features with `loss`; none: as it was initialised.
    fn head(
        &self,
        width: usize,
        loss: Option<&dyn Fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>>,
        seed: u64,
    ) -> candle_core::Result<Mlp> {
        let (a, _) = &self.test;
        let params = Params::new(seed, a.device());
        let head = Mlp::new(&[a.dims()[1], 128, width], &params)?;
        let Some(loss) = loss else { return Ok(head) };
        let mut optimiser = Sgd::new(params.trained(), 0.9, 0.0);
        let schedule = WarmupCosine { base: LEARNING_RATE, warmup: STEPS / 10, total: STEPS };
        for step in 0..STEPS {
            let (a, b) = &self.train[step % self.train.len()];
            let loss = loss(&head.forward(&self.scale.apply(a)?)?, &head.forward(&self.scale.apply(b)?)?)?;
            optimiser.backward_step(&loss, schedule.at(step))?;
        }
        Ok(head)
    }

    /// Where test images come to lie on the circle, `[N, 2]`, after training with `loss`; none: before.
    pub fn circle(&self, loss: Option<Loss>, settings: &Settings) -> candle_core::Result<Tensor> {
        let of = |a: &Tensor, b: &Tensor| loss.unwrap_or(Loss::InfoNce).of(a, b, settings);
        let head = self.head(2, loss.map(|_| &of as _), settings.options.seed)?;
        super::losses::on_sphere(&head.forward(&self.scale.apply(&self.test.0)?)?)
    }

    /// Alignment (α = 2) and uniformity (t = 2) of test images under a head trained at `temperature`.
    pub fn plane(&self, temperature: f64, settings: &Settings) -> candle_core::Result<(f64, f64)> {
        let of = |a: &Tensor, b: &Tensor| info_nce(a, b, temperature);
        let head = self.head(super::HEAD[1], Some(&of), settings.options.seed)?;
        let (z_a, z_b) =
            (head.forward(&self.scale.apply(&self.test.0)?)?, head.forward(&self.scale.apply(&self.test.1)?)?);
        let number = |value: Tensor| Ok::<_, candle_core::Error>(f64::from(value.to_scalar::<f32>()?));
        Ok((number(alignment(&z_a, &z_b, 2.0)?)?, number(uniformity(&z_a, 2.0)?)?))
    }
}
