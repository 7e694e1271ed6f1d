//! Networks with a case's weights, small enough to be compared weight by weight.

use std::cell::RefCell;

use candle_core::{Device, Result, Tensor};
use linear_probe::FineTune;
use ssl_grading::Values;
use ssl_grading::network::{fill, state};
use ssl_nn::layers::{BatchNorm, Conv2d};
use ssl_nn::{Linear, Params, Sgd};

use super::Exercises;

/// A convolution, batch norm, and a ReLU in all blocks but the last.
struct Block {
    conv: Conv2d,
    norm: BatchNorm,
}

impl Block {
    fn new(case: &Values, params: &Params, name: &str) -> Result<Self> {
        let (outputs, inputs, kernel, _) = case.tensor(&format!("{name}.conv.weight"))?.dims4()?;
        let params = params.pp(name);
        Ok(Self {
            conv: Conv2d::new(inputs, outputs, kernel, 1, &params.pp("conv"))?,
            norm: BatchNorm::new(outputs, name != "third", &params.pp("norm"))?,
        })
    }

    fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        self.norm.forward(&self.conv.forward(x)?, train)
    }
}

/// Features of a network of three blocks, what reaches its weights from them, and its running statistics.
pub fn features(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let blocks = ["first", "second", "third"].map(|name| Block::new(case, &params, name));
    let blocks = blocks.into_iter().collect::<Result<Vec<_>>>()?;
    fill(&mut params, case)?;
    let calls = RefCell::new(Vec::new());
    let forward = |images: &Tensor, train: bool| {
        calls.borrow_mut().push(images.dims()[0] as f64);
        let mut maps: Vec<Tensor> = Vec::new();
        for block in &blocks {
            maps.push(block.forward(maps.last().unwrap_or(images), train)?);
        }
        Ok(maps)
    };
    let (images, depth, batch) = (case.tensor("images")?, case.count("depth")?, case.count("batch")?);
    let features = (exercises.frozen_features)(&forward, images, depth, batch)?;
    let weights = params.all();
    let (buffers, weights): (Vec<_>, Vec<_>) = weights.iter().partition(|(name, _)| name.contains("running"));
    let inputs: Vec<_> = weights.iter().map(|(name, weight)| (name.as_str(), *weight)).collect();
    let values = Values::new().with("features", &features).with_leaks(&[&features], &inputs)?;
    let calls = calls.into_inner();
    let values = values.with("images in each call of the backbone", &Tensor::new(calls, &Device::Cpu)?);
    Ok(buffers.iter().fold(values, |values, (name, buffer)| values.with(name, buffer)))
}

/// Of the optimizer that trains a probe.
const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 0.05;

/// Loss, and the weights of probe and backbone after the student's epoch; the optimizer knows all of them.
pub fn after_an_epoch(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let ((width, inputs), (classes, _)) =
        (case.tensor("backbone.weight")?.dims2()?, case.tensor("probe.weight")?.dims2()?);
    let backbone = Linear::without_bias(inputs, width, &params.pp("backbone"))?;
    let probe = Linear::new(width, classes, &params.pp("probe"))?;
    fill(&mut params, case)?;
    let mut optimizer = Sgd::new(params.trained(), MOMENTUM, WEIGHT_DECAY);
    let (features, labels) = (backbone.forward(case.tensor("images")?)?, case.tensor("labels")?);
    let batches = (0..).map(|i| format!("batch{i}")).take_while(|name| case.get(name).is_some());
    let batches = batches.map(|name| case.tensor(&name)?.to_vec1()).collect::<Result<Vec<Vec<u32>>>>()?;
    let rate = case.number("learning_rate")?;
    let loss = (exercises.probe_epoch)(&probe, &features, labels, &batches, &mut optimizer, rate)?;
    Ok(state(&params, Values::new().with_number("loss", loss)?))
}

/// Loss, and all weights and running statistics after the student's step.
pub fn after_fine_tuning(exercises: &Exercises, case: &Values) -> Result<Values> {
    let mut params = Params::new(0, &Device::Cpu);
    let ((width, inputs), (classes, _)) =
        (case.tensor("linear.weight")?.dims2()?, case.tensor("head.weight")?.dims2()?);
    let linear = Linear::new(inputs, width, &params.pp("linear"))?;
    let norm = BatchNorm::new(width, false, &params.pp("norm"))?;
    let head = Linear::new(width, classes, &params.pp("head"))?;
    fill(&mut params, case)?;
    let (of_head, of_backbone) = params.trained().into_iter().partition(|(name, _)| name.starts_with("head"));
    let [mut backbone_optimizer, mut head_optimizer] = [of_backbone, of_head].map(|vars| Sgd::new(vars, 0.9, 0.0));
    let step = FineTune {
        encode: &|images, train| norm.forward(&linear.forward(&images.flatten_from(1)?)?, train),
        head: &head,
        images: case.tensor("images")?,
        labels: case.tensor("labels")?,
        backbone_rate: case.number("backbone_rate")?,
        head_rate: case.number("head_rate")?,
    };
    let loss = (exercises.fine_tune_step)(&step, &mut backbone_optimizer, &mut head_optimizer)?;
    Ok(state(&params, Values::new().with_number("loss", loss)?))
}
