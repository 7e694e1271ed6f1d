//! Several layers of convolution, batch norm and ReLU as one operation.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::conv_batch_norm::{ConvNormLayer, conv_batch_norm};
use super::normed::{Normed, Source};
use super::{Moments, floats};

/// Statistics of a layer's channels, and how many numbers all of them are of.
pub type Seen = (Moments, usize);

/// [`conv_batch_norm`] layer after layer. Between two layers nothing is stored but the first one's convolution, and gradients do not pass
/// through Candle, which adds each to a tensor of zeros. Returns the last layer's output, and what each layer has seen.
///
/// # Shapes
/// `x` `[B, C, H, W]` → `[B, O, H', W']` of the last layer.
///
/// # Errors
/// No layers; as [`conv_batch_norm`] for each.
pub fn conv_batch_norms(x: &Tensor, layers: &[ConvNormLayer]) -> Result<(Tensor, Vec<Seen>)> {
    if !x.device().is_cpu() {
        return one_by_one(x, layers);
    }
    let x = x.contiguous()?;
    let (op, statistics) = Stack::of(&x, layers)?;
    let parameters = layers.iter().flat_map(|layer| [layer.weight, layer.gamma, layer.beta]);
    let parameters = Tensor::cat(&parameters.map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?, 0)?;
    Ok((x.apply_op2(&parameters, op)?, statistics))
}

fn one_by_one(x: &Tensor, layers: &[ConvNormLayer]) -> Result<(Tensor, Vec<Seen>)> {
    let (mut y, mut statistics) = (x.clone(), Vec::with_capacity(layers.len()));
    for layer in layers {
        let (next, moments) = conv_batch_norm(&y, layer)?;
        statistics.push((moments, next.elem_count()));
        y = next;
    }
    Ok((y, statistics))
}

struct Stack {
    layers: Vec<Normed>,
    shape: Shape,
}

impl Stack {
    /// Layers that have seen `x`.
    fn of(x: &Tensor, layers: &[ConvNormLayer]) -> Result<(Self, Vec<Seen>)> {
        let (storage, layout) = x.storage_and_layout();
        let images = Source::Images(floats::of(&storage, layout)?);
        let mut stack = Self { layers: Vec::with_capacity(layers.len()), shape: x.shape().clone() };
        let mut statistics = Vec::with_capacity(layers.len());
        for layer in layers {
            let geometry = layer.geometry(stack.shape.dims())?;
            let (normed, moments) = layer.see(geometry, stack.layers.last().map_or(images, Source::Layer))?;
            statistics.push((moments, normed.len()));
            stack.layers.push(normed);
            stack.shape = geometry.maps(x.dims()[0], layer.channels());
        }
        Ok((stack, statistics))
    }
}

impl CustomOp2 for Stack {
    fn name(&self) -> &'static str {
        "conv_batch_norms"
    }

    fn cpu_fwd(
        &self,
        _x: &CpuStorage,
        _: &Layout,
        _parameters: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Some(last) = self.layers.last() else { bail!("conv_batch_norms: expected at least one layer, got none") };
        Ok((CpuStorage::F32(last.output()), self.shape.clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        parameters: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let (x_storage, x_layout) = x.storage_and_layout();
        let (storage, layout) = parameters.storage_and_layout();
        let (images, values) = (floats::of(&x_storage, x_layout)?, floats::of(&storage, layout)?);
        let grads = floats::of(&grad_storage, grad_layout)?;
        let mut of_parameters = vec![0.0; values.len()];
        let (mut end, mut of_output) = (values.len(), None);
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (start, weights) = (end - layer.weights() - 2 * layer.channels(), layer.weights());
            let source = if i == 0 { Source::Images(images) } else { Source::Layer(&self.layers[i - 1]) };
            let (weight, grads) = (&values[start..start + weights], of_output.as_deref().unwrap_or(grads));
            let (dx, dweight, of_norm) = layer.backward(source, weight, i > 0 || x.track_op(), grads);
            of_parameters[start..end].copy_from_slice(&[dweight, of_norm.gamma, of_norm.beta].concat());
            (end, of_output) = (start, dx);
        }
        let dx = of_output.map(|dx| Tensor::from_vec(dx, x.shape(), x.device())).transpose()?;
        Ok((dx, Some(Tensor::from_vec(of_parameters, parameters.shape(), parameters.device())?)))
    }
}
