//! Several outputs of one operation, where Candle's have one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::floats;
use super::layout::channels_last;
use super::room::Room;

/// The gradients of an operation's outputs `[B, H, W, C]`, from their backward passes to its own: of one backward pass at a time.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<BTreeMap<usize, Room>>>);

impl Arrivals {
    /// The gradient of output `number`, if it has any.
    pub(super) fn take(&self, number: usize) -> Option<Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }

    fn put(&self, number: usize, gradient: Room) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, gradient);
    }
}

/// Of what an operation has computed the output that has this number. Its argument is the operation, so that Candle runs its backward pass
/// before the operation's.
pub(super) struct Output<C> {
    pub number: usize,
    pub shape: Shape,
    /// Gives the numbers `[B, C, H, W]`.
    pub compute: C,
    pub arrivals: Arrivals,
}

impl<C: Fn() -> Vec<f32> + Send + Sync> CustomOp1 for Output<C> {
    fn name(&self) -> &'static str {
        "output"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32((self.compute)()), self.shape.clone()))
    }

    fn bwd(&self, operation: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, channels, height, width) = grad.dims4()?;
        let grad = grad.contiguous()?;
        let (storage, layout) = grad.storage_and_layout();
        self.arrivals.put(self.number, channels_last(floats::of(&storage, layout)?, (channels, height * width)));
        // The operation needs a gradient of its own for its backward pass to run.
        operation.zeros_like().map(Some)
    }
}
