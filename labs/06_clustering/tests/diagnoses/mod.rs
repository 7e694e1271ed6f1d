//! What the typical mistakes of lab 06 are, and what to say of each.

mod clusters;
mod prototypes;

pub use clusters::*;
pub use prototypes::*;
