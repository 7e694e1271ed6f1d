//! What the typical mistakes of lab 05 are, and what to say of each.

mod losses;
mod training;
mod views;

pub use losses::*;
pub use training::*;
pub use views::*;
