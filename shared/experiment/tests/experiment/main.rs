//! What surrounds a training loop, tried on a lab of a few lines.

mod flags;
mod lab;
mod run;
