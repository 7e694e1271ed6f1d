//! Networks with a case's weights, small enough to be compared weight by weight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use simclr::{ProjectionHead, Step};
use ssl_grading::Values;
use ssl_grading::network::fill;
use ssl_nn::layers::BatchNorm;
use ssl_nn::{Encode, Linear, Optimizer, Params, Sgd};

/// Embeddings of features h by the student's head, whose parameters are put into `params` with the given values.
pub fn project(h: &Tensor, params: &mut Params, weights: &Values) -> Result<Tensor> {
    let (hidden, features) = weights.tensor("hidden.weight")?.dims2()?;
    let (output, _) = weights.tensor("output.weight")?.dims2()?;
    let head = ProjectionHead::new(features, hidden, output, params)?;
    fill(params, weights)?;
    head.forward(h)
}

/// A linear layer, batch norm and ReLU as backbone, a linear layer as head, with a case's weights.
pub struct Network {
    pub params: Params,
    linear: Linear,
    norm: BatchNorm,
    head: Linear,
}

impl Network {
    pub fn of(case: &Values) -> Result<Self> {
        let mut params = Params::new(0, &Device::Cpu);
        let (width, inputs) = case.tensor("linear.weight")?.dims2()?;
        let (outputs, _) = case.tensor("head.weight")?.dims2()?;
        let linear = Linear::new(inputs, width, &params.pp("linear"))?;
        let norm = BatchNorm::new(width, true, &params.pp("norm"))?;
        let head = Linear::new(width, outputs, &params.pp("head"))?;
        // A case without running statistics asks for nothing that depends on them.
        let mut case = case.clone();
        for (name, value) in params.buffers() {
            if case.get(&name).is_none() {
                case = case.with(&name, &value.copy()?);
            }
        }
        fill(&mut params, &case)?;
        Ok(Self { params, linear, norm, head })
    }

    pub fn encode(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.norm.forward(&self.linear.forward(&images.flatten_from(1)?)?, train)
    }

    pub fn project(&self, h: &Tensor) -> Result<Tensor> {
        self.head.forward(h)
    }
}

/// What a step on a case's views returns, and the network's weights and running statistics after it.
pub fn after(case: &Values, step: impl FnOnce(&Step, &mut dyn Optimizer) -> Result<f64>) -> Result<(f64, Params)> {
    let network = Network::of(case)?;
    let loss = step_with(case, &network, &|images, train| network.encode(images, train), step)?;
    Ok((loss, network.params))
}

/// How many graphs through the backbone were in memory at the same time while a step was made.
pub fn graphs(case: &Values, step: impl FnOnce(&Step, &mut dyn Optimizer) -> Result<f64>) -> Result<usize> {
    let network = Network::of(case)?;
    let (graphs, most) = (Arc::new(()), AtomicUsize::new(0));
    let encode = |images: &Tensor, train: bool| {
        let h = network.encode(images, train)?.contiguous()?.apply_op1(Counted(graphs.clone()))?;
        // One is held here, the others by the graphs.
        most.fetch_max(Arc::strong_count(&graphs) - 1, Ordering::Relaxed);
        Ok(h)
    };
    step_with(case, &network, &encode, step)?;
    Ok(most.into_inner())
}

fn step_with(
    case: &Values,
    network: &Network,
    encode: &Encode,
    step: impl FnOnce(&Step, &mut dyn Optimizer) -> Result<f64>,
) -> Result<f64> {
    // A case without a rate asks for what is known before the update.
    let number = |name| if case.get(name).is_some() { case.number(name) } else { Ok(0.0) };
    let mut optimizer = Sgd::new(network.params.trained(), number("momentum")?, 0.0);
    let given = Step {
        encode,
        project: &|h| network.project(h),
        view_a: case.tensor("view_a")?,
        view_b: case.tensor("view_b")?,
        temperature: case.number("temperature")?,
        learning_rate: number("learning_rate")?,
    };
    step(&given, &mut optimizer)
}

/// The identity, which lives as long as the graph that it is in.
struct Counted(#[expect(dead_code, reason = "held, so that it is counted")] Arc<()>);

impl CustomOp1 for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn cpu_fwd(&self, h: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((h.try_clone(layout)?, layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.clone()))
    }
}
