//! Layers of convolution and batch norm, and residual blocks of them, as one operation.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::chunks::{each_chunk, update, zip_into};
use super::delivery::Delivery;
use super::layout::channels_last;
use super::normed::{Normed, Seen};
use super::outputs::{Arrivals, Output};
use super::relu::{masked, rectified};
use super::room::Room;
use super::source::Source;
use super::tiles::InputGradient;
use super::vectorized::vectorized;
use super::{ConvNormLayer, Section, columns, floats, grid};
#[cfg(feature = "cuda")]
use super::{adaptive_avg_pool2d, gpu};

/// [`conv_batch_norm`](super::conv_batch_norm) and [`add_relu`](super::add_relu), section after section: as [`conv_network_each`], in one part.
///
/// # Shapes
/// `x` `[B, C, H, W]` → `[B, O, H', W']` of the last section.
///
/// # Errors
/// As [`conv_network_each`].
pub fn conv_network(x: &Tensor, sections: &[Section<ConvNormLayer>]) -> Result<(Tensor, Vec<Seen>)> {
    let (outputs, seen) = conv_network_each(x, &[sections.to_vec()])?;
    let [y] = <[_; 1]>::try_from(outputs).expect("one part has one output");
    Ok((y, seen))
}

/// What each part of a network gives, part after part. On a CPU, nothing is stored between two layers but the first one's convolution.
/// Gradients between them do not pass through Candle, which adds each to a tensor of zeros. Returns each part's output, and what each layer
/// has seen.
///
/// # Shapes
/// `x` `[B, C, H, W]` → `[B, O, H', W']` of each part's last section.
///
/// # Errors
/// A part without sections; as [`conv_batch_norm`](super::conv_batch_norm) for each layer; shapes of a block's two sides that differ.
pub fn conv_network_each(x: &Tensor, parts: &[Vec<Section<ConvNormLayer>>]) -> Result<(Vec<Tensor>, Vec<Seen>)> {
    if parts.is_empty() || parts.iter().any(Vec::is_empty) {
        bail!("conv_network: expected at least one section in each part, got none");
    }
    floats::dims4("conv_network", x.dims())?;
    let (mut outputs, mut seen) = (Vec::with_capacity(parts.len()), Vec::new());
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        for part in parts {
            let (y, of_part) = gpu::conv_network(outputs.last().unwrap_or(x), part)?;
            outputs.push(y);
            seen.extend(of_part);
        }
        return Ok((outputs, seen));
    }
    let x = x.contiguous()?;
    let sections = Arc::new(compute(&x, &parts.concat(), &mut seen)?);
    let (delivery, arrivals) = (Delivery::default(), Arrivals::default());
    let layers = parts.iter().flatten().flat_map(Section::layers);
    let address = delivery.address(x.device(), layers.flat_map(|layer| [layer.weight, layer.gamma, layer.beta]))?;
    let network =
        x.apply_op2(&address, Network { sections: sections.clone(), delivery, arrivals: arrivals.clone() })?;
    let mut end = 0;
    for part in parts {
        end += part.len();
        let (number, sections) = (end - 1, sections.clone());
        let shape = sections[number].shape();
        let compute = move || sections[number].source().channels_first(size(&sections[number].shape()));
        outputs.push(network.apply_op1(Output { number, shape, compute, arrivals: arrivals.clone() })?);
    }
    Ok((outputs, seen))
}

/// What each part of a network gives, averaged over a grid of as many rows and columns as `cells` says of its shape: features of every
/// depth, without a graph. On a CPU, only a block's output is stored.
///
/// # Shapes
/// `x` `[B, C, H, W]` → for each part `[B, O, rows, columns]`, on the CPU.
///
/// # Errors
/// As [`conv_network`] for each part, and [`adaptive_avg_pool2d`](super::adaptive_avg_pool2d).
pub fn conv_network_means(
    x: &Tensor,
    parts: &[Vec<Section<ConvNormLayer>>],
    cells: impl Fn(&Shape) -> Result<(usize, usize)>,
) -> Result<Vec<Tensor>> {
    floats::dims4("conv_network_means", x.dims())?;
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        let mut maps = x.clone();
        let means = |part: &Vec<_>| {
            maps = gpu::conv_network(&maps, part)?.0;
            adaptive_avg_pool2d(&maps, cells(maps.shape())?)
        };
        return parts.iter().map(means).collect();
    }
    let sections = compute(&x.contiguous()?, &parts.concat(), &mut Vec::new())?;
    let mut rest = sections.as_slice();
    let means = |part: &Vec<_>| match rest.split_off(..part.len()).and_then(<[_]>::last) {
        Some(last) => grid::means(last.source(), &last.shape(), cells(&last.shape())?),
        None => bail!("conv_network_means: expected at least one section in each part, got none"),
    };
    parts.iter().map(means).collect()
}

/// What sections see in `x`, one after the other; each layer's statistics are added to `seen`.
fn compute(x: &Tensor, sections: &[Section<ConvNormLayer>], seen: &mut Vec<Seen>) -> Result<Vec<Computed>> {
    let (storage, layout) = x.storage_and_layout();
    let images = channels_last(floats::of(&storage, layout)?, size(x.shape()));
    let mut shape = x.shape().clone();
    let mut computed: Vec<Computed> = Vec::with_capacity(sections.len());
    for section in sections {
        let before = computed.last().map_or(Source::Given(&images), Computed::source);
        let next = Computed::new(section, before, &shape, seen)?;
        shape = next.shape();
        computed.push(next);
    }
    Ok(computed)
}

/// Channels and pixels.
fn size(shape: &Shape) -> (usize, usize) {
    (shape.dims()[1], shape.dims()[2..].iter().product())
}

/// A section that has seen a batch.
struct Computed {
    layers: Section<Normed>,
    /// A block's; a layer's is computed where it is looked at.
    output: Room,
}

impl Computed {
    /// What a section makes of `x`; each layer's statistics are added to `seen`.
    fn new(section: &Section<ConvNormLayer>, x: Source, shape: &Shape, seen: &mut Vec<Seen>) -> Result<Self> {
        let mut see = |layer: &ConvNormLayer, x: Source, shape: &Shape| {
            let (normed, of_layer) = Normed::new(layer, x, shape)?;
            seen.push(of_layer);
            Ok::<_, candle_core::Error>(normed)
        };
        let (first, second, shortcut) = match section {
            Section::Layer(layer) => {
                return Ok(Self { layers: Section::Layer(see(layer, x, shape)?), output: Room::default() });
            }
            Section::Block { first, second, shortcut } => (first, second, shortcut),
        };
        let first = see(first, x, shape)?;
        let second = see(second, Source::Layer(&first), &first.shape())?;
        let shortcut = shortcut.as_ref().map(|shortcut| see(shortcut, x, shape)).transpose()?;
        let side = shortcut.as_ref().map_or(shape.clone(), Normed::shape);
        if second.shape() != side {
            bail!("conv_network: a block's residual is {:?}, its shortcut {side:?}", second.shape());
        }
        let output = rectified_sum(Source::Layer(&second), shortcut.as_ref().map_or(x, Source::Layer), &side);
        Ok(Self { layers: Section::Block { first, second, shortcut }, output })
    }

    /// What the next section looks at.
    fn source(&self) -> Source<'_> {
        match &self.layers {
            Section::Layer(layer) => Source::Layer(layer),
            Section::Block { .. } => Source::Given(&self.output),
        }
    }

    fn shape(&self) -> Shape {
        match &self.layers {
            Section::Layer(layer) | Section::Block { second: layer, .. } => layer.shape(),
        }
    }

    /// Given the gradient of the output: that of `x`, where asked for, and those of each layer's weight, γ and β.
    fn backward(&self, x: Source, of_x: InputGradient, grads: &[f32]) -> Result<(Option<Room>, Vec<[Vec<f32>; 3]>)> {
        let (first, second, shortcut) = match &self.layers {
            Section::Layer(layer) => {
                let (dx, of_layer) = layer.backward(x, of_x, grads)?;
                return Ok((dx, vec![of_layer]));
            }
            Section::Block { first, second, shortcut } => (first, second, shortcut),
        };
        let mut of_sum = Room::new(grads.len());
        zip_into(&self.output, grads, &mut of_sum, masked);
        let (inner, of_second) = second.backward(Source::Layer(first), InputGradient::Own, &of_sum)?;
        let Some(inner) = inner else { bail!("conv_network: a block's first layer has no gradient") };
        let Some(shortcut) = shortcut else {
            let added = match of_x {
                InputGradient::None => InputGradient::None,
                InputGradient::Own => InputGradient::AddedTo(of_sum),
                InputGradient::AddedTo(mut others) => {
                    update(&mut others, &of_sum, &of_sum, |other, of_sum, _| other + of_sum);
                    InputGradient::AddedTo(others)
                }
            };
            let (dx, of_first) = first.backward(x, added, &inner)?;
            return Ok((dx, vec![of_first, of_second]));
        };
        let (dx, of_first) = first.backward(x, of_x, &inner)?;
        let (dx, of_shortcut) =
            shortcut.backward(x, dx.map_or(InputGradient::None, InputGradient::AddedTo), &of_sum)?;
        Ok((dx, vec![of_first, of_second, of_shortcut]))
    }
}

/// max(a + b, 0), some pixels at a time.
fn rectified_sum(a: Source, b: Source, shape: &Shape) -> Room {
    let mut sums = Room::new(shape.elem_count());
    let chunk = columns::chunk(shape.dims()[1]);
    let fill = |(a_room, b_room): &mut (Room, Room), i: usize, y: &mut [f32]| {
        let range = i * chunk..i * chunk + y.len();
        rectify_sum(a.numbers(range.clone(), a_room), b.numbers(range, b_room), y);
    };
    each_chunk(&mut sums, chunk, Default::default, fill);
    sums
}

vectorized! {
    fn rectify_sum<'a>(a: &'a [f32], b: &'a [f32], y: &'a mut [f32]) -> () {
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y = rectified(a + b);
        }
    }
}

/// Sections that have seen a batch. Their outputs are operations of their own.
struct Network {
    sections: Arc<Vec<Computed>>,
    delivery: Delivery,
    arrivals: Arrivals,
}

impl CustomOp2 for Network {
    fn name(&self) -> &'static str {
        "conv_network"
    }

    /// A number without meaning: see [`Output`].
    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), Shape::from(1)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        address: &Tensor,
        _network: &Tensor,
        _grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (x_storage, x_layout) = x.storage_and_layout();
        let images = channels_last(floats::of(&x_storage, x_layout)?, size(x.shape()));
        let mut of_output = None;
        let mut of_sections = Vec::with_capacity(self.sections.len());
        for (i, section) in self.sections.iter().enumerate().rev() {
            // The last outputs may be part of no loss; their layers have no gradients then.
            let Some(grads) = of_output.take().or_else(|| self.arrivals.take(i)) else { continue };
            let (before, of_before) = match i.checked_sub(1) {
                Some(before) => (self.sections[before].source(), self.arrivals.take(before)),
                None => (Source::Given(&images), None),
            };
            let of_before = match of_before {
                Some(others) => InputGradient::AddedTo(others),
                None if i > 0 || x.track_op() => InputGradient::Own,
                None => InputGradient::None,
            };
            let (dx, of_layers) = section.backward(before, of_before, &grads)?;
            of_sections.push(of_layers);
            of_output = dx;
        }
        let all = of_sections.into_iter().rev().flatten().flatten();
        let tensor = |gradient: Vec<f32>| {
            let len = gradient.len();
            Tensor::from_vec(gradient, len, x.device())
        };
        self.delivery.send(all.map(tensor).collect::<Result<_>>()?);
        let turned = of_output.map(|dx| Source::Given(&dx).channels_first(size(x.shape())));
        let dx = turned.map(|dx| Tensor::from_vec(dx, x.shape(), x.device())).transpose()?;
        // The address has a gradient so that its own backward pass runs.
        Ok((dx, Some(address.zeros_like()?)))
    }
}
