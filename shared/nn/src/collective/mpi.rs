//! Ranks that MPI has started, on one machine or many: `mpirun -n R …`.

use std::rc::Rc;

use anyhow::Context;
use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

use super::{Collective, join};

/// All processes that MPI has started together.
struct Mpi {
    ranks: SimpleCommunicator,
    /// Its end is MPI's.
    _universe: Universe,
}

/// Joins the ranks that MPI has started this process with.
///
/// # Errors
/// MPI does not start.
pub(super) fn start() -> anyhow::Result<()> {
    // The main thread alone speaks to others; those that compute and load images do not.
    let (universe, _) = mpi::initialize_with_threading(Threading::Funneled).context("MPI has been started before")?;
    join(Rc::new(Mpi { ranks: universe.world(), _universe: universe }));
    Ok(())
}

impl Collective for Mpi {
    fn rank(&self) -> usize {
        self.ranks.rank() as usize
    }

    fn size(&self) -> usize {
        self.ranks.size() as usize
    }

    fn all_reduce_sum(&self, values: &mut [f32]) {
        let mine = values.to_vec();
        self.ranks.all_reduce_into(&mine[..], values, SystemOperation::sum());
    }

    fn all_gather(&self, mine: &[f32]) -> Vec<f32> {
        let mut all = vec![0.0; mine.len() * self.size()];
        self.ranks.all_gather_into(mine, &mut all[..]);
        all
    }

    fn broadcast(&self, bytes: &mut Vec<u8>) {
        let first = self.ranks.process_at_rank(0);
        let mut length = bytes.len() as u64;
        first.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        first.broadcast_into(&mut bytes[..]);
    }

    fn barrier(&self) {
        self.ranks.barrier();
    }

    fn abort(&self) -> ! {
        self.ranks.abort(1)
    }
}
