//! The two sides as processes that answer measurement by measurement.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::Context;

/// Images of the epoch that is timed.
pub const EPOCH_IMAGES: usize = 10_000;

/// Between two repetitions.
const PAUSE: Duration = Duration::from_millis(100);

/// A side of the benchmark.
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ends the worker processes that PyTorch may have; what can't be killed is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// This program once more.
    pub fn ours(threads: usize, folder: &Path) -> anyhow::Result<Self> {
        Self::start(Command::new(env::current_exe()?).arg("serve"), threads, folder)
    }

    /// PyTorch's, or nothing, with a word on why.
    pub fn theirs(threads: usize, folder: &Path) -> Option<Self> {
        let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_string());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/against_torch/torch_side.py");
        let started = Self::start(Command::new(&python).arg(script), threads, folder)
            .and_then(|mut process| process.ask("ready").map(|_| process));
        if let Err(error) = &started {
            eprintln!("our side only: {python} with torch, torchvision and lightly did not start ({error:#})");
        }
        started.ok()
    }

    fn start(command: &mut Command, threads: usize, folder: &Path) -> anyhow::Result<Self> {
        command.env("RAYON_NUM_THREADS", threads.to_string());
        command.env("BENCH_CIFAR10", folder).env("BENCH_IMAGES", EPOCH_IMAGES.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self { child, stdin, stdout })
    }

    fn ask(&mut self, name: &str) -> anyhow::Result<f64> {
        // Worker threads of the side that was asked before may still be spinning.
        std::thread::sleep(PAUSE);
        writeln!(self.stdin, "{name}")?;
        let mut answer = String::new();
        self.stdout.read_line(&mut answer)?;
        answer.trim().parse().with_context(|| format!("{name}: no number but {answer:?}"))
    }

    /// The greatest resident memory of the process itself, without workers that it started, where Linux tells.
    fn peak_mib(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
    }
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Less is better.
    Seconds,
    /// More is better.
    PerSecond,
}

/// Prints a line: name, ours, theirs, and how much better ours is. Both numbers are medians of measurements in turns; they
/// are returned, too.
pub fn compare(
    name: &str,
    question: &str,
    unit: Unit,
    rounds: usize,
    ours: &mut Process,
    theirs: Option<&mut Process>,
) -> anyhow::Result<Vec<f64>> {
    let mut sides: Vec<&mut Process> = [Some(ours), theirs].into_iter().flatten().collect();
    let mut answers = vec![Vec::new(); sides.len()];
    for _ in 0..rounds {
        for (side, answers) in sides.iter_mut().zip(&mut answers) {
            answers.push(side.ask(question)?);
        }
    }
    let medians: Vec<f64> = answers.iter_mut().map(|answers| median(answers)).collect();
    let show = |value: f64| match unit {
        Unit::Seconds => format!("{:.2} ms", 1e3 * value),
        Unit::PerSecond => format!("{value:.0} /s"),
    };
    match medians[..] {
        [ours, theirs] => {
            let ratio = if unit == Unit::Seconds { theirs / ours } else { ours / theirs };
            println!("{name}\t{}\t{}\t{ratio:.2}", show(ours), show(theirs));
        }
        _ => println!("{name}\t{}", show(medians[0])),
    }
    Ok(medians)
}

/// Prints both sides' greatest memory so far, and theirs ÷ ours.
pub fn compare_memory(name: &str, ours: &Process, theirs: Option<&Process>) {
    match (ours.peak_mib(), theirs.and_then(Process::peak_mib)) {
        (Some(ours), Some(theirs)) => println!("{name}\t{ours:.0} MiB\t{theirs:.0} MiB\t{:.2}", theirs / ours),
        (Some(ours), None) => println!("{name}\t{ours:.0} MiB"),
        _ => {}
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
