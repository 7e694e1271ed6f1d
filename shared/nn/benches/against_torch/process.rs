//! The two sides as processes that answer measurement by measurement.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::Context;

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
    pub fn ours(threads: usize) -> anyhow::Result<Self> {
        Self::start(Command::new(env::current_exe()?).arg("serve"), threads)
    }

    /// PyTorch's, or nothing, with a word on why.
    pub fn theirs(threads: usize) -> Option<Self> {
        let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_string());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/against_torch/torch_side.py");
        let started = Self::start(Command::new(&python).arg(script), threads)
            .and_then(|mut process| process.ask("ready").map(|_| process));
        if let Err(error) = &started {
            eprintln!("our side only: {python} with torch, torchvision and lightly did not start ({error:#})");
        }
        started.ok()
    }

    fn start(command: &mut Command, threads: usize) -> anyhow::Result<Self> {
        command.env("RAYON_NUM_THREADS", threads.to_string());
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
}

/// Prints the medians of both sides' times, measured in turns after one repetition each that does not count.
pub fn compare(
    title: &str,
    name: &str,
    rounds: usize,
    ours: &mut Process,
    theirs: Option<&mut Process>,
) -> anyhow::Result<()> {
    let mut sides: Vec<&mut Process> = [Some(ours), theirs].into_iter().flatten().collect();
    let mut answers = vec![Vec::new(); sides.len()];
    for round in 0..=rounds {
        for (side, answers) in sides.iter_mut().zip(&mut answers) {
            let answer = side.ask(name)?;
            if round > 0 {
                answers.push(answer);
            }
        }
    }
    let medians: Vec<f64> = answers.iter_mut().map(|answers| median(answers)).collect();
    match medians[..] {
        [ours, theirs] => println!("{title}\t{:.2} ms\t{:.2} ms\t{:.2}", 1e3 * ours, 1e3 * theirs, theirs / ours),
        _ => println!("{title}\t{:.2} ms", 1e3 * medians[0]),
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
