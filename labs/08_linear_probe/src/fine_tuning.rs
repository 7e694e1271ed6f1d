//! Fine-tuning a backbone on few labels.

use anyhow::Context;
use candle_core::Tensor;
use linear_probe::{FineTune, few_label_subset, fine_tune_step, top_k_accuracy};
use rand::SeedableRng as _;
use ssl_data::{Loader, Rng, Split};
use ssl_eval::embed;
use ssl_experiment::Run;
use ssl_nn::{AdamW, Backbone, Linear, Params, Part, WarmupCosine};

use super::Settings;

/// Shares of the training images that have labels.
pub const FRACTIONS: [f64; 3] = [0.01, 0.1, 1.0];
/// Steps, the same for every share: few labels are seen often.
const STEPS: usize = 150;
const QUICK_STEPS: usize = 10;

/// Test accuracy after fine-tuning on a share of the training images.
pub fn accuracy(run: &Run, settings: &Settings, backbone: &Backbone, fraction: f64) -> anyhow::Result<f64> {
    let labels = run.data.train.labels().context("these images have no classes")?;
    let few = few_label_subset(labels, fraction, &mut Rng::seed_from_u64(run.seed()))?;
    let few = run.data.train.select(&few);
    // The weights are those of other evaluations, too: a copy is trained.
    let params = Params::new(run.seed(), &run.device);
    let copy = Backbone::new(backbone.kind(), backbone.channels(), &params.pp("backbone"))?;
    params.pp("backbone").load_state(backbone.params().state())?;
    let head = Linear::new(copy.features(), run.data.classes.len(), &params.pp("head"))?;
    let [mut slow, mut fast] =
        ["backbone", "head"].map(|part| AdamW::new(params.pp(part).trained(), settings.weight_decay));
    let total = if settings.flags.quick { QUICK_STEPS } else { STEPS };
    let schedule = WarmupCosine { base: 1.0, warmup: total / 10, total };
    let loader = Loader::new(few.clone(), few.len().min(64), run.seed(), &run.device)?;
    let batches = (0..).flat_map(|epoch| loader.epoch(epoch)).take(total);
    for (i, batch) in batches.enumerate() {
        let batch = batch?;
        let step = FineTune {
            encode: &|images, train| copy.forward(images, train),
            head: &head,
            images: batch.images(),
            labels: batch.labels.as_ref().context("these images have no classes")?,
            backbone_rate: settings.learning_rate * schedule.at(i),
            head_rate: settings.head_rate * schedule.at(i),
        };
        fine_tune_step(&step, &mut slow, &mut fast)?;
    }
    tested(run, &copy, &head, &run.data.test)
}

fn tested(run: &Run, backbone: &Backbone, head: &Linear, test: &Split) -> anyhow::Result<f64> {
    let encode = |images: &Tensor, train: bool| head.forward(&backbone.forward(images, train)?);
    let logits = embed(&encode, test.images(), &run.device)?;
    let labels = Tensor::new(test.labels().context("these images have no classes")?, logits.device())?;
    Ok(top_k_accuracy(&logits, &labels, 1)?)
}
