//! The differentiable operations a backbone is built of, fast on a CPU.
//!
//! Candle's own convolution, batch norm and ReLU train a small network about ten times slower than they need to, and
//! its max pooling has a wrong gradient. These replace them. On the CPU each is a custom op with a forward and a
//! backward pass; on a GPU they take cuDNN's and Candle's kernels, and a few of this course. All of them
//!
//! - take `f32` tensors, contiguous or not, feature maps in `[batch, channels, height, width]` order;
//! - refuse wrong ranks and shapes with an error that names what was got;
//! - on a CPU, split work over fixed groups of images and add up in a fixed order, so results are equal to the bit from
//!   run to run, whatever the number of threads.

mod affine;
mod batch_norm;
mod bias;
mod blocks;
mod by_pixel;
pub(crate) mod chunks;
mod columns;
mod conv;
mod conv_batch_norm;
mod conv_network;
mod delivery;
pub(crate) mod floats;
mod gemm;
mod geometry;
#[cfg(any(feature = "cuda", test))]
mod gpu;
mod grid;
mod im2col;
mod kernels;
mod lanes;
mod layout;
mod log_softmax;
mod method;
mod moments;
mod normed;
mod outputs;
mod pool;
mod relu;
mod room;
mod section;
mod smallest;
mod source;
mod tiles;
mod transforms;
mod upsample;
mod vectorized;
mod winograd;

pub use batch_norm::{BatchNormMode, Moments, batch_norm};
pub use bias::add_bias;
pub use conv::conv2d;
pub use conv_batch_norm::{ConvNormLayer, conv_batch_norm};
pub use conv_network::{conv_network, conv_network_each, conv_network_means};
pub use grid::adaptive_avg_pool2d;
pub use log_softmax::log_softmax;
pub use normed::Seen;
pub use pool::{avg_pool2d, global_avg_pool2d, max_pool2d};
pub use relu::{add_relu, relu};
pub use section::Section;
pub use smallest::smallest;
pub use upsample::upsample2d;
