//! Numbers and images in, pictures and a page out; nothing here trains.
//!
//! | module | what it holds |
//! |---|---|
//! | [`progress`] | a bar with loss, images/s and time left; `metrics.jsonl` |
//! | [`plot`] | curves, bars, heat maps, scatter plots, image grids: each as SVG and PNG |
//! | [`page`] | `index.html`, which holds all of a run in one file |
//! | [`file`](mod@file) | files that are written whole or not at all |

#![warn(missing_docs)]

pub mod file;
pub mod page;
pub mod plot;
pub mod progress;

pub use page::{Page, percent};
pub use plot::{Bars, Curves, Grid, HeatMap, Plot, Scatter};
pub use progress::{Landmarks, Progress};
