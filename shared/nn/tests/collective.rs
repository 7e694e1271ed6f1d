//! Several ranks, here threads, must end in the weights of one.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;

use candle_core::{Device, Result, Tensor};
use candle_nn::loss::cross_entropy;
use ssl_nn::collective::{self, BatchNormOver, Collective, share};
use ssl_nn::{Backbone, BackboneKind, Mlp, Optimizer, Output, Params, Sgd};

/// What the threads of one training share.
struct Meeting {
    barrier: Barrier,
    numbers: Mutex<Vec<Vec<f32>>>,
    bytes: Mutex<Vec<u8>>,
}

struct Threads {
    rank: usize,
    size: usize,
    meeting: Arc<Meeting>,
}

impl Collective for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_reduce_sum(&self, values: &mut [f32]) {
        let all = self.all_gather(values);
        for (i, value) in values.iter_mut().enumerate() {
            *value = all.iter().skip(i).step_by(all.len() / self.size).sum();
        }
    }

    fn all_gather(&self, mine: &[f32]) -> Vec<f32> {
        self.meeting.numbers.lock().unwrap_or_else(PoisonError::into_inner)[self.rank] = mine.to_vec();
        self.barrier();
        let all = self.meeting.numbers.lock().unwrap_or_else(PoisonError::into_inner).concat();
        self.barrier();
        all
    }

    fn broadcast(&self, bytes: &mut Vec<u8>) {
        if self.rank == 0 {
            self.meeting.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone_from(bytes);
        }
        self.barrier();
        bytes.clone_from(&self.meeting.bytes.lock().unwrap_or_else(PoisonError::into_inner));
        self.barrier();
    }

    fn barrier(&self) {
        self.meeting.barrier.wait();
    }

    fn abort(&self) -> ! {
        panic!("rank {} aborts", self.rank)
    }
}

/// What `work` gives on each of `size` ranks.
fn on_ranks<T: Send>(size: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    let meeting = Arc::new(Meeting {
        barrier: Barrier::new(size),
        numbers: Mutex::new(vec![Vec::new(); size]),
        bytes: Mutex::default(),
    });
    thread::scope(|scope| {
        let start = |rank| {
            let (meeting, work) = (meeting.clone(), &work);
            scope.spawn(move || {
                collective::join(Rc::new(Threads { rank, size, meeting }));
                work()
            })
        };
        let ranks: Vec<_> = (0..size).map(start).collect();
        ranks.into_iter().map(|rank| rank.join().expect("a rank panicked")).collect()
    })
}

/// How a training is shared: as it should be, or with one of the bugs that libraries have had.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Right,
    /// Each rank's loss knows its own images only.
    NotGathered,
    /// The features are gathered without a way back.
    WithoutGradient,
    /// Each rank goes by its own gradient.
    NotSummed,
    /// The mean over ranks is taken of gradients that are shares of a sum.
    TooSmall,
    /// The features of a rank lie side by side, so that partners are not where the loss looks for them.
    InOrderOfRanks,
}

const IMAGES: usize = 12;

fn views() -> Result<Tensor> {
    let pixels = (0..2 * IMAGES * 3 * 8 * 8).map(|i| ((i * 31 + i / 7 * 5 + i / 192) % 97) as f32 / 97.0);
    Tensor::from_iter(pixels, &Device::Cpu)?.reshape((2 * IMAGES, 3, 8, 8))
}

/// Cross-entropy of each row with its partner, among all others.
fn contrast(z: &Tensor) -> Result<Tensor> {
    let rows = z.dims()[0] as u32;
    let z = z.broadcast_div(&z.sqr()?.sum_keepdim(1)?.sqrt()?)?;
    let itself = (Tensor::eye(rows as usize, z.dtype(), z.device())? * 1e4)?;
    let partners = Tensor::from_iter((0..rows).map(|i| (i + rows / 2) % rows), z.device())?;
    cross_entropy(&((z.matmul(&z.t()?)? / 0.2)? - itself)?, &partners)
}

/// All weights and running statistics after three steps.
fn train(kind: Kind) -> Result<Vec<f32>> {
    let params = Params::new(3, &Device::Cpu);
    let backbone = Backbone::new(BackboneKind::ConvNet4, 3, &params.pp("backbone"))?;
    let widths = [backbone.features(), 16, 8];
    let head = Mlp::with_batch_norm(&widths, Output::Linear, &params.pp("head"))?;
    // Unlike Adam it minds how long a gradient is.
    let mut optimizer = Sgd::new(params.trained(), 0.9, 1e-4);
    let (views, size) = (views()?, collective::world().size());
    for _ in 0..3 {
        let h = match kind {
            Kind::NotGathered => {
                let mine = Cell::new(None);
                share(&views, |share| backbone.forward(share, true).inspect(|h| mine.set(Some(h.clone()))))?;
                mine.take().expect("a share of features")
            }
            _ => backbone.forward(&views, true)?,
        };
        let h = match kind {
            Kind::WithoutGradient => h.detach(),
            Kind::TooSmall => ((&h + (h.detach() * (size - 1) as f64)?)? / size as f64)?,
            Kind::InOrderOfRanks => h.reshape((2 * IMAGES / size, size, ()))?.transpose(0, 1)?.flatten_to(1)?,
            _ => h,
        };
        let grads = contrast(&head.forward(&h.contiguous()?, true)?)?.backward()?;
        let mut step = || optimizer.step(&grads, 0.1);
        if kind == Kind::NotSummed { collective::alone(step) } else { step() }?;
    }
    let values = params.all().into_values().map(|var| var.flatten_all()?.to_vec1::<f32>());
    Ok(values.collect::<Result<Vec<_>>>()?.concat())
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn ranks_end_in_the_weights_of_one_and_in_the_same_to_the_bit() -> Result<()> {
    let one = train(Kind::Right)?;
    for size in [2, 3] {
        let ranks = on_ranks(size, || train(Kind::Right)).into_iter().collect::<Result<Vec<_>>>()?;
        let furthest = distance(&one, &ranks[0]);
        assert!(furthest < 2e-4, "{size} ranks: a weight is off by {furthest}");
        assert!(ranks.iter().all(|rank| *rank == ranks[0]), "{size} ranks differ from each other");
    }
    Ok(())
}

#[test]
fn bugs_that_libraries_have_had_end_elsewhere() -> Result<()> {
    let one = train(Kind::Right)?;
    for bug in [Kind::NotGathered, Kind::WithoutGradient, Kind::NotSummed, Kind::TooSmall, Kind::InOrderOfRanks] {
        let ranks = on_ranks(2, || train(bug)).into_iter().collect::<Result<Vec<_>>>()?;
        let furthest = distance(&one, &ranks[0]);
        assert!(furthest > 2e-3, "{bug:?}: off by {furthest} only");
    }
    Ok(())
}

#[test]
fn batch_norm_may_take_its_statistics_from_each_share() -> Result<()> {
    let ranks = on_ranks(2, || {
        collective::normalize_over(BatchNormOver::Share);
        train(Kind::Right)
    });
    assert!(distance(&train(Kind::Right)?, &ranks.into_iter().collect::<Result<Vec<_>>>()?[0]) > 2e-3);
    Ok(())
}

#[test]
fn shares_must_be_equal() -> Result<()> {
    let images = views()?;
    for result in on_ranks(5, || share(&images, |share| Ok(share.clone())).map(|_| ())) {
        let message = result.expect_err("24 rows for 5 ranks").to_string();
        assert!(message.contains("24 images") && message.contains("multiple of 5"), "{message}");
    }
    Ok(())
}

#[test]
fn what_one_rank_finds_all_are_told_errors_too() {
    let found = on_ranks(3, || {
        let rank = collective::world().rank();
        let number = collective::once(|| Ok(rank + 7)).ok();
        let error = collective::once(|| -> anyhow::Result<()> { anyhow::bail!("rank {rank} found nothing") });
        (number, error.map_err(|error| error.to_string()))
    });
    assert!(found.iter().all(|found| *found == (Some(7), Err("rank 0 found nothing".to_string()))), "{found:?}");
}
