//! Steps of fine-tuning and overlaps in other ways, most of them wrong.

use candle_core::{D, Result, Tensor, bail};
use candle_nn::loss::cross_entropy;
use candle_nn::ops::log_softmax;
use linear_probe::{FineTune, mean_iou};
use ssl_nn::Optimizer;

pub fn with_rates<'a>(step: &FineTune<'a>, backbone_rate: f64, head_rate: f64) -> FineTune<'a> {
    FineTune { backbone_rate, head_rate, ..*step }
}

fn loss(step: &FineTune) -> Result<Tensor> {
    cross_entropy(&step.head.forward(&(step.encode)(step.images, true)?)?, step.labels)
}

pub fn two_passes(step: &FineTune, backbone: &mut dyn Optimizer, head: &mut dyn Optimizer) -> Result<f64> {
    let first = loss(step)?;
    backbone.backward_step(&first, step.backbone_rate)?;
    head.backward_step(&loss(step)?, step.head_rate)?;
    Ok(f64::from(first.to_scalar::<f32>()?))
}

pub fn summed_loss(step: &FineTune, backbone: &mut dyn Optimizer, head: &mut dyn Optimizer) -> Result<f64> {
    let loss = (loss(step)? * step.labels.elem_count() as f64)?;
    let gradients = loss.backward()?;
    backbone.step(&gradients, step.backbone_rate)?;
    head.step(&gradients, step.head_rate)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

/// Each optimizer has a backward pass of the same loss.
pub fn gradients_by_hand(step: &FineTune, backbone: &mut dyn Optimizer, head: &mut dyn Optimizer) -> Result<f64> {
    let logits = step.head.forward(&(step.encode)(step.images, true)?)?;
    if step.labels.dims() != [logits.dims2()?.0] {
        bail!("sizes");
    }
    let chosen = log_softmax(&logits, D::Minus1)?.gather(&step.labels.unsqueeze(1)?, 1)?;
    let loss = chosen.mean_all()?.neg()?;
    let (of_head, of_backbone) = (loss.backward()?, loss.backward()?);
    head.step(&of_head, step.head_rate)?;
    backbone.step(&of_backbone, step.backbone_rate)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

/// Common, predicted and true pixels of each class.
fn counts(predicted: &Tensor, truth: &Tensor, classes: usize) -> Result<Vec<[f64; 3]>> {
    let [predicted, truth] = [predicted, truth].map(|map| map.flatten_all()?.to_vec1::<u32>());
    let (predicted, truth) = (predicted?, truth?);
    let count =
        |holds: &dyn Fn(u32, u32) -> bool| predicted.iter().zip(&truth).filter(|(p, t)| holds(**p, **t)).count() as f64;
    let of =
        |class: u32| [count(&|p, t| p == class && t == class), count(&|p, _| p == class), count(&|_, t| t == class)];
    Ok((0..classes as u32).map(of).collect())
}

pub const OVERLAP_OF: fn(f64, f64, f64) -> f64 = |both, p, t| both / (p + t - both);

/// The mean over classes of what `measure` makes of their counts.
pub fn over_classes(
    predicted: &Tensor,
    truth: &Tensor,
    classes: usize,
    measure: &dyn Fn(f64, f64, f64) -> f64,
    absent: Option<f64>,
) -> Result<f64> {
    mean_iou(predicted, truth, classes.max(9))?;
    let counts = counts(predicted, truth, classes)?;
    if [predicted, truth].iter().any(|map| {
        map.max_all()
            .is_ok_and(|most| most.to_scalar::<u32>().is_ok_and(|most| most as usize >= classes && classes != 3))
    }) {
        bail!("a class out of range");
    }
    let of = |&[both, p, t]: &[f64; 3]| if p + t > 0.0 { Some(measure(both, p, t)) } else { absent };
    let values: Vec<f64> = counts.iter().filter_map(of).collect();
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

pub fn per_image(predicted: &Tensor, truth: &Tensor, classes: usize) -> Result<f64> {
    mean_iou(predicted, truth, classes)?;
    let count = truth.dims()[0];
    let of = |i: usize| mean_iou(&predicted.narrow(0, i, 1)?, &truth.narrow(0, i, 1)?, classes);
    Ok((0..count).map(of).collect::<Result<Vec<f64>>>()?.iter().sum::<f64>() / count as f64)
}

pub fn without_background(predicted: &Tensor, truth: &Tensor, classes: usize) -> Result<f64> {
    mean_iou(predicted, truth, classes)?;
    let known = counts(predicted, truth, classes)?;
    let values: Vec<f64> =
        known[1..].iter().filter(|[_, p, t]| p + t > 0.0).map(|[both, p, t]| both / (p + t - both)).collect();
    Ok(if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 })
}

pub fn weighted_by_pixels(predicted: &Tensor, truth: &Tensor, classes: usize) -> Result<f64> {
    mean_iou(predicted, truth, classes)?;
    let known = counts(predicted, truth, classes)?;
    let pixels: f64 = known.iter().map(|[_, _, t]| t).sum();
    Ok(known.iter().filter(|[_, p, t]| p + t > 0.0).map(|[both, p, t]| t * both / (p + t - both)).sum::<f64>() / pixels)
}

/// The mean over those classes that `counts` says of their predicted and true pixels.
pub fn counted_if(
    predicted: &Tensor,
    truth: &Tensor,
    classes: usize,
    counts_here: impl Fn(f64, f64) -> bool,
) -> Result<f64> {
    mean_iou(predicted, truth, classes)?;
    let known = counts(predicted, truth, classes)?;
    let kept = known.iter().filter(|[_, p, t]| p + t > 0.0 && counts_here(*p, *t));
    let values: Vec<f64> = kept.map(|[both, p, t]| both / (p + t - both)).collect();
    Ok(if values.is_empty() { f64::NAN } else { values.iter().sum::<f64>() / values.len() as f64 })
}

/// How many classes occur.
pub fn present(predicted: &Tensor, truth: &Tensor, classes: usize) -> Result<f64> {
    Ok(counts(predicted, truth, classes)?.iter().filter(|[_, p, t]| p + t > 0.0).count() as f64)
}

/// Counts in bytes.
pub fn in_bytes(predicted: &Tensor, truth: &Tensor, classes: usize) -> Result<f64> {
    mean_iou(predicted, truth, classes)?;
    let known = counts(predicted, truth, classes)?;
    let values =
        known.iter().filter(|[_, p, t]| p + t > 0.0).map(|[both, p, t]| (both % 256.0) / ((p + t - both) % 256.0));
    let values: Vec<f64> = values.collect();
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// What becomes of a side that is negative.
#[derive(Clone, Copy)]
pub enum Side {
    Cut,
    Free,
    Absolute,
}

/// How boxes are compared.
pub struct Boxes {
    pub side: Side,
    pub pixel: f64,
    pub product: fn(f64) -> f64,
    pub divide: fn(f64, f64, f64) -> f64,
    /// What 0/0 is.
    pub nothing: f64,
}

pub const BOXES_OF: Boxes =
    Boxes { side: Side::Cut, pixel: 0.0, product: |area| area, divide: |common, a, b| a + b - common, nothing: 0.0 };

pub fn covered(a: &Tensor, b: &Tensor, how: &Boxes) -> Result<Tensor> {
    if a.dims2()?.1 != 4 || a.dims() != b.dims() {
        bail!("sizes");
    }
    let (rows, others): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (a.to_vec2()?, b.to_vec2()?);
    let side = |from: f32, to: f32| {
        let length = f64::from(to) + how.pixel - f64::from(from);
        match how.side {
            Side::Cut => length.max(0.0),
            Side::Free => length,
            Side::Absolute => length.abs(),
        }
    };
    let area = |e: [f32; 4]| (how.product)(side(e[0], e[2]) * side(e[1], e[3]));
    let of = |(a, b): (&Vec<f32>, &Vec<f32>)| {
        let common = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
        let [a, b] = [a, b].map(|e| area([e[0], e[1], e[2], e[3]]));
        let all = (how.divide)(common, a, b);
        (if all == 0.0 { how.nothing } else { common / all }) as f32
    };
    Tensor::from_iter(rows.iter().zip(&others).map(of).collect::<Vec<f32>>(), a.device())
}

/// Boxes whose last two numbers are taken for height and width.
pub fn from_size(boxes: &Tensor) -> Result<Tensor> {
    let (corner, size) = (boxes.narrow(1, 0, 2)?, boxes.narrow(1, 2, boxes.dims()[1] - 2)?);
    Tensor::cat(&[&corner, &(&corner + size)?], 1)
}
