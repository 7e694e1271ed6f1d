//! Training on several machines: what the processes of one training, its *ranks*, say to each other.
//!
//! Every rank holds the same weights and sees the same batches, but sends only its share of the images through the backbone
//! ([`share`]). The features of all are gathered, so that every rank computes the whole loss with all negatives; the way back
//! takes each rank's own rows, and the optimizer averages the gradients of all ranks before its update.
//!
//! | rank 0 | rank 1 |
//! |---|---|
//! | images 0, 2, 4, … → features | images 1, 3, 5, … → features |
//! | all features → the whole loss → its gradient at all features | the same, to the bit |
//! | gradient of features 0, 2, 4, … → share of ∂L/∂θ | gradient of features 1, 3, 5, … → share of ∂L/∂θ |
//! | Σ of both shares → update | the same |
//!
//! The training loop knows nothing of it: as in other libraries, the group belongs to the process. Each thread starts alone.

#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "nccl")]
mod nccl;
mod shares;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anyhow::{anyhow, ensure};
use candle_core::Device;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::shares::share;
use crate::choice::named;

/// What ranks can say to each other. Every call is made by all ranks, in the same order, and returns when all have made it.
pub trait Collective {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Replaces each number by its sum over all ranks; each rank gives as many.
    fn all_reduce_sum(&self, values: &mut [f32]);

    /// The numbers of all ranks, one rank after the other; each rank gives as many.
    fn all_gather(&self, mine: &[f32]) -> Vec<f32>;

    /// Replaces the bytes by those of rank 0.
    fn broadcast(&self, bytes: &mut Vec<u8>);

    /// Waits for all ranks.
    fn barrier(&self);

    /// Ends all ranks at once, because this one can't go on.
    fn abort(&self) -> !;
}

/// A rank without others.
pub struct Solo;

impl Collective for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn all_reduce_sum(&self, _: &mut [f32]) {}

    fn all_gather(&self, mine: &[f32]) -> Vec<f32> {
        mine.to_vec()
    }

    fn broadcast(&self, _: &mut Vec<u8>) {}

    fn barrier(&self) {}

    fn abort(&self) -> ! {
        std::process::exit(1)
    }
}

/// What batch norm in training takes its statistics from, where a batch is shared by several ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchNormOver {
    /// The whole batch, as if there were one rank.
    #[default]
    Batch,
    /// Each rank's share: nothing is sent, but statistics are those of smaller batches.
    Share,
}

named!(BatchNormOver { "batch" => Batch, "share" => Share });

thread_local! {
    static WORLD: RefCell<Rc<dyn Collective>> = RefCell::new(Rc::new(Solo));
    static BATCH_NORM: Cell<BatchNormOver> = const { Cell::new(BatchNormOver::Batch) };
    /// Whether a share of a batch is on its way through a network.
    static SHARING: Cell<bool> = const { Cell::new(false) };
}

/// The ranks that this thread trains with.
pub fn world() -> Rc<dyn Collective> {
    WORLD.with_borrow(Rc::clone)
}

/// From now on this thread trains with these ranks.
pub fn join(ranks: Rc<dyn Collective>) {
    WORLD.set(ranks);
}

/// From now on batch norm takes its statistics from there.
pub fn normalize_over(what: BatchNormOver) {
    BATCH_NORM.set(what);
}

/// Whether this rank is the one that writes files and talks to the user.
pub fn is_first() -> bool {
    world().rank() == 0
}

/// The ranks whose batches are normalized together in what is computed now; none where this rank's numbers are all there are.
pub(crate) fn normalized_together() -> Option<Rc<dyn Collective>> {
    let together = SHARING.get() && BATCH_NORM.get() == BatchNormOver::Batch;
    together.then(world).filter(|ranks| ranks.size() > 1)
}

/// Joins the processes that this one was started together with, by `mpirun -n R`.
///
/// # Errors
/// A build without the feature `mpi`; MPI does not start.
pub fn start() -> anyhow::Result<()> {
    match started_together() {
        None | Some(1) => Ok(()),
        #[cfg(feature = "mpi")]
        Some(_) => mpi::start(),
        #[cfg(not(feature = "mpi"))]
        Some(count) => {
            Err(anyhow!("this program was started {count} times at once, but built without `--features mpi`"))
        }
    }
}

/// How many processes MPI has started together with this one; none where this one was started alone.
fn started_together() -> Option<usize> {
    // What Open MPI, and MPICH and its relatives, tell the processes that they start.
    number_in(["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"])
}

/// The number of this rank among those of its machine, from 0.
pub(crate) fn rank_on_machine() -> usize {
    number_in(["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"]).unwrap_or(0)
}

/// The number that one of two variables of the environment holds.
fn number_in(names: [&str; 2]) -> Option<usize> {
    names.iter().find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// Says to all ranks what this one computes on. Between GPUs their numbers take the shortest way where this program was built with the
/// feature `nccl`.
///
/// # Errors
/// Some ranks on GPUs and some on CPUs; GPUs, and batch norm over the whole batch; NCCL does not start.
pub fn compute_on(device: &Device) -> anyhow::Result<()> {
    let ranks = world();
    let on_gpus = ranks.all_gather(&[f32::from(u8::from(!device.is_cpu()))]).iter().sum::<f32>() as usize;
    if ranks.size() == 1 || on_gpus == 0 {
        return Ok(());
    }
    let (count, over) = (ranks.size(), BATCH_NORM.get());
    ensure!(on_gpus == count, "{on_gpus} of {count} ranks have a GPU: expected one for each, or --device cpu");
    ensure!(over == BatchNormOver::Share, "{count} ranks on GPUs: expected --batch-norm share, got {over}");
    #[cfg(feature = "nccl")]
    if let Device::Cuda(gpu) = device {
        join(nccl::connect(ranks, gpu)?);
    }
    Ok(())
}

/// What `work` gives when this thread trains alone.
pub fn alone<T>(work: impl FnOnce() -> T) -> T {
    let ranks = WORLD.replace(Rc::new(Solo));
    let result = work();
    WORLD.set(ranks);
    result
}

/// What `work` gives on rank 0, which does it alone while the others wait for the result.
///
/// # Errors
/// What rank 0 reports, on every rank.
pub fn once<T: Serialize + DeserializeOwned>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let ranks = world();
    if ranks.size() == 1 {
        return work();
    }
    let mut bytes = Vec::new();
    if ranks.rank() == 0 {
        let result = alone(work).map_err(|error| format!("{error:#}"));
        bytes = serde_json::to_vec(&result)?;
    }
    ranks.broadcast(&mut bytes);
    serde_json::from_slice::<Result<T, String>>(&bytes)?.map_err(|error| anyhow!(error))
}
