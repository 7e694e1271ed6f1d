//! Images in, batches out.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dataset`] | `u8` images with optional labels, in a training and a test split |
//! | [`source`] | what `--data` accepts: `toybox`, `cifar10:DIR`, `folder:DIR` |
//! | [`cifar10`], [`folder`] | readers of files |
//! | [`toybox`] | a procedural world of ten toys: nothing to download |
//! | [`augment`] | random views of images |
//! | [`loader`] | shuffled batches as tensors, prepared ahead on another thread |

#![warn(missing_docs)]

pub mod augment;
pub mod cifar10;
pub mod dataset;
pub mod folder;
pub mod loader;
pub mod source;
pub mod toybox;

pub use augment::Augmentation;
pub use dataset::{Dataset, Images, Split};
pub use loader::{Batch, Loader};
pub use source::Source;
pub use toybox::Toybox;

/// The one generator of random numbers in this course: ChaCha with 8 rounds, the same on every machine.
pub type Rng = rand_chacha::ChaCha8Rng;
