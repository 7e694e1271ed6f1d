//! Ranks that compute on GPUs: MPI starts them, NCCL carries their numbers from GPU to GPU.

use std::fmt::Debug;
use std::rc::Rc;

use anyhow::anyhow;
use candle_core::CudaDevice;
use candle_core::cuda_backend::cudarc::nccl::{Comm, Id, ReduceOp};

use super::Collective;

/// Ranks with a GPU each. What is no number of a training goes the way of the `others`.
struct Nccl {
    others: Rc<dyn Collective>,
    comm: Comm,
}

/// The same `ranks`, of which this one computes on `gpu`.
///
/// # Errors
/// NCCL does not start: for instance, two ranks have one GPU.
pub(super) fn connect(ranks: Rc<dyn Collective>, gpu: &CudaDevice) -> anyhow::Result<Rc<dyn Collective>> {
    let failed = |error: &dyn Debug| anyhow!("NCCL does not start on rank {}: {error:?}", ranks.rank());
    let mut id = Vec::new();
    if ranks.rank() == 0 {
        id = Id::new().map_err(|error| failed(&error))?.internal().map(|byte| byte as u8).to_vec();
    }
    ranks.broadcast(&mut id);
    let id: [u8; 128] =
        id.try_into().map_err(|id: Vec<u8>| anyhow!("expected an id of 128 bytes, got {}", id.len()))?;
    let id = Id::uninit(id.map(|byte| byte as _));
    let comm = Comm::from_rank(gpu.cuda_stream(), ranks.rank(), ranks.size(), id).map_err(|error| failed(&error))?;
    Ok(Rc::new(Nccl { others: ranks, comm }))
}

impl Nccl {
    /// What can't fail while the GPUs are well; otherwise all ranks end.
    fn expect<T, E: Debug>(&self, result: Result<T, E>) -> T {
        result.unwrap_or_else(|error| {
            eprintln!("error: NCCL, rank {}: {error:?}", self.rank());
            self.abort()
        })
    }
}

impl Collective for Nccl {
    fn rank(&self) -> usize {
        self.others.rank()
    }

    fn size(&self) -> usize {
        self.others.size()
    }

    fn all_reduce_sum(&self, values: &mut [f32]) {
        let stream = self.comm.stream();
        let mut sums = self.expect(stream.clone_htod(&*values));
        self.expect(self.comm.all_reduce_in_place(&mut sums, &ReduceOp::Sum));
        self.expect(stream.memcpy_dtoh(&sums, values));
    }

    fn all_gather(&self, mine: &[f32]) -> Vec<f32> {
        let stream = self.comm.stream();
        let mut all = self.expect(stream.alloc_zeros::<f32>(mine.len() * self.size()));
        self.expect(self.comm.all_gather(&self.expect(stream.clone_htod(mine)), &mut all));
        self.expect(stream.clone_dtoh(&all))
    }

    fn broadcast(&self, bytes: &mut Vec<u8>) {
        self.others.broadcast(bytes);
    }

    fn barrier(&self) {
        self.others.barrier();
    }

    fn abort(&self) -> ! {
        self.others.abort()
    }
}
