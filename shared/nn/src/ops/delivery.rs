//! Gradients that leave an operation by a side door: an operation of Candle has three arguments at most, a network many parameters.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp2, DType, Device, Layout, Result, Shape, Tensor, bail};

/// The gradients of an operation's parameters, from its backward pass to theirs: of one backward pass at a time.
#[derive(Clone, Default)]
pub(super) struct Delivery(Arc<Mutex<Vec<Option<Tensor>>>>);

impl Delivery {
    /// One number without meaning, to be an argument of the operation instead of all its `parameters`. Its own backward pass, which
    /// Candle runs after the operation's, hands them what was sent.
    pub(super) fn address<'a>(&self, device: &Device, parameters: impl Iterator<Item = &'a Tensor>) -> Result<Tensor> {
        let address = Tensor::zeros(1, DType::F32, device)?;
        parameters.enumerate().try_fold(address, |address, (number, parameter)| {
            address.apply_op2(parameter, Handover { delivery: self.clone(), number })
        })
    }

    /// Leaves the gradients of all parameters, in their order, whatever their shapes.
    pub(super) fn send(&self, gradients: Vec<Tensor>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = gradients.into_iter().map(Some).collect();
    }

    fn take(&self, number: usize) -> Option<Tensor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number)?.take()
    }
}

struct Handover {
    delivery: Delivery,
    number: usize,
}

impl CustomOp2 for Handover {
    fn name(&self) -> &'static str {
        "handover"
    }

    fn cpu_fwd(&self, _: &CpuStorage, address: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), address.shape().clone()))
    }

    fn cuda_fwd(
        &self,
        address: &CudaStorage,
        layout: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Ok((address.try_clone(layout)?, layout.shape().clone()))
    }

    fn bwd(
        &self,
        _address: &Tensor,
        parameter: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let Some(gradient) = self.delivery.take(self.number) else {
            bail!("parameter {} has no gradient", self.number)
        };
        Ok((Some(grad.clone()), Some(gradient.reshape(parameter.shape())?)))
    }
}
