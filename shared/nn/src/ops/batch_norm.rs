//! Batch normalization (Ioffe and Szegedy 2015), with an optional ReLU fused after it.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor, bail};

use super::affine::{self, Affine};
use super::chunks::fill_chunks;
#[cfg(feature = "cuda")]
use super::gpu;
use super::layout::turn_images;
use super::moments::Statistics;
use super::room::Room;
use super::source::Source;
use super::{columns, floats};
use crate::collective;

/// Mean and population variance (divided by n) of each channel, over batch and space: `[C]` each, without a graph.
#[derive(Clone, Debug)]
pub struct Moments {
    /// μ
    pub mean: Tensor,
    /// σ²
    pub variance: Tensor,
}

/// Which statistics normalize the batch.
#[derive(Clone, Debug)]
pub enum BatchNormMode {
    /// The batch's own mean and population variance; gradients flow through them.
    Train,
    /// Fixed statistics: a sample's result does not depend on its neighbors.
    Eval(Moments),
}

/// y = γ · (x − μ) / √(σ² + ε) + β per channel, then max(y, 0) where `relu`; also returns the μ and σ² that were used.
///
/// # Shapes
/// `x` `[B, C, H, W]`, `gamma` and `beta` `[C]` → `[B, C, H, W]`.
///
/// # Errors
/// Other ranks, a number of channels that differs, a type other than `f32`; in training, a single number in each channel.
pub fn batch_norm(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    mode: &BatchNormMode,
    epsilon: f32,
    relu: bool,
) -> Result<(Tensor, Moments)> {
    let (_, channels, height, width) = floats::dims4("batch_norm", x.dims())?;
    if gamma.dims() != [channels] || beta.dims() != [channels] {
        bail!("batch_norm: x has {channels} channels, gamma is {:?} and beta {:?}", gamma.dims(), beta.dims());
    }
    if let BatchNormMode::Eval(Moments { mean, variance }) = mode
        && (mean.dims() != [channels] || variance.dims() != [channels])
    {
        bail!("batch_norm: x has {channels} channels, the statistics are {:?} and {:?}", mean.dims(), variance.dims());
    }
    if let BatchNormMode::Train = mode {
        expect_several(x.elem_count() / channels)?;
    }
    let x = x.contiguous()?;
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        let fixed = match mode {
            BatchNormMode::Train => None,
            BatchNormMode::Eval(Moments { mean, variance }) => Some([mean, variance]),
        };
        return gpu::batch_norm(&x, [gamma, beta], fixed, epsilon, relu);
    }
    let train = matches!(mode, BatchNormMode::Train);
    let ranks = collective::normalized_together().filter(|_| train);
    let statistics = match mode {
        BatchNormMode::Train => {
            let (storage, layout) = x.storage_and_layout();
            let (pixels, source) = (height * width, floats::of(&storage, layout)?);
            let group = if pixels == 1 { columns::chunk(channels) } else { channels * pixels };
            let share = Statistics::of(Source::of_tensor(source, (channels, pixels)), group, channels);
            share.of_all(ranks.as_deref())
        }
        BatchNormMode::Eval(fixed) => Statistics { mean: fixed.mean.to_vec1()?, variance: fixed.variance.to_vec1()? },
    };
    let moments = Moments::new(&statistics)?;
    let affine = Affine::new(statistics, epsilon, &gamma.to_vec1()?, &beta.to_vec1()?, relu);
    Ok((x.apply_op3(gamma, beta, BatchNorm { affine, train, together: ranks.is_some() })?, moments))
}

/// # Errors
/// A single number in each channel: it has no variance.
pub(super) fn expect_several(numbers: usize) -> Result<()> {
    if numbers < 2 {
        bail!("batch norm in training: expected at least two numbers in each channel, got {numbers}");
    }
    Ok(())
}

impl Moments {
    pub(super) fn new(statistics: &Statistics) -> Result<Self> {
        let tensor = |values: &[f32]| Tensor::from_slice(values, values.len(), &Device::Cpu);
        Ok(Self { mean: tensor(&statistics.mean)?, variance: tensor(&statistics.variance)? })
    }
}

/// A tensor `[B, C, pixels]`, of which `write` writes some pixels `[pixels, C]` at a time; it has two rooms for what it looks at.
fn turned_back(
    len: usize,
    (channels, pixels): (usize, usize),
    write: impl Fn(&mut [Room; 2], Range<usize>, &mut [f32]) + Sync + Send,
) -> Vec<f32> {
    let chunk = columns::chunk(channels * pixels);
    let fill = |(rooms, turned): &mut ([Room; 2], Room), i: usize, numbers: &mut [f32]| {
        let range = i * chunk..i * chunk + numbers.len();
        if pixels == 1 {
            return write(rooms, range, numbers);
        }
        turned.fit(numbers.len());
        write(rooms, range, turned);
        turn_images(turned, (pixels, channels), numbers);
    };
    fill_chunks(len, chunk, Default::default, fill).0
}

struct BatchNorm {
    affine: Affine,
    train: bool,
    /// Whether the statistics are those of all ranks.
    together: bool,
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        _gamma: &CpuStorage,
        _: &Layout,
        _beta: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let size = (self.affine.channels(), layout.dims()[2..].iter().product());
        let x = Source::of_tensor(floats::of_cpu(x, layout)?, size);
        let y = turned_back(x.len(), size, |[room, _], range, y| {
            affine::write(&self.affine, x.numbers(range, room), y);
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        _gamma: &Tensor,
        _beta: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, channels, height, width) = x.dims4()?;
        let size = (channels, height * width);
        let grad = grad.contiguous()?;
        let (x_storage, x_layout) = x.storage_and_layout();
        let (grad_storage, grad_layout) = grad.storage_and_layout();
        let values = Source::of_tensor(floats::of(&x_storage, x_layout)?, size);
        let grads = Source::of_tensor(floats::of(&grad_storage, grad_layout)?, size);
        let gradients = self.affine.gradients([values, grads], columns::chunk(size.0 * size.1), self.train);
        let of_all = self.together.then(|| gradients.over(&*collective::world()));
        let of_batch = of_all.as_ref().unwrap_or(&gradients);
        let dx = turned_back(values.len(), size, |[values_room, grads_room], range, dx| {
            let values = values.numbers(range.clone(), values_room);
            affine::input_gradient(&self.affine, of_batch, values, grads.numbers(range, grads_room), dx);
        });
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), x.device())?),
            Some(Tensor::from_vec(gradients.gamma, channels, x.device())?),
            Some(Tensor::from_vec(gradients.beta, channels, x.device())?),
        ))
    }
}
