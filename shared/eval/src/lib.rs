//! Features in, numbers out: how good is a representation?
//!
//! | module | what it holds |
//! |---|---|
//! | [`evaluation`] | all of the below for one backbone |
//! | [`features`] | a frozen backbone's features, at its end and by depth |
//! | [`linear_probe`] | multinomial logistic regression on frozen features |
//! | [`knn`] | weighted nearest neighbors by cosine |
//! | [`measures`] | accuracy, confusion matrix, collapse level |
//! | [`spectrum`] | along how many directions embeddings are spread |
//! | [`mod@tsne`] | features in the plane |
//!
//! All of them work on the CPU, on features `[N, D]` in `f32`.

#![warn(missing_docs)]

pub mod evaluation;
pub mod features;
pub mod knn;
pub mod linear_probe;
pub mod measures;
mod regression;
pub mod spectrum;
pub mod tsne;

pub use evaluation::Evaluation;
pub use features::{embed, embed_blocks};
pub use knn::{Knn, normalize};
pub use linear_probe::LinearProbe;
pub use measures::{accuracy, collapse_level, confusion_matrix};
pub use spectrum::{effective_rank, singular_values, whiten};
pub use tsne::tsne;
