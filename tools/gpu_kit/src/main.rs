//! What a GPU is checked with, in one program, because a machine with a GPU may have neither Rust nor a network.
//!
//! `gpu_kit ops` compares every operation with the CPU's; `gpu_kit step` and `gpu_kit views` measure speed. Called by the name of a
//! solution's program, such as `simclr-solution`, it is that program.

extern crate clustering_solution as clustering;
extern crate colorization_solution as colorization;
extern crate contrastive_solution as contrastive;
extern crate decorrelation_solution as decorrelation;
extern crate directpred_solution as directpred;
extern crate jigsaw_solution as jigsaw;
extern crate linear_probe_solution as linear_probe;
extern crate moco_solution as moco;
extern crate rotation_solution as rotation;
extern crate siamese_solution as siamese;
extern crate simclr_solution as simclr;
extern crate tensors_solution as tensors;

#[path = "../../../labs/00_tensors/src/main.rs"]
mod lab_00;
#[path = "../../../labs/01_rotation/src/main.rs"]
mod lab_01;
#[path = "../../../labs/02_jigsaw/src/main.rs"]
mod lab_02;
#[path = "../../../labs/03_colorization/src/main.rs"]
mod lab_03;
#[path = "../../../labs/04_contrastive/src/main.rs"]
mod lab_04;
#[path = "../../../labs/05_simclr/src/main.rs"]
mod lab_05;
#[path = "../../../labs/06_clustering/src/main.rs"]
mod lab_06;
#[path = "../../../labs/07_siamese/src/main.rs"]
mod lab_07;
#[path = "../../../labs/08_linear_probe/src/main.rs"]
mod lab_08;
#[path = "../../../labs/09_moco/src/main.rs"]
mod lab_09;
#[path = "../../../labs/10_decorrelation/src/main.rs"]
mod lab_10;
#[path = "../../../labs/11_directpred/src/main.rs"]
mod lab_11;
mod on;
mod ops;
mod speed;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ssl_experiment::launch;

/// Solutions' programs, by name.
const LABS: [(&str, fn() -> ExitCode); 12] = [
    ("tensors-solution", lab_00::main),
    ("rotation-solution", lab_01::main),
    ("jigsaw-solution", lab_02::main),
    ("colorization-solution", lab_03::main),
    ("contrastive-solution", lab_04::main),
    ("simclr-solution", lab_05::main),
    ("clustering-solution", lab_06::main),
    ("siamese-solution", lab_07::main),
    ("linear_probe-solution", lab_08::main),
    ("moco-solution", lab_09::main),
    ("decorrelation-solution", lab_10::main),
    ("directpred-solution", lab_11::main),
];

/// Checks and measures a GPU
#[derive(Parser)]
struct Kit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Values and gradients of all operations beside the CPU's, a line for each
    Ops(on::On),
    /// Images a second of SimCLR's training step, on views that lie on the device
    Step(speed::StepFlags),
    /// Pairs of views a second that the input pipeline makes
    Views(speed::ViewsFlags),
}

fn main() -> ExitCode {
    let called = env::args_os().next().unwrap_or_default();
    let name = Path::new(&called).file_stem().unwrap_or_default();
    match LABS.iter().find(|(lab, _)| *lab == name) {
        Some((_, lab)) => lab(),
        None => launch(|kit: &Kit| match &kit.what {
            What::Ops(on) => ops::check(on),
            What::Step(flags) => speed::step(flags),
            What::Views(flags) => speed::views(flags),
        }),
    }
}
