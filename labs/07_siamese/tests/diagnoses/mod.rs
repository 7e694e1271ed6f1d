//! What the typical mistakes of lab 07 are, and what to say of each.

mod losses;
mod networks;
mod steps;

pub use losses::*;
pub use networks::*;
pub use steps::*;
