//! Where is the toy? A linear head on frozen features gives a box.

use candle_core::{Device, Result, Tensor};
use linear_probe::{box_iou, standardize};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use ssl_data::{Images, Rng};
use ssl_eval::embed;
use ssl_nn::ops::adaptive_avg_pool2d;
use ssl_nn::{AdamW, Backbone, Linear, Optimizer as _, Params, WarmupCosine};

use super::scenes::Scenes;

/// Scenes for training and for testing.
const SCENES: (usize, usize) = (2000, 1000);
const QUICK_SCENES: (usize, usize) = (200, 100);
/// The last block's maps are averaged over a grid of this many cells a side.
const GRID: usize = 4;
const EPOCHS: usize = 20;
const BATCH: usize = 100;
const LEARNING_RATE: f64 = 0.0005;
/// Decays what 4,096 features could learn by heart.
const WEIGHT_DECAY: f64 = 10.0;
/// Boxes that overlap more than this are right.
const RIGHT: f64 = 0.5;

/// Boxes that a head finds in test scenes, and how good they are.
pub struct Found {
    pub scenes: Scenes,
    pub boxes: Tensor,
    /// Mean IoU with the true boxes, and the share above one half.
    pub mean_iou: f64,
    pub right: f64,
}

/// Trains a box head on scenes and looks for the toys in others.
pub fn find(backbone: &Backbone, device: &Device, seed: u64, quick: bool) -> anyhow::Result<Found> {
    let (train, test) = if quick { QUICK_SCENES } else { SCENES };
    let (known, scenes) = (Scenes::render(0, train)?, Scenes::render(train, test)?);
    let features = |images: &Images| -> Result<Tensor> {
        let encode = |images: &Tensor, _: bool| grid(backbone, images);
        embed(&encode, images, device)
    };
    let (train_features, features) = standardize(&features(&known.images)?, &features(&scenes.images)?)?;
    // A head begins at 0, and so at the mean box.
    let mean = known.boxes.mean_keepdim(0)?;
    let head = fit(&train_features, &known.boxes.broadcast_sub(&mean)?, seed)?;
    let boxes = head.forward(&features)?.broadcast_add(&mean)?.detach();
    let ious: Vec<f32> = box_iou(&boxes, &scenes.boxes)?.to_vec1()?;
    let share = |sum: f64| sum / ious.len() as f64;
    let mean_iou = share(ious.iter().map(|&iou| f64::from(iou)).sum());
    let right = share(ious.iter().filter(|&&iou| f64::from(iou) > RIGHT).count() as f64);
    Ok(Found { scenes, boxes, mean_iou, right })
}

/// The last block's maps, averaged over a grid: `[B, C · GRID²]`.
fn grid(backbone: &Backbone, images: &Tensor) -> Result<Tensor> {
    match backbone.forward_blocks(images, false)?.last() {
        Some(maps) => adaptive_avg_pool2d(maps, (GRID, GRID))?.flatten_from(1),
        None => candle_core::bail!("a backbone without blocks"),
    }
}

/// A linear head that says how boxes differ from the mean one, by least squares.
fn fit(features: &Tensor, boxes: &Tensor, seed: u64) -> Result<Linear> {
    let (count, width) = features.dims2()?;
    let params = Params::new(seed, &Device::Cpu);
    let head = Linear::new(width, 4, &params)?;
    let mut optimizer = AdamW::new(params.trained(), WEIGHT_DECAY);
    let (mut rng, mut order) = (Rng::seed_from_u64(seed), (0..count as u32).collect::<Vec<_>>());
    let total = EPOCHS * count.div_ceil(BATCH);
    let schedule = WarmupCosine { base: LEARNING_RATE, warmup: total / 20, total };
    for epoch in 0..EPOCHS {
        order.shuffle(&mut rng);
        for (i, rows) in order.chunks(BATCH).enumerate() {
            let rows = Tensor::new(rows, &Device::Cpu)?;
            let found = head.forward(&features.index_select(&rows, 0)?)?; // [B, 4]
            let loss = (found - boxes.index_select(&rows, 0)?)?.sqr()?.mean_all()?;
            optimizer.backward_step(&loss, schedule.at(epoch * count.div_ceil(BATCH) + i))?;
        }
    }
    Ok(head)
}
