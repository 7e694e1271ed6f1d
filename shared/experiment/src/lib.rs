//! What surrounds a flat training loop, so that a lab's `main.rs` shows the loop and nothing else.
//!
//! ```text
//! Flags ──▶ Run: data, device, folder ──▶ Training: checkpoint, schedule, progress ──▶ Comparison: what the features are good for
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`flags`] | the flags that all experiments share, and what a lab adds to them |
//! | [`views`] | the flags of labs that train on random views |
//! | [`range`] | which values a flag takes |
//! | `ranks` | several processes in one experiment |
//! | [`launch`](mod@launch) | from the command line to the experiment, and how it ends |
//! | [`run`] | data, device and folder of one run; its page and its `evaluation.json` |
//! | `figures` | curves of trainings and views of images |
//! | [`network`] | a backbone and the projector behind it |
//! | [`key`] | what decides whether results of an earlier run may be used again |
//! | [`training`] | how far a training is: epochs, steps, learning rate, progress, checkpoint |
//! | [`landmarks`] | the loss of networks that have learned nothing |
//! | [`guesses`] | what somebody expects before a run, shown beside what was measured |
//! | [`baselines`] | random and supervised backbones to compare with, kept for the next run |
//! | [`comparison`] | a table and plots of several backbones' probes |
//! | [`machine`] | command, hardware and versions, in words |
//! | `memory` | what to do where a GPU's memory is full |
//! | [`audit`](mod@audit) | what the tests of every lab's flags look for |

#![warn(missing_docs)]

pub mod audit;
pub mod baselines;
pub mod comparison;
mod figures;
pub mod flags;
pub mod guesses;
pub mod key;
pub mod landmarks;
pub mod launch;
pub mod machine;
mod memory;
pub mod network;
pub mod range;
mod ranks;
pub mod run;
pub mod training;
pub mod views;

pub use audit::audit;
pub use baselines::{Baselines, Input};
pub use comparison::Comparison;
pub use flags::{Flags, Settings};
pub use launch::launch;
pub use network::Network;
pub use run::{PROTOCOL, Run};
pub use training::{Plan, Training};
pub use views::ViewFlags;

/// Large short-lived buffers make up a training step: this allocator keeps their pages, the system's gives them back. Every program
/// that links this crate allocates with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
