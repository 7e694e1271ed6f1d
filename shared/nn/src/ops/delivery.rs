//! Gradients that leave an operation by a side door: an operation of Candle has three arguments at most, a network many parameters.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp3, DType, Device, Layout, Result, Shape, Tensor};

/// The gradients of an operation's parameters, from its backward pass to theirs: of one backward pass at a time.
#[derive(Clone, Default)]
pub(super) struct Delivery(Arc<Mutex<Vec<Option<Tensor>>>>);

impl Delivery {
    /// One number without meaning, to be an argument of the operation instead of all its `parameters`. Its own backward pass, which
    /// Candle runs after the operation's, hands them what was sent.
    pub(super) fn address<'a>(&self, device: &Device, parameters: impl Iterator<Item = &'a Tensor>) -> Result<Tensor> {
        let address = Tensor::zeros(1, DType::F32, device)?;
        let parameters: Vec<_> = parameters.collect();
        parameters.chunks(2).enumerate().try_fold(address, |address, (pair, parameters)| {
            // The last one may be its own neighbor.
            let (first, last) = (parameters[0], parameters[parameters.len() - 1]);
            address.apply_op3(first, last, Handover { delivery: self.clone(), first: 2 * pair })
        })
    }

    /// Leaves the gradients of the parameters, in their order, whatever their shapes; the last ones may have none.
    pub(super) fn send(&self, gradients: Vec<Tensor>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = gradients.into_iter().map(Some).collect();
    }

    fn take(&self, number: usize) -> Option<Tensor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number)?.take()
    }
}

/// To two parameters, of which the first has this number.
struct Handover {
    delivery: Delivery,
    first: usize,
}

impl CustomOp3 for Handover {
    fn name(&self) -> &'static str {
        "handover"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        address: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), address.shape().clone()))
    }

    fn cuda_fwd(
        &self,
        address: &CudaStorage,
        layout: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Ok((address.try_clone(layout)?, layout.shape().clone()))
    }

    fn bwd(
        &self,
        _address: &Tensor,
        first: &Tensor,
        second: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let take = |number: usize, parameter: &Tensor| {
            self.delivery.take(number).map(|gradient| gradient.reshape(parameter.shape())).transpose()
        };
        Ok((Some(grad.clone()), take(self.first, first)?, take(self.first + 1, second)?))
    }
}
