//! `cargo lab`: the course's own command, for students and instructors.
//!
//! It links none of the labs, and no Candle: it reads their files and starts their tests, so it answers at once.

mod bundle;
mod course;
mod doctor;
#[cfg(target_os = "linux")]
mod grade;
mod handout;
mod hint;
mod list;
mod new;
mod release;
mod results;
mod run;
mod said;
mod sync;
mod test;
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
    /// Grade a class: `cargo lab grade 04 --submissions DIR --out DIR` (on Linux)
    #[cfg(target_os = "linux")]
    Grade(grade::Arguments),
    /// Run a lab's checks: `cargo lab test 04 --as-server` as they run when it is graded
    Test {
        /// Number or name of the lab
        lab: String,
        /// Confined and compiled as on the server (on Linux)
        #[arg(long)]
        as_server: bool,
    },
    /// Write the students' copy of the course
    Release {
        /// A new or an empty folder
        #[arg(long, value_name = "DIR")]
        out: std::path::PathBuf,
    },
    /// Write the archive that a grading service wants: `cargo lab bundle gradescope 04 --out lab04.zip`
    Bundle {
        /// Which service
        service: bundle::Service,
        /// Number or name of the lab
        lab: String,
        /// The archive, which must not exist yet
        #[arg(long, value_name = "FILE")]
        out: std::path::PathBuf,
    },
    /// Give up what a submission must not have, and become a program
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Confine(grade::confine::Limits),
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
    #[cfg(target_os = "linux")]
    if let Command::Confine(limits) = &command {
        // It may see nothing of the course.
        return grade::confine::run(limits);
    }
    let course = Course::open()?;
    match command {
        Command::List => list::run(&course),
        Command::Hint { lab, exercise, step } => hint::run(course.lab(&lab)?, &exercise, step),
        Command::Doctor => doctor::run(&course),
        Command::Sync { check, force } => sync::run(&course, check, force),
        Command::Verify { lab } => verify::run(&course, lab.as_deref()),
        Command::Run(arguments) => run::run(&course, &arguments),
        Command::Results { from } => results::run(&course, &from),
        Command::Test { lab, as_server } => test::run(&course, course.lab(&lab)?, as_server),
        Command::Bundle { service, lab, out } => bundle::run(&course, service, course.lab(&lab)?, &out),
        Command::Release { out } => release::run(&course, &out),
        #[cfg(target_os = "linux")]
        Command::Grade(arguments) => grade::run(&course, &arguments),
        #[cfg(target_os = "linux")]
        Command::Confine(_) => Ok(()),
        Command::New { name } => new::run(&course, &name),
    }
}
