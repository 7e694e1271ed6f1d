//! What the typical mistakes of lab 04 are, and what to say of each.

mod pairs;
mod sphere;

pub use pairs::*;
pub use sphere::*;
