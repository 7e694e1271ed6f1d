//! What an experiment needs around its loop: flags, progress, plots, a page.
//!
//! | module | what it holds |
//! |---|---|
//! | [`options`] | the flags that all experiments share |
//! | [`progress`] | a bar with loss, images/s and time left; `metrics.jsonl` |
//! | [`baseline`] | random and supervised backbones to compare with, kept for the next run |
//! | [`comparison`] | a table and plots of several backbones' probes |
//! | [`plot`] | curves, bars, heat maps, scatter plots, image grids: each as SVG and PNG |
//! | [`page`] | `index.html`, which holds all of a run in one file |

#![warn(missing_docs)]

pub mod baseline;
pub mod comparison;
pub mod options;
pub mod page;
pub mod plot;
pub mod progress;

use std::process::ExitCode;

pub use baseline::Baselines;
pub use comparison::{Comparison, PROTOCOL};
pub use options::Options;
pub use page::Page;
pub use plot::{Bars, Curves, Grid, HeatMap, Plot, Scatter};
pub use progress::Progress;

/// How an experiment ends: an error is one message on the terminal, whatever the environment says of backtraces.
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Large short-lived buffers make up a training step; this allocator keeps their pages, the system's gives them back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
