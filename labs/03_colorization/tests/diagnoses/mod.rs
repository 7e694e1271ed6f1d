//! What the typical mistakes of lab 03 are, and what to say of each.

mod colors;
mod learning;

pub use colors::*;
pub use learning::*;
