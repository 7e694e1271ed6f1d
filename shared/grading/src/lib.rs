//! Grading: which exercises are right, and what is wrong with the others.
//!
//! A check is a path of three steps, each a pure function whose input and output can be written to bytes, so that they
//! may run in different processes:
//!
//! ```text
//! case ── answer(): the student's function ──▶ answer ── judge(): expected values, known mistakes ──▶ verdict
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`values`] | named tensors and numbers: what cases and answers are made of |
//! | [`lab`] | exercises, checks and the messages of known mistakes |
//! | [`golden`] | cases, expected values and what each mistake gives, from an independent implementation |
//! | [`answer`] | runs a student's function against a deadline, whatever it does |
//! | [`errors`] | Candle's errors in a student's function, with place and remedy |
//! | [`judge`] | compares, and says which mistake it was |
//! | [`source`] | finds ready-made functions that an exercise is not about |
//! | [`session`] | all verdicts of one lab |
//! | [`parts`] | worker and judge in processes of their own, for grading a class |
//! | `fresh` | golden cases with other numbers |
//! | `detect`, `idle` | what to say of a wrong answer that no known mistake gives |
//! | [`table`] | points, for people |
//! | [`harness`] | `main` of a lab's `tests/graded.rs` |
//! | [`mistakes`] | `main` of a solution's `tests/mistakes.rs` |
//! | [`averages`] | what a moving average of weights must refuse |
//! | [`network`] | small networks with a case's weights, for checks of training steps |

#![warn(missing_docs)]

pub mod answer;
pub mod averages;
mod compare;
mod detect;
pub mod errors;
mod fresh;
pub mod golden;
pub mod harness;
mod idle;
pub mod judge;
pub mod lab;
pub mod mistakes;
pub mod network;
pub mod parts;
pub mod session;
pub mod source;
pub mod table;
pub mod values;

pub use answer::Answer;
pub use golden::Golden;
pub use harness::main;
pub use judge::{Status, Verdict};
pub use lab::{Ask, Bad, Check, Exercise, Lab, Mistake, mistake, refused};
pub use session::Session;
pub use values::Values;
