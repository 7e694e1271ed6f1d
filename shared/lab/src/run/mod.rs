//! `cargo lab run`: the solutions' experiments, one after the other, and one table of all.

mod job;
mod plan;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use self::plan::Job;
use crate::course::{Course, cargo, cargo_run};

/// What is run, and how.
#[derive(Args)]
pub struct Arguments {
    /// Number or name of a lab, or all
    lab: String,
    /// How many seeds: 0, 1, … (1 to 100)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    seeds: u32,
    /// Folder for all runs, the table and the page
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,
    /// Repeat what is finished
    #[arg(long)]
    again: bool,
    /// Flags of the experiments, such as --data cifar10:DIR --epochs 10
    #[arg(last = true)]
    flags: Vec<String>,
}

pub fn run(course: &Course, arguments: &Arguments) -> Result<()> {
    course.solutions()?;
    let labs = match arguments.lab.as_str() {
        "all" => course.labs.iter().collect(),
        word => vec![course.lab(word)?],
    };
    let jobs = plan::jobs(course, &labs, arguments.seeds as usize, &arguments.flags, &arguments.out)?;
    build(&course.root, &jobs)?;
    let progress = Overall::new(&jobs);
    let mut failed = Vec::new();
    for (i, job) in jobs.iter().enumerate() {
        let name = format!("{} seed {}", job.label, job.seed);
        if let Some(seconds) = job.finished().filter(|_| !arguments.again) {
            progress.done(job, None, &format!("{name}: finished before, in {seconds:.0} s"));
            continue;
        }
        let further = if job.evaluates { backbones(&jobs, job.seed) } else { Vec::new() };
        progress.say(i, &name, "begins");
        match job.run(&course.root, &further, &|line| progress.say(i, &name, line)) {
            Ok(seconds) => progress.done(job, Some(seconds), &format!("{name}: {seconds:.0} s")),
            Err(error) => {
                progress.done(job, None, &format!("{name}: {error:#}"));
                failed.push(format!("{name}: {error:#}"));
            }
        }
    }
    progress.bar.finish_and_clear();
    league(&course.root, &arguments.out)?;
    if !failed.is_empty() {
        bail!("{} of {} runs failed:\n  {}", failed.len(), jobs.len(), failed.join("\n  "));
    }
    Ok(())
}

/// Builds every solution before anything is trained.
fn build(root: &Path, jobs: &[Job]) -> Result<()> {
    let mut packages: Vec<&str> = jobs.iter().map(|job| job.package.as_str()).collect();
    packages.dedup();
    let packages = packages.into_iter().flat_map(|package| ["--package", package]);
    succeeds(cargo(root).arg("build").args(packages).args(["--package", "ssl-league"]))
}

/// The table and the page of all runs in a folder.
fn league(root: &Path, out: &Path) -> Result<()> {
    succeeds(cargo_run(root, "ssl-league").arg(out))
}

fn succeeds(command: &mut Command) -> Result<()> {
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "cargo failed");
    Ok(())
}

/// What an evaluation is given of other runs of the same seed.
fn backbones(jobs: &[Job], seed: usize) -> Vec<String> {
    let others = jobs.iter().filter(|job| job.seed == seed && !job.evaluates && job.finished().is_some());
    let files = others.map(|job| (&job.label, job.folder.join("backbone.safetensors")));
    let named: Vec<String> =
        files.filter(|(_, path)| path.is_file()).map(|(label, path)| format!("{label}={}", path.display())).collect();
    if named.is_empty() { named } else { ["--checkpoint".to_string()].into_iter().chain(named).collect() }
}

/// How far all runs are, and how long the rest takes.
struct Overall {
    bar: ProgressBar,
    runs: usize,
    /// Minutes that were expected of what has run, and seconds that it took.
    expected: Cell<(f64, f64)>,
}

impl Overall {
    fn new(jobs: &[Job]) -> Self {
        let minutes: f64 = jobs.iter().map(|job| job.minutes).sum();
        let bar = ProgressBar::new((60.0 * minutes) as u64);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent} %\n{msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_secs(1));
        println!("{} runs, about {minutes:.0} minutes on two cores", jobs.len());
        Self { bar, runs: jobs.len(), expected: Cell::new((0.0, 0.0)) }
    }

    /// What the run of this number says.
    fn say(&self, i: usize, name: &str, line: &str) {
        let left = self.bar.length().unwrap_or(0).saturating_sub(self.bar.position()) as f64 / 60.0;
        let (minutes, seconds) = self.expected.get();
        let left = if minutes > 0.0 { left * seconds / (60.0 * minutes) } else { left };
        self.bar.set_message(format!("{} of {}, about {left:.0} min left; {name}: {line}", i + 1, self.runs));
    }

    /// A run is done: in so many seconds, or it was skipped or failed.
    fn done(&self, job: &Job, seconds: Option<f64>, line: &str) {
        self.bar.inc((60.0 * job.minutes) as u64);
        if let Some(seconds) = seconds {
            let (minutes, sum) = self.expected.get();
            self.expected.set((minutes + job.minutes, sum + seconds));
        }
        self.bar.suspend(|| println!("{line}"));
    }
}
