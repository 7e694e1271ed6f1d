//! What the typical mistakes of lab 11 are, and what to say of each.

mod predictors;
mod step;
mod theory;

pub use predictors::*;
pub use step::*;
pub use theory::*;
