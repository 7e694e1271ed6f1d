//! What the labs train with: fast differentiable [`ops`], layers, backbones, optimizers, schedules and checkpoints.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ops`] | convolution, batch norm, ReLU, pooling and upsampling with checked gradients |
//! | [`collective`] | training on several machines |
//! | [`params`] | trainable parameters and buffers under sorted names, seeded |
//! | [`layers`] | convolution and batch norm |
//! | [`backbone`] | [`ConvNet4`] and [`ResNet18`], with every block's output |
//! | [`gpu`] | in what precision a GPU computes |
//! | [`head`] | linear and multi-layer heads |
//! | [`optim`] | SGD with momentum, AdamW |
//! | [`schedule`] | warm-up and cosine decay |
//! | [`checkpoint`] | what a training needs to go on, in a file |
//! | [`tensor_file`] | named tensors in a safetensors file, atomically and with a checksum |
//! | [`device`] | `auto`, `cpu`, `cuda`, `cuda:N` |

#![warn(missing_docs)]

pub mod backbone;
pub mod checkpoint;
mod choice;
pub mod collective;
pub mod device;
pub mod gpu;
pub mod head;
pub mod layers;
pub mod ops;
pub mod optim;
pub mod params;
pub mod schedule;
pub mod tensor_file;
mod update;

pub use backbone::{Backbone, BackboneKind, ConvNet4, Encode, ResNet18};
pub use checkpoint::{Checkpoint, Part};
pub use device::DeviceChoice;
pub use head::{Linear, Mlp, Output};
pub use optim::{AdamW, Optimizer, Sgd};
pub use params::{Params, trailing_average};
pub use schedule::WarmupCosine;
pub use tensor_file::TensorFile;
