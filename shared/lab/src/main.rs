//! `cargo lab`: the course's own command, for students and instructors.
//!
//! It links none of the labs, and no Candle: it reads their files and starts their tests, so it answers at once.

mod course;
mod doctor;
mod handout;
mod hint;
mod list;
mod new;
mod results;
mod run;
mod sync;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use course::Course;

/// Work with the labs of this course
#[derive(Parser)]
#[command(name = "cargo lab", bin_name = "cargo lab")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the labs and what is left to do in each
    List,
    /// Show a hint for an exercise: `cargo lab hint 01 rotate90`
    Hint {
        /// Number or name of the lab
        lab: String,
        /// Name of the function
        exercise: String,
        /// Which hint: they say more and more
        #[arg(default_value_t = 1)]
        step: usize,
    },
    /// Look at this machine: toolchain, cores, CUDA, data
    Doctor,
    /// Write each lab's src/lib.rs from its solution
    Sync {
        /// Change nothing; fail where a lab differs from its solution
        #[arg(long)]
        check: bool,
        /// Overwrite changes that are not committed
        #[arg(long)]
        force: bool,
    },
    /// Prove that stubs score 0, solutions 100 and mistakes are named
    Verify {
        /// Number or name of the lab; all of them where none is given
        lab: Option<String>,
    },
    /// Run solutions' experiments with their defaults, and make one table of all: `cargo lab run all --seeds 3`
    Run(run::Arguments),
    /// Write the tables of README.md and docs/results.md from the runs of `cargo lab run all --seeds 3`
    Results {
        /// The folder of the runs
        #[arg(long, value_name = "DIR", default_value = "reports")]
        from: std::path::PathBuf,
    },
    /// Lay the files of a new lab, with one example exercise: `cargo lab new 12_inpainting`
    New {
        /// Number and topic
        name: String,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let course = Course::open()?;
    match command {
        Command::List => list::run(&course),
        Command::Hint { lab, exercise, step } => hint::run(course.lab(&lab)?, &exercise, step),
        Command::Doctor => doctor::run(&course),
        Command::Sync { check, force } => sync::run(&course, check, force),
        Command::Verify { lab } => verify::run(&course, lab.as_deref()),
        Command::Run(arguments) => run::run(&course, &arguments),
        Command::Results { from } => results::run(&course, &from),
        Command::New { name } => new::run(&course, &name),
    }
}
