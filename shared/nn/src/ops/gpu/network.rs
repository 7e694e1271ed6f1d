//! [`conv_network`](super::super::conv_network) on a GPU: maps keep one [`Order`] and, where factors are short, are short themselves.

use candle_core::{CpuStorage, CudaStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::super::delivery::Delivery;
use super::super::{ConvNormLayer, Section, Seen};
use super::convolution::{Convolution, Pass};
use super::normed::Normed;
use super::order::Order;
use super::{kernels, storage};
use crate::gpu;

/// The last section's output of `x` `[B, C, H, W]`, and what each layer has seen.
pub(in super::super) fn conv_network(x: &Tensor, sections: &[Section<ConvNormLayer>]) -> Result<(Tensor, Vec<Seen>)> {
    let order = Order::now();
    let (mut at, mut seen) = (order.of(&gpu::factor(&x.detach())?)?, Vec::new());
    let mut computed: Vec<Computed> = Vec::with_capacity(sections.len());
    for section in sections {
        let section = Computed::new(section, &at, order, &mut seen)?;
        at = section.output.clone();
        computed.push(section);
    }
    let y = order.back(&gpu::product(&at)?)?;
    let delivery = Delivery::default();
    let layers = sections.iter().flat_map(Section::layers);
    let address = delivery.address(x.device(), layers.flat_map(|layer| [layer.weight, layer.gamma, layer.beta]))?;
    Ok((x.apply_op2(&address, Network { sections: computed, order, y, delivery })?, seen))
}

/// A layer that has seen a batch.
struct Layer {
    x: Tensor,
    convolution: Convolution,
    weight: Tensor,
    normed: Normed,
}

impl Layer {
    fn new(layer: &ConvNormLayer, x: &Tensor, order: Order, seen: &mut Vec<Seen>) -> Result<Self> {
        let geometry = layer.geometry(&order.dims(x)?)?;
        let weight = order.of(&gpu::factor(&layer.weight.detach())?)?;
        let convolution = Convolution::new(x, &weight, geometry, order);
        let y = convolution.of(Pass::Forward, x, &weight)?;
        let elements = y.elem_count();
        let normed = Normed::new(y, order, [layer.gamma, layer.beta], layer.fixed, layer.epsilon, layer.relu)?;
        seen.push((normed.moments()?, elements));
        Ok(Self { x: x.clone(), convolution, weight, normed })
    }

    /// Given the gradient of the output: that of `x`, where `wanted`, and those of weight, γ and β.
    fn backward(&self, wanted: bool, gradient: &Tensor) -> Result<(Option<Tensor>, [Tensor; 3])> {
        let [dy, of_gamma, of_beta] = self.normed.backward(gradient)?;
        let dx = wanted.then(|| self.convolution.of(Pass::Input, &self.weight, &dy)).transpose()?;
        let of_weight = self.convolution.of(Pass::Weight, &self.x, &dy)?;
        let of_weight = self.convolution.order.back(&gpu::product(&of_weight)?)?;
        Ok((dx, [of_weight, of_gamma, of_beta]))
    }
}

/// A section that has seen a batch.
struct Computed {
    layers: Section<Layer>,
    output: Tensor,
}

impl Computed {
    /// What a section makes of `x`; each layer's statistics are added to `seen`.
    fn new(section: &Section<ConvNormLayer>, x: &Tensor, order: Order, seen: &mut Vec<Seen>) -> Result<Self> {
        let mut see = |layer: &ConvNormLayer, x: &Tensor| Layer::new(layer, x, order, seen);
        let (first, second, shortcut) = match section {
            Section::Layer(layer) => {
                let layer = see(layer, x)?;
                return Ok(Self { output: layer.normed.output(None)?, layers: Section::Layer(layer) });
            }
            Section::Block { first, second, shortcut } => (first, second, shortcut),
        };
        let first = see(first, x)?;
        let second = see(second, &first.normed.output(None)?)?;
        let shortcut = shortcut.as_ref().map(|shortcut| see(shortcut, x)).transpose()?;
        let side = shortcut.as_ref().map_or_else(|| Ok(x.clone()), |shortcut| shortcut.normed.output(None))?;
        let output = second.normed.output(Some(&side))?;
        Ok(Self { layers: Section::Block { first, second, shortcut }, output })
    }

    /// Given the gradient of the output: that of the input, where `wanted`, and those of each layer's weight, γ and β.
    fn backward(&self, wanted: bool, gradient: Gradient) -> Result<(Option<Gradient>, Vec<[Tensor; 3]>)> {
        let (first, second, shortcut) = match &self.layers {
            Section::Layer(layer) => {
                let (dx, of_layer) = layer.backward(wanted, &gradient.sum()?)?;
                return Ok((dx.map(Gradient::from), vec![of_layer]));
            }
            Section::Block { first, second, shortcut } => (first, second, shortcut),
        };
        let of_sum =
            kernels::masked(second.convolution.order, &self.output, &gradient.of_layer, gradient.of_side.as_ref())?;
        let (Some(inner), of_second) = second.backward(true, &of_sum)? else {
            bail!("conv_network: a block's first layer has no gradient")
        };
        let (dx, of_first) = first.backward(wanted, &inner)?;
        let mut of_layers = vec![of_first, of_second];
        let of_side = match shortcut {
            None => Some(of_sum),
            Some(shortcut) => {
                let (of_side, of_shortcut) = shortcut.backward(wanted, &of_sum)?;
                of_layers.push(of_shortcut);
                of_side
            }
        };
        let dx = dx.map(|of_layer| Gradient { of_layer, of_side });
        Ok((dx, of_layers))
    }
}

/// The gradient of a section's input: of a block's, in two parts, which are added where they are next looked at.
struct Gradient {
    of_layer: Tensor,
    of_side: Option<Tensor>,
}

impl From<Tensor> for Gradient {
    fn from(of_layer: Tensor) -> Self {
        Self { of_layer, of_side: None }
    }
}

impl Gradient {
    fn sum(self) -> Result<Tensor> {
        match self.of_side {
            Some(of_side) => self.of_layer + of_side,
            None => Ok(self.of_layer),
        }
    }
}

/// Sections that have seen a batch.
struct Network {
    sections: Vec<Computed>,
    order: Order,
    y: Tensor,
    delivery: Delivery,
}

impl CustomOp2 for Network {
    fn name(&self) -> &'static str {
        "conv_network"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        storage::on_cpu(&self.y)
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        storage::on_gpu(&self.y)
    }

    fn bwd(
        &self,
        x: &Tensor,
        address: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut gradient = Some(Gradient::from(self.order.of(&gpu::factor(grad)?)?));
        let mut of_sections = Vec::with_capacity(self.sections.len());
        for (i, section) in self.sections.iter().enumerate().rev() {
            let Some(of_output) = gradient else { bail!("conv_network: section {i} has no gradient") };
            let (dx, of_layers) = section.backward(i > 0 || x.track_op(), of_output)?;
            of_sections.push(of_layers);
            gradient = dx;
        }
        self.delivery.send(of_sections.into_iter().rev().flatten().flatten().collect());
        let dx = gradient.map(|dx| self.order.back(&gpu::product(&dx.sum()?)?)).transpose()?;
        // The address has a gradient so that its own backward pass runs.
        Ok((dx, Some(address.zeros_like()?)))
    }
}
