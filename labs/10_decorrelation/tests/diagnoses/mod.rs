//! What the typical mistakes of lab 10 are, and what to say of each.

mod barlow;
mod gaussian;
mod vicreg;

pub use barlow::*;
pub use gaussian::*;
pub use vicreg::*;
