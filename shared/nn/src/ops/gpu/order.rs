//! Where maps and weights have their channels.

use candle_core::{Result, Tensor};

use crate::gpu::{self, Precision};

/// How the numbers of maps and weights follow each other in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Order {
    /// Maps `[B, C, H, W]` and weights `[O, C, kh, kw]`.
    ChannelsFirst,
    /// Maps `[B, H, W, C]` and weights `[O, kh, kw, C]`.
    ChannelsLast,
}

impl Order {
    /// That in which cuDNN is fastest, in the precision in which this thread computes.
    ///
    /// Tensor cores want a pixel's channels side by side. Without them, 3×3 convolutions of stride 1 take a quarter to a half of the time by
    /// Winograd's algorithm, which cuDNN has for maps whose channels come first.
    pub fn now() -> Self {
        match gpu::precision() {
            Precision::F32 => Self::ChannelsFirst,
            Precision::Tf32 | Precision::Bf16 => Self::ChannelsLast,
        }
    }

    /// The sizes in this order, given B, C, H and W.
    pub fn sizes(self, [batch, channels, height, width]: [usize; 4]) -> [usize; 4] {
        match self {
            Self::ChannelsFirst => [batch, channels, height, width],
            Self::ChannelsLast => [batch, height, width, channels],
        }
    }

    /// `[B, C, H, W]` → this order, contiguous.
    pub fn of(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::ChannelsFirst => x.contiguous(),
            Self::ChannelsLast => x.permute((0, 2, 3, 1))?.contiguous(),
        }
    }

    /// This order → `[B, C, H, W]`, contiguous.
    pub fn back(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::ChannelsFirst => x.contiguous(),
            Self::ChannelsLast => x.permute((0, 3, 1, 2))?.contiguous(),
        }
    }

    /// B, C, H and W of what is in this order.
    pub fn dims(self, x: &Tensor) -> Result<[usize; 4]> {
        let (a, b, c, d) = x.dims4()?;
        Ok(match self {
            Self::ChannelsFirst => [a, b, c, d],
            Self::ChannelsLast => [a, d, b, c],
        })
    }
}
