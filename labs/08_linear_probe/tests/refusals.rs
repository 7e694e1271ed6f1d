//! What the functions of lab 08 promise to refuse.

use candle_core::{DType, Device, Result, Tensor, bail};
use linear_probe::FineTune;
use rand::SeedableRng;
use ssl_data::Rng;
use ssl_grading::Bad;
use ssl_grading::network::Failing;
use ssl_nn::{Linear, Params, Sgd};

use super::Exercises;

fn ones(shape: &[usize]) -> Result<Tensor> {
    Tensor::ones(shape, DType::F32, &Device::Cpu)
}

fn zeros(shape: &[usize]) -> Result<Tensor> {
    Tensor::zeros(shape, DType::U32, &Device::Cpu)
}

fn rng() -> Rng {
    Rng::seed_from_u64(0)
}

/// Two blocks that change nothing.
fn features(e: &Exercises, depth: usize, batch: usize) -> Result<()> {
    let blocks = |images: &Tensor, _: bool| Ok(vec![images.clone(), images.clone()]);
    (e.frozen_features)(&blocks, &ones(&[4, 3, 2, 2])?, depth, batch).map(drop)
}

pub const FROZEN_FEATURES: &[Bad<Exercises>] = &[
    ("a batch of 0", |e| features(e, 1, 0)),
    ("depth 0", |e| features(e, 0, 3)),
    ("depth 3 of 2", |e| features(e, 3, 3)),
    ("an error of the backbone", |e| {
        (e.frozen_features)(&|_, _| bail!("the backbone's own error"), &ones(&[4, 3, 2, 2])?, 1, 2).map(drop)
    }),
    ("an error of the backbone on its last batch", |e| {
        let blocks =
            |images: &Tensor, _: bool| if images.dims()[0] < 3 { bail!("too few") } else { Ok(vec![images.clone()]) };
        (e.frozen_features)(&blocks, &ones(&[4, 3, 2, 2])?, 1, 3).map(drop)
    }),
];

pub const STANDARDIZE: &[Bad<Exercises>] = &[
    ("test features of another width", |e| (e.standardize)(&ones(&[4, 3])?, &ones(&[2, 1])?).map(drop)),
    ("training features of another width", |e| (e.standardize)(&ones(&[4, 1])?, &ones(&[2, 3])?).map(drop)),
    ("maps", |e| (e.standardize)(&ones(&[4, 3, 2])?, &ones(&[4, 3, 2])?).map(drop)),
    ("a test feature without an axis", |e| (e.standardize)(&ones(&[4, 3])?, &ones(&[3])?).map(drop)),
    ("a training feature without an axis", |e| (e.standardize)(&ones(&[3])?, &ones(&[4, 3])?).map(drop)),
    ("maps to test with", |e| (e.standardize)(&ones(&[4, 3])?, &ones(&[2, 3, 3])?).map(drop)),
    ("maps to train with", |e| (e.standardize)(&ones(&[4, 3, 3])?, &ones(&[2, 3])?).map(drop)),
];

fn epoch(e: &Exercises, features: &[usize], labels: &[usize], batches: &[Vec<u32>]) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let probe = Linear::new(3, 2, &params)?;
    let mut optimizer = Sgd::new(params.trained(), 0.0, 0.0);
    (e.probe_epoch)(&probe, &ones(features)?, &zeros(labels)?, batches, &mut optimizer, 0.1).map(drop)
}

pub const PROBE_EPOCH: &[Bad<Exercises>] = &[
    ("3 labels of 4 rows", |e| epoch(e, &[4, 3], &[3], &[vec![0, 1]])),
    ("5 labels of 4 rows", |e| epoch(e, &[4, 3], &[5], &[vec![0, 1]])),
    ("no batches", |e| epoch(e, &[4, 3], &[4], &[])),
    ("row 4 of 4", |e| epoch(e, &[4, 3], &[4], &[vec![0, 1], vec![2, 4]])),
    ("the greatest number as a row", |e| epoch(e, &[4, 3], &[4], &[vec![0, 1], vec![u32::MAX, 2]])),
    ("an error of the optimizer", |e| {
        let probe = Linear::new(3, 2, &Params::new(0, &Device::Cpu))?;
        let labels = zeros(&[4])?;
        (e.probe_epoch)(&probe, &ones(&[4, 3])?, &labels, &[vec![0, 1]], &mut Failing, 0.1).map(drop)
    }),
    ("features of another width than the probe's", |e| epoch(e, &[4, 2], &[4], &[vec![0, 1]])),
];

fn top(e: &Exercises, logits: &[usize], labels: &[usize], k: usize) -> Result<()> {
    (e.top_k_accuracy)(&ones(logits)?, &zeros(labels)?, k).map(drop)
}

pub const TOP_K_ACCURACY: &[Bad<Exercises>] = &[
    ("k = 0", |e| top(e, &[4, 3], &[4], 0)),
    ("k = 4 of 3 classes", |e| top(e, &[4, 3], &[4], 4)),
    ("3 labels of 4 rows", |e| top(e, &[4, 3], &[3], 1)),
    ("5 labels of 4 rows", |e| top(e, &[4, 3], &[5], 1)),
    ("maps", |e| top(e, &[4, 3, 2], &[4], 1)),
];

fn vote(e: &Exercises, test: &[usize], labels: &[u32], k: usize, temperature: f64) -> Result<()> {
    (e.knn_predict)(&ones(&[4, 3])?, labels, &ones(test)?, k, temperature).map(drop)
}

pub const KNN_PREDICT: &[Bad<Exercises>] = &[
    ("test features of another width", |e| vote(e, &[2, 1], &[0, 1, 0, 1], 2, 0.1)),
    ("a test feature without an axis", |e| vote(e, &[3], &[0, 1, 0, 1], 2, 0.1)),
    ("3 labels of 4 rows", |e| vote(e, &[2, 3], &[0, 1, 0], 2, 0.1)),
    ("5 labels of 4 rows", |e| vote(e, &[2, 3], &[0, 1, 0, 1, 1], 2, 0.1)),
    ("no neighbors", |e| vote(e, &[2, 3], &[0, 1, 0, 1], 0, 0.1)),
    ("5 neighbors of 4 rows", |e| vote(e, &[2, 3], &[0, 1, 0, 1], 5, 0.1)),
    ("T = 0", |e| vote(e, &[2, 3], &[0, 1, 0, 1], 2, 0.0)),
    ("T = −0.1", |e| vote(e, &[2, 3], &[0, 1, 0, 1], 2, -0.1)),
    ("a temperature that is NaN", |e| vote(e, &[2, 3], &[0, 1, 0, 1], 2, f64::NAN)),
];

pub const FEW_LABEL_SUBSET: &[Bad<Exercises>] = &[
    ("a fraction of 0", |e| (e.few_label_subset)(&[0, 1, 1], 0.0, &mut rng()).map(drop)),
    ("a fraction of −0.5", |e| (e.few_label_subset)(&[0, 1, 1], -0.5, &mut rng()).map(drop)),
    ("a fraction of 1.5", |e| (e.few_label_subset)(&[0, 1, 1], 1.5, &mut rng()).map(drop)),
    ("a fraction that is NaN", |e| (e.few_label_subset)(&[0, 1, 1], f64::NAN, &mut rng()).map(drop)),
    ("no labels", |e| (e.few_label_subset)(&[], 0.5, &mut rng()).map(drop)),
];

pub const VALIDATION_SPLIT: &[Bad<Exercises>] = &[
    ("a fraction of 0", |e| (e.validation_split)(&[0, 1, 1], 0.0, &mut rng()).map(drop)),
    ("a fraction of 1.5", |e| (e.validation_split)(&[0, 1, 1], 1.5, &mut rng()).map(drop)),
    ("a fraction of 1", |e| (e.validation_split)(&[0, 1, 1], 1.0, &mut rng()).map(drop)),
    ("a fraction of −0.5", |e| (e.validation_split)(&[0, 1, 1], -0.5, &mut rng()).map(drop)),
    ("a fraction that is NaN", |e| (e.validation_split)(&[0, 1, 1], f64::NAN, &mut rng()).map(drop)),
    ("no labels", |e| (e.validation_split)(&[], 0.5, &mut rng()).map(drop)),
];

pub const BEST_SETTING: &[Bad<Exercises>] = &[
    ("no candidates", |e| (e.best_setting)(&[], &|_| Ok(0.5), &|_| Ok(0.5)).map(drop)),
    ("a validation accuracy that is NaN", |e| {
        let validate = |c: f64| Ok(if c == 2.0 { f64::NAN } else { 0.5 });
        (e.best_setting)(&[1.0, 2.0, 3.0], &validate, &|_| Ok(0.5)).map(drop)
    }),
    ("a first validation accuracy that is NaN", |e| {
        let validate = |c: f64| Ok(if c == 1.0 { f64::NAN } else { 0.5 });
        (e.best_setting)(&[1.0, 2.0], &validate, &|_| Ok(0.5)).map(drop)
    }),
    ("an error of a validation", |e| (e.best_setting)(&[1.0], &|_| bail!("its own error"), &|_| Ok(0.5)).map(drop)),
    ("an error of one validation of three", |e| {
        let validate = |c: f64| if c == 2.0 { bail!("its own error") } else { Ok(0.5) };
        (e.best_setting)(&[1.0, 2.0, 3.0], &validate, &|_| Ok(0.5)).map(drop)
    }),
    ("an error of the test", |e| (e.best_setting)(&[1.0], &|_| Ok(0.5), &|_| bail!("its own error")).map(drop)),
];

/// Which part reports an error.
#[derive(PartialEq)]
enum Fails {
    Nothing,
    Backbone,
    BackboneOptimizer,
    HeadOptimizer,
}

fn tune(e: &Exercises, labels: &[usize], fails: Fails) -> Result<()> {
    let params = Params::new(0, &Device::Cpu);
    let head = Linear::new(3, 2, &params)?;
    let [mut backbone, mut of_head] = [Vec::new(), params.trained()].map(|vars| Sgd::new(vars, 0.0, 0.0));
    let mut failing = Failing;
    let encode = |images: &Tensor, _: bool| {
        if fails == Fails::Backbone { bail!("the backbone's own error") } else { images.flatten_from(1) }
    };
    let step = FineTune {
        encode: &encode,
        head: &head,
        images: &ones(&[4, 3, 1, 1])?,
        labels: &zeros(labels)?,
        backbone_rate: 0.1,
        head_rate: 0.1,
    };
    match fails {
        Fails::BackboneOptimizer => (e.fine_tune_step)(&step, &mut failing, &mut of_head),
        Fails::HeadOptimizer => (e.fine_tune_step)(&step, &mut backbone, &mut failing),
        _ => (e.fine_tune_step)(&step, &mut backbone, &mut of_head),
    }
    .map(drop)
}

pub const FINE_TUNE_STEP: &[Bad<Exercises>] = &[
    ("an error of the backbone", |e| tune(e, &[4], Fails::Backbone)),
    ("an error of the backbone's optimizer", |e| tune(e, &[4], Fails::BackboneOptimizer)),
    ("an error of the head's optimizer", |e| tune(e, &[4], Fails::HeadOptimizer)),
    ("3 labels of 4 images", |e| tune(e, &[3], Fails::Nothing)),
    ("5 labels of 4 images", |e| tune(e, &[5], Fails::Nothing)),
];

pub const MEAN_IOU: &[Bad<Exercises>] = &[
    ("maps of other sizes", |e| (e.mean_iou)(&zeros(&[2, 3, 4])?, &zeros(&[2, 4, 3])?, 2).map(drop)),
    ("one map for two", |e| (e.mean_iou)(&zeros(&[1, 3, 4])?, &zeros(&[2, 3, 4])?, 2).map(drop)),
    ("a true class 2 of 2", |e| {
        (e.mean_iou)(&zeros(&[1, 1, 2])?, &Tensor::new(&[[[0u32, 2]]], &Device::Cpu)?, 2).map(drop)
    }),
    ("a predicted class 2 of 2", |e| {
        (e.mean_iou)(&Tensor::new(&[[[0u32, 2]]], &Device::Cpu)?, &zeros(&[1, 1, 2])?, 2).map(drop)
    }),
    ("a class that is wrong on both sides", |e| {
        let map = Tensor::new(&[[[0u32, 2]]], &Device::Cpu)?;
        (e.mean_iou)(&map, &map, 2).map(drop)
    }),
    ("no pixels", |e| (e.mean_iou)(&zeros(&[0, 3, 4])?, &zeros(&[0, 3, 4])?, 2).map(drop)),
];

pub const BOX_IOU: &[Bad<Exercises>] = &[
    ("one box for two", |e| (e.box_iou)(&ones(&[2, 4])?, &ones(&[1, 4])?).map(drop)),
    ("boxes of 3 edges", |e| (e.box_iou)(&ones(&[2, 3])?, &ones(&[2, 3])?).map(drop)),
    ("a of 4 edges, b of 5", |e| (e.box_iou)(&ones(&[2, 4])?, &ones(&[2, 5])?).map(drop)),
    ("boxes of 5 edges", |e| (e.box_iou)(&ones(&[2, 5])?, &ones(&[2, 5])?).map(drop)),
    ("a box without an axis", |e| (e.box_iou)(&ones(&[4])?, &ones(&[4])?).map(drop)),
];
