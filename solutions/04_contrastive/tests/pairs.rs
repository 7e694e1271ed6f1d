//! Losses of pairs and triplets written in other ways, most of them wrong.

use candle_core::{DType, Result, Tensor};
use contrastive::{contrastive_loss, pairwise_distance, triplet_loss};

/// d(a, p) − d(a, n) for each triplet.
pub fn gap(anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor> {
    pairwise_distance(anchor, positive)? - pairwise_distance(anchor, negative)?
}

pub fn active_only(anchor: &Tensor, positive: &Tensor, negative: &Tensor, margin: f64) -> Result<Tensor> {
    let hinge = (gap(anchor, positive, negative)? + margin)?.relu()?;
    let active = hinge.gt(0f32)?.to_dtype(DType::F32)?.sum_all()?;
    hinge.sum_all()? / active
}

pub fn negative_of_positive(anchor: &Tensor, positive: &Tensor, negative: &Tensor, margin: f64) -> Result<Tensor> {
    let gap = (pairwise_distance(anchor, positive)? - pairwise_distance(positive, negative)?)?;
    (gap + margin)?.relu()?.mean_all()
}

/// One negative is stretched to all anchors.
pub fn one_negative_for_all(anchor: &Tensor, positive: &Tensor, negative: &Tensor, margin: f64) -> Result<Tensor> {
    triplet_loss(anchor, positive, &negative.broadcast_as(anchor.shape())?.contiguous()?, margin)
}

pub fn one_label_for_all(distance: &Tensor, is_positive: &Tensor, margin: f64) -> Result<Tensor> {
    contrastive_loss(distance, &is_positive.broadcast_as(distance.shape())?.contiguous()?, margin)
}

pub fn squared_distances(anchor: &Tensor, positive: &Tensor, negative: &Tensor, margin: f64) -> Result<Tensor> {
    let near = pairwise_distance(anchor, positive)?.sqr()?;
    let far = pairwise_distance(anchor, negative)?.sqr()?;
    ((near - far)? + margin)?.relu()?.mean_all()
}

pub fn by_products(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    a.dims2()?;
    let difference = a.sub(b)?;
    let squared = difference.unsqueeze(1)?.matmul(&difference.unsqueeze(2)?)?.flatten_all()?;
    (squared + 1e-12)?.sqrt()
}

pub fn by_arithmetic(distance: &Tensor, is_positive: &Tensor, margin: f64) -> Result<Tensor> {
    distance.dims1()?;
    let positive = is_positive.to_dtype(distance.dtype())?;
    let apart = ((1.0 - &positive)? * (margin - distance)?.relu()?)?;
    ((positive * distance)? + apart)?.mean(0)
}

pub fn active_pairs(distance: &Tensor, is_positive: &Tensor, margin: f64) -> Result<Tensor> {
    let each = is_positive.where_cond(distance, &(margin - distance)?.relu()?)?;
    let active = each.gt(0f32)?.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()?;
    each.sum_all()? / f64::from(active.max(1.0))
}

pub fn swapped_anchor(anchor: &Tensor, positive: &Tensor, negative: &Tensor, margin: f64) -> Result<Tensor> {
    let far = pairwise_distance(anchor, negative)?.minimum(&pairwise_distance(positive, negative)?)?;
    ((pairwise_distance(anchor, positive)? - far)? + margin)?.relu()?.mean_all()
}
