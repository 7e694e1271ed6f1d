//! A batch that several ranks share.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use super::{SHARING, world};
use crate::ops::floats;

/// What `forward` gives for a whole batch, of which this rank computes its share: rows `rank`, `rank + size`, … of `size` ranks.
/// Where N is a multiple of `size`, row N + i is with the rank that has row i, so that two views of an image stay together.
///
/// Gradients go back into this rank's rows alone, `size` times as large: averaged over all ranks, as the optimizers do, those of
/// weights before this point add up to the gradient of the whole batch, and those of weights after it, which are the same on
/// every rank, stay what they are.
///
/// A `share` within `forward` computes all that it is given.
///
/// # Shapes
/// `[B, …]` → `[B, …]`, as `forward` gives.
///
/// # Errors
/// A batch that is no multiple of the number of ranks; what `forward` reports.
pub fn share(batch: &Tensor, forward: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let (ranks, rows) = (world(), batch.dims()[0]);
    let size = ranks.size();
    if size == 1 || SHARING.get() {
        return forward(batch);
    }
    if rows % size != 0 {
        bail!("{size} ranks can't share a batch of {rows} images evenly: expected a multiple of {size}");
    }
    let by_rank: Vec<usize> = [rows / size, size].into_iter().chain(batch.dims()[1..].iter().copied()).collect();
    let mine = batch.contiguous()?.reshape(by_rank)?.narrow(1, ranks.rank(), 1)?.squeeze(1)?;
    SHARING.set(true);
    let features = forward(&mine.contiguous()?);
    SHARING.set(false);
    features?.contiguous()?.apply_op1(Gather { rank: ranks.rank(), size })
}

/// The rows of all ranks, dealt in turn.
struct Gather {
    rank: usize,
    size: usize,
}

impl CustomOp1 for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn cpu_fwd(&self, mine: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut shape = layout.dims().to_vec();
        let width: usize = shape[1..].iter().product();
        let all = world().all_gather(floats::of_cpu(mine, layout)?);
        let mut dealt = Vec::with_capacity(all.len());
        for row in 0..shape[0] {
            for rank in 0..self.size {
                dealt.extend_from_slice(&all[(rank * shape[0] + row) * width..][..width]);
            }
        }
        shape[0] *= self.size;
        Ok((CpuStorage::F32(dealt), shape.into()))
    }

    fn bwd(&self, mine: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let by_rank: Vec<usize> =
            [mine.dims()[0], self.size].into_iter().chain(mine.dims()[1..].iter().copied()).collect();
        let grad = grad.contiguous()?.reshape(by_rank)?.narrow(1, self.rank, 1)?.squeeze(1)?;
        Ok(Some((grad * self.size as f64)?))
    }
}
