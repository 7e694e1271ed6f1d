//! What surrounds a training loop, tried on a lab of a few lines.

mod flags;
mod guesses;
mod lab;
mod resume;
mod run;
