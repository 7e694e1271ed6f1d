//! What the typical mistakes of lab 09 are, and what to say of each.

mod losses;
mod memory;
mod steps;

pub use losses::*;
pub use memory::*;
pub use steps::*;
