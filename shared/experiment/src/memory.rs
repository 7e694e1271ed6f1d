//! What to do where a GPU's memory is full.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The batch size of this program's run; 0 before there is one.
static BATCH_SIZE: AtomicUsize = AtomicUsize::new(0);

/// A run with this batch size begins.
pub(crate) fn will_hold(batch_size: usize) {
    BATCH_SIZE.store(batch_size, Ordering::Relaxed);
}

/// What to try, if this error says that a GPU's memory is full.
pub(crate) fn advice(error: &str) -> Option<String> {
    advice_for(error, BATCH_SIZE.load(Ordering::Relaxed))
}

fn advice_for(error: &str, batch_size: usize) -> Option<String> {
    // What the driver, cuBLAS and cuDNN call it.
    let full = ["CUDA_ERROR_OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"]
        .iter()
        .any(|name| error.contains(name));
    (full && batch_size > 1)
        .then(|| format!("the GPU's memory is full at batch size {batch_size}: try --batch-size {}", batch_size / 2))
}

#[cfg(test)]
mod tests {
    use super::advice_for;

    #[test]
    fn a_full_gpu_is_told_from_other_errors_and_half_the_batch_is_named() {
        let full = r#"epoch 1: DriverError(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")"#;
        let advice = advice_for(full, 512).expect("advice");
        assert!(advice.contains("512") && advice.contains("--batch-size 256"), "{advice}");
        assert_eq!(advice_for("the file system is out of memory", 512), None);
        assert_eq!(advice_for(full, 1), None, "there is no smaller batch");
    }
}
