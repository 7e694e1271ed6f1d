//! What the labs train with: fast differentiable [`ops`], layers, backbones, optimisers, schedules and checkpoints.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ops`] | convolution, batch norm, ReLU and pooling with checked gradients |
//! | [`params`] | trainable parameters and buffers under sorted names, seeded |
//! | [`layers`] | convolution, batch norm and linear layers |
//! | [`backbone`] | [`ConvNet4`] and [`ResNet18`], with every block's output |
//! | [`head`] | linear and multi-layer heads |
//! | [`optim`] | SGD with momentum, AdamW, gradient clipping |
//! | [`schedule`] | warm-up and cosine decay |
//! | [`checkpoint`] | atomic, resumable safetensors files |
//! | [`device`] | `auto`, `cpu`, `cuda`, `cuda:N` |

#![warn(missing_docs)]

pub mod backbone;
pub mod checkpoint;
pub mod device;
pub mod head;
pub mod layers;
pub mod ops;
pub mod optim;
pub mod params;
pub mod schedule;

pub use backbone::{Backbone, BackboneKind, ConvNet4, Encode, ResNet18};
pub use checkpoint::Checkpoint;
pub use device::DeviceChoice;
pub use head::{Linear, Mlp};
pub use optim::{AdamW, Optimiser, Sgd, clip_gradient_norm};
pub use params::Params;
pub use schedule::WarmupCosine;
