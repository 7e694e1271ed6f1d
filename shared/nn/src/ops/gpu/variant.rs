//! What `kernels.cu` is compiled for: types, orders, and how much a thread reads at once.

#[cfg(feature = "cuda")]
use std::sync::OnceLock;

#[cfg(feature = "cuda")]
use candle_core::{Error, Result};

use super::order::Order;
#[cfg(feature = "cuda")]
use crate::gpu;

/// Threads of a block.
pub(super) const THREADS: usize = 256;

/// Names of all variants; short numbers never have the channels first.
const NAMES: [&str; 8] = [
    "f32_last",
    "bf16_last",
    "f32_last_lanes",
    "bf16_last_lanes",
    "f32_first",
    "bf16_first",
    "f32_first_lanes",
    "bf16_first_lanes",
];

/// One way of compiling it.
#[derive(Clone, Copy)]
pub(super) struct Variant {
    /// Whether maps hold `bf16` numbers.
    pub short: bool,
    pub order: Order,
    /// Numbers that a thread reads at once.
    pub lanes: usize,
}

impl Variant {
    /// Columns that a block looks at at once: with the channels first, a channel's numbers neighbor each other.
    pub fn width(self) -> usize {
        match self.order {
            Order::ChannelsFirst => 1,
            Order::ChannelsLast => 8,
        }
    }

    /// Channels of a column.
    pub fn own(self) -> usize {
        match self.order {
            Order::ChannelsFirst => 1,
            Order::ChannelsLast => self.lanes,
        }
    }

    /// Names that are defined, and what for.
    pub fn defined(self) -> Vec<(&'static str, usize)> {
        let first = self.order == Order::ChannelsFirst;
        let sizes = [("THREADS", THREADS), ("WIDTH", self.width()), ("LANES", self.lanes)];
        let flags = [(self.short, ("BF16", 1)), (first, ("FIRST", 1))];
        sizes.into_iter().chain(flags.into_iter().filter_map(|(set, name)| set.then_some(name))).collect()
    }

    pub fn name(self) -> &'static str {
        NAMES[self.number()]
    }

    fn number(self) -> usize {
        usize::from(self.short) + 2 * usize::from(self.lanes > 1) + 4 * usize::from(self.order == Order::ChannelsFirst)
    }

    /// The kernels, and a name for them; compiled once for a process.
    #[cfg(feature = "cuda")]
    pub fn compiled(self) -> Result<(&'static str, &'static str)> {
        type Compiled = OnceLock<std::result::Result<String, String>>;
        static COMPILED: [Compiled; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
        let compile = || {
            let defined = self.defined().into_iter().map(|(name, value)| format!("#define {name} {value}\n"));
            let source = defined.collect::<String>() + include_str!("kernels.cu");
            // GPUs of a lower compute capability can't round to `bf16`.
            gpu::compile(source, self.short.then_some("compute_80")).map_err(|error| error.to_string())
        };
        let ptx = COMPILED[self.number()].get_or_init(compile).as_deref();
        Ok((self.name(), ptx.map_err(|error| Error::Msg(error.clone()))?))
    }
}
