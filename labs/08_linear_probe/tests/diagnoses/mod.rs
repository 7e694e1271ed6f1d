//! What the typical mistakes of lab 08 are, and what to say of each.

mod downstream;
mod probes;
mod subsets;

pub use downstream::*;
pub use probes::*;
pub use subsets::*;
