//! Our side of the benchmark: the same protocol as `torch_side.py`.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops::log_softmax;
use rand::SeedableRng;
use ssl_data::augment::Blur;
use ssl_data::{Augmentation, Images, Loader, Rng, Split};
use ssl_nn::ops::{self, BatchNormMode, ConvNormLayer};
use ssl_nn::{Backbone, BackboneKind, Mlp, Optimizer, Params, Sgd};

/// Answers names from the standard input until it ends.
pub fn serve() -> anyhow::Result<()> {
    let mut side = Side::default();
    for line in std::io::stdin().lock().lines() {
        let answer = side.answer(line?.trim())?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The mean time of `run(prepare())`, repeated for a tenth of a second once the threads are awake.
fn timed<A, T>(mut prepare: impl FnMut() -> Result<A>, mut run: impl FnMut(A) -> Result<T>) -> Result<f64> {
    run(prepare()?)?;
    let (mut total, mut count) = (0.0, 0.0);
    while total < 0.1 {
        let argument = prepare()?;
        let start = Instant::now();
        run(argument)?;
        total += start.elapsed().as_secs_f64();
        count += 1.0;
    }
    Ok(total / count)
}

/// Images a step of the whole epoch.
const EPOCH_BATCH: usize = 256;

/// lightly's `SimCLRTransform`: full jitter, and a blur that reaches as far as its widest Gaussian does.
fn augmentation() -> Augmentation {
    let blur = Blur { probability: 0.5, kernel: 13, sigma: (0.1, 2.0) };
    Augmentation { blur: Some(blur), ..Augmentation::simclr(1.0) }
}

/// The training images that both sides read, in CIFAR-10's binary format.
fn images() -> anyhow::Result<Split> {
    let path = Path::new(&std::env::var("BENCH_CIFAR10")?).join("data_batch_1.bin");
    let records = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let bytes = records.chunks_exact(3073).flat_map(|record| &record[1..]).copied().collect();
    let split = Split::new(Images::new(bytes, 32, 32)?, None)?;
    Ok(split.sample(std::env::var("BENCH_IMAGES")?.parse()?, 0))
}

/// Views a second on one thread.
fn views_per_second() -> anyhow::Result<f64> {
    let (split, augmentation) = (images()?, augmentation());
    let mut rng = Rng::seed_from_u64(0);
    let mut view = vec![0.0; 3 * 32 * 32];
    let views = split.len();
    let seconds = timed(
        || Ok(()),
        |()| {
            for i in 0..views {
                augmentation.draw(&mut rng, 32, 32).apply(split.images().get(i), (32, 32), 32, &mut view);
            }
            Ok(())
        },
    )?;
    Ok(views as f64 / seconds)
}

/// Images a second of an epoch: loading, augmenting and training together.
fn epoch(model: &mut SimClr) -> anyhow::Result<f64> {
    let loader = Loader::new(images()?, EPOCH_BATCH, 0, &Device::Cpu)?;
    let start = Instant::now();
    for batch in loader.views(0, &[augmentation(), augmentation()])? {
        model.step(&Tensor::cat(&batch?.tensors, 0)?)?;
    }
    Ok((loader.batches() * EPOCH_BATCH) as f64 / start.elapsed().as_secs_f64())
}

#[derive(Default)]
struct Side {
    models: HashMap<String, SimClr>,
    operations: HashMap<String, Operation>,
}

impl Side {
    fn answer(&mut self, name: &str) -> anyhow::Result<f64> {
        match name.split('_').collect::<Vec<_>>()[..] {
            ["ready"] => Ok(0.0),
            ["augmentation", ..] => views_per_second(),
            ["simclr", "epoch"] => epoch(&mut SimClr::new(BackboneKind::ConvNet4)?),
            ["simclr", "step", backbone, batch] => {
                if !self.models.contains_key(backbone) {
                    self.models.insert(backbone.to_string(), SimClr::new(backbone.parse()?)?);
                }
                let model = self.models.get_mut(backbone).context("a model")?;
                let views = random(&[2 * batch.parse::<usize>()?, 3, 32, 32])?;
                Ok(timed(|| Ok(()), |()| model.step(&views))?)
            }
            _ => {
                let (operation, direction) = name.rsplit_once('_').context("a name without _")?;
                if !self.operations.contains_key(operation) {
                    self.operations.insert(operation.to_string(), operation_of(operation)?);
                }
                let function = &self.operations[operation];
                match direction {
                    "forward" => Ok(timed(|| Ok(()), |()| function())?),
                    _ => Ok(timed(|| function()?.sum_all(), |loss| loss.backward())?),
                }
            }
        }
    }
}

fn random(shape: &[usize]) -> Result<Tensor> {
    Tensor::rand(0f32, 1f32, shape, &Device::Cpu)
}

type Operation = Box<dyn Fn() -> Result<Tensor>>;

fn operation_of(name: &str) -> anyhow::Result<Operation> {
    let var = |shape: &[usize]| Var::from_tensor(&random(shape)?);
    let parts: Vec<&str> = name.split('_').collect();
    if let [kind @ ("conv" | "product"), kernel, channels, size, stride, ref rest @ ..] = parts[..] {
        let (inputs, outputs) = channels.split_once("to").context("channels")?;
        let (kernel, inputs, outputs): (usize, usize, usize) = (kernel.parse()?, inputs.parse()?, outputs.parse()?);
        let (size, stride): (usize, usize) = (size.parse()?, stride.parse()?);
        let weight = var(&[outputs, inputs, kernel, kernel])?;
        if kind == "product" {
            let pixels = 128 * (size / stride) * (size / stride);
            let (weight, patches) = (weight.flatten_from(1)?, random(&[inputs * kernel * kernel, pixels])?);
            return Ok(Box::new(move || weight.matmul(&patches)));
        }
        let shape = [128, inputs, size, size];
        let x = if inputs > 3 { var(&shape)?.into_inner() } else { random(&shape)? };
        let (gamma, beta) = (var(&[outputs])?, var(&[outputs])?);
        return Ok(match rest {
            ["norm"] => Box::new(move || {
                let (weight, gamma, beta) = (&weight, &gamma, &beta);
                let layer = ConvNormLayer {
                    weight,
                    stride,
                    padding: kernel / 2,
                    gamma,
                    beta,
                    epsilon: 1e-5,
                    relu: true,
                    fixed: None,
                };
                Ok(ops::conv_batch_norm(&x, &layer)?.0)
            }),
            _ => Box::new(move || ops::conv2d(&x, &weight, stride, kernel / 2)),
        });
    }
    let (x, other) = (var(&[128, 64, 16, 16])?, var(&[128, 64, 16, 16])?);
    let (gamma, beta) = (var(&[64])?, var(&[64])?);
    Ok(match name {
        "norm_relu" => Box::new(move || Ok(ops::batch_norm(&x, &gamma, &beta, &BatchNormMode::Train, 1e-5, true)?.0)),
        "relu" => Box::new(move || ops::relu(&x)),
        "add_relu" => Box::new(move || ops::add_relu(&x, &other)),
        "max_pool" => Box::new(move || ops::max_pool2d(&x, 2, 2)),
        "avg_pool" => Box::new(move || ops::avg_pool2d(&x, 2, 2)),
        "global_pool" => Box::new(move || ops::global_avg_pool2d(&x)),
        "upsample" => Box::new(move || ops::upsample2d(&x, (32, 32))),
        "pixel_entropy" => {
            let (logits, targets) = (var(&[128, 225, 8, 8])?, random(&[128, 225, 8, 8])?);
            Box::new(move || (&targets * ops::log_softmax(&logits)?)?.sum_all()? / -(128.0 * 64.0))
        }
        _ => bail!("no measurement is called {name}"),
    })
}

/// A network, its projection head and the steps that train them.
struct SimClr {
    backbone: Backbone,
    head: Mlp,
    optimizer: Sgd,
}

impl SimClr {
    const TEMPERATURE: f64 = 0.5;

    fn new(kind: BackboneKind) -> Result<Self> {
        let params = Params::new(0, &Device::Cpu);
        let backbone = Backbone::new(kind, 3, &params.pp("backbone"))?;
        let head = Mlp::new(&[backbone.features(), 256, 128], &params.pp("projector"))?;
        Ok(Self { backbone, head, optimizer: Sgd::new(params.trained(), 0.9, 5e-4) })
    }

    /// One step on the views `[2B, 3, H, W]`, of which the `i`-th and the `B + i`-th show the same image.
    fn step(&mut self, views: &Tensor) -> Result<f32> {
        let z = self.head.forward(&self.backbone.forward(views, true)?, true)?; // [2B, D]
        let loss = nt_xent(&z)?;
        self.optimizer.backward_step(&loss, 0.05)?;
        loss.to_scalar()
    }
}

/// The loss of SimCLR, equation 1, averaged over both views of all images.
fn nt_xent(z: &Tensor) -> Result<Tensor> {
    let count = z.dims()[0];
    let z = z.broadcast_div(&(z.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?)?;
    let logits = (z.matmul(&z.t()?)? / SimClr::TEMPERATURE)?; // [2B, 2B]
    let itself = (Tensor::eye(count, DType::F32, z.device())? * -1e9)?;
    let partner: Vec<u32> = (0..count).map(|i| ((i + count / 2) % count) as u32).collect();
    let partner = Tensor::from_vec(partner, (count, 1), z.device())?;
    log_softmax(&(logits + itself)?, D::Minus1)?.gather(&partner, 1)?.mean_all()?.neg()
}
